"""This machine's way out at one moment: default route, carrier of its interface, the gateway's place on the link."""

from __future__ import annotations

from dataclasses import dataclass

from agent.probes.hostfs import HostFs, read_bytes
from agent.probes.neighbor_linux import Neighbor, neighbor_state
from agent.probes.routes_linux import DefaultRoute, default_route


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the kernel says without a packet being sent; `has_carrier` is nothing where it cannot be read."""

    route: DefaultRoute | None
    has_carrier: bool | None
    neighbor: Neighbor


def look_out(host: HostFs, *, ask_neighbor: bool) -> Outlook:
    """Read routes, carrier and, where asked, the neighbour entry of the gateway.

    Raises:
        OSError: the routing table cannot be read.
    """
    route = default_route(host.procfs, host.sysfs)
    if route is None:
        return Outlook(route=None, has_carrier=None, neighbor=Neighbor.UNKNOWN)
    gateway = route.gateway if ask_neighbor else None
    return Outlook(
        route=route,
        has_carrier=_has_carrier(host, route.device),
        neighbor=Neighbor.UNKNOWN if gateway is None else neighbor_state(gateway),
    )


def _has_carrier(host: HostFs, device: str) -> bool | None:
    try:
        return read_bytes(f"{host.sysfs}/class/net/{device}/carrier").strip() == b"1"
    except OSError:  # EINVAL while it is administratively down; no such folder in a sandbox
        return None
