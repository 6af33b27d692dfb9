"""One companion per user, for as long as the user's session lasts.

XDG autostart and a systemd user unit may both start one: the second sees the first one's lock and leaves. The lock
lies in the user's runtime directory, which goes when the last session ends and is another one at the next log-in; so
a companion that nobody ended knows by it that its time is over. flock(2), XDG Base Directory Specification.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The lock, held to this process's end: the kernel drops it however the process ends."""

    path: str
    descriptor: int

    def is_in_place(self) -> bool:
        """Whether the file that is locked is still the one that others will look at."""
        own = os.fstat(self.descriptor)
        try:
            there = os.stat(self.path, follow_symlinks=False)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)


def hold_alone(environment: Mapping[str, str]) -> Lock | None:
    """The lock; nothing when another companion of this user runs.

    Raises:
        OSError: there is no place for the lock.
    """
    folder = lock_folder(environment)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, "desktop.lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return Lock(path=path, descriptor=descriptor)


def lock_folder(environment: Mapping[str, str]) -> str:
    """In the user's runtime directory; without a login session in the user's state directory."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    state = environment.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(runtime or state, "device-health")
