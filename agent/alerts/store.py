"""Keeps alerts, silences, sensors and what probes learnt over restarts, in the tables of one SQLite file.

Only what changed is written, in one transaction a cycle; a write that fails is kept and tried again at the next. The
file is `agent.db`, which the journal shares through a connection of its own.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

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
        """The stored alerts, and which of them people had been told of."""
        rows = self._connection.execute("SELECT * FROM alerts ORDER BY active_at").fetchall()
        return tuple(_alert(row) for row in rows), frozenset(_alert(row).key for row in rows if row[12])

    def silences(self) -> tuple[Silence, ...]:
        """The stored silences, ended ones included."""
        rows = self._connection.execute("SELECT rule, until, reason, by, created_at FROM silences")
        return tuple(
            Silence(rule=rule, until=_time(until), reason=reason, by=by, created_at=_time(created))
            for rule, until, reason, by, created in rows
        )

    def sensors(self) -> tuple[SensorRow, ...]:
        """The sensors seen on this machine."""
        rows = self._connection.execute("SELECT probe, metric, labels, first_seen_at, last_seen_at FROM sensors")
        return tuple(
            (probe, metric, _labels(text), _time(first), _time(last)) for probe, metric, text, first, last in rows
        )

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


def _alert(row: Sequence[Any]) -> Alert:
    rule, severity, resource, state, value, limit, active, fired, seen, acknowledged, by, cannot_tell, _ = row
    return Alert(
        key=AlertKey(rule=rule, severity=Severity(severity), resource=_labels(resource)),
        state=State(state),
        value=value,
        limit=limit,
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
    return datetime.fromisoformat(text)
