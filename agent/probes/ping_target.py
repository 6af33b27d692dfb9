"""One target: its name, its address, the channels that reach it, and what they say of it together."""

from __future__ import annotations

import selectors
from collections.abc import Callable
from dataclasses import dataclass

from agent.probes.network_fault import Seen
from agent.probes.ping_address import Address, Lookup, Naming, parse_address
from agent.probes.ping_connect import ConnectChannel
from agent.probes.ping_echo import EchoChannel
from agent.probes.ping_refusal import Refusal
from agent.probes.ping_socket import Sent
from agent.probes.ping_window import CONNECT_PATIENCE, Loss, Presence, Window
from agent.probes.probe import Target

LOOKUP_SECONDS = 300.0
"""A found name is asked for again this often; a server may move."""

LOOKUP_RETRY_SECONDS = 10.0
"""So often while the name is not found, and three times this while its host is silent."""

BURST_LOOKUP_RETRY_SECONDS = 2.0

CONNECT_SECONDS = 5.0
"""A business server writes each connection into its log, so they are rarer than echoes."""

CONNECT_RETRY_SECONDS = 1.5
"""While the far end is doubtful; longer than the timeout of an attempt."""

BURST_CONNECT_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetReport:
    """What is known of one target at one time; an absent value could not be told. `errors` say why, for people."""

    name: str
    role: str
    seen: Seen
    has_answered_echo: bool
    echo_silent_run: int
    round_trip_seconds: float | None
    jitter_seconds: float | None
    loss: Loss | None
    connect_seconds: float | None
    is_service_up: bool | None
    has_router_report: bool
    late_count: int
    duplicate_count: int
    is_name_resolved: bool | None
    errors: tuple[str, ...]


class PingTarget:
    """The probes of one target. Not for several threads at once: its owner holds a lock around every call."""

    def __init__(
        self, target: Target, selector: selectors.BaseSelector, clock: Callable[[], float], *, burst: bool
    ) -> None:
        self._selector = selector
        self._clock = clock
        self._target = target
        self._burst = burst
        self._address: Address | None = None
        self._tried: set[Address] = set()
        self._echo: EchoChannel | None = None
        self._connect: ConnectChannel | None = None
        self._naming: Naming | None = None
        self._lookup: Lookup | None = None
        self._next_lookup_at = 0.0
        self._next_connect_at = 0.0
        if (address := parse_address(target.address)) is not None:
            self._point_at(address)
        else:
            self._naming = Naming.PENDING

    @property
    def address(self) -> Address | None:
        """Where the probes go; nothing while the name is not found."""
        return self._address

    def probe(self, now: float) -> None:
        """Send what is due at `now`, the monotonic clock; called once per interval."""
        if self._naming is not None:
            self._look_up(now)
        if self._echo is not None:
            self._echo.probe(now)
        if self._connect is not None:
            self._connect.expire(now)
            if now >= self._next_connect_at:
                self._connect.probe(now)
                self._next_connect_at = now + self._connect_interval()

    def restart(self) -> None:
        """Forget the windows: the machine slept."""
        for channel in self._channels():
            channel.restart()
        self._next_lookup_at = self._next_connect_at = 0.0

    def close(self) -> None:
        """Close the sockets; the next probe opens new ones, and the windows stay."""
        for channel in self._channels():
            channel.close()

    def report(self, now: float) -> TargetReport:
        """What the channels say at `now`, the echo first and the connection where the echo cannot speak."""
        echo, connect = self._echo, self._connect
        window = self._speaking_window()
        outcome = None if connect is None else connect.outcome
        is_up = None if connect is None else connect.is_service_up
        return TargetReport(
            name=self._target.name,
            role=self._target.role,
            seen=self._seen(),
            has_answered_echo=echo is not None and echo.window.has_answered,
            echo_silent_run=0 if echo is None else echo.window.silent_run,
            round_trip_seconds=None if window is None else window.round_trip_seconds(),
            jitter_seconds=None if window is None else window.jitter_seconds(),
            loss=None if window is None else window.loss(),
            connect_seconds=outcome.seconds if outcome is not None and is_up else None,
            is_service_up=is_up,
            has_router_report=echo is not None and echo.has_router_report(now),
            late_count=0 if echo is None else echo.late_count,
            duplicate_count=0 if echo is None else echo.duplicate_count,
            is_name_resolved=None if self._naming in {None, Naming.PENDING} else self._naming is Naming.FOUND,
            errors=tuple(self._errors()),
        )

    def _channels(self) -> list[EchoChannel | ConnectChannel]:
        return [channel for channel in (self._echo, self._connect) if channel is not None]

    def _point_at(self, address: Address) -> None:
        self.close()
        self._address = address
        self._tried.add(address)
        self._echo = EchoChannel(address, self._clock)
        port = self._target.port
        self._connect = None if port is None else ConnectChannel(self._selector, address, port)
        self._next_connect_at = 0.0

    def _look_up(self, now: float) -> None:
        self._take_lookup(now)
        if self._lookup is not None or now < self._next_lookup_at:
            return
        self._lookup = Lookup(self._target.address, now)
        self._next_lookup_at = now + self._lookup_interval()

    def _take_lookup(self, now: float) -> None:
        if self._lookup is None:
            return
        naming, addresses = self._lookup.outcome(now)
        if naming is Naming.PENDING:
            return
        self._naming = naming
        if not self._lookup.is_running:
            self._lookup = None  # one that hangs is kept: a second would hang beside it
        if addresses:
            self._choose(addresses)

    def _lookup_interval(self) -> float:
        if self._burst:
            return BURST_LOOKUP_RETRY_SECONDS
        if self._naming is not Naming.FOUND:
            return LOOKUP_RETRY_SECONDS
        return 3 * LOOKUP_RETRY_SECONDS if self._host_presence() is Presence.SILENT else LOOKUP_SECONDS

    def _connect_interval(self) -> float:
        if self._burst:
            return BURST_CONNECT_SECONDS
        is_doubtful = self._echo is not None and self._echo.window.presence() is Presence.UNKNOWN
        is_failing = self._connect is not None and 0 < self._connect.failed_run <= CONNECT_PATIENCE.silent
        return CONNECT_RETRY_SECONDS if is_doubtful or is_failing else CONNECT_SECONDS

    def _choose(self, addresses: tuple[Address, ...]) -> None:
        """Stay where the name still points, unless it never answered and there is another address to try."""
        if self._address in addresses:
            has_answered = any(channel.window.has_answered for channel in self._channels())
            untried = [address for address in addresses if address not in self._tried]
            if has_answered or not untried or self._host_presence() is not Presence.SILENT:
                return
            addresses = (untried[0],)
        self._point_at(addresses[0])

    def _host_presence(self) -> Presence:
        """Whether the host was heard, by any channel that can hear it."""
        heard = {channel.window.presence() for channel in self._channels() if channel.is_measurable}
        if Presence.ANSWERS in heard:
            return Presence.ANSWERS
        return Presence.SILENT if heard == {Presence.SILENT} else Presence.UNKNOWN

    def _seen(self) -> Seen:
        if self._address is None:
            return _UNNAMED.get(self._naming or Naming.PENDING, Seen.UNKNOWN)
        presence = self._host_presence()
        if presence is Presence.ANSWERS:
            is_down = self._connect is not None and self._connect.is_service_up is False
            return Seen.SERVICE_DOWN if is_down else Seen.ANSWERS
        if presence is Presence.UNKNOWN:
            return Seen.UNKNOWN
        refusal = None if self._echo is None else self._echo.refusal
        return Seen.SILENT if refusal is None else _REPORTED.get(refusal, Seen.SILENT)

    def _speaking_window(self) -> Window | None:
        """Whose loss and round trip count: the echo's, unless a filter or a missing permission silences it."""
        echo, connect = self._echo, self._connect
        connect_answers = connect is not None and connect.window.presence() is Presence.ANSWERS
        if echo is not None and echo.is_measurable:
            is_filtered = connect_answers and echo.window.presence() is Presence.SILENT
            if not is_filtered:
                return echo.window
        return connect.window if connect is not None and connect.is_measurable else None

    def _errors(self) -> list[str]:
        errors = []
        if self._naming in _NAMING_WORDS:
            errors.append(_NAMING_WORDS[self._naming].format(self._target.address))
        if self._echo is not None and self._echo.sent in _SENT_WORDS:
            errors.append(_SENT_WORDS[self._echo.sent].format(self._address))
        if self._echo is not None and self._echo.refusal is not None:
            errors.append(f"echo requests to {self._address} come back: {self._echo.refusal.value}")
        if self._connect is not None and self._connect.is_service_up is False and self._connect.outcome is not None:
            errors.append(
                f"no connection to {self._address} port {self._target.port}: {self._connect.outcome.connected.value}"
            )
        return [f"{self._target.name}: {error}" for error in errors]


_UNNAMED = {Naming.UNKNOWN_NAME: Seen.UNKNOWN_NAME, Naming.NO_ANSWER: Seen.NAME_UNANSWERED}
_REPORTED = {Refusal.BY_ROUTER: Seen.ROUTER_SAYS_NO_HOST, Refusal.NO_NETWORK: Seen.ROUTER_SAYS_NO_NETWORK}
_NAMING_WORDS = {
    Naming.UNKNOWN_NAME: "the name servers know no address for {}; check the name in the configuration",
    Naming.NO_ANSWER: "no name server answers for {}",
}
_SENT_WORDS = {
    Sent.NO_ROUTE: "no route to {}",
    Sent.NO_PERMISSION: "no permission for echo requests to {}; needs net.ipv4.ping_group_range or CAP_NET_RAW",
    Sent.DENIED: "this machine's own firewall forbids echo requests to {}",
    Sent.FAILED: "echo requests to {} cannot leave this machine",
}
