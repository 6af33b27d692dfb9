"""Messages on disk until the server has them: in order, up to a bound, whole after a crash.

One SQLite file: a message is there or it is not, whenever the power goes. Where the disk takes nothing, the newest
messages wait in memory, for a full disk is itself something that the server should hear of.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from agent.database import DatabaseUnavailable, explain, give_back, open_database

_log = logging.getLogger(__name__)

_MOST_HELD = 20
"""Messages in memory while the disk takes none: ten minutes at the usual pace, 200 kB."""
_MOST_FREE_PAGES = 256
"""A megabyte that was sent is given back to the disk; less is soon needed again."""
_IN_MEMORY = 0
"""Stands for the number on disk of a message that is not there."""
_TABLES = """
    CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER, samples INTEGER, body BLOB);
    CREATE TABLE IF NOT EXISTS newest (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One request's body, the time of its samples and their number."""

    at_milliseconds: int
    samples: int
    body: bytes


class Spool:
    """May be used by several threads; one of them takes messages out."""

    def __init__(self, path: str, *, most_bytes: int) -> None:
        """Nothing is opened yet: a disk that is not there must not keep the agent from starting.

        `lost` counts the samples that had to go, the oldest first, because there was no room.
        """
        self.lost = 0
        self._path = path
        self._most_bytes = most_bytes
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._held: deque[Message] = deque()
        self._shown: tuple[int, Message] | None = None
        self._done_through = 0
        self._newest = self._bytes = 0

    @property
    def waiting_bytes(self) -> int:
        """The bodies that wait, on disk and in memory."""
        return self._bytes + sum(len(message.body) for message in self._held)

    def newest(self) -> int:
        """The time of the message that was added last, in milliseconds; 0 if none is known."""
        with self._lock, suppress(sqlite3.Error, DatabaseUnavailable):
            self._open()
        return self._newest

    def add(self, message: Message) -> None:
        """Keep the message after all others.

        Raises:
            DatabaseUnavailable: why it is in memory only.
        """
        with self._lock:
            self._held.append(message)
            self._newest = message.at_milliseconds
            if len(self._held) > _MOST_HELD:
                self.lost += self._held.popleft().samples
            try:
                self._write_held()
            except sqlite3.Error as error:
                raise DatabaseUnavailable(explain(self._path, error)) from error

    def oldest(self) -> Message | None:
        """The message that is to be sent next; nothing when all are sent, or the file cannot be read now."""
        with self._lock:
            self._shown = None
            with suppress(sqlite3.Error, DatabaseUnavailable):
                self._shown = self._select()
            if self._shown is None and self._held:
                self._shown = (_IN_MEMORY, self._held[0])
            return self._shown[1] if self._shown else None

    def remove_oldest(self) -> None:
        """The server has it, or will never take it; on a full disk it is deleted later, and not sent again."""
        with self._lock:
            number, message = self._shown or (_IN_MEMORY, None)
            self._shown = None
            if number != _IN_MEMORY:
                self._done_through = number
                with suppress(sqlite3.Error, DatabaseUnavailable):
                    self._delete_done(self._open())
            elif self._held and self._held[0] is message:
                self._held.popleft()

    def close(self) -> None:
        """What is on disk is there at the next start."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection, notice = open_database(self._path, now=datetime.now(UTC))
            if notice:
                _log.error("%s", notice)
            connection.executescript(_TABLES)
            (self._bytes,) = connection.execute("SELECT coalesce(sum(length(body)), 0) FROM messages").fetchone()
            for (at,) in connection.execute("SELECT at FROM newest"):
                self._newest = self._newest or at  # what this life added is newer
            self._connection = connection
        return self._connection

    def _write_held(self) -> None:
        """Everything in memory to disk, or nothing of it. Raises sqlite3.Error and DatabaseUnavailable."""
        connection = self._open()
        shown = self._shown
        connection.execute("BEGIN IMMEDIATE")
        try:
            for held in self._held:
                row = (held.at_milliseconds, held.samples, held.body)
                number = connection.execute("INSERT INTO messages (at, samples, body) VALUES (?, ?, ?)", row).lastrowid
                if shown is not None and shown[1] is held and number is not None:
                    shown = (number, held)  # it is being sent
            connection.execute("INSERT OR REPLACE INTO newest VALUES (1, ?)", (self._newest,))
            size = self._bytes + sum(len(held.body) for held in self._held)
            size -= _delete_through(connection, self._done_through)
            size, lost = _make_room(connection, size, self._most_bytes)
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._held.clear()
        self._shown = shown
        self._bytes = size
        self.lost += lost

    def _select(self) -> tuple[int, Message] | None:
        query = "SELECT id, at, samples, body FROM messages WHERE id > ? ORDER BY id LIMIT 1"
        row = self._open().execute(query, (self._done_through,)).fetchone()
        return (row[0], Message(at_milliseconds=row[1], samples=row[2], body=row[3])) if row else None

    def _delete_done(self, connection: sqlite3.Connection) -> None:
        self._bytes -= _delete_through(connection, self._done_through)
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        if free > _MOST_FREE_PAGES:
            give_back(connection)


def _delete_through(connection: sqlite3.Connection, number: int) -> int:
    """Delete the messages up to this one; how many bytes they had."""
    (size,) = connection.execute(
        "SELECT coalesce(sum(length(body)), 0) FROM messages WHERE id <= ?", (number,)
    ).fetchone()
    connection.execute("DELETE FROM messages WHERE id <= ?", (number,))
    return int(size)


def _make_room(connection: sqlite3.Connection, size: int, most_bytes: int) -> tuple[int, int]:
    """Drop the oldest until the rest fits, but never the newest; the size then, and how many samples went."""
    dropped = lost = 0
    with closing(connection.execute("SELECT id, samples, length(body) FROM messages ORDER BY id")) as rows:
        for number, samples, length in rows:
            if size <= most_bytes or size == length:
                break
            dropped, size, lost = number, size - length, lost + samples
    connection.execute("DELETE FROM messages WHERE id <= ?", (dropped,))
    return size, lost
