"""Proves the journal: rows in, the first bad entry and what is wrong with it out. Memory stays constant.

The chain alone finds an edit, a missing entry and a changed order. Someone who rewrites every hash after an edit, or
cuts off the end, is found only against a witness that was kept elsewhere.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from agent.outputs.journal.entry import COLUMNS, NO_ENTRY, Witness, digest

_AS_BYTES = ", ".join(f"CAST({column} AS BLOB)" for column in COLUMNS[1:])
_ALL_TEXT = " AND ".join(f"typeof({column}) = 'text'" for column in COLUMNS[1:])
_ROWS = f"SELECT id, {_ALL_TEXT}, {_AS_BYTES} FROM journal ORDER BY id"  # noqa: S608 -- column names of ours
_CHECKPOINT = "SELECT body FROM journal WHERE kind = 'checkpoint' ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class _Row:
    """One row. `sealed` are the columns under the hash; `is_sound` holds when `digest` of them gives `hash`."""

    id: int
    sealed: list[bytes]
    previous: str
    hash: str
    is_sound: bool


class Problem(Enum):
    """What is wrong with the first bad entry."""

    EDITED = "edited"
    MISSING = "missing"
    REORDERED = "reordered"
    CHAIN_BROKEN = "chain_broken"
    """Its own hash is right, and yet it is not the entry that the next one was added to."""
    SHORTENED = "shortened"
    """The journal ends before the witness."""
    REWRITTEN = "rewritten"
    """The chain is whole, and yet not the one that the witness saw."""
    UNREADABLE = "unreadable"
    """The file is damaged from here on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The outcome: whole when `problem` is none. `entries` counts those proven before the first bad one.

    `first_id` is above 1 where retention dropped older entries. `detail` is one sentence in English for people.
    """

    problem: Problem | None = None
    bad_id: int | None = None
    detail: str
    entries: int
    first_id: int
    head: Witness
    witnessed: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.problem is None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    problem: Problem
    bad_id: int
    detail: str


def verify(connection: sqlite3.Connection, witness: Witness | None = None) -> Verification:
    """Prove every entry from the first one kept to the head, and against the witness where one is given."""
    connection.execute("BEGIN")  # one state of the file throughout, whatever the agent adds meanwhile
    try:
        return _verify(connection, witness)
    finally:
        connection.execute("ROLLBACK")


def _verify(connection: sqlite3.Connection, witness: Witness | None) -> Verification:
    base = _base(connection)
    reached, fault, witnessed = base, None, None
    if witness is not None and witness.id == base.id:
        witnessed = base
    try:
        for row in _rows(connection):
            fault = _fault(connection, row, reached)
            if fault is not None:
                break
            reached = Witness(id=row.id, hash=row.hash)
            if witness is not None and reached.id == witness.id:
                witnessed = reached
    except sqlite3.DatabaseError as error:
        fault = _Fault(
            problem=Problem.UNREADABLE,
            bad_id=reached.id + 1,
            detail=f"The file is damaged and cannot be read after entry {reached.id}: {error}.",
        )
    if fault is None and witness is not None:
        fault = _against(witness, witnessed, base, reached)
    return Verification(
        problem=fault.problem if fault else None,
        bad_id=fault.bad_id if fault else None,
        detail=fault.detail if fault else _praise(base, reached, witness),
        entries=reached.id - base.id,
        first_id=base.id + 1,
        head=reached,
        witnessed=witnessed is not None and witnessed == witness,
    )


def _base(connection: sqlite3.Connection) -> Witness:
    """What the first kept entry must follow: nothing, or the entry that the newest checkpoint says was dropped last."""
    try:
        row = connection.execute(_CHECKPOINT).fetchone()
        if row is None:
            return NO_ENTRY
        body = json.loads(row[0])
        return Witness(id=int(body["pruned_through"]), hash=str(body["pruned_hash"]))
    except (ValueError, KeyError, TypeError, sqlite3.DatabaseError):  # a tampered checkpoint vouches for nothing
        return NO_ENTRY


def _rows(connection: sqlite3.Connection) -> Iterator[_Row]:
    for number, is_text, *columns in connection.execute(_ROWS):
        # A blob or NULL in place of a text is an edit even where its bytes are the same: it is shown differently.
        texts = columns if is_text else [b""] * len(columns)
        sealed = [b"%d" % number, *texts[:-1]]
        previous, stored = texts[-2].decode("utf-8", "replace"), texts[-1].decode("utf-8", "replace")
        yield _Row(number, sealed, previous, stored, digest(sealed) == stored)


def _fault(connection: sqlite3.Connection, row: _Row, before: Witness) -> _Fault | None:
    if row.id != before.id + 1:
        return _missing(row.id, before)
    if not row.is_sound:
        return _reordered(connection, row) or _Fault(
            problem=Problem.EDITED, bad_id=row.id, detail=f"Entry {row.id} was edited: it does not give its hash."
        )
    return None if row.previous == before.hash else _broken(connection, row, before)


def _missing(number: int, before: Witness) -> _Fault:
    if number <= before.id:
        return _Fault(
            problem=Problem.CHAIN_BROKEN,
            bad_id=number,
            detail=f"Entry {number} is there although a checkpoint says that entries up to {before.id} were dropped.",
        )
    first, last = before.id + 1, number - 1
    which = f"Entry {first} is missing" if first == last else f"Entries {first} to {last} are missing"
    return _Fault(problem=Problem.MISSING, bad_id=first, detail=f"{which}; no checkpoint accounts for it.")


def _reordered(connection: sqlite3.Connection, row: _Row) -> _Fault | None:
    """Whether the row would be whole under another id; looked for only once something is wrong."""
    (last,) = connection.execute("SELECT max(id) FROM journal").fetchone()
    for other in range(1, last + 2):
        if digest([b"%d" % other, *row.sealed[1:]]) == row.hash:
            return _Fault(
                problem=Problem.REORDERED,
                bad_id=row.id,
                detail=f"The order was changed: what stands as entry {row.id} was written as entry {other}.",
            )
    return None


def _broken(connection: sqlite3.Connection, row: _Row, before: Witness) -> _Fault:
    """Entry and predecessor are each sound but do not belong together: the next entry tells which one was replaced."""
    after = connection.execute("SELECT previous FROM journal WHERE id = ?", (row.id + 1,)).fetchone()
    is_trusted = after is not None and after[0] == row.hash
    bad = before.id if is_trusted and before.id > 0 else row.id
    return _Fault(
        problem=Problem.CHAIN_BROKEN,
        bad_id=bad,
        detail=f"Entry {row.id} was not added to the entry {before.id} that is there now: entry {bad} was replaced.",
    )


def _against(witness: Witness, seen: Witness | None, base: Witness, reached: Witness) -> _Fault | None:
    if witness.id > reached.id:
        return _Fault(
            problem=Problem.SHORTENED,
            bad_id=reached.id + 1,
            detail=f"The journal ends at entry {reached.id}; the witness saw entry {witness.id}: the end is missing.",
        )
    if witness.id < base.id or seen == witness:
        return None
    return _Fault(
        problem=Problem.REWRITTEN,
        bad_id=witness.id,
        detail=f"Entry {witness.id} is not the one that the witness saw: it or entries before it were rewritten.",
    )


def _praise(base: Witness, reached: Witness, witness: Witness | None) -> str:
    if reached == NO_ENTRY:
        return "The journal is empty."
    which = f"Entries {base.id + 1} to {reached.id} are whole"
    older = f"; entries up to {base.id} were dropped by retention, as the checkpoint says" if base.id else ""
    if witness is None:
        return f"{which}{older}."
    if witness.id < base.id:
        return f"{which}{older}. The witness (entry {witness.id}) is older than what was kept and proves nothing."
    return f"{which} and agree with the witness (entry {witness.id}){older}."
