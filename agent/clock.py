"""How much time passed between two cycles, and whether the machine slept or its clock was set.

Three clocks tell it apart: Linux' CLOCK_MONOTONIC stands still in suspend, CLOCK_BOOTTIME goes on, and the wall clock
is set by people and NTP. A starved process sees all three go on together, so overload never looks like sleep, provided
that they are read as one: a stall or a sleep between two of the reads is noticed, and they are read again. Windows'
and macOS' Python monotonic clocks include or exclude sleep in their own ways: there, without CLOCK_BOOTTIME, a lapse of
the wall clock beyond the monotonic one is a step.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SUSPEND_TOLERANCE_SECONDS = 2.0
"""Shorter sleeps change nothing for a window of seconds; the clocks' own reading error is far below."""

STEP_TOLERANCE_SECONDS = 5.0
"""NTP slews at most 0.5 ms a second, so five seconds between two cycles is a step and no slew."""

CLOSE_SECONDS = 0.1
"""Reads no further apart than this are taken as one: they take a microsecond, and the tolerances are far above."""

ATTEMPTS = 8
"""To read the clocks close together; of a machine too starved for that the closest reads are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    """The time since the observation before, in seconds.

    `elapsed_seconds` is time awake, never negative; `suspended_seconds` time asleep; `stepped_seconds` how far the wall
    clock was set, negative when set back. The last two are 0 within their tolerance.
    """

    elapsed_seconds: float
    suspended_seconds: float = 0.0
    stepped_seconds: float = 0.0

    @property
    def is_broken(self) -> bool:
        """Whether what was half measured before says nothing about now."""
        return self.suspended_seconds > 0 or self.stepped_seconds != 0


def boottime() -> float:
    """Seconds since boot, sleep included; where the platform cannot tell, the monotonic clock."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class ClockWatch:
    """Compares the clocks from one cycle to the next."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        boot: Callable[[], float] = boottime,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic, self._boot, self._wall = monotonic, boot, wall
        self._before: tuple[float, float, float] | None = None

    def observe(self) -> Lapse:
        """The lapse since the last call; nothing at the first."""
        monotonic, boot, wall = self._read()
        before, self._before = self._before, (monotonic, boot, wall)
        if before is None:
            return Lapse(elapsed_seconds=0.0)
        awake, booted, walled = monotonic - before[0], boot - before[1], wall - before[2]
        suspended, stepped = booted - awake, walled - booted
        return Lapse(
            elapsed_seconds=max(0.0, awake),
            suspended_seconds=suspended if suspended > SUSPEND_TOLERANCE_SECONDS else 0.0,
            stepped_seconds=stepped if abs(stepped) > STEP_TOLERANCE_SECONDS else 0.0,
        )

    def _read(self) -> tuple[float, float, float]:
        """The monotonic, the boot and the wall clock, read as one."""
        closest, closest_spread = (0.0, 0.0, 0.0), math.inf
        for _ in range(ATTEMPTS):
            boot = self._boot()
            monotonic, wall = self._monotonic(), self._wall()
            spread = self._boot() - boot  # of all three the one that neither a sleep nor a step can hide from
            if spread < closest_spread:
                closest, closest_spread = (monotonic, boot, wall), spread
            if spread <= CLOSE_SECONDS:
                break
        return closest


def boot_id() -> str:
    """The kernel's identity of this boot; empty where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
