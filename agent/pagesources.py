"""Where the status page takes what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.alerts.alert import Update
from agent.rulebook import Rulebook
from agent.trends import Trends


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSources:
    """The rules in force, the last cycle, the curves, and the record's file; no path where nothing is recorded.

    `record_head` is the id of the newest entry on the disk.
    """

    rulebook: Callable[[], Rulebook]
    latest: Callable[[], Update | None]
    trends: Trends
    interval_seconds: float
    record_path: str | None = None
    record_head: Callable[[], int] = lambda: 0
