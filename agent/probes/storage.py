"""Storage: space, inodes, file systems that became read-only, and how long a disk takes for one operation.

Data passes from /proc/self/mountinfo, statvfs and /proc/diskstats to readings. For a captured machine there is no
statvfs: what lies in /proc is read, and space and inodes are named as missing.

A read-only file system is a fault only where it should be writable: this agent saw it so earlier (kept over restarts),
/etc/fstab says so, or the file system itself shows that it stopped after an error. One that was never writable (a
rescue medium, a kiosk's image) gives no reading at all, nor one of its space, which nobody can use up.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from agent.probes.hostfs import read_bytes, read_number, read_text, read_whole
from agent.probes.mounts import Mount, local_mounts, writable_by_design
from agent.probes.probe import Context, ProbeSpec, Sample, Unsupported, gather
from agent.readings import MetricSpec, Reading

_FSTAB = "/etc/fstab"

_DISKSTATS = re.compile(rb"^ *\d+ +\d+ (\S+) (\d+) \d+ \d+ (\d+) (\d+) \d+ \d+ (\d+) ", re.MULTILINE)
"""Name, reads, milliseconds reading, writes, milliseconds writing (kernel, Documentation/admin-guide/iostats.rst)."""

_SLOW_BY_NATURE = ("sr", "fd")
"""Optical and floppy drives: their motors start up for seconds, which is no fault."""


class _Storage:
    def __init__(self, context: Context) -> None:
        self._host = context.host
        self._facts = context.facts
        self._fstab = frozenset[str]() if context.host.is_redirected else _fstab_mountpoints()
        self._totals: dict[str, tuple[int, int]] = {}
        self._disks: dict[str, bool] = {}
        self._started_at: int | None = None

    def sample(self) -> Sample:
        try:
            table = read_whole(f"{self._host.procfs}/self/mountinfo")
        except FileNotFoundError:
            raise Unsupported("no file systems: there is no /proc/self/mountinfo") from None
        found = [self._with_errors(mount) for mount in local_mounts(table.decode("utf-8", "replace"))]
        mounts = [mount for mount in found if self._should_be_writable(mount)]
        self._facts = frozenset(map(_fact, mounts))
        parts: dict[str, Callable[[], Iterator[Reading]]] = {"read-only": partial(_states, mounts)}
        if self._host.is_redirected:
            parts["space"] = _space_of_a_capture
        else:
            parts |= {f"space of {mount.mountpoint}": partial(_space, mount.mountpoint) for mount in mounts}
        parts["operations"] = self._operations
        return replace(gather(parts), facts=self._facts)

    def close(self) -> None:
        """Nothing is held."""

    def _with_errors(self, mount: Mount) -> Mount:
        """The mount, stopped if ext4 met an error since the machine's start.

        Some kernels (seen on Debian's 6.1.0-50) refuse every write after an error and show it nowhere in the table of
        mounts. An error from before the start is left from another time.
        """
        if not (mount.is_writable and mount.stops_on_error):
            return mount
        try:
            name = os.path.basename(os.readlink(f"{self._host.sysfs}/dev/block/{mount.device}"))
            failed_at = read_number(f"{self._host.sysfs}/fs/ext4/{name}/last_error_time")
        except (OSError, ValueError):
            return mount  # not ext4, or no such counters: the table of mounts is all there is
        if self._started_at is None:
            self._started_at = _started_at(read_bytes(f"{self._host.procfs}/stat"))
        return replace(mount, is_writable=False, has_failed=True) if failed_at >= self._started_at else mount

    def _should_be_writable(self, mount: Mount) -> bool:
        return mount.is_writable or mount.has_failed or mount.mountpoint in self._fstab or _fact(mount) in self._facts

    def _operations(self) -> Iterator[Reading]:
        """Mean time for each operation since the last look; none for a disk that had nothing to do, or was reset."""
        before, self._totals = self._totals, disk_totals(read_whole(f"{self._host.procfs}/diskstats"))
        for disk, (operations, milliseconds) in self._totals.items():
            if disk not in before or not self._is_disk(disk):
                continue
            done, spent = operations - before[disk][0], milliseconds - before[disk][1]
            if done > 0 and spent >= 0:
                yield Reading(metric="storage_io_seconds", value=spent / done / 1000, labels=(("device", disk),))

    def _is_disk(self, name: str) -> bool:
        """Whether hardware is behind it: partitions, loops, mappings and memory repeat other devices or have none."""
        if name not in self._disks:
            has_hardware = os.path.exists(f"{self._host.sysfs}/block/{name}/device")
            self._disks[name] = has_hardware and not name.startswith(_SLOW_BY_NATURE)
        return self._disks[name]


def disk_totals(diskstats: bytes) -> dict[str, tuple[int, int]]:
    """Reads and writes completed, and the milliseconds they took together, by device."""
    return {
        name.decode("ascii", "replace"): (int(reads) + int(writes), int(reading) + int(writing))
        for name, reads, reading, writes, writing in _DISKSTATS.findall(diskstats)
    }


def _started_at(stat: bytes) -> int:
    """When the machine was started, in seconds of the epoch, from the text of /proc/stat."""
    found = re.search(rb"^btime (\d+)$", stat, re.MULTILINE)
    if found is None:
        raise ValueError("/proc/stat has no btime")
    return int(found[1])


def _states(mounts: list[Mount]) -> Iterator[Reading]:
    if not mounts:
        raise Unsupported("no local file system is mounted for writing (usual in a container)")
    for mount in mounts:
        labels = (("mountpoint", mount.mountpoint),)
        yield Reading(metric="storage_read_only", value=float(not mount.is_writable), labels=labels)


def _space(mountpoint: str) -> Iterator[Reading]:
    """Space and inodes that an ordinary user can still have; a file system without fixed inodes gives none of them."""
    status = os.statvfs(mountpoint)
    labels = (("mountpoint", mountpoint),)
    if status.f_blocks:
        yield Reading(metric="storage_available_ratio", value=status.f_bavail / status.f_blocks, labels=labels)
    if status.f_files:
        value = status.f_favail / status.f_files
        yield Reading(metric="storage_inodes_available_ratio", value=value, labels=labels)


def _space_of_a_capture() -> Iterator[Reading]:
    raise Unsupported("no space and inodes: a captured machine's file systems cannot be asked")


def _fact(mount: Mount) -> str:
    return f"writable {mount.source} {mount.mountpoint}"


def _fstab_mountpoints() -> frozenset[str]:
    try:
        return writable_by_design(read_text(_FSTAB))
    except OSError:
        return frozenset()  # it is only one of three kinds of evidence


PROBE = ProbeSpec(
    name="storage",
    metrics=(
        MetricSpec(
            name="storage_available_ratio",
            help="Share of the file system that an ordinary user can still fill",
            source="statvfs: f_bavail / f_blocks",
            labels=("mountpoint",),
            lowest=0,
            highest=1,
            removable=True,
        ),
        MetricSpec(
            name="storage_inodes_available_ratio",
            help="Share of the file system's inodes that are free; absent where it has no fixed number",
            source="statvfs: f_favail / f_files",
            labels=("mountpoint",),
            lowest=0,
            highest=1,
            removable=True,
        ),
        MetricSpec(
            name="storage_read_only",
            help="Whether a file system that should be writable is not; absent for one that never was",
            source="/proc/self/mountinfo, the superblock's options; /sys/fs/ext4/*/last_error_time",
            labels=("mountpoint",),
            lowest=0,
            highest=1,
            removable=True,
        ),
        MetricSpec(
            name="storage_io_seconds",
            help="Mean time for one completed read or write since the last look; absent when there was none",
            source="/proc/diskstats",
            labels=("device",),
            lowest=0,
            removable=True,
        ),
    ),
    every_seconds=15,
    deadline_seconds=5,
    redirectable=True,
    open=_Storage,
)
