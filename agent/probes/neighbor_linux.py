"""What the kernel knows of a neighbour on the link, asked over netlink (rtnetlink(7), RTM_GETNEIGH).

/proc/net/arp shows only IPv4, and calls an entry complete long after its owner died.
"""

from __future__ import annotations

import socket
import struct
from enum import Enum

from agent.probes.ping_address import Address

_REQUEST, _DUMP = 0x1, 0x300
_DONE, _ERROR, _NEW_NEIGHBOR, _GET_NEIGHBOR = 3, 2, 28, 30
_DESTINATION = 1
_HEADER = struct.Struct("=IHHII")
_NEIGHBOR = struct.Struct("=BBHiHBB")
_ATTRIBUTE = struct.Struct("=HH")
_MAXIMUM_MESSAGES = 64
_TIMEOUT_SECONDS = 0.05


class Neighbor(Enum):
    """Whether a neighbour's link address is confirmed."""

    CONFIRMED = "confirmed"
    DEAD = "dead"
    """Asked for and not answered (NUD_INCOMPLETE, NUD_FAILED)."""
    UNKNOWN = "unknown"
    """No entry, an old one, or no right to ask."""


_STATES = {0x01: Neighbor.DEAD, 0x02: Neighbor.CONFIRMED, 0x20: Neighbor.DEAD, 0x80: Neighbor.CONFIRMED}
"""linux/neighbour.h; stale, delay and probe say nothing yet, and become reachable or failed within seconds."""


def neighbor_state(address: Address) -> Neighbor:
    """What the kernel's neighbour table says of the address."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
            netlink.settimeout(_TIMEOUT_SECONDS)
            body = _NEIGHBOR.pack(address.family, 0, 0, 0, 0, 0, 0)
            netlink.send(_HEADER.pack(_HEADER.size + len(body), _GET_NEIGHBOR, _REQUEST | _DUMP, 1, 0) + body)
            return _find(netlink, socket.inet_pton(address.family, address.host), address.scope)
    except OSError:
        return Neighbor.UNKNOWN


def _find(netlink: socket.socket, host: bytes, scope: int) -> Neighbor:
    for _ in range(_MAXIMUM_MESSAGES):
        data = netlink.recv(65536)
        offset = 0
        while offset + _HEADER.size <= len(data):
            length, kind, _, _, _ = _HEADER.unpack_from(data, offset)
            if kind in {_DONE, _ERROR} or length < _HEADER.size:
                return Neighbor.UNKNOWN
            if kind == _NEW_NEIGHBOR and (state := _state(data[offset + _HEADER.size : offset + length], host, scope)):
                return state
            offset += (length + 3) & ~3
    return Neighbor.UNKNOWN


def _state(message: bytes, host: bytes, scope: int) -> Neighbor | None:
    _, _, _, index, state, _, _ = _NEIGHBOR.unpack_from(message)
    if scope not in {0, index}:
        return None
    offset = _NEIGHBOR.size
    while offset + _ATTRIBUTE.size <= len(message):
        length, kind = _ATTRIBUTE.unpack_from(message, offset)
        if length < _ATTRIBUTE.size:
            return None
        if kind == _DESTINATION and message[offset + _ATTRIBUTE.size : offset + length] == host:
            return _STATES.get(state, Neighbor.UNKNOWN)
        offset += (length + 3) & ~3
    return None
