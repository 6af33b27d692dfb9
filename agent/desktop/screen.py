"""The way to the screen, kept open: connects to the session's bus, again when it went, and shows what it is given."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping

from agent.desktop.backoff import Backoff
from agent.desktop.notifier import Actions, CannotNotify, Event, Notifier, ServerChanged, session_bus
from agent.desktop.words import Text

_log = logging.getLogger(__name__)


class Screen:
    """The session's notifications, whether or not there is a bus at the moment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = session_bus(environment)
        self._notifier: Notifier | None = None
        self._backoff = Backoff()
        self._why = "not connected yet"

    @property
    def notifier(self) -> Notifier | None:
        """The open connection, for other questions to the session."""
        return self._notifier

    def fileno(self) -> int | None:
        """Readable when something happened; nothing without a bus."""
        return self._notifier.fileno() if self._notifier else None

    def wake_at(self) -> float:
        """When to try the bus again."""
        return float("inf") if self._notifier else self._backoff.next_at

    def step(self, now: float) -> list[Event]:
        """What happened since, a bus that came or went included."""
        if self._notifier is None:
            return self._connect(now) if now >= self._backoff.next_at else []
        try:
            return list(self._notifier.events())
        except OSError as error:
            return self._lost(error, now)

    def show(self, text: Text, *, replaces: int | None, is_critical: bool, stays: bool, actions: Actions) -> int:
        """Show it; the server's number for it.

        Raises:
            CannotNotify: it is not on the screen.
        """
        notifier = self._notifier
        if notifier is None:
            raise CannotNotify(self._why)
        try:
            return notifier.notify(text, replaces=replaces, is_critical=is_critical, stays=stays, actions=actions)
        except OSError as error:  # seen again, and dealt with, at the next step
            raise CannotNotify(f"the session bus is gone: {error}") from error

    def server(self) -> str:
        """Who shows the notifications; empty when nobody says."""
        with contextlib.suppress(OSError, CannotNotify):
            return self._notifier.server() if self._notifier else ""
        return ""

    def withdraw(self, handle: int) -> None:
        """Take it off the screen, where it still is on one."""
        with contextlib.suppress(OSError):
            if self._notifier is not None:
                self._notifier.withdraw(handle)

    def _connect(self, now: float) -> list[Event]:
        try:
            self._notifier = Notifier(self._address)
        except CannotNotify as why:
            if self._backoff.is_first:
                _log.warning("no notifications: %s", why)
            self._why = str(why)
            self._backoff.failed(now)
            return []
        if not self._backoff.is_first:
            _log.info("the session bus answers")
        self._backoff.succeeded()
        return [ServerChanged(is_there=True)]

    def _lost(self, error: OSError, now: float) -> list[Event]:
        if self._notifier is not None:
            self._notifier.close()
        self._notifier = None
        self._why = f"the session bus is gone: {error}"
        _log.warning("no notifications: %s", self._why)
        self._backoff.failed(now)
        return [ServerChanged(is_there=False)]
