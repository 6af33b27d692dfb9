"""What psutil gives on other systems is what /proc gives here."""

import pytest

from agent.probes import cpu, memory
from agent.probes.cpu_portable import NOT_YET, PortableProcessor
from agent.probes.memory_portable import PortableMemory
from agent.probes.probe import Context, Sample


def values(sample: Sample) -> dict[str, float]:
    return {reading.metric: reading.value for reading in sample.readings}


def test_memory_agrees_with_this_systems_own_counters() -> None:
    """The available share differs by what changed between the two looks, and nothing else is invented."""
    own, portable = values(memory.PROBE.open(Context()).sample()), values(PortableMemory().sample())
    assert portable["memory_available_ratio"] == pytest.approx(own["memory_available_ratio"], abs=0.02)
    assert set(portable) <= set(own)


def test_the_processor_agrees_and_has_no_usage_at_the_first_look() -> None:
    """Load is the same number; usage comes with the second look; what is not read is named."""
    own, portable = cpu.PROBE.open(Context()), PortableProcessor()
    first = portable.sample()
    assert set(values(first)) == {"cpu_load_per_core"}
    assert first.errors == NOT_YET
    assert values(first)["cpu_load_per_core"] == pytest.approx(values(own.sample())["cpu_load_per_core"], abs=0.2)
    assert 0 <= values(portable.sample())["cpu_usage_ratio"] <= 1
