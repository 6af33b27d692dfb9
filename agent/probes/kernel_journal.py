"""The kernel's own messages from now on, as journald keeps them: for an agent that may not read /dev/kmsg.

Data passes from a child process, `journalctl --follow`, to messages, without ever waiting. The machine's own journalctl
knows the format of that machine's journal; a library that the agent brought along would not (journald's compact files,
systemd 252, cannot be read by older ones). It needs the group systemd-journal and no capability, and the child sleeps
until something is written.
"""

from __future__ import annotations

import glob
import json
import os
import subprocess
from collections.abc import Iterator, Sequence

from agent.probes.kernel_log import KernelLog, KernelMessage

FILES = ("/var/log/journal/*/system.journal", "/run/log/journal/*/system.journal")
"""Where journald keeps what the system said: on disk, or in memory only (journald.conf(5), Storage=)."""

_COMMAND = ("journalctl", "--follow", "--quiet", "--output=json", "--output-fields=MESSAGE,_SOURCE_MONOTONIC_TIMESTAMP")
_MATCHES = ("_TRANSPORT=kernel", "SYSLOG_FACILITY=0")
"""Facility 0 is the kernel's; what a program writes to /dev/kmsg cannot have it, so that nothing can be feigned."""

_READ_BYTES = 65536
_MOST_READS = 64
"""In one go; a flood goes on at the next look, and the child waits meanwhile."""


class KernelJournal:
    """A journal that is followed. It starts at its end: older messages were some earlier session's matter.

    Raises:
        OSError: there is no journalctl or no journal here, or this user may not read it.
    """

    def __init__(self, command: Sequence[str] = _COMMAND, files: Sequence[str] = FILES) -> None:
        _require_readable(files)
        self._command = tuple(command)
        self._rest = b""
        self._cursor = ""
        self._said = ""
        self._child: subprocess.Popen[bytes] | None = self._follow()

    def messages(self) -> Iterator[KernelMessage]:
        """What the kernel said since the last call.

        Raises:
            OSError: the child ended; the next call starts another one, which goes on where this one was.
        """
        if self._child is None:
            self._child = self._follow()
        for chunk in self._chunks(self._child):
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                message = self._take(line)
                if message:
                    yield message

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._reap(self._child)

    def _follow(self) -> subprocess.Popen[bytes]:
        begin = ("--no-tail", f"--after-cursor={self._cursor}") if self._cursor else ("--lines=0",)
        child = subprocess.Popen(  # its errors come with its lines: two pipes would have to be watched
            [*self._command, *begin, *_MATCHES],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert child.stdout is not None  # noqa: S101  # for the type checker: it was asked for
        os.set_blocking(child.stdout.fileno(), False)
        self._rest = b""
        return child

    def _chunks(self, child: subprocess.Popen[bytes]) -> Iterator[bytes]:
        assert child.stdout is not None  # noqa: S101  # for the type checker: it was asked for
        for _ in range(_MOST_READS):
            try:
                chunk = os.read(child.stdout.fileno(), _READ_BYTES)
            except BlockingIOError:
                return
            if not chunk:
                self._reap(child)
                raise OSError(f"journalctl ended: {self._said or 'it gave no reason'}")
            yield chunk

    def _take(self, line: bytes) -> KernelMessage | None:
        try:
            entry = json.loads(line)
        except ValueError:
            self._said = line.decode("utf-8", "replace").strip()
            return None
        self._cursor = entry.get("__CURSOR", self._cursor)
        return parse_entry(entry)

    def _reap(self, child: subprocess.Popen[bytes]) -> None:
        self._child = None
        if child.stdout is not None:
            child.stdout.close()
        child.wait()


def open_kernel_log() -> KernelLog | KernelJournal:
    """The kernel's messages, first hand where that is allowed, else from the journal.

    Raises:
        OSError: neither may be read; the reason names both.
    """
    try:
        return KernelLog()
    except OSError as refused:
        try:
            return KernelJournal()
        except OSError as error:
            raise OSError(error.errno, f"/dev/kmsg: {refused.strerror}; the journal: {error.strerror}") from error


def parse_entry(entry: dict[str, object]) -> KernelMessage | None:
    """One entry of the journal; nothing for one without text or time.

    Format: systemd, docs/JOURNAL_EXPORT_FORMATS.md, "Journal JSON Format": numbers are text; text that is not UTF-8 is
    a list of its bytes, and text that is too long is null.
    """
    text = entry.get("MESSAGE")
    if isinstance(text, list):
        text = bytes(text).decode("utf-8", "replace")
    at = entry.get("_SOURCE_MONOTONIC_TIMESTAMP") or entry.get("__MONOTONIC_TIMESTAMP")
    if not isinstance(text, str) or not isinstance(at, str) or not at.isdigit():
        return None
    return KernelMessage(at_seconds=int(at) / 1e6, text=text.split("\n", 1)[0])


def _require_readable(patterns: Sequence[str]) -> None:
    """Else `journalctl` would wait silently for entries that it will never be shown."""
    found = [path for pattern in patterns for path in glob.glob(pattern)]
    if not found:
        raise FileNotFoundError(2, "there is none that this user can see")
    if not any(os.access(path, os.R_OK) for path in found):
        raise PermissionError(13, "only the group systemd-journal may read it")
