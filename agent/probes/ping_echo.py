"""Echo requests to one address, one after the other: socket, matching and window put together."""

from __future__ import annotations

from collections.abc import Callable

from agent.probes.ping_address import Address
from agent.probes.ping_exchange import Exchange, Match
from agent.probes.ping_refusal import Refusal
from agent.probes.ping_socket import EchoSocket, NoPermission, Reply, Sent, Unreachable, sent_error
from agent.probes.ping_window import ECHO_PATIENCE, Presence, Window

REPORT_LIFE_SECONDS = 10.0
"""How long a router's report proves that the way to that router works."""

PERMISSION_RETRY_SECONDS = 60.0
"""A missing permission is not asked for with every packet; an administrator may grant it while we run."""


class EchoChannel:
    """The echo probes of one target.

    `refusal` is the last ICMP error since the last answer. It stands as long as the silence does: routers stop
    repeating themselves (Linux says "network unreachable" about four times to a peer that goes on asking at 1 Hz).
    """

    __slots__ = (
        "_address",
        "_clock",
        "_exchange",
        "_next_open_at",
        "_refused_at",
        "_socket",
        "duplicate_count",
        "late_count",
        "refusal",
        "sent",
        "window",
    )

    def __init__(self, address: Address, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._address = address
        self._socket: EchoSocket | None = None
        self._exchange = Exchange()
        self._next_open_at = 0.0
        self._refused_at = 0.0
        self.window = Window(ECHO_PATIENCE)
        self.late_count = 0
        self.duplicate_count = 0
        self.refusal: Refusal | None = None
        self.sent: Sent | None = None

    @property
    def is_measurable(self) -> bool:
        """Whether echo probes say anything here: they leave this machine, and no filter says that it took them."""
        return self.sent in {Sent.LEFT, Sent.NO_ROUTE} and self.refusal is not Refusal.PROHIBITED

    def has_router_report(self, now: float) -> bool:
        """Whether some router lately said that the host cannot be reached: then that router can be."""
        is_by_router = self.refusal in {Refusal.BY_ROUTER, Refusal.NO_NETWORK, Refusal.PROHIBITED}
        return is_by_router and now - self._refused_at <= REPORT_LIFE_SECONDS

    def probe(self, now: float) -> None:
        """Take in what arrived, settle what timed out and send the next request."""
        self._receive(now)
        self._expire(now)
        echo_socket = self._socket or self._open(now)
        if echo_socket is None:
            return
        sequence = self._exchange.next_sequence()
        self.sent, payload, sent_at = echo_socket.send(sequence)
        if self.sent is Sent.LEFT:
            self._exchange.add_sent(sequence, payload, sent_at)
        else:
            self._add_unsent()

    def restart(self) -> None:
        """Forget the window and open a new socket with the next probe."""
        self.close()
        self.window.restart()
        self.refusal = None

    def close(self) -> None:
        """Close the socket; what was in flight is dropped uncounted."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._exchange.forget_pending()

    def _receive(self, now: float) -> None:
        if self._socket is None:
            return
        for packet in self._socket.receive(now):
            if isinstance(packet, Reply):
                self._take_reply(packet)
            else:
                self._take_error(packet, now)

    def _expire(self, now: float) -> None:
        lost = self._exchange.expire(now)
        for _ in range(lost):
            self.window.add_loss()
        is_silent = lost and self.window.presence() is Presence.SILENT
        if is_silent and self._socket is not None and self._socket.has_lost_its_address():
            self.close()  # a connected socket keeps the source address that it began with

    def _open(self, now: float) -> EchoSocket | None:
        if now < self._next_open_at:
            return None
        try:
            self._socket = EchoSocket(self._address, self._clock)
        except NoPermission:
            self.sent = Sent.NO_PERMISSION
            self._next_open_at = now + PERMISSION_RETRY_SECONDS
        except OSError as error:
            self.sent = sent_error(error.errno)
            self._add_unsent()
        return self._socket

    def _add_unsent(self) -> None:
        if self.sent is Sent.NO_ROUTE:
            self.window.add_loss()
            self.close()

    def _take_reply(self, reply: Reply) -> None:
        for _ in range(self._exchange.expire(reply.received_at)):
            self.window.add_loss()
        match, round_trip_seconds = self._exchange.match(reply.sequence, reply.payload, reply.received_at)
        if match is Match.ANSWER:
            self.window.add_answer(round_trip_seconds)
            self.refusal = None
        elif match is Match.LATE:
            self.late_count += 1
            self.window.add_sign_of_life()
        elif match is Match.DUPLICATE:
            self.duplicate_count += 1

    def _take_error(self, error: Unreachable, now: float) -> None:
        if not self._exchange.give_up(error.sequence):
            return
        self.refusal, self._refused_at = error.refusal, now
        if error.refusal is Refusal.BY_TARGET:
            self.window.add_sign_of_life()
        elif error.refusal is not Refusal.PROHIBITED:
            self.window.add_loss()
