"""Which temperatures and limits can be believed, and why not: pure functions, no I/O.

Only a trusted value may tell the operator to stop work, so a wrong one must be found. A value is *suspect* when

1. the chip itself says that the sensor is faulty,
2. it lies outside what such a component can reach at all,
3. it is one of the values that an input with nothing connected shows (0, 121, 127 to 128 °C),
4. it is a board's or zone's, far above the processor's own sensor, and does not move, or
5. it is a board's or zone's and has not moved off its limit for an hour.

High alone is never suspect, nor is a jump: a fan that stops makes both. For the fourth, *does not move* means that the
value is the same since the first look, or for ten minutes; a sensor that was seen to move is connected.

A limit is *unset* when it is one of the values that drivers and firmware leave there: nothing that a computer is made
of has its highest allowed temperature below 40 or at 200 °C and above.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BELIEVABLE_CELSIUS: Mapping[str, tuple[float, float]] = {
    "cpu": (-20.0, 130.0),  # the highest limit that Intel gives is 125 (coretemp.rst)
    "gpu": (-20.0, 130.0),
    "disk": (-40.0, 150.0),  # beyond lie the NVMe sentinels
    "board": (-20.0, 150.0),  # what silicon survives; an unconnected input has shown 153.8 beside cool cores
    "battery": (-40.0, 100.0),
    "wifi": (-40.0, 130.0),
    "zone": (-20.0, 150.0),
}

UNCONNECTED_CELSIUS = (0.0, 121.0)
"""Values of inputs with nothing connected, besides 127 to 128 °C, the end of an eight-bit register: lm-sensors issues
323 and 461, it87 issue 59."""

LOWEST_LIMIT_CELSIUS = 40.0
"""Batteries have the lowest real limits, from 45 °C. Below are -273.15, -64, 0 and what firmware forgot."""

HIGHEST_LIMIT_CELSIUS = 200.0
"""At and above lie 65261.85 °C (an NVMe drive's 0xFFFF kelvin) and 255 °C."""

CONTRADICTION_CELSIUS = 40.0
"""No part of a board sits this much above the processor: voltage converters under load come to within 30 K."""

FROZEN_SECONDS = 600.0
"""Ten minutes without a change of one step: a live sensor this far above the room does not manage that."""

STUCK_AT_LIMIT_SECONDS = 3600.0

_INDIRECT = ("board", "zone")
"""Components whose sensors may be wired to nothing; the others sit in the part that they measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A sensor's limits in °C that are really set; `assumed` only where the device gives none."""

    critical: float | None = None
    maximum: float | None = None
    emergency: float | None = None
    assumed: float | None = None

    @property
    def best(self) -> float | None:
        """The limit that headroom is measured from: the critical one, or the nearest there is to it."""
        return next((limit for limit in (self.critical, self.maximum, self.emergency, self.assumed) if limit), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a sensor did: its value, since when (monotonic seconds) it shows it, whether it ever showed another."""

    celsius: float
    since: float
    has_moved: bool = False


def follow(trace: Trace | None, celsius: float, now: float) -> Trace:
    """The trace after one more look."""
    if trace is None:
        return Trace(celsius=celsius, since=now)
    return trace if trace.celsius == celsius else Trace(celsius=celsius, since=now, has_moved=True)


def believable_limits(given: Mapping[str, float], assumed: float | None = None) -> Limits:
    """The limits of `given` (°C by `critical`, `maximum`, `emergency`) that are real; without any, `assumed`.

    A maximum above the critical limit says nothing, nor does an emergency below it. Equal ones are usual on Intel.
    """
    critical, maximum, emergency = (_real(given.get(name)) for name in ("critical", "maximum", "emergency"))
    if critical is not None:
        maximum = None if maximum is not None and maximum > critical else maximum
        emergency = None if emergency is not None and emergency < critical else emergency
    has_any = critical is not None or maximum is not None or emergency is not None
    return Limits(critical=critical, maximum=maximum, emergency=emergency, assumed=None if has_any else assumed)


def suspicion(component: str, trace: Trace, limit: float | None, now: float, cpu_celsius: float | None) -> str | None:
    """Why the traced value is not to be trusted; nothing when it is.

    `limit` is the sensor's best limit, `cpu_celsius` the hottest trusted processor sensor; the chip's own fault flag is
    the caller's to ask.
    """
    reason = implausible(component, trace.celsius)
    if reason is not None or component not in _INDIRECT:
        return reason
    still_seconds = now - trace.since
    if _is_contradicted(trace, still_seconds, cpu_celsius):
        return "contradicted by the processor's own sensor: far above it and not moving"
    if limit is not None and trace.celsius >= limit and still_seconds >= STUCK_AT_LIMIT_SECONDS:
        return "has not moved off its limit for an hour"
    return None


def implausible(component: str, celsius: float) -> str | None:
    """Why one value alone cannot be believed; nothing when it can."""
    lowest, highest = BELIEVABLE_CELSIUS[component]
    if not lowest <= celsius <= highest:
        return f"beyond what can be believed of this component ({lowest:g} to {highest:g} °C)"
    if celsius in UNCONNECTED_CELSIUS or 127.0 <= celsius <= 128.0:
        return "a value that inputs with nothing connected show"
    return None


def _is_contradicted(trace: Trace, still_seconds: float, cpu_celsius: float | None) -> bool:
    is_far_above = cpu_celsius is not None and trace.celsius > cpu_celsius + CONTRADICTION_CELSIUS
    return is_far_above and (not trace.has_moved or still_seconds >= FROZEN_SECONDS)


def _real(limit: float | None) -> float | None:
    if limit is None or 127.0 <= limit <= 128.0:  # the power-on value of eight-bit limit registers
        return None
    return limit if LOWEST_LIMIT_CELSIUS <= limit < HIGHEST_LIMIT_CELSIUS else None
