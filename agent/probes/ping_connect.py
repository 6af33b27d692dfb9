"""Timing of TCP connections to a service: a second way to see a host, and the only one to see its service.

One attempt at a time, never blocking. A refusal is an answer of the host: it is up and nobody listens.
"""

from __future__ import annotations

import errno
import selectors
import socket
from dataclasses import dataclass
from enum import Enum

from agent.probes.ping_address import Address
from agent.probes.ping_exchange import TIMEOUT_SECONDS
from agent.probes.ping_window import CONNECT_PATIENCE, Window

SERVICE_FAILURES = 2
"""Attempts in a row without a connection before a service of an answering host counts as down."""


class Connected(Enum):
    """How an attempt ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The host answered with a reset: it is up, the service is not."""
    TIMED_OUT = "timed out"
    """Also the sign of one lost packet: the kernel sends its second SYN only after this (RFC 6298 2.1: one second)."""
    NO_ROUTE = "no route"
    DENIED = "not permitted"


@dataclass(frozen=True, slots=True)
class ConnectOutcome:
    """A finished attempt and how long it took."""

    connected: Connected
    seconds: float


class ConnectChannel:
    """The connection attempts of one target."""

    __slots__ = ("_address", "_attempt", "_port", "_selector", "failed_run", "outcome", "window")

    def __init__(self, selector: selectors.BaseSelector, address: Address, port: int) -> None:
        self._selector = selector
        self._address = address
        self._port = port
        self._attempt: Attempt | None = None
        self.window = Window(CONNECT_PATIENCE)
        self.outcome: ConnectOutcome | None = None
        self.failed_run = 0

    @property
    def is_measurable(self) -> bool:
        """Whether attempts say anything: one was made, and nothing on this machine forbade it."""
        return self.outcome is not None and self.outcome.connected is not Connected.DENIED

    @property
    def is_service_up(self) -> bool | None:
        """Whether the service takes connections; nothing before the first attempt or between two opinions."""
        if self.outcome is None or self.outcome.connected is Connected.DENIED:
            return None
        if self.outcome.connected is Connected.ACCEPTED:
            return True
        return False if self.failed_run >= SERVICE_FAILURES else None

    def probe(self, now: float) -> None:
        """Start an attempt, unless one is under way."""
        self.expire(now)
        if self._attempt is not None:
            return
        try:
            attempt = Attempt(self._address, self._port, now)
        except OSError:  # no such protocol here, or no descriptor left
            self._settle(ConnectOutcome(Connected.NO_ROUTE, 0.0))
            return
        if attempt.outcome is not None:
            self._settle(attempt.outcome)
            return
        self._selector.register(attempt, selectors.EVENT_WRITE, self.receive)
        self._attempt = attempt

    def receive(self, now: float) -> None:
        """The attempt is decided."""
        self._poll(now, is_ready=True)

    def expire(self, now: float) -> None:
        """Settle an attempt that took too long."""
        self._poll(now, is_ready=False)

    def restart(self) -> None:
        """Forget the window and the attempt under way."""
        self.close()
        self.window.restart()
        self.outcome = None
        self.failed_run = 0

    def close(self) -> None:
        """Abandon the attempt under way."""
        if self._attempt is not None:
            self._selector.unregister(self._attempt)
            self._attempt.close()
            self._attempt = None

    def _poll(self, now: float, *, is_ready: bool) -> None:
        attempt = self._attempt
        if attempt is None:
            return
        outcome = attempt.poll(now, is_ready=is_ready)
        if outcome is not None:
            self.close()
            self._settle(outcome)

    def _settle(self, outcome: ConnectOutcome) -> None:
        self.outcome = outcome
        self.failed_run = 0 if outcome.connected is Connected.ACCEPTED else self.failed_run + 1
        if outcome.connected in {Connected.ACCEPTED, Connected.REFUSED}:
            self.window.add_answer(outcome.seconds)
        elif outcome.connected is not Connected.DENIED:
            self.window.add_loss()


class Attempt:
    """One connection under way; `fileno` becomes writable when it is decided."""

    __slots__ = ("_socket", "_started_at", "outcome")

    def __init__(self, address: Address, port: int, now: float) -> None:
        """Start it; a failure at once is its outcome.

        Raises:
            OSError: no socket could be made.
        """
        self.outcome: ConnectOutcome | None = None
        self._started_at = now
        self._socket = socket.socket(address.family, socket.SOCK_STREAM)
        self._socket.settimeout(0)
        try:
            number = self._socket.connect_ex(address.socket_address(port))
        except OSError as error:
            number = error.errno or errno.EINVAL
        if number != errno.EINPROGRESS:
            self._finish(number, now)
            self.close()

    def fileno(self) -> int:
        """The descriptor to wait on for writing."""
        return self._socket.fileno()

    def poll(self, now: float, *, is_ready: bool) -> ConnectOutcome | None:
        """The outcome, if there is one by now."""
        if self.outcome is None and is_ready:
            self._finish(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), now)
        if self.outcome is None and now - self._started_at > TIMEOUT_SECONDS:
            self._finish(errno.ETIMEDOUT, now)
        return self.outcome

    def close(self) -> None:
        """Abandon it."""
        self._socket.close()

    def _finish(self, number: int, now: float) -> None:
        connected = _OUTCOMES.get(number, Connected.TIMED_OUT)
        self.outcome = ConnectOutcome(connected, now - self._started_at)


_OUTCOMES = {
    0: Connected.ACCEPTED,
    errno.ECONNREFUSED: Connected.REFUSED,
    errno.ECONNRESET: Connected.REFUSED,
    errno.ENETUNREACH: Connected.NO_ROUTE,
    errno.EHOSTUNREACH: Connected.NO_ROUTE,
    errno.ENETDOWN: Connected.NO_ROUTE,
    errno.EADDRNOTAVAIL: Connected.NO_ROUTE,
    errno.EPERM: Connected.DENIED,
    errno.EACCES: Connected.DENIED,
}
