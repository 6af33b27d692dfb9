"""Processor: how busy, how crowded, how fast, and for how long it was slowed down against heat.

Data passes from /proc/stat, /proc/loadavg and the processors' folder in /sys to readings. Each of the four parts fails
by itself: a virtual machine has neither a clock frequency nor throttle counters, and says so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from agent.probes.cpu_throttle import ThrottleCounters
from agent.probes.hostfs import entries, read_bytes, read_number
from agent.probes.probe import Context, ProbeSpec, Sample, Sampler, Unsupported, gather
from agent.readings import MetricKind, MetricSpec, Reading

MAXIMUM_CLOCKS = 4
"""Clocks read at each look: a file costs 10 microseconds, and kernels before 5.18 may sleep 10 ms in each read, to
measure over an interval."""

_IDLE, _WAITING_FOR_IO = 3, 4
"""Columns of /proc/stat in which a processor does nothing (kernel, Documentation/filesystems/proc.rst, 1.7)."""

_COLUMNS = 8
"""user to steal; the two columns after them count guests, whose time is already inside user and nice."""


class _Processor:
    def __init__(self, context: Context) -> None:
        self._procfs = context.host.procfs
        self._folder = f"{context.host.sysfs}/devices/system/cpu"
        self._throttle = ThrottleCounters(self._folder)
        self._times: tuple[int, ...] | None = None
        self._count = 0
        self._clocks: tuple[str, ...] | None = None
        self._parts = {
            "usage": self._usage,
            "load": self._load,
            "throttled time": self._throttled,
            "frequency": self._frequency,
        }

    def sample(self) -> Sample:
        return gather(self._parts)

    def close(self) -> None:
        """Nothing is held."""

    def _usage(self) -> Iterator[Reading]:
        """Busy share since the last look; the first look has none."""
        try:
            stat = read_bytes(f"{self._procfs}/stat")
        except FileNotFoundError:
            raise Unsupported("no usage: there is no /proc/stat") from None
        self._count = stat.count(b"\ncpu")
        before, self._times = self._times, processor_times(stat)
        usage = None if before is None else busy_ratio(before, self._times)
        if usage is not None:
            yield Reading(metric="cpu_usage_ratio", value=usage)

    def _load(self) -> Iterator[Reading]:
        if self._count == 0:
            raise Unsupported("no load per core: the processors cannot be counted")
        load = float(read_bytes(f"{self._procfs}/loadavg").split(maxsplit=1)[0])
        yield Reading(metric="cpu_load_per_core", value=load / self._count)

    def _throttled(self) -> Iterator[Reading]:
        yield Reading(metric="cpu_throttled_seconds_total", value=self._throttle.seconds())

    def _frequency(self) -> Iterator[Reading]:
        if self._clocks is None:
            self._clocks = _clock_paths(self._folder)
        hertz = [kilohertz * 1000 for kilohertz in map(_clock_kilohertz, self._clocks) if kilohertz]
        if not hertz:
            raise Unsupported("no clock frequency: this machine shows none (usual in a virtual machine)")
        yield Reading(metric="cpu_frequency_hertz", value=sum(hertz) / len(hertz))


def processor_times(stat: bytes) -> tuple[int, ...]:
    """Ticks of all processors together since the start, user to steal, from the text of /proc/stat.

    Raises:
        ValueError: the first line is not the sum of all processors.
    """
    first = stat.split(b"\n", 1)[0].split()
    if len(first) <= _COLUMNS or first[0] != b"cpu":
        raise ValueError("the first line of /proc/stat does not sum up the processors")
    return tuple(map(int, first[1 : _COLUMNS + 1]))


def busy_ratio(before: tuple[int, ...], after: tuple[int, ...]) -> float | None:
    """Share of processor time between two looks that was not idle, 0 to 1; nothing where no time passed.

    A column that ran backwards adds nothing: the kernel's document says that waiting for I/O may decrease.
    """
    passed = [max(0, new - old) for old, new in zip(before, after, strict=True)]
    total = sum(passed)
    if total == 0 or sum(after) < sum(before):
        return None
    return 1 - (passed[_IDLE] + passed[_WAITING_FOR_IO]) / total


def _clock_paths(folder: str) -> tuple[str, ...]:
    """Where the present clock of each group of processors lies; of many groups, an even choice.

    A hybrid processor has its fast cores first and its slow ones last: the first four would be of one kind.
    """
    names = entries(f"{folder}/cpufreq")
    numbers = sorted(int(name[6:]) for name in names if name.startswith("policy") and name[6:].isdecimal())
    step = -(-len(numbers) // MAXIMUM_CLOCKS) or 1
    return tuple(f"{folder}/cpufreq/policy{number}/scaling_cur_freq" for number in numbers[::step])


def _clock_kilohertz(path: str) -> int | None:
    """One clock; nothing for a processor that is switched off or whose driver answers `<unknown>`."""
    try:
        return read_number(path)
    except (OSError, ValueError):
        return None


def _open(context: Context) -> Sampler:
    """The reader of this system's own counters; psutil is loaded only where there is no /proc."""
    if sys.platform == "linux":
        return _Processor(context)
    else:  # noqa: RET505  # mypy passes over the other system's branch only in this form
        from agent.probes.cpu_portable import PortableProcessor  # noqa: PLC0415

        return PortableProcessor()


PROBE = ProbeSpec(
    name="cpu",
    metrics=(
        MetricSpec(
            name="cpu_usage_ratio",
            help="Share of all processors' time since the last look that was neither idle nor waiting for I/O",
            source="/proc/stat",
            lowest=0,
            highest=1,
        ),
        MetricSpec(
            name="cpu_load_per_core",
            help="Tasks that run or wait, averaged over one minute, per processor",
            source="/proc/loadavg",
            lowest=0,
        ),
        MetricSpec(
            name="cpu_throttled_seconds_total",
            help="Time for which the processor package was slowed down against heat since the machine's start",
            source="/sys/devices/system/cpu/cpu*/thermal_throttle/*_throttle_total_time_ms (Intel only)",
            kind=MetricKind.COUNTER,
            lowest=0,
        ),
        MetricSpec(
            name="cpu_frequency_hertz",
            help="Present clock, averaged over four processors at most",
            source="/sys/devices/system/cpu/cpufreq/policy*/scaling_cur_freq",
            lowest=1e6,
            highest=2e10,
        ),
    ),
    every_seconds=5,
    deadline_seconds=2,
    redirectable=True,
    open=_open,
)
