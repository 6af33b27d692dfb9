"""What an output is, and the one place where an output's failure is contained."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from agent.alerts.alert import Update

_log = logging.getLogger(__name__)


class Output(Protocol):
    """Something that tells people or programs about each cycle."""

    name: str

    def publish(self, update: Update) -> None:
        """Take one cycle; must be quick."""

    def close(self) -> None:
        """Finish what is under way; called once."""


class Publisher:
    """Hands every update to every output; one that fails is logged once, and once when it is back."""

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._outputs = outputs
        self._broken: set[str] = set()

    def publish(self, update: Update) -> None:
        """Give the update to each output in turn, whatever the others do."""
        for output in self._outputs:
            self._attempt(output, partial(output.publish, update))

    def close(self) -> None:
        """Close every output, whatever the others do."""
        for output in self._outputs:
            self._attempt(output, output.close)

    def _attempt(self, output: Output, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # one output's fault (a full disk, a bug) must not silence the others
            if output.name not in self._broken:
                _log.error("output %s failed: %s", output.name, error, exc_info=not isinstance(error, OSError))
            self._broken.add(output.name)
        else:
            if output.name in self._broken:
                _log.warning("output %s works again", output.name)
                self._broken.discard(output.name)
