"""A folder whose driver never answers: a FUSE file system without a server. Whoever looks into it waits in the kernel.

The handshake (FUSE_INIT, kernel Documentation/filesystems/fuse.rst) is never answered, so even the first look hangs.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_libc = ctypes.CDLL(None, use_errno=True)
_LAZILY = 2  # MNT_DETACH of umount2(2)


@contextmanager
def hung_folder(path: str) -> Iterator[None]:
    """Let every look into the folder hang until the end of the block, when it fails instead."""
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    if _libc.mount(b"hung", path.encode(), b"fuse", 0, options.encode()):
        raise OSError(ctypes.get_errno(), "cannot mount", path)
    try:
        yield
    finally:
        os.close(device)  # what waits is answered with ENOTCONN
        _libc.umount2(path.encode(), _LAZILY)
