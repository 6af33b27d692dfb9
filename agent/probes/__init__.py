"""Probes: they acquire readings from the hardware. `PROBES` is every one that ships."""

from agent.probes import cpu, display, fan, gpu, memory, network, ping, power, stalls, storage, temperature, wifi
from agent.probes.probe import ProbeSpec

PROBES: tuple[ProbeSpec, ...] = (
    temperature.PROBE,
    fan.PROBE,
    cpu.PROBE,
    memory.PROBE,
    stalls.PROBE,
    storage.PROBE,
    display.PROBE,
    gpu.PROBE,
    network.PROBE,
    wifi.PROBE,
    ping.PROBE,
    power.PROBE,
)
"""In the order in which they are shown; a new probe is one more line."""
