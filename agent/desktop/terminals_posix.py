"""A message to the user's own terminals, as write(1) sends it: for those who sit at no desktop.

`who` knows where the user is logged in, from utmp or from logind, whichever the system has; only character devices that
belong to the user are written to.
"""

from __future__ import annotations

import os
import pwd
import re
import stat
import subprocess
from collections.abc import Iterable

WHO_SECONDS = 5.0
MOST_TERMINALS = 32
_LINE = re.compile(r"[a-z]+[a-z0-9]*(?:/[0-9]+)?", re.IGNORECASE)
"""tty2, ttyS0, pts/3, console; never a path with dots, or a display such as :0."""


def tell_terminals(text: str) -> int:
    """Write the text to every terminal of this user; how many took it."""
    return write_to(own_terminals(_who(), _own_name()), text)


def own_terminals(lines: Iterable[str], user: str) -> list[str]:
    """The devices in `who`'s lines (name, line, since when …) where this user is logged in, each once."""
    fields = (line.split() for line in lines)
    found = {f"/dev/{one[1]}": None for one in fields if len(one) > 1 and one[0] == user and _LINE.fullmatch(one[1])}
    return list(found)[:MOST_TERMINALS]


def write_to(paths: Iterable[str], text: str) -> int:
    """Write the text to each of these terminals that belongs to this user; how many took all of it."""
    return sum(_write(path, text.encode("utf-8", "replace")) for path in paths)


def _write(path: str, message: bytes) -> bool:
    try:
        # Not blocking: a terminal that was stopped with Ctrl-S takes nothing, and must not hold up the others.
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        state = os.fstat(descriptor)
        is_own = stat.S_ISCHR(state.st_mode) and state.st_uid == os.getuid() and os.isatty(descriptor)
        return is_own and os.write(descriptor, message) == len(message)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _who() -> list[str]:
    try:
        done = subprocess.run(
            ["who"],
            capture_output=True,
            timeout=WHO_SECONDS,
            check=False,
            env={"LC_ALL": "C", "PATH": os.defpath},
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.decode("utf-8", "replace").splitlines()


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""
