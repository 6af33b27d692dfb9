"""A timer that measures its own lateness: the stutter that a person would feel, on any operating system.

A thread sleeps for a period, compares the clock with the moment it asked for, and keeps the worst difference until
somebody asks. One wake costs about 0.1 ms of processor time on an idle virtual machine, nearly all of it for leaving
idle, and whatever the thread waits on; so the period is what this costs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SLEEP_TOLERANCE_SECONDS = 0.05
"""Far above what reading two clocks one after the other takes, far below the shortest sleep of a machine."""

Clocks = Callable[[], tuple[float, float]]
"""Seconds on the clock that stands still while the machine sleeps, and on the one that goes on."""


def clocks() -> tuple[float, float]:
    """This machine's clocks; where no clock goes on during sleep, the first one twice.

    Linux stops CLOCK_MONOTONIC in suspend and lets CLOCK_BOOTTIME run on (clock_gettime(2)). A busy machine can take
    the processor away between the two reads, which would look like sleep: such a pair is read again.
    """
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    for _ in range(3):
        awake = elapsed = time.monotonic()
        if boottime is None:
            break
        elapsed = time.clock_gettime(boottime)
        if time.monotonic() - awake < SLEEP_TOLERANCE_SECONDS:
            break
    return awake, elapsed


class Lateness:
    """The arithmetic of the timer, apart from its thread.

    A tick during which the machine slept says nothing: tasks are frozen before the monotonic clock stands still and
    thawed after it runs again, which looks like a stall of seconds.
    """

    def __init__(self, now: tuple[float, float]) -> None:
        self._before = now
        self._worst: float | None = None

    def tick(self, period_seconds: float, now: tuple[float, float]) -> None:
        """The timer fired, one period after the last tick at best."""
        (awake_before, elapsed_before), (awake, elapsed) = self._before, now
        self._before = now
        slept = (elapsed - elapsed_before) - (awake - awake_before)
        if slept <= SLEEP_TOLERANCE_SECONDS:
            late = max(0.0, awake - awake_before - period_seconds)
            self._worst = late if self._worst is None else max(self._worst, late)

    def take_worst(self) -> float | None:
        """The worst since the last call, in seconds; nothing where no tick counted."""
        worst, self._worst = self._worst, None
        return worst


class TimerOverrun:
    """Runs the timer from its making until `close`."""

    def __init__(self, *, period_seconds: float, read_clocks: Clocks = clocks) -> None:
        self._period_seconds = period_seconds
        self._read_clocks = read_clocks
        self._lateness = Lateness(read_clocks())
        self._turn = threading.Lock()
        self._still_open = threading.Lock()  # waiting for it with a timeout is the cheapest sleep that can be ended
        self._still_open.acquire()
        self._thread = threading.Thread(target=self._run, name="stall-timer", daemon=True)
        self._thread.start()

    def worst_seconds(self) -> float | None:
        """The worst lateness since the last call, in seconds; nothing where the timer has not fired since."""
        with self._turn:
            return self._lateness.take_worst()

    def close(self) -> None:
        """End the thread at once."""
        self._still_open.release()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        while not self._still_open.acquire(timeout=self._period_seconds):
            now = self._read_clocks()
            with self._turn:
                self._lateness.tick(self._period_seconds, now)
