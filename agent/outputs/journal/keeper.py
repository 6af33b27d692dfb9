"""Keeps drafts until the disk takes them: in memory while it is full or the file cannot be opened, then in order.

Stands between `journal_output`, which may not fail for a full disk, and the store, which adds all or nothing.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import RLock

from agent.database import DatabaseUnavailable, explain
from agent.outputs.journal.entry import Draft, Json, Kind, canonical, utc_text
from agent.outputs.journal.store import Journal

_log = logging.getLogger(__name__)

MOST_WAITING = 10_000
"""Some 10 MB, and weeks of an ordinary workstation's entries."""
_RETRY_SECONDS = 10
"""An attempt on a locked file may take a second; one in two cycles is often enough."""


class Keeper:
    """Owns the journal's writing side and whatever waits for it."""

    def __init__(self, path: str, *, now: datetime, most_waiting: int = MOST_WAITING) -> None:
        """Raises DatabaseTooNew; a file that cannot be opened now is tried again later."""
        self._path = path
        self._lock = RLock()
        self._most = most_waiting
        self._waiting: list[Draft] = []
        self._lost: tuple[datetime, datetime, int] | None = None
        self._failed_at: datetime | None = None
        self.journal: Journal | None = None
        self._attempt(self._open, now)

    @property
    def waiting(self) -> int:
        """How many entries the disk has not taken yet."""
        return len(self._waiting)

    def keep(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        """Add entries now, or as soon as the disk takes them. Raises ValueError for a body that is no JSON."""
        for draft in drafts:
            canonical(draft.body)  # a bad one is refused here, or it would hold up all that wait behind it
        with self._lock:
            room = self._most - len(self._waiting)
            self._waiting.extend(drafts[:room])
            if drafts[room:]:
                self._count_lost(drafts[room:])
            self.write(now=now)

    def write(self, *, now: datetime) -> None:
        """Try what waits again, at most every 10 s while it fails."""
        with self._lock:
            if self._is_due(now) and (self.journal is not None or self._attempt(self._open, now)) and self._waiting:
                self._attempt(self._write, now)

    def attempt(self, action: Callable[[Journal], None], *, now: datetime) -> bool:
        """Do something else with the journal; whether it could be done."""
        with self._lock:
            journal = self.journal
            if journal is None or not self._is_due(now):
                return False
            return self._attempt(lambda _: action(journal), now)

    def close(self, *, now: datetime) -> None:
        """Write what waits, or hand it to the system log, and close the file."""
        with self._lock:
            self._failed_at = None
            self.write(now=now)
            for draft in self._waiting:
                content = {"at": utc_text(draft.at), "kind": draft.kind, "rule": draft.rule, "user": draft.user}
                _log.error("not in the journal: %s", json.dumps({**content, "body": draft.body}, ensure_ascii=False))
            if self.journal is not None:
                self.journal.close()
                self.journal = None

    def _is_due(self, now: datetime) -> bool:
        return self._failed_at is None or not 0 <= (now - self._failed_at).total_seconds() < _RETRY_SECONDS

    def _attempt(self, action: Callable[[datetime], None], now: datetime) -> bool:
        try:
            action(now)
        except (sqlite3.Error, DatabaseUnavailable) as error:
            reason = explain(self._path, error) if isinstance(error, sqlite3.Error) else str(error)
            if self._failed_at is None:
                _log.error("the journal cannot be written; entries are kept in memory: %s", reason)
            self._failed_at = now
            return False
        if self._failed_at is not None:
            _log.warning("the journal can be written again")
        self._failed_at = None
        return True

    def _open(self, now: datetime) -> None:
        self.journal = Journal(self._path, now=now)
        if self.journal.notice:
            _log.error("%s", self.journal.notice)

    def _write(self, now: datetime) -> None:
        if self.journal is not None:
            self.journal.append_many([*self._waiting, *self._gap(now)])
            self._waiting.clear()
            self._lost = None

    def _count_lost(self, drafts: Sequence[Draft]) -> None:
        first, _, count = self._lost or (drafts[0].at, drafts[0].at, 0)
        if count == 0:
            _log.error("the memory kept for the journal is full; entries are lost until the disk takes some")
        self._lost = (first, drafts[-1].at, count + len(drafts))

    def _gap(self, now: datetime) -> list[Draft]:
        if self._lost is None:
            return []
        first, last, count = self._lost
        body: dict[str, Json] = {"from": utc_text(first), "to": utc_text(last), "reason": "record_lost"}
        body["lost_entries"] = count
        return [Draft(at=now, kind=Kind.GAP, body=body)]
