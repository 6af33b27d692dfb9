"""Tells systemd how the service fares: sd_notify(3) without its library.

Outside systemd nothing is sent. On other systems the variable is never set.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

READY = "READY=1"
STOPPING = "STOPPING=1"
WATCHDOG = "WATCHDOG=1"

SPARE_SECONDS = 30.0
"""A starved computer takes several times as long for everything; a hung process is found half a minute later."""


def notify(*states: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send states in one message; says whether it was sent. A service manager that is gone is no fault of ours."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):  # the abstract namespace, unix(7)
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(0)
            sender.sendto("\n".join(states).encode(), address)
    except OSError:
        return False
    return True


def status(words: str) -> str:
    """One line that `systemctl status` shows."""
    return "STATUS=" + " ".join(words.split())


def reloading() -> str:
    """Said before a reload, `READY` after it; systemd wants the monotonic time in microseconds with it."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"


def patience(silent_seconds: float, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Asks for a slower watchdog where this process may rightly be silent for nearly as long as the unit's waits."""
    given, needed_seconds = watchdog_seconds(environment), silent_seconds + SPARE_SECONDS
    return (f"WATCHDOG_USEC={int(needed_seconds * 1e6)}",) if given is not None and given < needed_seconds else ()


def watchdog_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """How often at least `WATCHDOG` is expected from this process; nothing when it is not (sd_watchdog_enabled(3))."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    is_ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 1e6 if is_ours and microseconds.isdigit() and int(microseconds) else None
