"""One target over loopback: connections, refusals, names. No privilege is needed; `now` is passed, nothing sleeps."""

import selectors
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from agent.probes.network_fault import Seen
from agent.probes.ping_address import LOOKUP_DEADLINE_SECONDS, Address, Lookup, Naming, parse_address
from agent.probes.ping_target import PingTarget, TargetReport
from agent.probes.probe import Target


@pytest.fixture
def selector() -> Iterator[selectors.BaseSelector]:
    with selectors.DefaultSelector() as made:
        yield made


def probed(selector: selectors.BaseSelector, port: int, times: int) -> TargetReport:
    """The report on 127.0.0.1 after so many probes, five seconds apart."""
    target = PingTarget(
        Target(name="crm", role="business", address="127.0.0.1", port=port), selector, time.monotonic, burst=False
    )
    for number in range(times):
        now = 1000.0 + 5 * number
        target.probe(now)
        for _ in range(2):
            for key, _ in selector.select(0.2):
                key.data(now + 0.01)
    report = target.report(1000.2)
    target.close()
    return report


def test_a_service_that_takes_connections_is_up(selector: selectors.BaseSelector) -> None:
    """The time of the last connection is reported."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        report = probed(selector, server.getsockname()[1], 1)
    assert (report.seen, report.is_service_up) == (Seen.ANSWERS, True)
    assert report.connect_seconds == pytest.approx(0.01, abs=0.011)


def test_a_refusal_means_host_up_and_service_down(selector: selectors.BaseSelector) -> None:
    """Two refusals in a row are a service that is down on a host that answers; one is not yet."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    once, twice = probed(selector, port, 1), probed(selector, port, 2)
    assert (once.seen, once.is_service_up, once.errors) == (Seen.ANSWERS, None, ())
    assert (twice.seen, twice.is_service_up, twice.connect_seconds) == (Seen.SERVICE_DOWN, False, None)
    assert twice.errors == (f"crm: no connection to 127.0.0.1 port {port}: refused",)


def test_an_impossible_name_is_its_own_answer(selector: selectors.BaseSelector) -> None:
    """A name that cannot exist is not silence: there is no loss, only an unresolved name."""
    target = PingTarget(
        Target(name="crm", role="business", address="crm..example"), selector, time.monotonic, burst=False
    )
    assert target.report(1000.2).is_name_resolved is None
    target.probe(1000.0)
    assert target._lookup is not None
    target._lookup._thread.join(5)
    target.probe(1000.1)
    report = target.report(1000.2)
    assert (report.seen, report.is_name_resolved, report.loss) == (Seen.UNKNOWN_NAME, False, None)
    assert report.errors == (
        "crm: the name servers know no address for crm..example; check the name in the configuration",
    )


def test_a_hanging_resolver_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up still under way after its deadline counts as no answer, and its answer counts when it comes."""
    release = threading.Event()
    real = socket.getaddrinfo

    def hanging(*arguments: object, **options: object) -> object:
        release.wait(5)
        return real("127.0.0.1", None, type=socket.SOCK_STREAM)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    lookup = Lookup("crm", 1000.0)
    before = [lookup.outcome(1000.0 + LOOKUP_DEADLINE_SECONDS), lookup.outcome(1000.1 + LOOKUP_DEADLINE_SECONDS)]
    release.set()
    lookup._thread.join(5)
    assert before == [(Naming.PENDING, ()), (Naming.NO_ANSWER, ())]
    assert lookup.outcome(1009.0) == (Naming.FOUND, (Address(family=socket.AF_INET, host="127.0.0.1"),))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", Address(family=socket.AF_INET, host="192.0.2.1")),
        ("2001:DB8::0:1", Address(family=socket.AF_INET6, host="2001:db8::1")),
        ("fe80::1%1", Address(family=socket.AF_INET6, host="fe80::1", scope=1)),
        ("crm.example.com", None),
        ("", None),
    ],
)
def test_numeric_addresses_need_no_lookup(text: str, address: Address | None) -> None:
    """Everything else is a name."""
    assert parse_address(text) == address
