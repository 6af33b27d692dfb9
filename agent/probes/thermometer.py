"""The thermometers of hwmon chips: what each measures, where its files lie, and how often it may be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.probes.hostfs import entries, read_bytes
from agent.probes.hwmon import GRAPHICS_CHIPS, PROCESSOR_CHIPS, Chip, attribute, channels

DISK_CHIPS = frozenset({"nvme", "drivetemp"})

_RADIO_PREFIXES = ("iwlwifi", "ath10k", "ath11k", "ath12k", "mt76", "mt79", "rtw88", "rtw89", "brcmfmac")

LIMIT_ATTRIBUTES = (("critical", "crit"), ("maximum", "max"), ("emergency", "emergency"))
"""The label of a limit and the ending of its hwmon attribute."""

SLOW_SECONDS = 60.0
"""How often a disk or firmware is asked. Each look is a command to an NVMe drive (drivers/nvme/host/hwmon.c), which has
delayed its other work by seconds (scylladb issue 21163), and a method of the firmware in an ACPI zone."""

ASSUMED_CELSIUS: Mapping[str, float] = {"cpu": 100.0, "gpu": 95.0, "nvme": 85.0, "sata-ssd": 75.0, "hard-disk": 65.0}
"""Stands in where a device gives no limit, five above the temperature at which it is critical by its class: processors
95 and NVMe 80 are Glances' defaults, hard disks 60, SATA flash 70 and graphics 90 are our own. AMD's Zen gives none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thermometer:
    """One temperature to read. Paths are nothing where the kernel has no such file.

    `limits` are paths by limit name; values count `steps_per_degree`. `sleeper` is the device folder of what must not
    be woken. `activity` changes with every use of a disk that may want to spin down. `interval_seconds` is the shortest
    time between two looks, 0 for every cycle. `assumed` is used when no real limit is found.
    """

    chip: str
    sensor: str
    component: str
    path: str
    steps_per_degree: float = 1000.0
    limits: tuple[tuple[str, str], ...] = ()
    fault: str | None = None
    enable: str | None = None
    sleeper: str | None = None
    activity: str | None = None
    interval_seconds: float = 0.0
    assumed: float | None = None


def component_of(chip: Chip) -> str:
    """What a chip's temperatures belong to: cpu, gpu, disk, wifi, battery, zone or board."""
    if chip.name in PROCESSOR_CHIPS:
        return "cpu"
    if chip.name in GRAPHICS_CHIPS:
        return "gpu"
    if chip.name in DISK_CHIPS:
        return "disk"
    if chip.name.startswith(_RADIO_PREFIXES):
        return "wifi"
    if "/power_supply/" in chip.device:
        return "battery"
    return "zone" if "/thermal_zone" in chip.device or chip.name == "acpitz" else "board"


def thermometers(chip: Chip) -> tuple[Thermometer, ...]:
    """The chip's temperature channels; none for the battery of a mouse or keyboard."""
    component = component_of(chip)
    if component == "battery" and _is_of_another_device(chip):
        return ()
    names = channels(chip, "temp")
    kind = _kind(chip, component)
    is_slow = component in ("disk", "zone")
    return tuple(
        Thermometer(
            chip=chip.id,
            sensor=name,
            component=component,
            path=f"{chip.path}/{channel}_input",
            limits=() if _is_part(name, names) else _limits(chip, channel),
            fault=attribute(chip, f"{channel}_fault"),
            enable=attribute(chip, f"{channel}_enable"),
            sleeper=chip.device if component in ("gpu", "disk") and chip.device else None,
            activity=_activity(chip) if kind == "hard-disk" else None,
            interval_seconds=SLOW_SECONDS if is_slow else 0.0,
            assumed=ASSUMED_CELSIUS.get(kind) if _may_assume(name, channel, names, component) else None,
        )
        for channel, name in names.items()
    )


def _is_of_another_device(chip: Chip) -> bool:
    try:
        return read_bytes(f"{chip.device}/scope").strip() == b"Device"
    except OSError:
        return False


def _limits(chip: Chip, channel: str) -> tuple[tuple[str, str], ...]:
    paths = ((limit, attribute(chip, f"{channel}_{ending}")) for limit, ending in LIMIT_ATTRIBUTES)
    return tuple((limit, path) for limit, path in paths if path is not None)


def _is_part(name: str, names: Mapping[str, str]) -> bool:
    """Whether this is one core or die of a processor that is measured as a whole too.

    The whole's value is its hottest part's, so one hot processor shall not be judged once for each part.
    """
    wholes = ("Package id",) if name.startswith("Core ") else ("Tctl", "Tdie") if name.startswith("Tccd") else ()
    return any(other.startswith(wholes) for other in names.values()) if wholes else False


def _may_assume(name: str, channel: str, names: Mapping[str, str], component: str) -> bool:
    """Whether an assumed limit fits this channel.

    It does not fit Tctl where Tdie is shown beside it: there Tctl carries an offset of up to 49 K (k10temp.c). Of a
    disk it fits the composite value, not the single spots inside.
    """
    if component == "cpu":
        return not _is_part(name, names) and not (name == "Tctl" and "Tdie" in names.values())
    return component == "gpu" or channel == "temp1"


def _kind(chip: Chip, component: str) -> str:
    """The class in ASSUMED_CELSIUS, or the component where there is none."""
    if chip.name != "drivetemp":
        return "nvme" if chip.name == "nvme" else component
    return "hard-disk" if _rotates(chip) else "sata-ssd"


def _rotates(chip: Chip) -> bool:
    """Whether a SATA disk has platters; one that does not say is taken for one that has, the more delicate."""
    for block in entries(f"{chip.device}/block"):
        try:
            return read_bytes(f"{chip.device}/block/{block}/queue/rotational").strip() != b"0"
        except OSError:
            continue
    return True


def _activity(chip: Chip) -> str | None:
    return next((f"{chip.device}/block/{block}/stat" for block in entries(f"{chip.device}/block")), None)
