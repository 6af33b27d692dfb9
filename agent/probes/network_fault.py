"""Where the fault lies: a pure judgement over what was seen of the link, the gateway and the hosts behind it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from agent.probes.neighbor_linux import Neighbor


class Seen(Enum):
    """What is known of one host."""

    ANSWERS = "answers"
    SERVICE_DOWN = "service down"
    """The host answers, its TCP port does not."""
    SILENT = "silent"
    ROUTER_SAYS_NO_HOST = "router says no host"
    ROUTER_SAYS_NO_NETWORK = "router says no network"
    UNKNOWN_NAME = "unknown name"
    """The name servers answer that there is no such name."""
    NAME_UNANSWERED = "name unanswered"
    UNKNOWN = "unknown"
    """Too little seen so far, or it may not be seen (no permission)."""


class Finding(Enum):
    """The place of the fault, or one of the two answers without a place."""

    THIS_COMPUTER = "this_computer"
    LOCAL_NETWORK = "local_network"
    BEYOND = "beyond"
    SERVER = "server"
    NONE = "none"
    UNDECIDED = "undecided"


PLACES = (Finding.THIS_COMPUTER, Finding.LOCAL_NETWORK, Finding.BEYOND, Finding.SERVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """What was seen on the way out.

    `has_carrier` is of the default route's interface; nothing if it cannot be read. `gateway` is nothing on a link
    without one (a tunnel, a dial-up). `gateway_has_answered`: it is one that answers pings at all; many do not.
    `has_router_report`: some router lately told us that a target cannot be reached.
    """

    has_default_route: bool
    has_carrier: bool | None
    gateway: Seen | None
    gateway_has_answered: bool
    neighbor: Neighbor
    has_router_report: bool
    targets: tuple[Seen, ...]


_FAILING = frozenset(
    {
        Seen.SILENT,
        Seen.ROUTER_SAYS_NO_HOST,
        Seen.ROUTER_SAYS_NO_NETWORK,
        Seen.UNKNOWN_NAME,
        Seen.NAME_UNANSWERED,
    }
)
_ANSWERING = frozenset({Seen.ANSWERS, Seen.SERVICE_DOWN})
_PATH_IS_BROKEN = frozenset({Seen.ROUTER_SAYS_NO_NETWORK, Seen.NAME_UNANSWERED})


def locate(path: Path) -> Finding:
    """The nearest place that explains all that fails; nearer places are judged first, as they explain farther ones."""
    if path.has_default_route and path.has_carrier is False:
        return Finding.THIS_COMPUTER
    if not path.has_default_route:
        return _without_route(path)
    works = gateway_works(path)
    if works is None:
        return Finding.UNDECIDED
    return _behind_gateway(path.targets) if works else Finding.LOCAL_NETWORK


def gateway_works(path: Path) -> bool | None:
    """Whether the gateway does its work; nothing if it cannot be told.

    A gateway that does not answer pings is proved by its link address, or by whatever comes through it.
    """
    if path.gateway is None or path.gateway is Seen.ANSWERS:
        return True
    if path.neighbor is Neighbor.DEAD:
        return bool(path.targets) and all(seen in _ANSWERING for seen in path.targets)
    if path.neighbor is Neighbor.CONFIRMED or path.has_router_report or not _ANSWERING.isdisjoint(path.targets):
        return True
    is_silent = path.gateway is Seen.SILENT and path.gateway_has_answered
    return False if is_silent and Seen.UNKNOWN not in path.targets else None


def _without_route(path: Path) -> Finding:
    """A machine without a way out is at fault itself, unless all it is meant to reach lies on its own link."""
    if path.targets and all(seen in _ANSWERING for seen in path.targets):
        return _behind_gateway(path.targets)
    if path.targets and all(seen is Seen.UNKNOWN for seen in path.targets):
        return Finding.UNDECIDED
    return Finding.THIS_COMPUTER


def _behind_gateway(targets: tuple[Seen, ...]) -> Finding:
    failing = [seen for seen in targets if seen in _FAILING]
    answering = [seen for seen in targets if seen in _ANSWERING]
    if Seen.SERVICE_DOWN in answering or (failing and answering):
        return Finding.SERVER
    if len(failing) < len(targets):
        return Finding.NONE if answering and not failing else Finding.UNDECIDED
    return _all_failing(failing) if failing else Finding.NONE


def _all_failing(failing: list[Seen]) -> Finding:
    """No target answers. A single silent one is taken as the fault itself: nothing else is known to be broken."""
    if all(seen is Seen.UNKNOWN_NAME for seen in failing):
        return Finding.SERVER
    if len(failing) == 1 and failing[0] not in _PATH_IS_BROKEN:
        return Finding.SERVER
    return Finding.BEYOND
