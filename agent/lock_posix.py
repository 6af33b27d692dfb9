"""One agent per data directory, by a lock that the kernel drops when its holder dies, kill -9 included.

flock(2); Windows has another call (msvcrt.locking) and will have its own neighbour.
"""

from __future__ import annotations

import contextlib
import errno
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
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = "unknown"
        with contextlib.suppress(IsADirectoryError):
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or holder
        os.close(descriptor)
        raise AlreadyRunning(
            f"{path} is in use by another agent (process {holder}); end that one, or give this one another data_dir"
        ) from None
    with contextlib.suppress(OSError):  # a full disk: the lock holds all the same, only its holder has no name
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _open(path: str) -> int:
    """The lock's file; where a disk turned read-only after an error, what there is: monitoring matters most then."""
    file = os.path.join(path, "agent.lock")
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
    with contextlib.suppress(FileNotFoundError):
        return os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
