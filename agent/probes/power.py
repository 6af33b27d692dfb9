"""Mains and batteries of the machine itself: /sys/class/power_supply.

Every battery counts, those of mice and keyboards do not. Nothing is filled in: a value that the firmware does not give,
or gives beyond its range, is absent. Source of all names and units: the kernel's
Documentation/ABI/testing/sysfs-class-power.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.probes.hostfs import entries, read_number, read_text
from agent.probes.hwmon import describe, is_off
from agent.probes.probe import Context, ProbeSpec, Sample, Unsupported
from agent.readings import MetricSpec, Reading

HIGHEST_HEALTH = 1.5
"""New batteries hold up to a tenth more than their design says; beyond this one of the two figures is wrong."""

_SOURCE = "/sys/class/power_supply/*/{}"

METRICS = (
    MetricSpec(
        name="power_mains_online",
        help="Whether mains power is connected (1) or not (0).",
        source=_SOURCE.format("online"),
        labels=("supply",),
        lowest=0.0,
        highest=1.0,
        removable=True,
    ),
    MetricSpec(
        name="power_battery_charge_ratio",
        help="Charge of a battery as a share of what it can hold now.",
        source=_SOURCE.format("capacity, energy_now or charge_now"),
        labels=("battery",),
        lowest=0.0,
        highest=1.0,
        removable=True,
    ),
    MetricSpec(
        name="power_battery_health_ratio",
        help="What a full battery holds as a share of what it was designed to hold.",
        source=_SOURCE.format("energy_full or charge_full, and its design value"),
        labels=("battery",),
        lowest=0.0,
        highest=HIGHEST_HEALTH,
        removable=True,
    ),
    MetricSpec(
        name="power_battery_discharging",
        help="Whether a battery is being emptied (1) or not (0).",
        source=_SOURCE.format("status"),
        labels=("battery",),
        lowest=0.0,
        highest=1.0,
        removable=True,
    ),
)

_SOCKETS = ("USB", "USB_C", "USB_PD", "USB_PD_DRP", "Wireless")
"""Supplies that stand for a socket, several of which may be empty: together they are the mains of a machine that shows
no other."""

_IS_DISCHARGING = {"Discharging": 1.0, "Charging": 0.0, "Full": 0.0, "Not charging": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Supply:
    """One folder of /sys/class/power_supply; `kind` is its type in the kernel's word."""

    name: str
    kind: str
    path: str


class _Reader:
    """Reads attributes of supplies, and keeps what went wrong."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def text(self, path: str) -> str | None:
        """An attribute's text; nothing if it is missing, empty or fails."""
        try:
            return read_text(path) or None
        except OSError as error:
            self._note(path, error)
            return None

    def number(self, path: str) -> int | None:
        """An attribute's number; nothing if it is missing or fails."""
        try:
            return read_number(path)
        except (OSError, ValueError) as error:
            self._note(path, error)
            return None

    def ratio(self, path: str, part: float, whole: float, highest: float) -> float | None:
        """A share; nothing, with an error, if it lies beyond what can be: it is never clamped."""
        if 0 <= part <= highest * whole:
            return part / whole
        self.errors.append(f"{_supply_name(path)}: {path.rsplit('/', 1)[-1]} is {part:g} of {whole:g}, which cannot be")
        return None

    def _note(self, path: str, error: OSError | ValueError) -> None:
        if not isinstance(error, FileNotFoundError) and not is_off(error):
            self.errors.append(f"{_supply_name(path)}: {describe(error, path)}")


class Power:
    """The open probe."""

    def __init__(self, context: Context) -> None:
        self._folder = f"{context.host.sysfs}/class/power_supply"

    def sample(self) -> Sample:
        """Read every supply of the machine.

        Raises:
            Unsupported: the kernel shows none.
            OSError: the list of supplies exists and cannot be read.
        """
        reader = _Reader()
        supplies = _supplies(self._folder, reader)
        batteries = [supply for supply in supplies if supply.kind == "Battery"]
        mains = _mains(supplies, reader)
        if not batteries and not mains and not reader.errors:
            raise Unsupported(
                "no power supply: the kernel shows neither mains nor a battery of this machine; "
                "a desktop computer usually shows none"
            )
        is_on_mains = any(reading.value for reading in mains) if mains else None
        readings = (
            *mains,
            *(each for supply in batteries for each in _battery(supply, reader, is_on_mains=is_on_mains)),
        )
        return Sample(readings=readings, errors=tuple(dict.fromkeys(reader.errors)))

    def close(self) -> None:
        """Nothing is held open between looks."""


def _supply_name(path: str) -> str:
    return path.rsplit("/", 2)[-2]


def _supplies(folder: str, reader: _Reader) -> list[_Supply]:
    """The machine's own supplies; those of scope `Device`, and all HID ones, belong to mice, keyboards and pens."""
    found = []
    for name in entries(folder):
        path = f"{folder}/{name}"
        kind = reader.text(f"{path}/type")
        if kind is not None and not name.startswith("hid") and reader.text(f"{path}/scope") != "Device":
            found.append(_Supply(name=name, kind=kind, path=path))
    return found


def _mains(supplies: Iterable[_Supply], reader: _Reader) -> tuple[Reading, ...]:
    adapters = {
        each.name: online for each in supplies if each.kind == "Mains" and (online := _online(each, reader)) is not None
    }
    if not adapters:
        sockets = [
            online for each in supplies if each.kind in _SOCKETS and (online := _online(each, reader)) is not None
        ]
        adapters = {"usb": any(sockets)} if sockets else {}
    return tuple(
        Reading(metric="power_mains_online", value=float(is_online), labels=(("supply", name),))
        for name, is_online in adapters.items()
    )


def _online(supply: _Supply, reader: _Reader) -> bool | None:
    """Whether a supply feeds the machine. 2 means online with its voltage adjustable, which is online too."""
    number = reader.number(f"{supply.path}/online")
    return None if number is None else number > 0


def _battery(supply: _Supply, reader: _Reader, *, is_on_mains: bool | None) -> list[Reading]:
    if reader.number(f"{supply.path}/present") == 0:
        return []  # an empty bay
    values = {
        "power_battery_charge_ratio": _charge(supply, reader),
        "power_battery_health_ratio": _health(supply, reader),
        "power_battery_discharging": _discharging(supply, reader, is_on_mains=is_on_mains),
    }
    labels = (("battery", supply.name),)
    return [Reading(metric=name, value=value, labels=labels) for name, value in values.items() if value is not None]


def _charge(supply: _Supply, reader: _Reader) -> float | None:
    """The kernel's own percentage, or what is left of what fits where it gives none."""
    percent = reader.number(f"{supply.path}/capacity")
    if percent is not None:
        return reader.ratio(f"{supply.path}/capacity", percent, 100, 1.0)
    for quantity in ("energy", "charge"):
        now, full = (reader.number(f"{supply.path}/{quantity}_{end}") for end in ("now", "full"))
        if now is not None and full:
            return reader.ratio(f"{supply.path}/{quantity}_now", now, full, 1.0)
    return None


def _health(supply: _Supply, reader: _Reader) -> float | None:
    """Full by design; firmware that does not know one of them says 0 or leaves it out."""
    for quantity in ("energy", "charge"):
        full, design = (reader.number(f"{supply.path}/{quantity}_{end}") for end in ("full", "full_design"))
        if full and design:
            return reader.ratio(f"{supply.path}/{quantity}_full", full, design, HIGHEST_HEALTH)
    return None


def _discharging(supply: _Supply, reader: _Reader, *, is_on_mains: bool | None) -> float | None:
    status = reader.text(f"{supply.path}/status")
    if status == "Unknown":
        # Some firmware says so while it holds a battery at its charge threshold (tp_smapi issue 17). Off the mains
        # it says nothing.
        return None if is_on_mains is False else 0.0
    return _IS_DISCHARGING.get(status or "")


PROBE = ProbeSpec(
    name="power",
    metrics=METRICS,
    every_seconds=10.0,
    deadline_seconds=2.0,
    redirectable=True,
    open=Power,
)
