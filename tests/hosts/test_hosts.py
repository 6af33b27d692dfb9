"""Fake machines: what the probes read from each is compared whole with its `readings.txt`.

To accept a change, run with REWRITE_READINGS=1, then read the difference before committing it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.probes import fan, power, temperature
from agent.probes.hostfs import HostFs
from agent.probes.probe import Context, ProbeSpec, Sample, Unsupported

HOSTS = Path(__file__).parent
PROBES = (temperature.PROBE, fan.PROBE, power.PROBE)
MACHINES = sorted(path.parent.name for path in HOSTS.glob("*/sys"))


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
        labels = ", ".join(f"{name}={value}" for name, value in reading.labels)
        yield f"{reading.metric}{{{labels}}} {reading.value:g}" + (
            f"  suspect: {reading.suspect}" * bool(reading.suspect)
        )
    yield from (f"error: {error}" for error in sample.errors)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_captured_machine_reads_as_recorded(machine: str) -> None:
    """Every reading, reason and error of a fake machine is the recorded one."""
    found = "".join(f"{line}\n" for spec in PROBES for line in report(spec, HOSTS / machine))
    recorded = HOSTS / machine / "readings.txt"
    if os.environ.get("REWRITE_READINGS"):
        recorded.write_text(found, encoding="utf-8")
    assert found == recorded.read_text(encoding="utf-8")


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
