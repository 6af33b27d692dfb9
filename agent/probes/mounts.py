"""Which file systems of this machine hold its data, from the kernel's table of mounts: text in, values out.

The table is what the agent's own process sees. A sandbox shows mounts as read-only and some folders twice; the state of
the *superblock*, the last field of a line, is the same inside and outside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LOCAL_TYPES = frozenset(
    (
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "bcachefs", "f2fs", "jfs", "reiserfs", "zfs"),
        *("vfat", "exfat", "ntfs", "ntfs3", "fuseblk"),
    )
)
"""File systems on a disk of this machine that people write to. A network file system is left out because asking about
one whose server is gone waits for ever; squashfs, iso9660 and their like because they are full and read-only by
nature; tmpfs because it is memory; overlay because it repeats the file system below it."""

_LOOP_MAJOR = "7"
"""A loop device is a file of a file system that is watched already (kernel, Documentation/admin-guide/devices.txt)."""

_STOPPED = frozenset(("ro", "emergency_ro", "shutdown"))
"""Superblock options under which nothing is written. Newer kernels leave ext4 `rw` after an error and show
`emergency_ro` (seen on 6.18 with /sys/fs/ext4/*/trigger_fs_error); `shutdown` is for a device that went away."""

_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One mounted file system. `is_writable` is about the superblock, not about this mount of it.

    `has_failed`: it says itself that it stopped; `stops_on_error`: it would, after an error.
    """

    device: str
    mountpoint: str
    type: str
    source: str
    is_writable: bool
    has_failed: bool
    stops_on_error: bool


def local_mounts(mountinfo: str) -> list[Mount]:
    """Every local file system once, at its shortest mountpoint, in the order of the mountpoints.

    Format: proc_pid_mountinfo(5). A mountpoint that a later mount covers cannot be asked about and is left out.
    """
    visible = {mount.mountpoint: mount for mount in map(_mount, mountinfo.splitlines()) if mount}
    shortest: dict[str, Mount] = {}
    for mount in sorted(visible.values(), key=lambda mount: (len(mount.mountpoint), mount.mountpoint)):
        if mount.type in LOCAL_TYPES and mount.device.partition(":")[0] != _LOOP_MAJOR:
            shortest.setdefault(mount.device, mount)
    return sorted(shortest.values(), key=lambda mount: mount.mountpoint)


def writable_by_design(fstab: str) -> frozenset[str]:
    """Mountpoints that the administrator's table mounts for writing. Format: fstab(5)."""
    rows = [line.split() for line in fstab.splitlines() if not line.lstrip().startswith("#")]
    return frozenset(_unescape(row[1]) for row in rows if len(row) >= 4 and "ro" not in row[3].split(","))


def _mount(line: str) -> Mount | None:
    before, separator, after = line.partition(" - ")
    fields, superblock = before.split(), after.split()
    if not separator or len(fields) < 6 or len(superblock) < 3:
        return None
    options = set(superblock[2].split(","))
    return Mount(
        device=fields[2],
        mountpoint=_unescape(fields[4]),
        type=superblock[0],
        source=_unescape(superblock[1]),
        is_writable=not options & _STOPPED,
        has_failed=bool(options & (_STOPPED - {"ro"})),
        stops_on_error="errors=remount-ro" in options,
    )


def _unescape(text: str) -> str:
    """Blanks, tabs, line feeds and backslashes are written in octal."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)
