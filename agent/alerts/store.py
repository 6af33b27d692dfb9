"""Keeps alerts, silences, sensors and what probes learnt over restarts, in the tables of one SQLite file.

Only what changed is written, in one transaction a cycle; a write that fails is kept and tried again at the next. The
file is `agent.db`, which the journal shares through a connection of its own.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from agent.alerts.alert import Alert, AlertKey, Silence, State
from agent.readings import Labels
from agent.rules.rule import Severity

_TABLES = """
CREATE TABLE IF NOT EXISTS alerts (
    rule TEXT NOT NULL, severity TEXT NOT NULL, resource TEXT NOT NULL,
    state TEXT NOT NULL, value REAL, "limit" REAL NOT NULL,
    active_at TEXT NOT NULL, fired_at TEXT, seen_at TEXT, acknowledged_at TEXT, acknowledged_by TEXT NOT NULL,
    cannot_tell INTEGER NOT NULL, told INTEGER NOT NULL,
    PRIMARY KEY (rule, severity, resource)
);
CREATE TABLE IF NOT EXISTS silences (
    rule TEXT PRIMARY KEY, until TEXT NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS sensors (
    probe TEXT NOT NULL, metric TEXT NOT NULL, labels TEXT NOT NULL,
    first_seen_at TEXT NOT NULL, last_seen_at TEXT NOT NULL,
    PRIMARY KEY (metric, labels)
);
CREATE TABLE IF NOT EXISTS facts (probe TEXT NOT NULL, fact TEXT NOT NULL, PRIMARY KEY (probe, fact));
"""
"""Readable by hand: times are ISO 8601 with offset, resources and labels JSON lists of name and value."""

SensorRow = tuple[str, str, Labels, datetime, datetime]
"""Probe, metric, labels, first seen, last seen."""

_log = logging.getLogger(__name__)

_Row = TypeVar("_Row")

_AlertId = tuple[str, str, str]


class Store:
    """The rows of one agent. Not for several threads: the cycle owns it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Takes over the connection.

        Raises:
            sqlite3.OperationalError: the tables cannot be made (a full or read-only disk).
        """
        self._connection = connection
        connection.executescript(_TABLES)
        self._written: dict[_AlertId, tuple[Any, ...]] = {
            row[:3]: _essence(row) for row in connection.execute("SELECT * FROM alerts")
        }
        self._waiting: list[tuple[str, tuple[Any, ...]]] = []

    def alerts(self) -> tuple[tuple[Alert, ...], frozenset[AlertKey]]:
        """The stored alerts, and which of them people had been told of; an unreadable row is left out and logged."""
        rows = self._connection.execute("SELECT * FROM alerts ORDER BY active_at")
        found = _readable("alerts", rows, lambda row: (_alert(row), bool(row[12])))
        return tuple(alert for alert, _ in found), frozenset(alert.key for alert, is_told in found if is_told)

    def silences(self) -> tuple[Silence, ...]:
        """The stored silences, ended ones included; an unreadable row is left out and logged."""
        rows = self._connection.execute("SELECT rule, until, reason, by, created_at FROM silences")
        return _readable("silences", rows, _silence)

    def sensors(self) -> tuple[SensorRow, ...]:
        """The sensors seen on this machine; an unreadable row is left out and logged."""
        rows = self._connection.execute("SELECT probe, metric, labels, first_seen_at, last_seen_at FROM sensors")
        return _readable("sensors", rows, _sensor)

    def facts(self) -> dict[str, frozenset[str]]:
        """What probes learnt, by probe."""
        return read_facts(self._connection)

    def keep_sensor(self, row: SensorRow) -> None:
        """Store a sensor at the next `save`."""
        probe, metric, labels, first, last = row
        statement = "INSERT OR REPLACE INTO sensors VALUES (?, ?, ?, ?, ?)"
        self._waiting.append((statement, (probe, metric, _text(labels), first.isoformat(), last.isoformat())))

    def drop_sensor(self, metric: str, labels: Labels) -> None:
        """Forget a sensor at the next `save`."""
        self._waiting.append(("DELETE FROM sensors WHERE metric = ? AND labels = ?", (metric, _text(labels))))

    def keep_facts(self, probe: str, facts: Iterable[str]) -> None:
        """Store what a probe learnt at the next `save`."""
        self._waiting.extend(("INSERT OR IGNORE INTO facts VALUES (?, ?)", (probe, fact)) for fact in sorted(facts))

    def keep_silences(self, silences: Sequence[Silence]) -> None:
        """Store exactly these silences at the next `save`."""
        self._waiting.append(("DELETE FROM silences", ()))
        self._waiting.extend(
            (
                "INSERT OR REPLACE INTO silences VALUES (?, ?, ?, ?, ?)",
                (silence.rule, silence.until.isoformat(), silence.reason, silence.by, silence.created_at.isoformat()),
            )
            for silence in silences
        )

    def save(self, alerts: Iterable[Alert], told: frozenset[AlertKey] | set[AlertKey]) -> None:
        """Write what changed since the last save that succeeded; most cycles write nothing.

        Raises:
            sqlite3.OperationalError: the disk does not take it; nothing is lost, the next save tries again.
        """
        rows = {_alert_id(alert.key): _row(alert, alert.key in told) for alert in alerts}
        changed = {key: row for key, row in rows.items() if self._written.get(key) != _essence(row)}
        ended = self._written.keys() - rows.keys()
        if not (changed or ended or self._waiting):
            return
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for statement, values in self._waiting:
                self._connection.execute(statement, values)
            self._connection.executemany(_PUT_ALERT, changed.values())
            self._connection.executemany("DELETE FROM alerts WHERE rule = ? AND severity = ? AND resource = ?", ended)
        self._waiting.clear()
        self._written = {key: _essence(row) for key, row in rows.items()}

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def read_facts(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """What probes learnt, by probe, from any connection to the file.

    Raises:
        sqlite3.Error: the file has no such table, or cannot be read.
    """
    facts: dict[str, set[str]] = {}
    for probe, fact in connection.execute("SELECT probe, fact FROM facts"):
        facts.setdefault(probe, set()).add(fact)
    return {probe: frozenset(found) for probe, found in facts.items()}


_PUT_ALERT = "INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def _row(alert: Alert, is_told: bool) -> tuple[Any, ...]:  # noqa: FBT001  # a column
    return (
        *_alert_id(alert.key),
        alert.state.value,
        alert.value,
        alert.limit,
        alert.active_at.isoformat(),
        _text_of(alert.fired_at),
        _text_of(alert.seen_at),
        _text_of(alert.acknowledged_at),
        alert.acknowledged_by,
        int(alert.cannot_tell),
        int(is_told),
    )


def _essence(row: Sequence[Any]) -> tuple[Any, ...]:
    """The row without its value, which moves every cycle and is not worth a write."""
    return (row[3], *row[5:])


def _readable(table: str, rows: Iterable[Any], read: Callable[[Any], _Row]) -> tuple[_Row, ...]:
    """The rows read; one that makes no sense (edited by hand, a flipped bit) must not keep the agent from starting."""
    found: list[_Row] = []
    for row in rows:
        try:
            found.append(read(row))
        except (ValueError, TypeError) as error:
            _log.error("%s: a stored row is left out, %s: %s", table, error, row)
    return tuple(found)


def _silence(row: Sequence[Any]) -> Silence:
    rule, until, reason, by, created = row
    return Silence(rule=rule, until=_time(until), reason=reason, by=by, created_at=_time(created))


def _sensor(row: Sequence[Any]) -> SensorRow:
    probe, metric, text, first, last = row
    return (probe, metric, _labels(text), _time(first), _time(last))


def _alert(row: Sequence[Any]) -> Alert:
    rule, severity, resource, state, value, limit, active, fired, seen, acknowledged, by, cannot_tell, _ = row
    if State(state) is State.INACTIVE:
        raise ValueError("an inactive alert is not kept")
    return Alert(
        key=AlertKey(rule=rule, severity=Severity(severity), resource=_labels(resource)),
        state=State(state),
        value=None if value is None else float(value),
        limit=float(limit),
        active_at=_time(active),
        fired_at=_time(fired) if fired else None,
        seen_at=_time(seen) if seen else None,
        acknowledged_at=_time(acknowledged) if acknowledged else None,
        acknowledged_by=by,
        cannot_tell=bool(cannot_tell),
    )


def _alert_id(key: AlertKey) -> _AlertId:
    return (key.rule, key.severity.value, _text(key.resource))


def _text(labels: Labels) -> str:
    return json.dumps(labels, ensure_ascii=False, separators=(",", ":"))


def _labels(text: str) -> Labels:
    return tuple((str(name), str(value)) for name, value in json.loads(text))


def _text_of(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return at
