# ruff: noqa: T201  # what it prints is the record of the run
"""Takes one look for each line of standard input, prints what it saw under that line, and judges it at the end."""

import sys

from agent.probes import fan, temperature
from agent.probes.probe import Context, Sample
from agent.readings import resource_name

EXPECTED = {
    "at rest": {"temp1": 45.0, "fan1": 1800.0, "stalled fan1": 0.0},
    "97 degrees": {"temp1": 97.0},
    "stopped 1": {"fan1": 0.0, "stalled fan1": 0.0},
    "stopped 2": {"fan1": 0.0, "stalled fan1": 0.0},
    "stopped 3": {"fan1": 0.0, "stalled fan1": 1.0},
    "turning again": {"stalled fan1": 0.0, "stalled fan2": 0.0},
    "racing 6": {"racing fan2": 1.0},
}
"""What a look must show at least; speeds are rounded to hundreds, because the chip counts in ticks."""


def main() -> int:
    probes = [spec.open(Context()) for spec in (temperature.PROBE, fan.PROBE)]
    wrong = []
    for line in sys.stdin:
        samples = [probe.sample() for probe in probes]
        print(f"== {line.strip()}", flush=True)
        seen = {name: value for sample in samples for name, value in show(sample)}
        expected = EXPECTED.get(line.strip(), {})
        wrong += [
            f"{line.strip()}: {name} is {seen.get(name)}" for name in expected if seen.get(name) != expected[name]
        ]
    print("\n".join(wrong) or "all as expected")
    return 1 if wrong else 0


def show(sample: Sample) -> list[tuple[str, float]]:
    """Print a sample; returns its trusted values by a short name."""
    found = []
    for reading in sample.readings:
        print(f"{reading.metric} {resource_name(reading.labels)} {reading.value:g} {reading.suspect or ''}", flush=True)
        sensor = reading.labels[1][1]
        name, digits = {
            "temperature_celsius": (sensor, 1),
            "fan_speed_rpm": (sensor, -2),
            "fan_stalled": (f"stalled {sensor}", 0),
            "fan_racing": (f"racing {sensor}", 0),
        }.get(reading.metric, (reading.metric, 3))
        if reading.suspect is None:
            found.append((name, round(reading.value, digits)))
    for error in sample.errors:
        print(f"error: {error}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
