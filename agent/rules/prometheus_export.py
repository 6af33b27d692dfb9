"""The rules as Prometheus alerting rules, for one server that watches many machines.

Two forms. `export_state` alerts on what the agents decided: every machine has already waited and judged.
`export_readings` writes the thresholds themselves, for a server that judges the readings anew. Names, severities,
clauses and words are the agent's in both. Which alert explains which is left to Alertmanager (agent.alerts.inhibition).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import yaml

from agent.readings import PREFIX
from agent.rules.prometheus_template import behind_state, of_expression
from agent.rules.promql import duration, selector, value_expression
from agent.rules.reader import Reader
from agent.rules.rule import Rule, Side, Threshold

_STATE_HEADER = """\
# Written by `device-health rules export prometheus`; edit the rule files and write it again.
# Each agent has waited and judged already, so nothing waits here. Which alert explains which is left to the inhibition
# rules that `device-health rules export alertmanager` prints. A machine that is switched off or whose agent has stopped
# shows no state, which resolves its alerts: watch `up` where that matters.
"""
_READINGS_HEADER = """\
# Written by `device-health rules export prometheus --from readings`; edit the rule files and write it again.
# What differs from the agent's own judgement:
# - Prometheus has no limit to clear at: an alert ends at its limit, after keep_firing_for.
# - A reading that disappears resolves its alert; the agent keeps it, marks it "cannot tell" and informs IT.
# - A counter grows from the lowest value scraped inside its window; the agent knows its value when the window began,
#   and after a restart of the counter it counts from there.
# - Which alert explains which (depends_on) is left to Alertmanager: `device-health rules export alertmanager`.
# - Suspect readings are not exported, so they are missing here.
"""

RUNBOOKS = "https://runbooks.example.com/{rule}.md"
"""Where a rule's runbook is; a placeholder, as only the site knows where it publishes them."""

_Entry = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What an alert carries besides its words: its runbook's address, and the words in a second language."""

    runbooks: str = RUNBOOKS
    beside: Reader | None = None


_USUAL = Extras()


def export_state(rules: Mapping[str, Rule], reader: Reader, extras: Extras = _USUAL) -> str:
    """Alerting rules on `endpoint_alert_state`; the texts look up the value behind the state when they are shown."""
    return _STATE_HEADER + _groups(rules, lambda rule, threshold: _state_entry(rule, threshold, reader, extras))


def export_readings(rules: Mapping[str, Rule], reader: Reader, extras: Extras = _USUAL) -> str:
    """Alerting rules on the readings themselves, with the rules' own limits and waiting times."""
    return _READINGS_HEADER + _groups(rules, lambda rule, threshold: _reading_entry(rule, threshold, reader, extras))


def state_expression(rule: Rule, threshold: Threshold) -> str:
    """PromQL that holds where an agent says that this level of the rule fires."""
    labels = (("rule", rule.name), ("severity", threshold.severity.value))
    return f"{PREFIX}alert_state{selector(labels)} == 2"


def reading_expression(rule: Rule, threshold: Threshold) -> str:
    """PromQL that holds where the rule's value lies strictly beyond the level's limit."""
    operator = ">" if threshold.side is Side.ABOVE else "<"
    return f"{value_expression(rule, rule.match)} {operator} {threshold.limit!r}"


def _state_entry(rule: Rule, threshold: Threshold, reader: Reader, extras: Extras) -> _Entry:
    return {
        "alert": rule.name,
        "expr": state_expression(rule, threshold),
        "labels": _labels(rule, threshold),
        "annotations": _annotations(rule, reader, extras, lambda to: behind_state(rule, threshold, to)),
    }


def _reading_entry(rule: Rule, threshold: Threshold, reader: Reader, extras: Extras) -> _Entry:
    waits = {"for": threshold.for_seconds, "keep_firing_for": rule.keep_firing_seconds}
    return {
        "alert": rule.name,
        "expr": reading_expression(rule, threshold),
        **{name: duration(seconds) for name, seconds in waits.items() if seconds},
        "labels": _labels(rule, threshold),
        "annotations": _annotations(rule, reader, extras, lambda to: of_expression(rule, threshold, to)),
    }


def _annotations(
    rule: Rule, reader: Reader, extras: Extras, words: Callable[[Reader], dict[str, str]]
) -> dict[str, str]:
    """The words, in a second language under names that end with it, and the runbook's address."""
    beside = extras.beside
    second = {f"{name}_{beside.language}": text for name, text in words(beside).items()} if beside else {}
    return {**words(reader), **second, "runbook_url": extras.runbooks.replace("{rule}", rule.name)}


def _labels(rule: Rule, threshold: Threshold) -> dict[str, str]:
    return {
        "severity": threshold.severity.value,
        "clause": rule.clause,
        "rule": rule.name,
        "audience": rule.audience.value,
    }


def _groups(rules: Mapping[str, Rule], entry: Callable[[Rule, Threshold], _Entry]) -> str:
    by_clause: dict[str, list[_Entry]] = {}
    for rule in rules.values():
        by_clause.setdefault(rule.clause, []).extend(entry(rule, threshold) for threshold in rule.levels)
    groups = [{"name": f"clause {clause}", "rules": entries} for clause, entries in by_clause.items()]
    return yaml.safe_dump({"groups": groups}, sort_keys=False, allow_unicode=True, width=120)
