"""Finds entries in the journal; every function takes a connection, be it the agent's or a reader's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from agent.database import open_reader
from agent.outputs.journal.entry import COLUMNS, NO_ENTRY, Entry, Kind, Witness, body_of, entry_from, utc_text
from agent.outputs.journal.schema import read_meta

_SELECT = f"SELECT {', '.join(COLUMNS)} FROM journal"  # noqa: S608 -- column names of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries are wanted: from `since` until before `until`; empty fields leave everything in.

    `clause` also takes the clauses below it: 4.1.a finds 4.1.a.1. With `limit` the newest are given.
    """

    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[Kind, ...] = ()
    rule: str = ""
    clause: str = ""
    user: str = ""
    limit: int | None = None


EVERYTHING = Filter()


@contextmanager
def reader(path: str) -> Iterator[sqlite3.Connection]:
    """A connection for reading the journal file, closed at the end; raises what `open_reader` raises."""
    connection = open_reader(path)
    try:
        yield connection
    finally:
        connection.close()


def head(connection: sqlite3.Connection) -> Witness:
    """The newest entry's id and hash; NO_ENTRY when the journal is empty."""
    row = connection.execute("SELECT id, hash FROM journal ORDER BY id DESC LIMIT 1").fetchone()
    return Witness(id=row[0], hash=row[1]) if row else NO_ENTRY


def entry_exists(connection: sqlite3.Connection, number: int) -> bool:
    """Whether there is an entry of this number. Raises sqlite3.Error."""
    return connection.execute("SELECT 1 FROM journal WHERE id = ?", (number,)).fetchone() is not None


def entries(connection: sqlite3.Connection, wanted: Filter = EVERYTHING) -> Iterator[Entry]:
    """The wanted entries, oldest first, one at a time."""
    where, values = _conditions(wanted)
    sql = f"{_SELECT}{where} ORDER BY id"
    if wanted.limit is not None:
        newest = f"{_SELECT}{where} ORDER BY id DESC LIMIT ?"
        sql, values = f"SELECT * FROM ({newest}) ORDER BY id", [*values, wanted.limit]  # noqa: S608 -- no outside text
    for row in connection.execute(sql, values):
        yield entry_from(row)


def firing_before(connection: sqlite3.Connection, at: datetime) -> list[Entry]:
    """The last alert entry before `at` of everything that was firing then."""
    newest = "SELECT max(id) FROM journal WHERE kind = 'alert' AND at < ? GROUP BY rule, severity, resource"
    rows = connection.execute(f"{_SELECT} WHERE id IN ({newest}) ORDER BY id", (utc_text(at),))
    return [entry for entry in map(entry_from, rows) if body_of(entry).get("change") not in ("resolved", "gone")]


def last_run_before(connection: sqlite3.Connection, at: datetime | None = None) -> Entry | None:
    """The newest start or stop of the agent (before `at`): whether it was running then."""
    sql = f"{_SELECT} WHERE kind IN ('agent_start', 'agent_stop') AND at < ? ORDER BY id DESC LIMIT 1"
    row = connection.execute(sql, (utc_text(at) if at else "~",)).fetchone()
    return entry_from(row) if row else None


def last_alive_at(connection: sqlite3.Connection) -> datetime | None:
    """The agent's last sign of life, to a minute; none when it never ran."""
    text = read_meta(connection, "last_alive_at")
    return datetime.fromisoformat(text) if text else None


def _conditions(wanted: Filter) -> tuple[str, list[str | int]]:
    marks = ", ".join("?" * len(wanted.kinds))
    clause = wanted.clause.rstrip(".")
    candidates: tuple[tuple[str, list[str]], ...] = (
        ("at >= ?", [utc_text(wanted.since)] if wanted.since else []),
        ("at < ?", [utc_text(wanted.until)] if wanted.until else []),
        (f"kind IN ({marks})", [kind.value for kind in wanted.kinds]),
        ("rule = ?", [wanted.rule] if wanted.rule else []),
        ("(clause = ? OR substr(clause, 1, length(?) + 1) = ? || '.')", [clause] * 3 if clause else []),
        ("user = ?", [wanted.user] if wanted.user else []),
    )
    used = [(condition, values) for condition, values in candidates if values]
    where = " AND ".join(condition for condition, _ in used)
    return (f" WHERE {where}" if where else ""), [value for _, values in used for value in values]
