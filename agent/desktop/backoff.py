"""How long to wait before what failed is tried again."""

from __future__ import annotations

FIRST_SECONDS = 1.0
"""An agent or a bus that is restarted is back within a second or two."""
LONGEST_SECONDS = 30.0
"""What is away for longer is asked for twice a minute: the wait is short beside the outage, and costs nothing."""


class Backoff:
    """Doubles the pause with every failure in a row."""

    def __init__(self) -> None:
        self.next_at = 0.0
        self._pause = FIRST_SECONDS

    @property
    def is_first(self) -> bool:
        """Whether nothing has failed since the last success."""
        return self._pause == FIRST_SECONDS

    def failed(self, now: float) -> None:
        """Try again after the pause."""
        self.next_at = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_SECONDS)

    def succeeded(self) -> None:
        """Begin with the shortest pause again."""
        self._pause = FIRST_SECONDS
