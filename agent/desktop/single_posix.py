"""One companion per user, by a lock that the kernel drops when its holder dies.

XDG autostart and a systemd user unit may both start one: the second sees the lock and leaves. flock(2).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping


def hold_alone(environment: Mapping[str, str]) -> int | None:
    """The descriptor that holds the lock to this process's end; nothing when another companion of this user runs.

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
    return descriptor


def lock_folder(environment: Mapping[str, str]) -> str:
    """In the user's runtime directory; without a login session in the user's state directory."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    state = environment.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(runtime or state, "device-health")
