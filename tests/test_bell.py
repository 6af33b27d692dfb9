"""The bell wakes whoever waits, and is never too often rung."""

import signal
import threading
import time

from agent.bell import Bell


def test_a_ring_before_the_wait_is_not_lost() -> None:
    """Who waits after the ring is woken at once, and only once."""
    bell = Bell()
    for _ in range(100_000):
        bell.ring()
    assert bell.wait(10)
    while bell.wait(0):
        pass
    assert not bell.wait(0.01)
    bell.close()


def test_a_ring_from_another_thread_or_a_signal_wakes() -> None:
    """The wait ends long before its time."""
    bell = Bell()
    begun = time.monotonic()
    threading.Timer(0.01, bell.ring).start()
    assert bell.wait(10)
    before = signal.signal(signal.SIGALRM, lambda *_: bell.ring())
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    assert bell.wait(10)
    signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - begun < 5
    bell.close()
