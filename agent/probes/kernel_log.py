"""The kernel's own messages from now on, read from /dev/kmsg without ever waiting.

Format: kernel, Documentation/ABI/testing/dev-kmsg: one record a read, `priority,sequence,microseconds,flags;text`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

PATH = "/dev/kmsg"
_RECORD_BYTES = 8192
"""A record is never longer (kernel, include/linux/printk.h, PRINTK_MESSAGE_MAX with its header)."""
_MOST_RECORDS = 5000
"""In one go; a flood goes on at the next look, and what the kernel overwrites meanwhile is lost either way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelMessage:
    """One message; the time is seconds since the machine's start."""

    at_seconds: float
    text: str


class KernelLog:
    """An open kernel log. It starts at its end: older messages were some earlier session's matter.

    Raises:
        OSError: this user may not read it (EPERM: kernel.dmesg_restrict), or a sandbox hides it (ENOENT).
    """

    def __init__(self, path: str = PATH) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        os.lseek(self._descriptor, 0, os.SEEK_END)

    def messages(self) -> Iterator[KernelMessage]:
        """What the kernel said since the last call.

        Raises:
            OSError: the log broke.
        """
        for record in _records(self._descriptor):
            message = parse_record(record)
            if message:
                yield message

    def close(self) -> None:
        """Give back the handle."""
        os.close(self._descriptor)


def _records(descriptor: int) -> Iterator[bytes]:
    for _ in range(_MOST_RECORDS):
        try:
            yield os.read(descriptor, _RECORD_BYTES)
        except BlockingIOError:
            return
        except BrokenPipeError:
            continue  # the kernel overwrote what was not read yet; the next read goes on with the oldest it has


def parse_record(record: bytes) -> KernelMessage | None:
    """One record; nothing for one that a program wrote, or that has another form.

    Facility 0 is the kernel's; whoever may write to /dev/kmsg cannot use it, so that nothing can be feigned here.
    """
    header, separator, body = record.partition(b";")
    fields = header.split(b",")
    if not separator or len(fields) < 4 or not fields[0].isdigit() or not fields[2].isdigit():
        return None
    if int(fields[0]) >> 3:
        return None
    text = body.split(b"\n", 1)[0].decode("utf-8", "replace")
    return KernelMessage(at_seconds=int(fields[2]) / 1e6, text=text)
