"""One agent per data directory, by a lock that the kernel drops when its holder dies, kill -9 included.

flock(2); Windows has another call (msvcrt.locking) and will have its own neighbour.
"""

from __future__ import annotations

import contextlib
import fcntl
import os


class AlreadyRunning(Exception):
    """Another agent holds the data directory; the message names both."""


def lock_directory(path: str) -> int:
    """Lock the directory for the life of this process: the value is the descriptor that holds the lock.

    Raises:
        AlreadyRunning: another process holds it.
        OSError: the directory cannot be made or written.
    """
    os.makedirs(path, mode=0o750, exist_ok=True)
    descriptor = os.open(os.path.join(path, "agent.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise AlreadyRunning(
            f"{path} is in use by another agent (process {holder}); end that one, or give this one another data_dir"
        ) from None
    with contextlib.suppress(OSError):  # a full disk: the lock holds all the same, only its holder has no name
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
