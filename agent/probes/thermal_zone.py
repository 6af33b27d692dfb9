"""Thermal zones (/sys/class/thermal): only those that no hwmon chip shows already.

Source: the kernel's Documentation/driver-api/thermal/sysfs-api.rst; temperatures are in thousandths of a degree.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from agent.probes.buspath import natural_order
from agent.probes.hostfs import HostFs, entries, read_text
from agent.probes.hwmon import LABEL_LENGTH, PROCESSOR_CHIPS, Chip
from agent.probes.thermometer import ASSUMED_CELSIUS, SLOW_SECONDS, Thermometer

_PROCESSOR_ZONES = ("x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal")
"""Zones over the processor's own sensor. ACPI's and the firmware's zones (TCPU, B0D4) never count as the processor."""

_NO_THERMOMETER = frozenset({"INT3400 Thermal"})
"""A zone that only carries policy; its temperature is a constant 20 °C (int3400_thermal.c)."""

_TRIPS = {"critical": "critical", "hot": "maximum"}
"""Trip points that are limits; `passive` and `active` only start cooling."""


def zone_names(host: HostFs) -> tuple[str, ...]:
    """The thermal zones' folder names, in the kernel's order; empty where there are none.

    Raises:
        OSError: the list exists and cannot be read.
    """
    names = (name for name in entries(f"{host.sysfs}/class/thermal") if name.startswith("thermal_zone"))
    return tuple(sorted(names, key=natural_order))


def zone_thermometers(host: HostFs, chips: Sequence[Chip]) -> tuple[Thermometer, ...]:
    """The zones that add something to `chips`."""
    types = {name: _type(host, name) for name in zone_names(host)}
    known = {chip.name for chip in chips}
    has_processor = bool(known & PROCESSOR_CHIPS)
    return tuple(
        _thermometer(host, name, kind, is_alone=list(types.values()).count(kind) == 1)
        for name, kind in types.items()
        if kind not in _NO_THERMOMETER
        and kind.replace("-", "_") not in known  # the thermal core gives zones a chip of their type's name
        and not (kind in _PROCESSOR_ZONES and has_processor)
    )


def _thermometer(host: HostFs, name: str, kind: str, *, is_alone: bool) -> Thermometer:
    folder = f"{host.sysfs}/class/thermal/{name}"
    component = "cpu" if kind in _PROCESSOR_ZONES else "zone"
    return Thermometer(
        chip=kind,
        sensor="zone" if is_alone else _place(folder, name),
        component=component,
        path=f"{folder}/temp",
        limits=_trips(folder),
        interval_seconds=SLOW_SECONDS if component == "zone" else 0.0,
        assumed=ASSUMED_CELSIUS.get(component),
    )


def _type(host: HostFs, name: str) -> str:
    try:
        return read_text(f"{host.sysfs}/class/thermal/{name}/type")[:LABEL_LENGTH] or name
    except OSError:
        return name


def _place(folder: str, name: str) -> str:
    """The firmware's device behind a zone that shares its type; without one the kernel's number has to do."""
    return os.path.basename(os.path.realpath(f"{folder}/device")) if os.path.exists(f"{folder}/device") else name


def _trips(folder: str) -> tuple[tuple[str, str], ...]:
    found = {}
    for name in entries(folder):
        if name.startswith("trip_point_") and name.endswith("_type"):
            limit = _TRIPS.get(_trip_type(f"{folder}/{name}"))
            if limit is not None:
                found[limit] = f"{folder}/{name.removesuffix('_type')}_temp"
    return tuple(found.items())


def _trip_type(path: str) -> str:
    try:
        return read_text(path)
    except OSError:
        return ""
