"""Where a fault is placed, as a table."""

import itertools

import pytest

from agent.probes.neighbor_linux import Neighbor
from agent.probes.network_fault import Finding, Path, Seen, locate

OK, DOWN, SILENT, UNKNOWN = Seen.ANSWERS, Seen.SERVICE_DOWN, Seen.SILENT, Seen.UNKNOWN
NO_HOST, NO_NETWORK = Seen.ROUTER_SAYS_NO_HOST, Seen.ROUTER_SAYS_NO_NETWORK
NO_NAME, NO_DNS = Seen.UNKNOWN_NAME, Seen.NAME_UNANSWERED
HERE, LOCAL, BEYOND, SERVER = Finding.THIS_COMPUTER, Finding.LOCAL_NETWORK, Finding.BEYOND, Finding.SERVER
NONE, UNDECIDED = Finding.NONE, Finding.UNDECIDED


def path(
    *targets: Seen,
    gateway: Seen | None = OK,
    pings: bool = True,
    neighbor: Neighbor = Neighbor.UNKNOWN,
    route: bool = True,
    carrier: bool | None = True,
    router: bool = False,
) -> Path:
    return Path(
        has_default_route=route,
        has_carrier=carrier,
        gateway=gateway,
        gateway_has_answered=pings,
        neighbor=neighbor,
        has_router_report=router,
        targets=targets,
    )


@pytest.mark.parametrize(
    ("seen", "finding"),
    [
        # all is well
        (path(), NONE),
        (path(OK), NONE),
        (path(OK, OK), NONE),
        (path(OK, UNKNOWN), NONE),
        (path(OK, carrier=None), NONE),
        # this computer
        (path(OK, OK, carrier=False), HERE),
        (path(gateway=None, route=False, carrier=None), HERE),
        (path(SILENT, gateway=None, route=False, carrier=None), HERE),
        (path(OK, SILENT, gateway=None, route=False, carrier=None), HERE),
        (path(OK, gateway=None, route=False, carrier=None), NONE),  # an office without a way out, by design
        (path(UNKNOWN, gateway=None, route=False, carrier=None), UNDECIDED),
        # the local network
        (path(SILENT, gateway=SILENT), LOCAL),
        (path(SILENT, SILENT, gateway=SILENT), LOCAL),
        (path(gateway=SILENT), LOCAL),
        (path(NO_DNS, gateway=SILENT), LOCAL),
        (path(NO_NAME, gateway=SILENT), LOCAL),  # a cache may know the name
        (path(NO_NETWORK, gateway=SILENT), LOCAL),  # a router said so, before the gateway died too
        (path(SILENT, gateway=SILENT, pings=False, neighbor=Neighbor.DEAD), LOCAL),
        (path(gateway=UNKNOWN, pings=False, neighbor=Neighbor.DEAD), LOCAL),
        (path(OK, SILENT, gateway=SILENT, neighbor=Neighbor.DEAD), LOCAL),  # the one that answers is on the link
        # a gateway that answers no pings
        (path(OK, gateway=SILENT, pings=False), NONE),
        (path(OK, gateway=SILENT), NONE),
        (path(gateway=SILENT, pings=False, neighbor=Neighbor.CONFIRMED), NONE),
        (path(gateway=SILENT, pings=False), UNDECIDED),
        (path(SILENT, gateway=SILENT, pings=False), UNDECIDED),
        (path(SILENT, gateway=SILENT, pings=False, neighbor=Neighbor.CONFIRMED), SERVER),
        (path(SILENT, SILENT, gateway=SILENT, pings=False, neighbor=Neighbor.CONFIRMED), BEYOND),
        (path(NO_HOST, gateway=SILENT, pings=False, router=True), SERVER),
        # one server
        (path(SILENT), SERVER),
        (path(NO_HOST), SERVER),
        (path(NO_NAME), SERVER),
        (path(NO_NAME, NO_NAME), SERVER),
        (path(DOWN), SERVER),
        (path(DOWN, OK), SERVER),
        (path(OK, SILENT), SERVER),
        (path(OK, NO_DNS), SERVER),
        (path(OK, SILENT, SILENT), SERVER),
        (path(OK, SILENT, UNKNOWN), SERVER),
        # beyond
        (path(SILENT, SILENT), BEYOND),
        (path(NO_HOST, SILENT), BEYOND),
        (path(NO_NETWORK), BEYOND),
        (path(NO_DNS), BEYOND),
        (path(NO_DNS, NO_NAME), BEYOND),
        (path(SILENT, gateway=None), SERVER),  # a tunnel: there is no gateway to ask
        # not yet, or not at all
        (path(UNKNOWN), UNDECIDED),
        (path(SILENT, UNKNOWN), UNDECIDED),
        (path(gateway=UNKNOWN), UNDECIDED),
        (path(SILENT, gateway=UNKNOWN), UNDECIDED),
        (path(UNKNOWN, gateway=SILENT), UNDECIDED),
        (path(UNKNOWN, UNKNOWN, gateway=UNKNOWN, pings=False), UNDECIDED),
    ],
)
def test_the_place_follows_from_what_was_seen(seen: Path, finding: Finding) -> None:
    """The nearest place that explains all that fails, or an answer without a place."""
    assert locate(seen) is finding


def test_order_of_targets_does_not_matter() -> None:
    """Every combination of three hosts is judged alike in every order."""
    for targets in itertools.combinations_with_replacement(Seen, 3):
        assert len({locate(path(*order)) for order in itertools.permutations(targets)}) == 1


def test_nothing_is_called_fine_without_an_answer() -> None:
    """Where there are targets and none answers, there is a fault or it is not decided."""
    for targets in itertools.product(set(Seen) - {OK, DOWN}, repeat=2):
        for gateway in (None, *Seen):
            assert locate(path(*targets, gateway=gateway)) is not NONE
