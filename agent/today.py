"""Today's record for the status page: the journal's entries of this day, read beside the agent's own connection.

A page may ask every few seconds, so a reading is kept until the journal has grown or half a minute has gone by, and is
made in a thread: neither the listeners' loop nor the cycle waits for the disk.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.database import DatabaseDamaged, DatabaseTooNew, DatabaseUnavailable
from agent.outputs.report.collect import read_entries
from agent.outputs.report.report import Report, Request

FRESH_SECONDS = 30.0
"""A gap grows without an entry; nobody sees a difference of half a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One reading: the report of the day, or why there is none."""

    report: Report | None = None
    fault: str = ""


class Today:
    """Reads the day of now, at most as often as it changes. `head` is the journal's newest entry's id."""

    def __init__(self, path: str, head: Callable[[], int]) -> None:
        self._path = path
        self._head = head
        self._lock = asyncio.Lock()
        self._day = Day()
        self._read_at: tuple[int, float] | None = None

    async def day(self) -> Day:
        """What is recorded of today, no older than half a minute."""
        async with self._lock:  # one reading serves everybody who asks meanwhile
            if not self._is_fresh():
                head = self._head()
                self._day = await asyncio.to_thread(_read, self._path, datetime.now().astimezone())
                self._read_at = (head, time.monotonic())
            return self._day

    def _is_fresh(self) -> bool:
        if self._read_at is None:
            return False
        head, at = self._read_at
        return head == self._head() and time.monotonic() - at < FRESH_SECONDS


def _read(path: str, now: datetime) -> Day:
    since = now.replace(hour=0, minute=0, second=0, microsecond=0)
    request = Request(machine=socket.gethostname(), since=since, until=since + timedelta(days=1), now=now)
    try:
        return Day(report=read_entries(path, request))
    except (DatabaseUnavailable, DatabaseDamaged, DatabaseTooNew, sqlite3.Error) as error:
        return Day(fault=str(error))
