"""Adds entries to the journal: drafts in, sealed entries out, each transaction whole or not at all.

Used by `agent.outputs.journal_output`, which decides what is recorded and keeps drafts while the disk is full.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import RLock

from agent.database import open_database
from agent.outputs.journal import reading, verification
from agent.outputs.journal.entry import NO_ENTRY, Draft, Entry, Json, Kind, Witness, row_of, seal, utc_text
from agent.outputs.journal.reading import EVERYTHING, Filter
from agent.outputs.journal.schema import create_journal_tables, write_meta

_INSERT = "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Journal:
    """The writing side of the record; one per file. Its methods may be called from several threads.

    `notice` says, for people, that a damaged file was set aside; the new journal then begins with an entry on it.
    """

    def __init__(self, path: str, *, now: datetime) -> None:
        """Raises DatabaseTooNew or DatabaseUnavailable."""
        self.path = path
        self.lock = RLock()
        self._head = self._durable = NO_ENTRY
        self.connection, self.notice = open_database(path, now=now)
        with self.transaction():
            create_journal_tables(self.connection)
            self._head = self._durable = reading.head(self.connection)
        if self.notice:
            self.append(Draft(at=now, kind=Kind.SET_ASIDE, body={"notice": self.notice}))

    def append(self, draft: Draft) -> Entry:
        """Add one entry. Raises sqlite3.Error (then nothing was added), or ValueError for a body that is no JSON."""
        return self.append_many([draft])[-1]

    def append_many(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Add entries in one transaction, all or none; raises as `append` does."""
        with self.transaction():
            return self.add(drafts)

    def add(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Add entries inside a transaction of the caller's."""
        found = reading.head(self.connection)
        added = _chain([*self._tampering(drafts, found), *drafts], found)
        self.connection.executemany(_INSERT, [row_of(entry) for entry in added])
        if added:
            self._head = Witness(id=added[-1].id, hash=added[-1].hash)
        return added

    def head(self) -> Witness:
        """The newest entry's id and hash as this process wrote them; costs no read."""
        return self._head

    def witness(self) -> Witness:
        """The newest entry that also a power failure cannot take: what is published for later proof."""
        return self._durable

    def sign_of_life(self, at: datetime) -> None:
        """Remember that the agent lives, outside the chain, and bring entries to the disk. Raises sqlite3.Error."""
        with self.lock:
            write_meta(self.connection, "last_alive_at", utc_text(at))
            if self._durable != self._head:
                self._make_durable()

    def entries(self, wanted: Filter = EVERYTHING) -> Iterator[Entry]:
        """The wanted entries, oldest first, read beside the writer without holding it up."""
        with reading.reader(self.path) as connection:
            yield from reading.entries(connection, wanted)

    def verify(self, witness: Witness | None = None) -> verification.Verification:
        """Prove the whole journal, beside the writer."""
        with reading.reader(self.path) as connection:
            return verification.verify(connection, witness)

    def close(self) -> None:
        """Close the file; SQLite then brings everything to the disk."""
        with self.lock:
            self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All statements inside take effect together, or none does."""
        with self.lock:
            self.connection.execute("BEGIN IMMEDIATE")
            head, is_done = self._head, False
            try:
                yield self.connection
                self.connection.execute("COMMIT")
                is_done = True
            finally:
                if not is_done:
                    self._head = head
                if self.connection.in_transaction:  # SQLite itself has rolled back after some faults of the disk
                    self.connection.execute("ROLLBACK")

    def _tampering(self, drafts: Sequence[Draft], found: Witness) -> list[Draft]:
        """An entry that says so, when the head is no longer the one written last: someone else changed the file."""
        if found == self._head or not drafts:
            return []
        body: dict[str, Json] = {
            "expected_id": self._head.id,
            "expected_hash": self._head.hash,
            "found_id": found.id,
            "found_hash": found.hash,
        }
        return [Draft(at=drafts[0].at, kind=Kind.TAMPERING, body=body)]

    def _make_durable(self) -> None:
        """Write the log into the file: with synchronous NORMAL only this makes SQLite wait for the disk."""
        reached = self._head
        _, in_log, moved = self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if in_log == moved:  # else a reader holds part of the log; the next minute tries again
            self._durable = reached


def _chain(drafts: Sequence[Draft], after: Witness) -> list[Entry]:
    chained: list[Entry] = []
    for draft in drafts:
        entry = seal(draft, after)
        chained.append(entry)
        after = Witness(id=entry.id, hash=entry.hash)
    return chained
