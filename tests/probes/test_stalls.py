from __future__ import annotations

import errno
import os
import threading
import time

import pytest

from agent.probes.probe import Context, Sample, Unsupported, gather
from agent.probes.stalls import PROBE, average_10s
from agent.probes.timer_overrun import Lateness, TimerOverrun
from tests.probes.tree import captured, values, write_tree

LINE = "{kind} avg10={ten} avg60=9.99 avg300=9.99 total=123456\n"


def pressure(some: str, full: str) -> str:
    return LINE.format(kind="some", ten=some) + LINE.format(kind="full", ten=full)


def test_pressure_becomes_ratios(tmp_path):
    """The ten-second averages, as shares of 1; the whole machine's processors have no meaningful `full`."""
    write_tree(
        tmp_path,
        {
            "proc/pressure/cpu": pressure("50.00", "0.00"),
            "proc/pressure/memory": pressure("12.50", "6.25"),
            "proc/pressure/io": pressure("100.00", "75.00"),
        },
    )
    sample = PROBE.open(captured(tmp_path)).sample()
    assert values(sample) == {
        ("stall_ratio", "cpu", "some"): 0.5,
        ("stall_ratio", "memory", "some"): 0.125,
        ("stall_ratio", "memory", "full"): 0.0625,
        ("stall_ratio", "io", "some"): 1.0,
        ("stall_ratio", "io", "full"): 0.75,
    }
    assert sample.errors == ()


def test_a_kernel_without_pressure_says_so(tmp_path):
    """Where the kernel has no such files, a captured machine (whose timer cannot be felt) has no such probe."""
    with pytest.raises(Unsupported) as reason:
        PROBE.open(captured(tmp_path)).sample()
    assert str(reason.value) == (
        "no stall ratios: this kernel shows no pressure stall information; "
        "if it is built with it, psi=1 at the start helps"
    )


def test_a_timer_that_has_not_fired_yet_is_no_missing_hardware():
    """Without pressure the timer is what is left: its first look is empty, and the reason for the rest is named."""

    def no_pressure():
        raise Unsupported("no stall ratios")

    assert gather({"pressure": no_pressure, "timer": tuple}) == Sample(readings=(), errors=("no stall ratios",))


def test_pressure_that_is_switched_off_is_told_from_a_kernel_without_it(tmp_path, monkeypatch):
    """Started with psi=0, the kernel shows the files and refuses to read them: another reason, another remedy."""
    write_tree(tmp_path, {"proc/pressure/cpu": ""})

    def refuse(_descriptor, _size):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    stalls = PROBE.open(captured(tmp_path))
    monkeypatch.setattr(os, "read", refuse)
    with pytest.raises(Unsupported) as reason:
        stalls.sample()
    assert (
        str(reason.value)
        == "no stall ratios: pressure stall information is switched off; psi=1 at the machine's start helps"
    )


def test_a_missing_line_is_an_error():
    """An old kernel's processor file has no `full` line."""
    with pytest.raises(ValueError, match="no line for full"):
        average_10s(b"some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", b"full")


def test_lateness_keeps_the_worst_until_it_is_taken():
    """Of several ticks the latest one counts; taken, there is nothing until the next tick."""
    lateness = Lateness((0.0, 0.0))
    for now in (1.01, 2.31, 3.32):
        lateness.tick(1, (now, now))
    assert lateness.take_worst() == pytest.approx(0.3)
    assert lateness.take_worst() is None


def test_sleep_of_the_machine_is_not_lateness():
    """A tick during which the elapsing clock ran ahead of the waking one says nothing; the next one counts again."""
    lateness = Lateness((0.0, 0.0))
    lateness.tick(1, (4.0, 3604.0))
    assert lateness.take_worst() is None
    lateness.tick(1, (5.2, 3605.2))
    assert lateness.take_worst() == pytest.approx(0.2)


def test_starvation_is_lateness_and_not_sleep():
    """Both clocks ran on while the thread got no processor time: that is a stall."""
    lateness = Lateness((0.0, 0.0))
    lateness.tick(1, (9.0, 9.001))
    assert lateness.take_worst() == pytest.approx(8.0)


def test_the_timer_measures_with_the_clocks_it_is_given():
    """The thread asks its clocks after each period; the worst difference is there when it has fired."""
    fired = threading.Event()
    times = iter([(0.0, 0.0), (0.501, 0.501)])

    def clocks():
        now = next(times, None)
        if now is None:
            fired.set()
            return (0.502, 0.502)
        return now

    timer = TimerOverrun(period_seconds=0.001, read_clocks=clocks)
    assert fired.wait(5)
    assert timer.worst_seconds() == pytest.approx(0.5)
    timer.close()


def test_closing_ends_the_timer_at_once():
    """A timer in the middle of its period ends when it is closed."""
    before = threading.active_count()
    stalls = PROBE.open(Context())
    assert threading.active_count() == before + 1
    started = time.monotonic()
    stalls.close()
    assert threading.active_count() == before
    assert time.monotonic() - started < 0.5


def test_the_first_look_has_no_lateness():
    """Before the timer has fired there is nothing to say about it."""
    stalls = PROBE.open(Context())
    try:
        metrics = {reading.metric for reading in stalls.sample().readings}
    finally:
        stalls.close()
    assert "stall_timer_overrun_seconds" not in metrics
