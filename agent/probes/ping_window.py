"""What a series of probes says: loss with its bounds, round trip, jitter, and whether the far end is silent.

Settled outcomes go in one at a time, numbers come out; nothing here knows sockets or clocks. A probe in flight is not
an outcome yet.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from math import sqrt

WINDOW_PROBES = 300
"""Five minutes at 1 Hz: the shortest window in which no loss at all excludes 1.3 % (Wilson, 95 %)."""

RECENT_PROBES = 10
"""The round trip is the median of the answers among the last ten probes: ten seconds, deaf to one outlier."""

MINIMUM_PROBES = 20
"""Below this no loss is published: one loss among ten would already "prove" more than 1 %."""

MINIMUM_LOSSES = 2
"""One lost packet alone is no evidence; with fewer the lower bound is 0."""

MINIMUM_DIFFERENCES = 16
"""RFC 3550's filter starts at 0 and has taken in two thirds of the truth after 16 differences."""

_Z = 1.959964
"""The normal quantile of a two-sided 95 % interval."""


class Presence(Enum):
    """What the newest probes say about the far end."""

    ANSWERS = "answers"
    SILENT = "silent"
    UNKNOWN = "unknown"
    """Nothing settled yet, or a few losses in a row that are still compatible with mere loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How many losses in a row make an answering far end doubtful, and how many make it silent."""

    doubtful: int
    silent: int


ECHO_PATIENCE = Patience(doubtful=3, silent=8)
"""At 30 % loss, eight in a row come by chance about once in six hours; a dead host is known after nine seconds."""

CONNECT_PATIENCE = Patience(doubtful=1, silent=3)
"""Connections are tried rarely; three in a row that nobody takes up are fifteen seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Share of probes lost, 0..1, with its 95 % bounds."""

    ratio: float
    lower_bound: float
    upper_bound: float


def loss_of(lost: int, settled: int) -> Loss | None:
    """Loss with its Wilson score bounds (Wilson 1927), or nothing below `MINIMUM_PROBES`."""
    if settled < MINIMUM_PROBES:
        return None
    ratio = lost / settled
    square = _Z * _Z
    centre = ratio + square / (2 * settled)
    spread = _Z * sqrt(ratio * (1 - ratio) / settled + square / (4 * settled * settled))
    scale = 1 + square / settled
    lower = (centre - spread) / scale if lost >= MINIMUM_LOSSES else 0.0
    upper = (centre + spread) / scale if lost < settled else 1.0
    return Loss(ratio=ratio, lower_bound=max(lower, 0.0), upper_bound=min(upper, 1.0))


class Window:
    """The sliding window of one series of probes; every outcome costs the same, however long the window."""

    __slots__ = (
        "_difference_count",
        "_jitter",
        "_lost",
        "_lost_count",
        "_patience",
        "_previous",
        "_recent",
        "has_answered",
        "silent_run",
    )

    def __init__(self, patience: Patience = ECHO_PATIENCE) -> None:
        self._patience = patience
        self.restart()

    def restart(self) -> None:
        """Forget everything: the path is another one, or the machine slept."""
        self._lost: deque[bool] = deque(maxlen=WINDOW_PROBES)
        self._lost_count = 0
        self._recent: deque[float | None] = deque(maxlen=RECENT_PROBES)
        self._previous: float | None = None
        self._jitter = 0.0
        self._difference_count = 0
        self.silent_run = 0
        self.has_answered = False

    def add_answer(self, round_trip_seconds: float) -> None:
        """One probe was answered in time."""
        self._end_silence()
        self._push(lost=False)
        self._recent.append(round_trip_seconds)
        self.has_answered = True
        if self._previous is not None:
            self._jitter += (abs(round_trip_seconds - self._previous) - self._jitter) / 16
            self._difference_count += 1
        self._previous = round_trip_seconds

    def add_loss(self) -> None:
        """One probe was not answered in time, or is known never to be."""
        self._push(lost=True)
        self._recent.append(None)
        self.silent_run += 1

    def add_sign_of_life(self) -> None:
        """The far end was heard, though not with an answer that counts: a late reply, its own refusal."""
        self.has_answered = True
        self.silent_run = 0

    def _end_silence(self) -> None:
        """Take an outage out of the loss: it was told as such, and would be told again as loss for five minutes."""
        if self.silent_run >= self._patience.silent:
            for _ in range(min(self.silent_run, len(self._lost))):
                self._lost_count -= self._lost.pop()
        self.silent_run = 0

    def presence(self) -> Presence:
        """Whether the far end answers, by the newest outcomes."""
        if self.silent_run >= self._patience.silent:
            return Presence.SILENT
        if self.has_answered and self.silent_run < self._patience.doubtful:
            return Presence.ANSWERS
        return Presence.UNKNOWN

    def loss(self) -> Loss | None:
        """Loss over the window, or nothing while too few probes are settled."""
        return loss_of(self._lost_count, len(self._lost))

    def round_trip_seconds(self) -> float | None:
        """Median round trip of the last `RECENT_PROBES`, or nothing if none of them was answered."""
        answers = sorted([seconds for seconds in self._recent if seconds is not None])
        if not answers:
            return None
        # written out: `statistics` would bring decimal and fractions into memory
        return (answers[len(answers) // 2] + answers[(len(answers) - 1) // 2]) / 2

    def jitter_seconds(self) -> float | None:
        """RFC 3550 A.8's filter, fed with differences of round trips (the one-way times are not known)."""
        return self._jitter if self._difference_count >= MINIMUM_DIFFERENCES else None

    def _push(self, *, lost: bool) -> None:
        outcomes = self._lost
        if len(outcomes) == WINDOW_PROBES:
            self._lost_count -= outcomes[0]
        outcomes.append(lost)
        self._lost_count += lost
