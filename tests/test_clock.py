"""Sleep, clock steps and overload are told apart."""

import time

from agent.clock import ClockWatch, Lapse


def lapse(monotonic: float, boot: float, wall: float) -> Lapse:
    """What is observed when the three clocks have moved on by so much."""
    clocks = [iter((100.0, 100.0 + monotonic)), iter((500.0, 500.0 + boot)), iter((9000.0, 9000.0 + wall))]
    watch = ClockWatch(*(clock.__next__ for clock in clocks))
    assert watch.observe() == Lapse(elapsed_seconds=0.0)
    return watch.observe()


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
