"""What each rule judged in the last quarter of an hour: the curves of the status page.

Verdicts in, one number each ten seconds kept. A curve costs 0.4 kB and a machine has about a hundred; a cap bounds what
comes and goes. The main thread adds, the listeners' thread reads.
"""

from __future__ import annotations

import math
from array import array
from datetime import datetime
from threading import Lock

from agent.alerts.alert import Update
from agent.readings import Labels
from agent.rules.rule import Verdict

SLOT_SECONDS = 10
"""Two cycles: a curve of 90 points is as fine as a sparkline can show."""
SLOTS = 90
"""A quarter of an hour."""
MOST_CURVES = 512
"""Some 0.3 MB; a large machine has half as many rules on resources."""

_NOTHING = math.nan

Watched = tuple[str, Labels]
"""A rule's name and the resource it judges."""


class Trends:
    """An output, so that its failure is contained like any other's."""

    name = "trends"

    def __init__(self) -> None:
        self._lock = Lock()
        self._curves: dict[Watched, array[float]] = {}
        self._slot: int | None = None

    def publish(self, update: Update) -> None:
        """Take one cycle; the last value within a slot counts, and what was not measured leaves a hole."""
        with self._lock:
            self._advance(update.snapshot.taken_at)
            for verdict in update.verdicts:
                self._note(verdict)

    def close(self) -> None:
        """Nothing is under way."""

    def curve(self, watched: Watched) -> list[float | None]:
        """The values of the last quarter of an hour, oldest first, a hole as nothing; empty where none is known."""
        with self._lock:
            found = self._curves.get(watched)
            return [] if found is None else [None if math.isnan(value) else value for value in found]

    def _advance(self, at: datetime) -> None:
        """Open the slot of this moment; a clock that was set, or a long sleep, begins all curves anew."""
        slot = int(at.timestamp()) // SLOT_SECONDS
        passed = 0 if self._slot is None else slot - self._slot
        self._slot = slot
        if not 0 <= passed < SLOTS:
            self._curves.clear()
            return
        for _ in range(passed):
            for curve in self._curves.values():
                del curve[0]
                curve.append(_NOTHING)
        if passed:
            self._curves = {watched: curve for watched, curve in self._curves.items() if not _is_empty(curve)}

    def _note(self, verdict: Verdict) -> None:
        if verdict.value is None:
            return
        watched = (verdict.rule, verdict.resource)
        curve = self._curves.get(watched)
        if curve is None:
            if len(self._curves) >= MOST_CURVES:
                return
            curve = self._curves[watched] = array("f", [_NOTHING]) * SLOTS
        curve[-1] = verdict.value


def _is_empty(curve: array[float]) -> bool:
    return all(map(math.isnan, curve))
