"""Fake machines: what the probes read from each is compared whole with its `readings.txt`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.probes import PROBES as ALL_PROBES
from agent.probes.hostfs import HostFs
from agent.probes.probe import Context, ProbeSpec, Sample, Unsupported
from tests.hosts.recorded import HOSTS, MACHINES, as_text, reading_line, recorded

PROBES = tuple(spec for spec in ALL_PROBES if spec.redirectable)


def one_look(spec: ProbeSpec, machine: Path) -> Sample:
    host = HostFs(sysfs=str(machine / "sys"), procfs=str(machine / "proc"))
    sampler = spec.open(Context(host=host, now=lambda: 1000.0))
    try:
        return sampler.sample()
    finally:
        sampler.close()


def report(spec: ProbeSpec, machine: Path) -> Iterator[str]:
    yield f"# {spec.name}"
    try:
        sample = one_look(spec, machine)
    except Unsupported as reason:
        yield f"unsupported: {reason}"
        return
    for reading in sample.readings:
        yield reading_line(reading.metric, dict(reading.labels), reading.value, reading.suspect)
    yield from (f"error: {error}" for error in sample.errors)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_fake_machine_reads_as_recorded(machine: str) -> None:
    """Every reading, reason and error of a fake machine is the recorded one."""
    found = [line for spec in PROBES for line in report(spec, HOSTS / machine)]
    assert as_text(found) == recorded(machine, "readings.txt", found)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_reading_is_declared(machine: str) -> None:
    """A probe returns only metrics that it declares, with exactly their labels, and no resource twice."""
    for spec in PROBES:
        declared = {metric.name: metric.labels for metric in spec.metrics}
        try:
            readings = one_look(spec, HOSTS / machine).readings
        except Unsupported:
            continue
        assert [each for each in readings if declared[each.metric] != tuple(name for name, _ in each.labels)] == []
        assert len({(each.metric, each.labels) for each in readings}) == len(readings)
