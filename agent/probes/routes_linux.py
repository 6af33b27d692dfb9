"""The default route of this machine, from the kernel's routing tables in /proc/net.

IPv4 comes first: where both exist, the gateway is the same box.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from agent.probes.hostfs import read_bytes, read_text
from agent.probes.ping_address import Address

_UP, _GATEWAY, _REJECT = 0x1, 0x2, 0x200  # linux/route.h


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultRoute:
    """Where packets for everywhere else leave: the interface, and the gateway unless the link has only two ends."""

    device: str
    gateway: Address | None


def default_route(procfs: str, sysfs: str) -> DefaultRoute | None:
    """The default route of the lowest metric, IPv4 before IPv6, or nothing if there is none.

    Raises:
        OSError: /proc/net/route cannot be read.
    """
    routes = list(_routes4(read_bytes(f"{procfs}/net/route")))
    if not routes:
        try:
            routes = list(_routes6(read_bytes(f"{procfs}/net/ipv6_route"), sysfs))
        except FileNotFoundError:  # IPv6 is switched off
            return None
    return min(routes, key=lambda metric_route: metric_route[0])[1] if routes else None


def _routes4(table: bytes) -> Iterator[tuple[int, DefaultRoute]]:
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or fields[1] != b"00000000" or fields[7] != b"00000000":
            continue
        flags = int(fields[3], 16)
        if flags & _UP and not flags & _REJECT:
            # the address is printed as the machine's own integer, so its bytes are back in network order by that
            host = socket.inet_ntoa(int(fields[2], 16).to_bytes(4, sys.byteorder))
            gateway = Address(family=socket.AF_INET, host=host) if flags & _GATEWAY else None
            yield int(fields[6]), DefaultRoute(device=fields[0].decode(), gateway=gateway)


def _routes6(table: bytes, sysfs: str) -> Iterator[tuple[int, DefaultRoute]]:
    for line in table.splitlines():
        fields = line.split()
        if len(fields) < 10 or fields[0].strip(b"0") or fields[1] != b"00":
            continue
        flags, device = int(fields[8], 16), fields[9].decode()
        if flags & _UP and not flags & _REJECT and device != "lo":
            gateway = _gateway6(fields[4], device, sysfs) if flags & _GATEWAY else None
            yield int(fields[5], 16), DefaultRoute(device=device, gateway=gateway)


def _gateway6(digits: bytes, device: str, sysfs: str) -> Address:
    packed = bytes.fromhex(digits.decode())
    is_link_local = packed[0] == 0xFE and packed[1] & 0xC0 == 0x80
    scope = int(read_text(f"{sysfs}/class/net/{device}/ifindex")) if is_link_local else 0
    return Address(family=socket.AF_INET6, host=socket.inet_ntop(socket.AF_INET6, packed), scope=scope)
