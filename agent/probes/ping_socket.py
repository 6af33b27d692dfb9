"""One socket that sends echo requests to one address and tells what came back.

ping3 builds the requests, some at a time; they go out here, and replies and ICMP errors come in here. Datagram ICMP
first (no privilege where net.ipv4.ping_group_range allows it), then raw. The kernel stamps every reply with its time,
so that nobody has to be awake when it arrives. Linux only: the error queue and the time stamps are its own.
"""

from __future__ import annotations

import errno
import inspect
import os
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ping3 import errors, send_one_ping

from agent.probes.ping_address import Address
from agent.probes.ping_refusal import Refusal, refusal_of

PAYLOAD_BYTES = 56
"""What ping sends since 1983: the smallest that middleboxes are used to. Its first 8 bytes are the sender's clock."""

MAXIMUM_RECEIVED = 64
"""Packets taken in one go; a flood of replies must not keep the other targets waiting."""

# linux/in.h, linux/in6.h, asm-generic/socket.h, linux/icmp.h, linux/icmpv6.h
_IP_RECVERR, _IPV6_RECVERR = 11, 25
_SO_TIMESTAMPNS = 35
_MSG_ERRQUEUE = 0x2000
_SOL_RAW, _ICMP_FILTER = 255, 1
_SOL_ICMPV6, _ICMPV6_FILTER = 58, 1
_TIMESPEC = struct.Struct("@ll")
_ECHO = struct.Struct("!BBHHH")
_CONTROL_BYTES = 256
PREPARED = 16
"""Requests that ping3 builds in one go. Built one by one, once a second and each time from cold caches, they cost more
than all the rest of a probe."""
_DISCARD_PORT = 9
_SEQUENCES = 1 << 16

_REPLY_TYPE = {socket.AF_INET: 0, socket.AF_INET6: 129}
_send_one_ping = inspect.unwrap(send_one_ping)
"""Without the decorator that spells out every argument for a debug log, at as much cost as the packet itself."""

_NO_ROUTE = frozenset(
    {
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.EHOSTDOWN,
        errno.EADDRNOTAVAIL,
        errno.ENODEV,
        errno.EAFNOSUPPORT,  # IPv6 is switched off
        errno.EPROTONOSUPPORT,
    }
)
_DENIED = frozenset({errno.EPERM, errno.EACCES})


class NoPermission(Exception):
    """Neither datagram nor raw ICMP may be used here."""


class Sent(Enum):
    """What became of a request on this machine."""

    LEFT = "left"
    NO_ROUTE = "no route"
    NO_PERMISSION = "no permission"
    """Neither kind of ICMP socket may be opened."""
    DENIED = "not permitted"
    """A local firewall or security module took it."""
    FAILED = "failed"
    """A full queue or another local fault: no probe was made."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An echo reply with our identifier from the right address, not yet matched to a probe."""

    sequence: int
    payload: bytes
    received_at: float


@dataclass(frozen=True, slots=True)
class Unreachable:
    """An ICMP error about one of our requests."""

    sequence: int
    refusal: Refusal


class EchoSocket:
    """A connected ICMP socket for one address. It stands in for a socket towards ping3, which only builds packets."""

    __slots__ = (
        "_address",
        "_clock",
        "_identifier",
        "_own_host",
        "_payload",
        "_prepared",
        "_sent_at",
        "_socket",
        "_wall_offset",
        "family",
        "is_raw",
        "proto",
        "type",
    )

    def __init__(self, address: Address, clock: Callable[[], float]) -> None:
        """Open and connect it.

        Raises:
            NoPermission: neither kind of ICMP socket may be opened.
            OSError: this machine has no route to the address, or no such protocol.
        """
        self.family = address.family
        self.proto = socket.IPPROTO_ICMP if address.family is socket.AF_INET else socket.IPPROTO_ICMPV6
        self._address = address
        self._clock = clock
        self._payload = b""
        self._prepared: dict[int, bytes] = {}
        self._sent_at = 0.0
        self._wall_offset = 0.0
        self._socket = _open(self.family, self.proto)
        self.type = self._socket.type
        self.is_raw = self.type == socket.SOCK_RAW
        try:
            self._set_up()
        except OSError:
            self._socket.close()
            raise

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def send(self, sequence: int) -> tuple[Sent, bytes, float]:
        """Send one request: what became of it, the payload that its reply has to carry, and when it left."""
        try:
            self._send_once(sequence)
        except OSError:
            try:
                self._send_once(sequence)  # the first may have reported an earlier packet's ICMP error
            except OSError as error:
                return sent_error(error.errno), b"", self._sent_at
        except errors.PingError:  # ping3 looks the numeric address up once more; an IPv6 scope may be gone by then
            return Sent.NO_ROUTE, b"", self._sent_at
        return Sent.LEFT, self._payload, self._sent_at

    def sendto(self, packet: bytes, _address: object) -> int:
        """Keep what ping3 built until its turn comes."""
        self._prepared[_ECHO.unpack_from(packet)[-1]] = packet
        return len(packet)

    def has_lost_its_address(self) -> bool:
        """Whether this machine would now reach the address from another address of its own, or not at all."""
        try:
            with socket.socket(self.family, socket.SOCK_DGRAM) as fresh:
                fresh.connect(self._address.socket_address(_DISCARD_PORT))  # chooses a route and sends nothing
                own_host: str = fresh.getsockname()[0]
        except OSError:
            return True
        return own_host != self._own_host

    def receive(self, now: float) -> list[Reply | Unreachable]:
        """Everything that has arrived, at most `MAXIMUM_RECEIVED`; `now` is the monotonic clock."""
        arrived: list[Reply | Unreachable] = []
        for _ in range(MAXIMUM_RECEIVED):
            try:
                packet, control, _, source = self._socket.recvmsg(2048, _CONTROL_BYTES)
            except BlockingIOError:
                break
            except OSError:  # an ICMP error has come, and the error queue has its details
                arrived += self._errors()
                continue
            if source[0] == self._address.host and (reply := self._reply(packet, control, now)) is not None:
                arrived.append(reply)
        return arrived

    def _set_up(self) -> None:
        own = self._socket
        own.settimeout(0)
        own.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        if self.family is socket.AF_INET:
            own.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        else:
            own.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        if self.is_raw:
            _accept_only_replies(own, self.family)
        own.connect(self._address.socket_address(0))
        name = own.getsockname()
        self._own_host: str = name[0]
        # a datagram socket's identifier is its port; a raw one needs its own, and never 0, which stands for "none"
        self._identifier = int.from_bytes(os.urandom(2)) or 1 if self.is_raw else name[1]

    def _send_once(self, sequence: int) -> None:
        """Send the request, and keep its payload, which starts with ping3's clock and so serves as a cookie."""
        packet = self._prepared.get(sequence) or self._prepare(sequence)
        self._payload = packet[_ECHO.size :]
        self._sent_at = self._clock()
        self._wall_offset = time.time() - self._sent_at
        self._socket.send(packet)

    def _prepare(self, sequence: int) -> bytes:
        self._prepared.clear()
        for following in range(sequence, sequence + PREPARED):
            _send_one_ping(self, str(self._address), self._identifier, following % _SEQUENCES, PAYLOAD_BYTES)
        return self._prepared[sequence]

    def _reply(self, packet: bytes, control: list[tuple[int, int, bytes]], now: float) -> Reply | None:
        start = (packet[0] & 15) * 4 if self.is_raw and self.family is socket.AF_INET and packet else 0
        if len(packet) < start + _ECHO.size:
            return None
        kind, _, _, identifier, sequence = _ECHO.unpack_from(packet, start)
        if kind != _REPLY_TYPE[self.family] or identifier != self._identifier:
            return None
        return Reply(sequence, packet[start + _ECHO.size :], self._received_at(control, now))

    def _received_at(self, control: list[tuple[int, int, bytes]], now: float) -> float:
        """When the kernel took the packet in, on the monotonic clock, by the wall clock's offset when the probe left.

        Where the wall clock was set in between, its new offset may fit; if neither does, it is now.
        """
        for level, kind, data in control:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack_from(data)
                stamp: float = seconds + nanoseconds / 1e9
                if self._sent_at <= (received_at := stamp - self._wall_offset) <= now:
                    return received_at
                return min(stamp - (time.time() - now), now)
        return now

    def _errors(self) -> list[Unreachable]:
        found: list[Unreachable] = []
        for _ in range(MAXIMUM_RECEIVED):
            try:
                packet, control, _, _ = self._socket.recvmsg(512, _CONTROL_BYTES, _MSG_ERRQUEUE)
            except OSError:
                break
            if (error := self._error(packet, control)) is not None:
                found.append(error)
        return found

    def _error(self, packet: bytes, control: list[tuple[int, int, bytes]]) -> Unreachable | None:
        if len(packet) < _ECHO.size:
            return None
        _, _, _, identifier, sequence = _ECHO.unpack_from(packet)
        if identifier != self._identifier:
            return None
        for level, kind, data in control:
            if (level, kind) in {(socket.IPPROTO_IP, _IP_RECVERR), (socket.IPPROTO_IPV6, _IPV6_RECVERR)}:
                refusal = refusal_of(data, self.family, own_host=self._own_host, target_host=self._address.host)
                return None if refusal is None else Unreachable(sequence, refusal)
        return None


def _open(family: socket.AddressFamily, protocol: int) -> socket.socket:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return socket.socket(family, kind, protocol)
        except PermissionError:
            continue
    raise NoPermission


def _accept_only_replies(raw: socket.socket, family: socket.AddressFamily) -> None:
    # a raw socket hears every ICMP packet from its peer; the kernel drops what these masks block
    if family is socket.AF_INET:
        raw.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", 0xFFFFFFFF & ~(1 << _REPLY_TYPE[family])))
        return
    words = [0xFFFFFFFF] * 8
    words[_REPLY_TYPE[family] >> 5] &= ~(1 << (_REPLY_TYPE[family] & 31))
    raw.setsockopt(_SOL_ICMPV6, _ICMPV6_FILTER, struct.pack("=8I", *words))


def sent_error(number: int | None) -> Sent:
    """What an error of opening or sending means."""
    if number in _NO_ROUTE:
        return Sent.NO_ROUTE
    return Sent.DENIED if number in _DENIED else Sent.FAILED
