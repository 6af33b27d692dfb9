"""How each clause of the procedure stands in one cycle: alerts and verdicts in, one word per clause out."""

from __future__ import annotations

from agent.alerts.alert import State, Update
from agent.rules.rule import Outcome, Severity

NORMAL, UNKNOWN, WARNING, CRITICAL = "normal", "unknown", "warning", "critical"
_RANK = {NORMAL: 0, UNKNOWN: 1, WARNING: 2, CRITICAL: 3}
_BY_SEVERITY = {Severity.WARNING: WARNING, Severity.CRITICAL: CRITICAL}


def clause_states(update: Update) -> dict[str, str]:
    """The worst state of each clause that has rules: critical before warning before unknown before normal.

    A rule without any verdict counts as unknown: nothing that it could judge was measured.
    """
    by_rule = {verdict.rule: NORMAL for verdict in update.verdicts}
    by_rule |= {verdict.rule: UNKNOWN for verdict in update.verdicts if verdict.outcome is Outcome.UNKNOWN}
    for alert in update.alerts:
        if alert.state is State.FIRING:
            _worsen(by_rule, alert.key.rule, _BY_SEVERITY[alert.key.severity])
    by_clause: dict[str, str] = {}
    for rule in update.rules.values():
        _worsen(by_clause, rule.clause, by_rule.get(rule.name, UNKNOWN))
    return by_clause


def _worsen(states: dict[str, str], name: str, state: str) -> None:
    if _RANK[state] >= _RANK[states.get(name, NORMAL)]:
        states[name] = state
