"""Stalls: the share of time in which tasks waited for processor, memory or disk, and how late a plain timer fires.

Data passes from /proc/pressure and from a timer thread to readings. Pressure is the kernel's own account of stutter;
the timer works on any system and also feels what the kernel does not see, such as a host that starves this machine.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from functools import partial

from agent.probes.hostfs import read_bytes
from agent.probes.probe import Context, ProbeSpec, Sample, Unsupported, gather
from agent.probes.timer_overrun import TimerOverrun
from agent.readings import Labels, MetricSpec, Reading

PERIOD_SECONDS = 2.0
"""Stutter that goes on is met within a look or two; waking every second would double a cost that is 0.25 ms a cycle."""

BURST_PERIOD_SECONDS = 0.1
"""For a command that looks for a few seconds only."""

_NO_PRESSURE = {
    errno.ENOENT: "this kernel shows no pressure stall information; if it is built with it, psi=1 at the start helps",
    errno.EOPNOTSUPP: "pressure stall information is switched off; psi=1 at the machine's start helps",
}
"""Without CONFIG_PSI there are no files; switched off, older kernels refuse to read them and newer ones hide them too
(seen on 6.1 started with psi=0)."""

_KINDS: dict[str, tuple[tuple[bytes, Labels], ...]] = {
    "cpu": ((b"some", (("resource", "cpu"), ("kind", "some"))),),
    "memory": (
        (b"some", (("resource", "memory"), ("kind", "some"))),
        (b"full", (("resource", "memory"), ("kind", "full"))),
    ),
    "io": (
        (b"some", (("resource", "io"), ("kind", "some"))),
        (b"full", (("resource", "io"), ("kind", "full"))),
    ),
}
"""Some: at least one task waits; full: all of them. For the whole machine's processors, full has no meaning and is
always 0 (kernel, Documentation/accounting/psi.rst), so it is not shown."""


class _Stalls:
    def __init__(self, context: Context) -> None:
        self._folder = f"{context.host.procfs}/pressure"
        period_seconds = BURST_PERIOD_SECONDS if context.burst else PERIOD_SECONDS
        self._timer = None if context.host.is_redirected else TimerOverrun(period_seconds=period_seconds)
        self._parts: dict[str, Callable[[], Iterator[Reading]]] = {"pressure": self._pressures}
        if self._timer:
            self._parts["timer"] = partial(_overrun, self._timer)

    def sample(self) -> Sample:
        return gather(self._parts)

    def close(self) -> None:
        if self._timer:
            self._timer.close()

    def _pressures(self) -> Iterator[Reading]:
        for resource, kinds in _KINDS.items():
            try:
                text = read_bytes(f"{self._folder}/{resource}")
            except OSError as error:
                if error.errno in _NO_PRESSURE:
                    raise Unsupported(f"no stall ratios: {_NO_PRESSURE[error.errno]}") from None
                raise
            for kind, labels in kinds:
                yield Reading(metric="stall_ratio", value=average_10s(text, kind), labels=labels)


def _overrun(timer: TimerOverrun) -> Iterator[Reading]:
    """The worst lateness since the last look; none where the timer has not fired since."""
    seconds = timer.worst_seconds()
    if seconds is not None:
        yield Reading(metric="stall_timer_overrun_seconds", value=seconds)


def average_10s(pressure: bytes, kind: bytes) -> float:
    """Share of the last ten seconds spent stalled, 0 to 1, from the text of a pressure file.

    Raises:
        ValueError: the kind has no such line.
    """
    start = pressure.find(kind + b" avg10=")
    if start < 0:
        raise ValueError(f"no line for {kind.decode()}")
    start += len(kind) + 7
    return float(pressure[start : pressure.index(b" ", start)]) / 100


PROBE = ProbeSpec(
    name="stalls",
    metrics=(
        MetricSpec(
            name="stall_ratio",
            help="Share of the last ten seconds in which some or all tasks waited for the resource",
            source="/proc/pressure/{cpu,memory,io}: avg10",
            labels=("resource", "kind"),
            lowest=0,
            highest=1,
        ),
        MetricSpec(
            name="stall_timer_overrun_seconds",
            help="How late a timer of the agent fired at worst since the last look; sleep of the machine not counted",
            source="a thread's two-second timer, on the monotonic clock",
            lowest=0,
        ),
    ),
    every_seconds=5,
    deadline_seconds=2,
    redirectable=True,
    open=_Stalls,
)
