"""The alerts and silences that the status page shows: the last cycle's, in the reader's words, each fault once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from agent.alerts.alert import Alert, State, alert_id
from agent.measures import Json, Shown
from agent.rules.rule import Severity
from agent.rules.texts import name_for_people


def alerts_shown(what: Shown) -> Iterator[Json]:
    """Firing alerts, the worst first and each fault once, then those that are only watched."""
    alerts = what.update.alerts
    firing = [alert for alert in alerts if alert.state is State.FIRING]
    critical = {_matter(alert) for alert in firing if alert.key.severity is Severity.CRITICAL}
    worst = [alert for alert in firing if alert.key.severity is Severity.CRITICAL or _matter(alert) not in critical]
    matters = {_matter(alert) for alert in worst}
    waiting = [alert for alert in alerts if alert.state is State.PENDING and _matter(alert) not in matters]
    for alert in (*sorted(worst, key=_urgency), *waiting):
        if alert.key.rule in what.rulebook.by_name:
            yield _alert(alert, what)


def _matter(alert: Alert) -> tuple[str, object]:
    return (alert.key.rule, alert.key.resource)


def _urgency(alert: Alert) -> tuple[bool, datetime]:
    return (alert.key.severity is not Severity.CRITICAL, alert.fired_at or alert.active_at)


def _alert(alert: Alert, what: Shown) -> Json:
    rule = what.rulebook.by_name[alert.key.rule]
    message = what.rulebook.message(rule, alert)
    muted = next((silence for silence in what.update.silences if silence.rule == rule.name), None)
    return {
        "alert": alert_id(alert.key),
        "rule": rule.name,
        "clause": rule.clause,
        "severity": alert.key.severity.value,
        "state": alert.state.value,
        "cannot_tell": alert.cannot_tell,
        "title": message.title,
        "problem": message.problem,
        "action": message.action,
        "resource": name_for_people(rule, alert.key.resource, what.rulebook.reader.language),
        "since": (alert.fired_at or alert.active_at).isoformat(),
        "seen_at": alert.seen_at.isoformat() if alert.seen_at else None,
        "acknowledged_at": alert.acknowledged_at.isoformat() if alert.acknowledged_at else None,
        "acknowledged_by": alert.acknowledged_by,
        "silenced_until": muted.until.isoformat() if muted else None,
    }


def silences_shown(what: Shown) -> list[Json]:
    """Every rule that a person muted, until when and why."""
    rules, language = what.rulebook.by_name, what.rulebook.reader.language
    return [
        {
            "rule": one.rule,
            "title": rules[one.rule].summary[language] if one.rule in rules else one.rule,
            "until": one.until.isoformat(),
            "reason": one.reason,
            "by": one.by,
        }
        for one in what.update.silences
    ]
