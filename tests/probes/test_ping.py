"""The ping probe as the runner sees it, on a machine without a way out, so that nothing leaves the suite."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.probes.hostfs import HostFs
from agent.probes.ping import PROBE, PingSampler
from agent.probes.probe import Context, Sample, Unsupported
from agent.readings import Reading

NO_ROUTE = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


@pytest.fixture
def sampler(tmp_path: Path) -> Iterator[PingSampler]:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/route").write_text(NO_ROUTE)
    made = PingSampler(Context(host=HostFs(procfs=str(tmp_path)), burst=True))
    yield made
    made.close()


def first(sampler: PingSampler) -> Sample:
    """The first sample with anything in it."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if (sample := sampler.sample()).readings:
            return sample
    raise AssertionError


def test_a_machine_without_a_way_out_is_at_fault_itself(sampler: PingSampler) -> None:
    """Only the place that was judged has a reading: nothing is called fine that was not tried."""
    expected = Reading(metric="network_fault", value=1.0, labels=(("place", "this_computer"),))
    assert first(sampler) == Sample(readings=(expected,))


def test_closing_ends_the_thread_at_once(sampler: PingSampler) -> None:
    """A thread that sleeps until its next probe does not hold up the end."""
    started_at = time.monotonic()
    sampler.close()
    assert (sampler._thread.is_alive, time.monotonic() - started_at < 0.5) == (False, True)


def test_a_thread_that_ended_is_told_and_replaced(sampler: PingSampler) -> None:
    """A fault of our own fails one sample, and the next one works."""
    sampler._thread.close()
    with pytest.raises(RuntimeError, match="the ping thread had ended; it was started again"):
        sampler.sample()
    assert len(first(sampler).readings) == 1


def test_an_unreadable_routing_table_is_an_error_and_no_fault(tmp_path: Path) -> None:
    """What cannot be told has no reading."""
    made = PingSampler(Context(host=HostFs(procfs=str(tmp_path)), burst=True))
    deadline = time.monotonic() + 5
    errors: tuple[str, ...] = ()
    while not errors and time.monotonic() < deadline:
        errors = made._thread.report().errors
    made.close()
    assert errors == (f"the routing table cannot be read: [Errno 2] No such file or directory: '{tmp_path}/net/route'",)


def test_every_metric_is_removable_and_of_this_probe() -> None:
    """A changed gateway or configuration makes a target gone, not lost."""
    assert all(spec.removable and spec.name.startswith(("ping_", "network_fault")) for spec in PROBE.metrics)


def test_a_place_that_can_no_longer_be_told_is_named(
    sampler: PingSampler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a decision an undecided look names the places, so that no alert about one ends as if it were unplugged."""
    first(sampler)
    monkeypatch.setattr("agent.probes.ping.UNDECIDED_HOLD_SECONDS", -1.0)
    (tmp_path / "net/route").unlink()
    told = "where a fault lies cannot be told now: this_computer, local_network, beyond, server"
    deadline = time.monotonic() + 5
    while told not in said(sampler):
        assert time.monotonic() < deadline


def said(sampler: PingSampler) -> str:
    """Everything that one look could not tell."""
    try:
        return "; ".join(sampler.sample().errors)
    except Unsupported as answer:
        return str(answer)
