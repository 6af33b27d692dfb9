"""NVIDIA graphics: temperature and what is left of it, fan, use, memory, and why it was slowed down.

Data passes from NVIDIA's management library (NVML, module `pynvml`) to readings. A card that sleeps stays asleep: its
power state is read from sysfs first, and the library is neither loaded nor asked about it. Other makers' cards show
their temperatures and fans to the probes of those names.

NVML knows only the machine it runs on, so this probe has nothing to say about a captured one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial

from agent.probes.nvidia_cards import NvidiaCard, awake_cards
from agent.probes.nvml import Nvml, NvmlCard
from agent.probes.probe import Context, ProbeSpec, Sample, gather
from agent.readings import MetricSpec, Reading

_HIGHEST_LIMIT_CELSIUS = 200
"""A limit of 0, or beyond what silicon survives, is the driver's way to say that there is none."""

_THROTTLE_REASONS = (
    ("hardware_slowdown", 0x8),
    ("software_thermal", 0x20),
    ("hardware_thermal", 0x40),
    ("power_brake", 0x80),
)
"""The bits that mean trouble (nvml.h, nvmlClocksEventReason*). Idle clocks and the power cap are normal work."""


class _Graphics:
    def __init__(self, context: Context) -> None:
        self._sysfs = context.host.sysfs
        self._nvml: Nvml | None = None
        self._turn = threading.Lock()

    def sample(self) -> Sample:
        awake = awake_cards(self._sysfs)
        with self._turn:
            self._nvml = self._nvml or Nvml()
            is_whole = False
            try:
                sample = gather(_parts(self._nvml, awake))
                is_whole = not sample.errors
            finally:
                # An open library keeps a card awake; and after an error (a reloaded driver, a lost card) only opening
                # it anew can help.
                if not is_whole or any(card.may_sleep for card in awake):
                    self._shut()
        return sample

    def close(self) -> None:
        """Let go of the library; if a call hangs in it just now, the end of the process does that."""
        if self._turn.acquire(blocking=False):
            self._shut()
            self._turn.release()

    def _shut(self) -> None:
        if self._nvml:
            self._nvml.close()
            self._nvml = None


def _parts(nvml: Nvml, awake: list[NvidiaCard]) -> dict[str, Callable[[], Iterator[Reading]]]:
    return {
        f"{card.address} {name}": partial(_part, nvml, card.address, part)
        for card in awake
        for name, part in _PARTS.items()
    }


def _part(nvml: Nvml, address: str, part: Callable[[NvmlCard], Iterator[Reading]]) -> Iterator[Reading]:
    return part(nvml.card(address))


def _temperature(card: NvmlCard) -> Iterator[Reading]:
    celsius = card.celsius()
    if celsius is not None:
        yield Reading(metric="gpu_temperature_celsius", value=float(celsius), labels=card.labels)
    margin = card.margin_celsius()
    if margin is None and celsius is not None:
        limits = [limit for limit in card.limits_celsius() if 0 < limit < _HIGHEST_LIMIT_CELSIUS]
        margin = min(limits) - celsius if limits else None
    if margin is not None:
        yield Reading(metric="gpu_temperature_margin_celsius", value=float(margin), labels=card.labels)


def _fans(card: NvmlCard) -> Iterator[Reading]:
    for fan, percent in enumerate(card.fan_percents()):
        if percent is not None:
            labels = (*card.labels, ("fan", str(fan)))
            yield Reading(metric="gpu_fan_speed_ratio", value=percent / 100, labels=labels)


def _use(card: NvmlCard) -> Iterator[Reading]:
    percent = card.use_percent()
    if percent is not None:
        yield Reading(metric="gpu_usage_ratio", value=percent / 100, labels=card.labels)


def _memory(card: NvmlCard) -> Iterator[Reading]:
    memory = card.memory_bytes()
    if memory and memory[1]:
        free, total = memory
        yield Reading(metric="gpu_memory_available_ratio", value=free / total, labels=card.labels)


def _throttling(card: NvmlCard) -> Iterator[Reading]:
    bits = card.throttle_bits()
    if bits is None:
        return
    for reason, bit in _THROTTLE_REASONS:
        labels = (*card.labels, ("reason", reason))
        yield Reading(metric="gpu_throttled", value=float(bool(bits & bit)), labels=labels)


_PARTS = {
    "temperature": _temperature,
    "fans": _fans,
    "use": _use,
    "memory": _memory,
    "throttling": _throttling,
}

PROBE = ProbeSpec(
    name="gpu",
    metrics=(
        MetricSpec(
            name="gpu_temperature_celsius",
            help="Temperature of the graphics processor",
            source="NVML: nvmlDeviceGetTemperatureV",
            labels=("gpu",),
            lowest=-20,
            highest=150,
        ),
        MetricSpec(
            name="gpu_temperature_margin_celsius",
            help="Degrees left until the graphics processor is slowed down; negative when it is beyond that",
            source="NVML: nvmlDeviceGetMarginTemperature, else the lower of its slow-down and operating limits",
            labels=("gpu",),
            lowest=-60,
            highest=150,
        ),
        MetricSpec(
            name="gpu_fan_speed_ratio",
            help="Speed that the card's fan is told to run at; not measured, and 0 is legal on a cool card",
            source="NVML: nvmlDeviceGetFanSpeed_v2",
            labels=("gpu", "fan"),
            lowest=0,
            highest=2,
        ),
        MetricSpec(
            name="gpu_usage_ratio",
            help="Share of time in which the graphics processor worked",
            source="NVML: nvmlDeviceGetUtilizationRates",
            labels=("gpu",),
            lowest=0,
            highest=1,
        ),
        MetricSpec(
            name="gpu_memory_available_ratio",
            help="Share of the card's memory that is free",
            source="NVML: nvmlDeviceGetMemoryInfo",
            labels=("gpu",),
            lowest=0,
            highest=1,
        ),
        MetricSpec(
            name="gpu_throttled",
            help="Whether the card is slowed down for this reason: heat, or power that fails",
            source="NVML: nvmlDeviceGetCurrentClocksEventReasons",
            labels=("gpu", "reason"),
            lowest=0,
            highest=1,
        ),
    ),
    every_seconds=10,
    deadline_seconds=5,
    redirectable=False,
    open=_Graphics,
)
