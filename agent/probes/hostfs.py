"""The machine's /sys and /proc, replaceable by a captured machine's folders.

Every read is one bounded, non-blocking read: some hwmon drivers answer EAGAIN for ever, which a buffered read would
wait on (node_exporter's hwmon collector found this).
"""

from __future__ import annotations

import os
from dataclasses import dataclass

MAXIMUM_SIZE_BYTES = 65536
"""A sysfs attribute is at most one page; /proc/stat of a large machine is the longest file read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFs:
    """Roots of the two kernel file systems."""

    sysfs: str = "/sys"
    procfs: str = "/proc"

    @property
    def is_redirected(self) -> bool:
        """Whether this is a captured machine and not the one the agent runs on."""
        return (self.sysfs, self.procfs) != ("/sys", "/proc")


def read_bytes(path: str) -> bytes:
    """One read of at most 64 KiB.

    Raises:
        OSError: the file is missing, denied, or its driver answers with an error (EIO, ENODATA, EAGAIN, EINVAL).
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(descriptor, MAXIMUM_SIZE_BYTES)
    finally:
        os.close(descriptor)


def read_whole(path: str) -> bytes:
    """The whole file, for the record-wise files of /proc (mountinfo, diskstats, vmstat).

    One read of those ends at the last record that fits a page, however large the buffer (kernel, fs/seq_file.c).

    Raises:
        OSError: as `read_bytes`.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        chunks = []
        while chunk := os.read(descriptor, MAXIMUM_SIZE_BYTES):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)


def read_text(path: str) -> str:
    """The file as text without surrounding white space; bytes that are not UTF-8 are replaced, controls removed.

    Raises:
        OSError: as `read_bytes`.
    """
    text = read_bytes(path).decode("utf-8", "replace").strip()
    return text if text.isprintable() else "".join(c for c in text if c.isprintable() or c in "\n\t")


def read_number(path: str) -> int:
    """The file as one integer.

    Raises:
        OSError: as `read_bytes`.
        ValueError: the file does not hold an integer (an empty one included).
    """
    return int(read_bytes(path))


def entries(path: str) -> list[str]:
    """Names in a folder, sorted; empty where there is no such folder.

    Raises:
        OSError: the folder exists and cannot be read.
    """
    try:
        return sorted(os.listdir(path))
    except FileNotFoundError:
        return []
