"""Readings and alerts as JSON-ready values, in the shape of the commands' `--json`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

from agent.alerts.alert import Alert, Silence, Update, alert_id
from agent.readings import Reading, Snapshot, resource_name


def readings_form(update: Update) -> dict[str, object]:
    """As `readings --json` shows the last cycle."""
    return snapshot_form(update.snapshot)


def snapshot_form(snapshot: Snapshot) -> dict[str, object]:
    """Every probe with its status, and every reading; a value that is not a number is null."""
    return {
        "taken_at": snapshot.taken_at.isoformat(),
        "probes": [
            {
                "probe": result.probe,
                "status": result.status.value,
                "reason": result.reason,
                "duration_seconds": result.duration_seconds,
            }
            for result in snapshot.results.values()
        ],
        "readings": [_reading(reading) for reading in snapshot.readings()],
    }


def alerts_form(update: Update) -> dict[str, object]:
    """Every pending and firing alert with the id that `acknowledge` takes, and every silence."""
    return {
        "taken_at": update.snapshot.taken_at.isoformat(),
        "alerts": [_alert(alert, update) for alert in update.alerts],
        "silences": [_silence(silence) for silence in update.silences],
    }


def _reading(reading: Reading) -> dict[str, object]:
    return {
        "name": reading.metric,
        "labels": dict(reading.labels),
        "value": _number(reading.value),
        "suspect": reading.suspect,
    }


def _alert(alert: Alert, update: Update) -> dict[str, object]:
    rule = update.rules.get(alert.key.rule)
    texts: Mapping[str, object] = {"summary": dict(rule.summary), "action": dict(rule.action)} if rule else {}
    return {
        "alert": alert_id(alert.key),
        "rule": alert.key.rule,
        "clause": rule.clause if rule else None,
        "severity": alert.key.severity.value,
        "resource": resource_name(alert.key.resource),
        "labels": dict(alert.key.resource),
        "state": alert.state.value,
        "cannot_tell": alert.cannot_tell,
        "value": _number(alert.value),
        "limit": _number(alert.limit),
        "active_at": _time(alert.active_at),
        "fired_at": _time(alert.fired_at),
        "seen_at": _time(alert.seen_at),
        "acknowledged_at": _time(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        **texts,
    }


def _silence(silence: Silence) -> dict[str, object]:
    return {
        "rule": silence.rule,
        "until": _time(silence.until),
        "reason": silence.reason,
        "by": silence.by,
        "created_at": _time(silence.created_at),
    }


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
