"""What the receiver's clock says, so that no sample comes to it from the future.

One sample from tomorrow makes Prometheus refuse what all other workstations send until tomorrow, for it takes only what
is at most an hour older than its newest. So nothing is sent that is later than the server's own time.
"""

from __future__ import annotations

import time

TOLERANCE_SECONDS = 60.0
"""Clocks that are kept by NTP differ by less, and a minute holds up nobody."""


class ServerClock:
    """The server's time by its latest answer, carried on by the monotonic clock: the own clock may be the wrong one."""

    def __init__(self) -> None:
        self._server_at = self._heard_at = 0.0

    def hear(self, server_at: float) -> None:
        """Take what an answer says, in seconds since 1970; 0 is nothing."""
        if server_at:
            self._server_at, self._heard_at = server_at, time.monotonic()

    def seconds_ahead(self, at_milliseconds: int) -> float:
        """By how much the time lies in the server's future, 0 if it does not.

        Too much after a sleep, which the monotonic clock does not see, and before the first answer: then ask anew.
        """
        server_now = self._server_at + time.monotonic() - self._heard_at if self._server_at else 0.0
        ahead = at_milliseconds / 1000 - server_now
        return ahead if ahead > TOLERANCE_SECONDS else 0.0
