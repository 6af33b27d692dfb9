"""The sessions whose companions report: what each said last, as readings of the pseudo-probe `session`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.outputs.session import PROBE
from agent.readings import ProbeResult, ProbeStatus, Reading, Snapshot

STALE_SECONDS = 180.0
"""Without news for so long a companion is gone; it reports once a minute."""
MOST_SESSIONS = 8
"""Users at one computer at a time; each is a handful of series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    number: int
    readings: tuple[Reading, ...]
    heard_seconds: float


class Sessions:
    """By user; for the main thread."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Session] = {}

    def hear(self, user: str, readings: Sequence[Reading], now_seconds: float) -> bool:
        """Keep what a user's companion says, and forget it when it says nothing; false when there is no room.

        `now_seconds` is monotonic. Numbers are given from 1, the lowest that is free.
        """
        self._forget_stale(now_seconds)
        if not readings:
            self._sessions.pop(user, None)
            return True
        taken = {one.number for name, one in self._sessions.items() if name != user}
        known = self._sessions.get(user)
        number = known.number if known else next((n for n in range(1, MOST_SESSIONS + 1) if n not in taken), None)
        if number is None:
            return False
        labelled = tuple(replace(one, labels=(("session", str(number)), *one.labels)) for one in readings)
        self._sessions[user] = _Session(number=number, readings=labelled, heard_seconds=now_seconds)
        return True

    def added_to(self, snapshot: Snapshot, now_seconds: float) -> Snapshot:
        """The snapshot with what the sessions say."""
        self._forget_stale(now_seconds)
        told = tuple(reading for one in self._sessions.values() for reading in one.readings)
        result = ProbeResult(
            probe=PROBE,
            status=ProbeStatus.SUCCESS if told else ProbeStatus.UNSUPPORTED,
            readings=told,
            reason="" if told else "no companion of a logged-in user reports",
            started_at=snapshot.taken_at,
            duration_seconds=0.0,
        )
        return replace(snapshot, results={**snapshot.results, PROBE: result})

    def _forget_stale(self, now_seconds: float) -> None:
        self._sessions = {
            user: one for user, one in self._sessions.items() if now_seconds - one.heard_seconds <= STALE_SECONDS
        }
