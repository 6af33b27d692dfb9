"""Memory: how much is left, how much lies in swap, and how much moves to and from it.

Data passes from /proc/meminfo and /proc/vmstat to readings. psutil's two calls read the same files line by line, for
values that are not wanted here, at more than twice the cost (95 against 40 microseconds of processor time).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from agent.probes.hostfs import read_bytes, read_whole
from agent.probes.probe import Context, ProbeSpec, Sample, Sampler, Unsupported, gather
from agent.readings import MetricKind, MetricSpec, Reading

_SWAP_TRAFFIC = (
    (b"pswpin", "memory_swapped_in_bytes_total"),
    (b"pswpout", "memory_swapped_out_bytes_total"),
)


class _Memory:
    def __init__(self, context: Context) -> None:
        self._procfs = context.host.procfs
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._parts = {"memory": self._use, "swap traffic": self._traffic}

    def sample(self) -> Sample:
        return gather(self._parts)

    def close(self) -> None:
        """Nothing is held."""

    def _use(self) -> Iterator[Reading]:
        try:
            meminfo = b"\n" + read_bytes(f"{self._procfs}/meminfo")
        except FileNotFoundError:
            raise Unsupported("no memory use: there is no /proc/meminfo") from None
        total = _number_after(meminfo, b"\nMemTotal:")
        yield Reading(metric="memory_available_ratio", value=_number_after(meminfo, b"\nMemAvailable:") / total)
        swap = _number_after(meminfo, b"\nSwapTotal:")
        if swap:  # without a swap area there is nothing that could be used
            used = swap - _number_after(meminfo, b"\nSwapFree:")
            yield Reading(metric="memory_swap_used_ratio", value=used / swap)

    def _traffic(self) -> Iterator[Reading]:
        try:
            vmstat = b"\n" + read_whole(f"{self._procfs}/vmstat")
        except FileNotFoundError:
            raise Unsupported("no swap traffic: there is no /proc/vmstat") from None
        if b"\npswpin " not in vmstat:
            raise Unsupported("no swap traffic: this kernel is built without swap")
        for key, metric in _SWAP_TRAFFIC:
            pages = _number_after(vmstat, b"\n" + key + b" ")
            yield Reading(metric=metric, value=float(pages * self._page_bytes))


def _number_after(text: bytes, key: bytes) -> int:
    """The integer that follows a key.

    Raises:
        ValueError: the key is not there, or no integer follows.
    """
    at = text.find(key)
    if at < 0:
        raise ValueError(f"{key.decode().strip()} is missing")
    return int(text[at + len(key) : at + len(key) + 24].split(maxsplit=1)[0])


def _open(context: Context) -> Sampler:
    """The reader of this system's own counters; psutil is loaded only where there is no /proc."""
    if sys.platform == "linux":
        return _Memory(context)
    else:  # noqa: RET505  # mypy passes over the other system's branch only in this form
        from agent.probes.memory_portable import PortableMemory  # noqa: PLC0415

        return PortableMemory()


PROBE = ProbeSpec(
    name="memory",
    metrics=(
        MetricSpec(
            name="memory_available_ratio",
            help="Share of the memory that programs can still have without swapping",
            source="/proc/meminfo: MemAvailable / MemTotal",
            lowest=0,
            highest=1,
        ),
        MetricSpec(
            name="memory_swap_used_ratio",
            help="Share of the swap space that is in use; absent without swap space",
            source="/proc/meminfo: SwapTotal, SwapFree",
            lowest=0,
            highest=1,
        ),
        MetricSpec(
            name="memory_swapped_in_bytes_total",
            help="Memory read back from swap since the machine's start",
            source="/proc/vmstat: pswpin, in pages",
            kind=MetricKind.COUNTER,
            lowest=0,
        ),
        MetricSpec(
            name="memory_swapped_out_bytes_total",
            help="Memory written to swap since the machine's start",
            source="/proc/vmstat: pswpout, in pages",
            kind=MetricKind.COUNTER,
            lowest=0,
        ),
    ),
    every_seconds=5,
    deadline_seconds=2,
    redirectable=True,
    open=_open,
)
