"""Sleep, clock steps and overload are told apart."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from agent.clock import ATTEMPTS, ClockWatch, Lapse


@dataclass
class Clocks:
    """Three clocks that tests move on, and what happens at the next reads: a number of seconds awake and asleep."""

    monotonic: float = 100.0
    boot: float = 500.0
    wall: float = 9000.0
    before_reads: Callable[[int], tuple[float, float]] = lambda _: (0.0, 0.0)
    reads: int = 0

    def pass_(self, awake: float, asleep: float = 0.0) -> None:
        self.monotonic += awake
        self.boot += awake + asleep
        self.wall += awake + asleep

    def watch(self) -> ClockWatch:
        return ClockWatch(*(lambda name=name: self._read(name) for name in ("monotonic", "boot", "wall")))  # type: ignore[misc]  # each is a clock

    def _read(self, name: str) -> float:
        self.pass_(*self.before_reads(self.reads))
        self.reads += 1
        return float(getattr(self, name))


def lapse(monotonic: float, boot: float, wall: float) -> Lapse:
    """What is observed when the three clocks have moved on by so much."""
    clocks = Clocks()
    watch = clocks.watch()
    assert watch.observe() == Lapse(elapsed_seconds=0.0)
    clocks.monotonic, clocks.boot, clocks.wall = 100.0 + monotonic, 500.0 + boot, 9000.0 + wall
    return watch.observe()


def interrupted(read: int, awake: float, asleep: float) -> list[Lapse]:
    """Three cycles of five seconds, the second's clock reads interrupted once, before this read."""
    clocks = Clocks()
    watch = clocks.watch()
    watch.observe()
    clocks.pass_(5)
    start = clocks.reads
    clocks.before_reads = lambda index: (awake, asleep) if index == start + read else (0.0, 0.0)
    second = watch.observe()
    clocks.pass_(5)
    return [second, watch.observe()]


@pytest.mark.parametrize("read", [0, 1, 2, 3])
def test_a_stall_between_the_reads_is_not_sleep(read: int) -> None:
    """A process stopped for a minute between any two reads sees a minute pass, and neither sleep nor step."""
    assert interrupted(read, awake=60, asleep=0) == [Lapse(elapsed_seconds=65), Lapse(elapsed_seconds=5)]


@pytest.mark.parametrize("read", [0, 1, 2, 3])
def test_a_sleep_between_the_reads_is_sleep_and_no_step(read: int) -> None:
    """A computer that goes to sleep between any two reads slept, once, and its clock was not set."""
    assert interrupted(read, awake=0, asleep=3600) == [
        Lapse(elapsed_seconds=5, suspended_seconds=3600),
        Lapse(elapsed_seconds=5),
    ]


def test_a_machine_too_starved_to_read_twice_is_still_read() -> None:
    """When every read stalls a little, the attempts end, and so little is neither sleep nor step."""
    clocks = Clocks(before_reads=lambda _: (0.5, 0.0))
    watch = clocks.watch()
    watch.observe()
    seen = watch.observe()
    assert (seen.is_broken, clocks.reads) == (False, 2 * 4 * ATTEMPTS)


def test_of_starved_reads_the_closest_count() -> None:
    """Where every attempt stalls for long but one, that one is believed: no sleep is made of the others' stalls."""
    clocks = Clocks()
    watch = clocks.watch()
    watch.observe()
    start = clocks.reads
    stalls = {start + 4 * attempt + 1: 30.0 for attempt in range(ATTEMPTS)} | {start + 9: 0.2}
    clocks.before_reads = lambda index: (stalls.get(index, 0.0), 0.0)
    seen = watch.observe()
    assert (seen.suspended_seconds, seen.stepped_seconds) == (0.0, 0.0)


def test_an_ordinary_cycle_is_only_time() -> None:
    """All clocks go on together."""
    assert lapse(5, 5.1, 5) == Lapse(elapsed_seconds=5)


def test_sleep_is_what_the_monotonic_clock_missed() -> None:
    """An hour asleep is an hour suspended, and no clock step."""
    seen = lapse(5, 3605, 3605)
    assert (seen, seen.is_broken) == (Lapse(elapsed_seconds=5, suspended_seconds=3600), True)


def test_starvation_is_not_sleep() -> None:
    """A process that gets no processor for a minute sees a minute pass on every clock."""
    seen = lapse(60, 60, 60)
    assert (seen, seen.is_broken) == (Lapse(elapsed_seconds=60), False)


def test_a_clock_set_back_is_a_step() -> None:
    """Setting the wall clock back an hour shortens no interval."""
    assert lapse(5, 5, -3595) == Lapse(elapsed_seconds=5, stepped_seconds=-3600)


def test_the_real_clocks_agree() -> None:
    """Two looks at the real clocks are a short, unbroken lapse."""
    watch = ClockWatch()
    watch.observe()
    before = time.monotonic()
    seen = watch.observe()
    assert not seen.is_broken
    assert 0 <= seen.elapsed_seconds <= time.monotonic() - before + 1
