"""One set of series through our evaluation and life of alerts, and through Prometheus with the exported rules.

Prometheus is asked for `ALERTS` after every look and has to answer what our side gives. Where the two differ by design
our verdicts are first put as Prometheus sees things: what is not there is no breach (`as_prometheus_sees`).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.alerts.alert import Alert
from agent.alerts.lifecycle import step
from agent.readings import Labels, MetricSpec, ProbeResult, ProbeStatus, Reading, Snapshot
from agent.rules.evaluate import Known, compile_rules, evaluate, remembered
from agent.rules.growth import Growth
from agent.rules.prometheus_export import export_readings
from agent.rules.reader import Reader
from agent.rules.rule import Outcome, Rule, Severity, Verdict
from agent.rules.series import Look, Missing
from tests.rules.promtool import promtool

INTERVAL_SECONDS = 30
BEGIN = datetime(2025, 3, 4, 8, 0, tzinfo=UTC)

Active = frozenset[tuple[str, str, Labels, str]]
"""After one look: rule, severity, resource and state of every alert that is pending or firing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What one resource shows, look by look.

    `Missing.NOT_READ` is a scrape that was lost: both sides go on with the value before it. `Missing.STALE` and
    `Missing.SUSPECT` are readings that the agent does not export.
    """

    metric: str
    labels: Labels
    looks: tuple[Look, ...]


def without_clear(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    """The rules with every level cleared at its own limit, as Prometheus knows no other."""
    return {
        name: replace(rule, levels=tuple(replace(level, clear=level.limit) for level in rule.levels))
        for name, rule in rules.items()
    }


def as_prometheus_sees(verdict: Verdict) -> Verdict:
    """Nothing there is nothing wrong."""
    if verdict.outcome in (Outcome.UNKNOWN, Outcome.GONE):
        return replace(verdict, outcome=Outcome.OK, is_clear=True)
    return verdict


def as_it_is(verdict: Verdict) -> Verdict:
    """The verdict itself."""
    return verdict


def ours(
    rules: Mapping[str, Rule],
    catalogue: Mapping[str, MetricSpec],
    series: Sequence[Series],
    put: Callable[[Verdict], Verdict],
) -> list[Active]:
    """The alerts after every look, by our evaluation and our life of alerts."""
    owners = dict.fromkeys(catalogue, "probe")
    compiled = compile_rules(tuple(rules.values()), catalogue, owners)
    growth, alerts, history = Growth(compiled.windows), dict[tuple[str, Severity, Labels], Alert](), list[Active]()
    known: Known = {}
    for look in range(len(series[0].looks)):
        now = BEGIN + timedelta(seconds=look * INTERVAL_SECONDS)
        snapshot = _snapshot(series, look, now)
        growth.observe(snapshot, look * INTERVAL_SECONDS)
        for verdict in map(put, evaluate(compiled, snapshot, known, growth)):
            key = (verdict.rule, verdict.severity, verdict.resource)
            rule = rules[verdict.rule]
            level = next(level for level in rule.levels if level.severity is verdict.severity)
            alert = step(alerts.pop(key, None), verdict, level, rule.keep_firing_seconds, INTERVAL_SECONDS, now)
            if alert is not None:
                alerts[key] = alert
        known = remembered(compiled, known, snapshot)
        history.append(frozenset((*_named(key), alert.state.value) for key, alert in alerts.items()))
    return history


def prometheus_objects(
    folder: Path,
    rules: Mapping[str, Rule],
    catalogue: Mapping[str, MetricSpec],
    series: Sequence[Series],
    history: Sequence[Active],
) -> str:
    """What promtool says when Prometheus' alerts are not those of the history; empty when they are."""
    exported = export_readings(rules, Reader(catalogue=catalogue, language="en"))
    (folder / "rules.yaml").write_text(exported, encoding="utf-8")
    test = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{INTERVAL_SECONDS}s",
        "tests": [
            {
                "interval": f"{INTERVAL_SECONDS}s",
                "input_series": [{"series": _name(one), "values": _values(one.looks)} for one in series],
                "promql_expr_test": [
                    {
                        "expr": "ALERTS",
                        "eval_time": f"{look * INTERVAL_SECONDS}s",
                        "exp_samples": [_sample(rules, *alert) for alert in sorted(active)],
                    }
                    for look, active in enumerate(history)
                ],
            }
        ],
    }
    (folder / "test.yaml").write_text(json.dumps(test), encoding="utf-8")
    return promtool("test", "rules", folder / "test.yaml")


def _snapshot(series: Sequence[Series], look: int, now: datetime) -> Snapshot:
    readings = tuple(reading for one in series if (reading := _reading(one, look)) is not None)
    result = ProbeResult(
        probe="probe", status=ProbeStatus.SUCCESS, readings=readings, started_at=now, duration_seconds=0.0
    )
    return Snapshot(taken_at=now, results={"probe": result})


def _reading(one: Series, look: int) -> Reading | None:
    while look and one.looks[look] is Missing.NOT_READ:
        look -= 1
    shown = one.looks[look]
    if isinstance(shown, float):
        return Reading(metric=one.metric, value=shown, labels=one.labels)
    if shown is Missing.SUSPECT:
        return Reading(metric=one.metric, value=0.0, labels=one.labels, suspect="not to be believed")
    return None


def _named(key: tuple[str, Severity, Labels]) -> tuple[str, str, Labels]:
    return key[0], key[1].value, key[2]


def _name(one: Series) -> str:
    return f"endpoint_{one.metric}{{{_inside(one.labels)}}}"


def _inside(labels: Labels) -> str:
    return ",".join(f'{name}="{value}"' for name, value in labels)


def _values(looks: Sequence[Look]) -> str:
    """In promtool's notation; a suspect value is not exported, which ends its series."""
    return " ".join(
        repr(look) if isinstance(look, float) else "_" if look is Missing.NOT_READ else "stale" for look in looks
    )


def _sample(rules: Mapping[str, Rule], name: str, severity: str, resource: Labels, state: str) -> dict[str, object]:
    rule = rules[name]
    own = (
        ("alertname", name),
        ("alertstate", state),
        ("audience", rule.audience.value),
        ("clause", rule.clause),
        ("rule", name),
        ("severity", severity),
    )
    return {"labels": f"ALERTS{{{_inside((*own, *resource))}}}", "value": 1}
