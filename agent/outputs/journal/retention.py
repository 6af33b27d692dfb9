"""Drops the oldest entries by age and size, leaving a checkpoint entry from which the rest still verifies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.database import give_back
from agent.outputs.journal.entry import Draft, Entry, Json, Kind, utc_text
from agent.outputs.journal.schema import write_meta
from agent.outputs.journal.store import Journal

_AT_ONCE = 5000
"""Entries dropped by one call, so that the cycle is not held up; a day brings some hundreds."""
_ROOM = 0.9
"""Part of the permitted size that is kept when it is exceeded, so that not every day exceeds it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How much of the record is kept."""

    days: int
    size_bytes: int


def prune(journal: Journal, retention: Retention, *, now: datetime) -> Entry | None:
    """Drop what is beyond the limits; the checkpoint entry, or nothing when all may stay. Raises sqlite3.Error."""
    with journal.transaction():
        through, count = _last_to_drop(journal, retention, now)
        if count == 0:
            return None
        row = journal.connection.execute("SELECT hash FROM journal WHERE id = ?", (through,)).fetchone()
        body: dict[str, Json] = {"pruned_through": through, "pruned_hash": str(row[0]), "pruned_entries": count}
        checkpoint = journal.add([Draft(at=now, kind=Kind.CHECKPOINT, body=body)])[-1]
        write_meta(journal.connection, "prunable_through", str(through))
        journal.connection.execute("DELETE FROM journal WHERE id <= ?", (through,))
    with journal.lock:
        give_back(journal.connection)
    return checkpoint


def _last_to_drop(journal: Journal, retention: Retention, now: datetime) -> tuple[int, int]:
    """The last id to drop and how many entries that drops; from the oldest on, stopping at the first to keep."""
    cutoff = utc_text(now - timedelta(days=retention.days))
    for_size = _too_many(journal, retention.size_bytes)
    through, count = 0, 0
    oldest = journal.connection.execute("SELECT id, at FROM journal ORDER BY id LIMIT ?", (_AT_ONCE,))
    for number, at in oldest.fetchall():
        if (at >= cutoff and count >= for_size) or number == journal.head().id:
            break
        through, count = number, count + 1
    return through, count


def _too_many(journal: Journal, permitted_bytes: int) -> int:
    """How many entries must go for the file's used pages to fit, all entries taken as equally long."""
    pages, free, size = (
        journal.connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    used = int((pages - free) * size)
    if used <= permitted_bytes:
        return 0
    first, last = journal.connection.execute("SELECT min(id), max(id) FROM journal").fetchone()
    return math.ceil((last - first + 1) * (1 - _ROOM * permitted_bytes / used)) if first else 0
