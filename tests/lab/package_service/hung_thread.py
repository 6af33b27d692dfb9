"""Stops one thread of a process, as a driver or a lock would: the others go on. ptrace(2), for x86-64 and arm64."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_SEIZE, _INTERRUPT = 0x4206, 0x4207


@contextmanager
def hung_main_thread(pid: int) -> Iterator[None]:
    """Let the main thread stand still; it ends with its process, or goes on when this one ends."""
    for request in (_SEIZE, _INTERRUPT):
        if _libc.ptrace(request, pid, None, None):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), f"thread {pid}")
    os.waitpid(pid, 0x40000000)  # __WALL: until it really stands still
    yield
