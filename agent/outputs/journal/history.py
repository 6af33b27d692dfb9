"""Keeps what a report draws and adds up, and no more: 5-minute means of a few readings, and how long each clause held.

Update → memory each cycle, memory → tables once a minute. It stands beside the chain, unproven: the journal would
otherwise have to hold every reading.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.readings import ProbeResult, Reading, Snapshot

SLOT_SECONDS = 300
KEEP_SECONDS = 40 * 86_400
"""A month's report, with a week to write it in."""
_APART_SECONDS = 90
"""A clause not heard of for longer was not watched; a suspended or starved agent may miss some cycles of 5 s."""
_MOST_GATHERED = 5000
"""What memory holds while the disk is full: some days; plots may lose more, entries never."""

_SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS readings_history (
        metric TEXT, resource TEXT, slot INTEGER, lowest REAL, mean REAL, highest REAL, count INTEGER,
        PRIMARY KEY (metric, resource, slot)) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS clause_spans (
        clause TEXT, since REAL, until REAL, state TEXT, PRIMARY KEY (clause, since)) WITHOUT ROWID
    """,
)
_ADD_SLOT = """
    INSERT INTO readings_history VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        lowest = min(lowest, excluded.lowest), highest = max(highest, excluded.highest),
        mean = (mean * count + excluded.mean * excluded.count) / (count + excluded.count),
        count = count + excluded.count
"""
_ADD_SPAN = """
    INSERT INTO clause_spans VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        until = excluded.until, state = excluded.state
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One metric of one resource over one slot; `at` is the slot's beginning in seconds since 1970, base units."""

    metric: str
    resource: str
    at: int
    lowest: float
    mean: float
    highest: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How long a clause stayed in one state (normal, warning, critical, unknown); seconds since 1970."""

    clause: str
    state: str
    since: float
    until: float


_Gathered = list[float]
"""Lowest, sum, highest, count: changed in place, since several are touched in every cycle."""


@dataclass(slots=True)
class _OpenSpan:
    """The span that a clause is in now; changed in place like the numbers above."""

    since: float
    until: float
    state: str


class History:
    """Gathers each cycle and writes once a minute, on a connection that the caller guards."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Raises sqlite3.Error."""
        self._connection = connection
        self._points: dict[tuple[str, str, int], _Gathered] = {}
        self._open: dict[str, _OpenSpan] = {}
        self._ended: list[tuple[str, float, float, str]] = []
        self._taken: dict[str, ProbeResult] = {}
        for statement in _SCHEMA:
            connection.execute(statement)

    def add(self, snapshot: Snapshot, clause_states: Mapping[str, str]) -> None:
        """Take one cycle: the readings that a report draws, and every clause's state."""
        if len(self._points) + len(self._ended) > _MOST_GATHERED:
            self.forget()
        at = snapshot.taken_at.timestamp()
        slot = int(at // SLOT_SECONDS) * SLOT_SECONDS
        for metric, resource, value in self._drawn(snapshot):
            self._gather((metric, resource, slot), value)
        for clause, state in clause_states.items():
            self._extend(clause, state, at)

    def write(self) -> None:
        """Bring what was gathered to the tables, inside the caller's transaction. Raises sqlite3.Error.

        Call `forget` once the transaction has succeeded; until then the same is written again.
        """
        points = [(*key, low, total / n, high, n) for key, (low, total, high, n) in self._points.items()]
        spans = [*self._ended, *((clause, span.since, span.until, span.state) for clause, span in self._open.items())]
        self._connection.executemany(_ADD_SLOT, points)
        self._connection.executemany(_ADD_SPAN, spans)

    def forget(self) -> None:
        """Drop what has been written; the spans still open stay."""
        self._points.clear()
        self._ended.clear()

    def prune(self, now: datetime) -> None:
        """Drop what is too old for any report. Raises sqlite3.Error."""
        oldest = now.timestamp() - KEEP_SECONDS
        self._connection.execute("DELETE FROM readings_history WHERE slot < ?", (oldest,))
        self._connection.execute("DELETE FROM clause_spans WHERE until < ?", (oldest,))

    def _drawn(self, snapshot: Snapshot) -> Iterable[tuple[str, str, float]]:
        for probe, choose in _CHOICES.items():
            result = snapshot.results.get(probe)
            if result is not None and result is not self._taken.get(probe):  # a result is repeated until the next one
                self._taken[probe] = result
                yield from choose(result.readings)

    def _gather(self, key: tuple[str, str, int], value: float) -> None:
        gathered = self._points.get(key)
        if gathered is None:
            self._points[key] = [value, value, value, 1]
        else:
            gathered[0] = min(gathered[0], value)
            gathered[1] += value
            gathered[2] = max(gathered[2], value)
            gathered[3] += 1

    def _extend(self, clause: str, state: str, at: float) -> None:
        span = self._open.get(clause)
        if span is not None:
            if 0 <= at - span.until <= _APART_SECONDS:
                span.until = at
                if span.state == state:
                    return
            self._ended.append((clause, span.since, span.until, span.state))
        self._open[clause] = _OpenSpan(at, at, state)


def points_between(connection: sqlite3.Connection, since: datetime, until: datetime) -> tuple[Point, ...]:
    """The points of a period, by metric, resource and time; none where the tables are missing."""
    sql = "SELECT * FROM readings_history WHERE slot >= ? AND slot < ? ORDER BY metric, resource, slot"
    rows = _rows(connection, sql, (since.timestamp() - SLOT_SECONDS + 1, until.timestamp()))
    return tuple(
        Point(metric=metric, resource=resource, at=at, lowest=lowest, mean=mean, highest=highest, count=count)
        for metric, resource, at, lowest, mean, highest, count in rows
    )


def spans_between(connection: sqlite3.Connection, since: datetime, until: datetime) -> tuple[Span, ...]:
    """The clauses' spans that touch a period, cut to it; none where the tables are missing."""
    first, last = since.timestamp(), until.timestamp()
    rows = _rows(connection, "SELECT * FROM clause_spans WHERE until > ? AND since < ?", (first, last))
    return tuple(
        Span(clause=clause, state=state, since=max(start, first), until=min(end, last))
        for clause, start, end, state in rows
    )


def _rows(connection: sqlite3.Connection, sql: str, values: tuple[float, float]) -> sqlite3.Cursor | tuple[()]:
    try:
        return connection.execute(sql, values)
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return ()
        raise


def _hottest_processor(readings: Iterable[Reading]) -> Iterable[tuple[str, str, float]]:
    values = [
        reading.value
        for reading in readings
        if reading.metric == "temperature_celsius"
        and reading.suspect is None
        and ("component", "cpu") in reading.labels
    ]
    return [("temperature_celsius", "cpu", max(values))] if values else []


def _paths(readings: Iterable[Reading]) -> Iterable[tuple[str, str, float]]:
    for reading in readings:
        if reading.metric in ("ping_round_trip_seconds", "ping_loss_ratio") and reading.suspect is None:
            yield reading.metric, dict(reading.labels).get("target", ""), reading.value


_CHOICES = {"temperature": _hottest_processor, "ping": _paths}
