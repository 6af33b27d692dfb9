"""Wakes the main loop from another thread or from a signal handler.

An Event would not do: its lock is not re-entrant, and a signal handler that sets it may interrupt the thread that holds
it. Sending one byte to a socket is safe anywhere.
"""

from __future__ import annotations

import select
import socket


class Bell:
    """One waits, anybody rings."""

    def __init__(self) -> None:
        self._inside, self._outside = socket.socketpair()
        for end in (self._inside, self._outside):
            end.setblocking(False)  # noqa: FBT003  # the socket's own signature
        self._poll = select.poll()
        self._poll.register(self._inside, select.POLLIN)

    def ring(self) -> None:
        """Wake whoever waits, or will wait next."""
        try:
            self._outside.send(b"!")
        except BlockingIOError:
            return  # it has been rung often enough

    def wait(self, seconds: float) -> bool:
        """Wait so long at most; whether the bell was rung."""
        if not self._poll.poll(max(0.0, seconds) * 1000):
            return False
        self._inside.recv(4096)
        return True

    def close(self) -> None:
        """Take it down; nobody may ring afterwards."""
        self._inside.close()
        self._outside.close()
