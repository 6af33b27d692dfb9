"""Who refused a packet, and why: the kernel's extended errors (ip(7), IP_RECVERR) in words."""

from __future__ import annotations

import socket
import struct
from enum import Enum

_EXTENDED_ERROR = struct.Struct("=IBBBBII")
"""struct sock_extended_err of linux/errqueue.h; the offender's address follows it."""

_ORIGIN_LOCAL = 1

_UNREACHABLE_TYPES = {socket.AF_INET: (3, 11), socket.AF_INET6: (1, 3)}
"""Destination unreachable and time exceeded: RFC 792 and RFC 4443; anything else is no verdict on the host."""
_PROHIBITED = {socket.AF_INET: {(3, 9), (3, 10), (3, 13)}, socket.AF_INET6: {(1, 1), (1, 5), (1, 6)}}
"""A filter's refusal (RFC 1812 5.2.7.1, RFC 4443 3.1): the packet was not allowed, which says nothing of the host."""
_NO_NETWORK = {socket.AF_INET: {(3, 0), (3, 6), (3, 11)}, socket.AF_INET6: {(1, 0)}}


class Refusal(Enum):
    """Who said that a request cannot arrive, and why."""

    BY_THIS_COMPUTER = "this computer found no way"
    BY_ROUTER = "a router reports the host unreachable"
    NO_NETWORK = "a router reports the network unreachable"
    BY_TARGET = "the host itself refused it"
    PROHIBITED = "a filter forbids it"


def refusal_of(error: bytes, family: socket.AddressFamily, *, own_host: str, target_host: str) -> Refusal | None:
    """Who refused, by the kernel's extended error; nothing for a report that is no verdict on the host."""
    _, origin, kind, code, _, _, _ = _EXTENDED_ERROR.unpack_from(error)
    if origin == _ORIGIN_LOCAL:
        return Refusal.BY_THIS_COMPUTER
    if kind not in _UNREACHABLE_TYPES[family]:
        return None
    # from this computer's own address: the kernel's answer when the next hop has no link address
    by_end = {target_host: Refusal.BY_TARGET, own_host: Refusal.BY_THIS_COMPUTER}
    if (refusal := by_end.get(_host(family, error[_EXTENDED_ERROR.size :]))) is not None:
        return refusal
    if (kind, code) in _PROHIBITED[family]:
        return Refusal.PROHIBITED
    return Refusal.NO_NETWORK if (kind, code) in _NO_NETWORK[family] else Refusal.BY_ROUTER


def _host(family: socket.AddressFamily, data: bytes) -> str:
    start, size = (4, 4) if family is socket.AF_INET else (8, 16)
    packed = data[start : start + size]
    return socket.inet_ntop(family, packed) if len(packed) == size else ""
