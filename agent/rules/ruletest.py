"""Rule tests: made-up looks go through the real evaluation and the real life of alerts; what differs is told.

The stage of rules knows nothing of alerts, so the function that steps an alert's life is handed in:
`agent.alerts.lifecycle.step`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from agent.readings import Labels, MetricSpec, ProbeResult, ProbeStatus, Reading, Snapshot, resource_name
from agent.rules.evaluate import CompiledRules, Known, evaluate, remembered
from agent.rules.growth import Growth
from agent.rules.rule import Rule, Severity, Threshold, Verdict
from agent.rules.ruletestfile import Expectation, ExpectedAlert, InputSeries, RuleTest, RuleTestFile
from agent.rules.series import Missing
from agent.rules.texts import render
from agent.yamlsource import Fault

BEGIN = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)
"""The first look of every test; a Monday, so that nothing ever depends on today."""

IT_CONTACT = "IT"
"""Stands for `it_contact` in expected texts."""


class _HasValue(Protocol):
    @property
    def value(self) -> str:
        """The word for it."""


class AlertLike(Protocol):
    """What is asked of an alert here; `agent.alerts.alert.Alert` has it."""

    @property
    def state(self) -> _HasValue:
        """An enum whose value is inactive, pending or firing."""

    @property
    def value(self) -> float | None:
        """The last value that was told, in base units."""


A = TypeVar("A", bound=AlertLike)

Step = Callable[[A | None, Verdict, Threshold, float, float, datetime], A | None]
"""(alert or nothing, verdict, level, keep_firing_seconds, elapsed_seconds, now) to the alert, nothing if inactive."""

AlertOf = tuple[str, Severity, Labels]
"""Rule, level and resource of an alert."""

_STATUS = {
    Missing.FAILED: ProbeStatus.FAILED,
    Missing.TIMED_OUT: ProbeStatus.TIMED_OUT,
    Missing.UNSUPPORTED: ProbeStatus.UNSUPPORTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """An alert that a rule shows at a time, in comparable words."""

    severity: str
    resource: Labels
    state: str
    value: float | None


def run_tests(
    file: RuleTestFile, compiled: CompiledRules, catalogue: Mapping[str, MetricSpec], step: Step[A]
) -> tuple[Fault, ...]:
    """What came out otherwise than expected, each at its line; nothing when all is well."""
    return tuple(fault for test in file.tests for fault in _run(file, test, compiled, catalogue, step))


def _run(
    file: RuleTestFile, test: RuleTest, compiled: CompiledRules, catalogue: Mapping[str, MetricSpec], step: Step[A]
) -> list[Fault]:
    rules = {rule.name: rule for rule in compiled.rules}
    faults: list[Fault] = []
    replayed = replay(test.series, file.interval_seconds, _looks_needed(file, test), compiled, step)
    for look, alerts in enumerate(replayed):
        for expectation in test.expectations:
            if look == int(expectation.eval_seconds / file.interval_seconds):
                faults.extend(_compare(file.path, test.name, expectation, alerts, rules, catalogue))
    return faults


def replay(
    series: Sequence[InputSeries], interval_seconds: float, looks: int, compiled: CompiledRules, step: Step[A]
) -> Iterator[Mapping[AlertOf, A]]:
    """The alerts after each look; the same mapping every time, as it then stands."""
    rules = {rule.name: rule for rule in compiled.rules}
    alerts: dict[AlertOf, A] = {}
    known: Known = {}
    growth = Growth(compiled.windows)
    for look in range(looks):
        seconds = look * interval_seconds
        snapshot = _snapshot(series, look, compiled, BEGIN + timedelta(seconds=seconds))
        growth.observe(snapshot, seconds)
        elapsed = interval_seconds if look else 0.0
        for verdict in evaluate(compiled, snapshot, known, growth):
            _step(alerts, verdict, rules[verdict.rule], elapsed, snapshot.taken_at, step)
        known = remembered(compiled, known, snapshot)
        yield alerts


def _looks_needed(file: RuleTestFile, test: RuleTest) -> int:
    last = max((expectation.eval_seconds for expectation in test.expectations), default=0.0)
    return int(last / file.interval_seconds) + 1


def _step(  # the life of an alert needs all of these
    alerts: dict[AlertOf, A], verdict: Verdict, rule: Rule, elapsed: float, now: datetime, step: Step[A]
) -> None:
    key = (verdict.rule, verdict.severity, verdict.resource)
    level = next(level for level in rule.levels if level.severity is verdict.severity)
    after = step(alerts.get(key), verdict, level, rule.keep_firing_seconds, elapsed, now)
    if after is None:
        alerts.pop(key, None)
    else:
        alerts[key] = after


def _snapshot(series: Sequence[InputSeries], look: int, compiled: CompiledRules, at: datetime) -> Snapshot:
    """What the probes of the series show at one look; after its last value a series is not read any more."""
    by_probe: dict[str, list[tuple[InputSeries, float | Missing]]] = {}
    for one in series:
        shown = one.looks[look] if look < len(one.looks) else Missing.NOT_READ
        by_probe.setdefault(compiled.probe_of.get(one.metric, "unwatched"), []).append((one, shown))
    return Snapshot(taken_at=at, results={probe: _result(probe, shown, look, at) for probe, shown in by_probe.items()})


def _result(probe: str, shown: list[tuple[InputSeries, float | Missing]], look: int, at: datetime) -> ProbeResult:
    status = next((_STATUS[what] for _, what in shown if isinstance(what, Missing) and what in _STATUS), None)
    readings: list[Reading] = []
    errors: list[str] = []
    for one, what in shown:
        if what is Missing.NOT_READ:
            errors.append(f"{resource_name(one.labels)}: not read in this test")
        elif what is Missing.SUSPECT:
            last = next((value for value in reversed(one.looks[:look]) if isinstance(value, float)), 0.0)
            readings.append(Reading(metric=one.metric, value=last, labels=one.labels, suspect="suspect in this test"))
        elif isinstance(what, float):
            readings.append(Reading(metric=one.metric, value=what, labels=one.labels))
    return ProbeResult(
        probe=probe,
        status=status or ProbeStatus.SUCCESS,
        readings=() if status else tuple(readings),
        errors=tuple(errors),
        reason="as this test says" if status else "",
        started_at=at,
        duration_seconds=0.0,
    )


def _compare(  # both sides of the comparison, and the words for both
    path: str,
    test: str,
    expectation: Expectation,
    alerts: Mapping[AlertOf, A],
    rules: Mapping[str, Rule],
    catalogue: Mapping[str, MetricSpec],
) -> list[Fault]:
    def fault(line: int, message: str) -> Fault:
        return Fault(path=path, line=line, column=1, message=f"{test}, at {expectation.eval_seconds:g}s: {message}")

    rule = rules.get(expectation.alertname)
    if rule is None:
        return [fault(expectation.line, f"there is no rule `{expectation.alertname}`; expected one of the rule files")]
    states = {"firing"} | {alert.state for alert in expectation.alerts}
    got = [
        _Outcome(severity=severity.value, resource=resource, state=alert.state.value, value=alert.value)
        for (name, severity, resource), alert in alerts.items()
        if name == rule.name and alert.state.value in states
    ]
    wanted = sorted(_line(alert.severity, alert.resource, alert.state) for alert in expectation.alerts)
    shown = sorted(_line(outcome.severity, outcome.resource, outcome.state) for outcome in got)
    if wanted != shown:
        return [fault(expectation.line, f"{rule.name}: expected {_list(wanted)}; got {_list(shown)}")]
    return [
        fault(alert.line, message)
        for alert in expectation.alerts
        for outcome in got
        if (alert.severity, sorted(alert.resource)) == (outcome.severity, sorted(outcome.resource))
        for message in _wrong_texts(rule, alert, outcome, catalogue[rule.reading])
    ]


def _wrong_texts(rule: Rule, alert: ExpectedAlert, outcome: _Outcome, spec: MetricSpec) -> list[str]:
    level = next(level for level in rule.levels if level.severity.value == alert.severity)
    wrong = []
    for field, language, text in alert.texts:
        words = render(
            rule,
            language,
            severity=level.severity,
            spec=spec,
            resource=outcome.resource,
            value=outcome.value,
            limit=level.limit,
            it_contact=IT_CONTACT,
        )
        if (shown := getattr(words, field)) != text:
            wrong.append(f"{rule.name}: expected the {field} in {language} to be “{text}”; got “{shown}”")
    return wrong


def _line(severity: str, resource: Labels, state: str) -> str:
    return f"{state} {severity} ({resource_name(tuple(sorted(resource)))})"


def _list(lines: list[str]) -> str:
    return ", ".join(lines) or "no alert"
