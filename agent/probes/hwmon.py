"""The kernel's hardware monitoring chips: which there are, what each is called, what it measures.

`temperature` and `fan` look here. Chips are found again on every look, cheaply: one folder listing tells whether any
came or went. A chip's id is its name and its place on the bus, because the kernel numbers hwmon folders in the order
of module loading. Attributes are described in the kernel's Documentation/hwmon/sysfs-interface.rst.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, replace

from agent.probes.buspath import natural_order, place_of
from agent.probes.hostfs import HostFs, read_bytes, read_text

LABEL_LENGTH = 64
"""Labels come from firmware and end up in metrics and messages; a longer one is no name."""

PROCESSOR_CHIPS = frozenset({"coretemp", "k10temp", "k8temp", "zenpower", "via_cputemp", "cpu_thermal", "soc_thermal"})
"""Drivers of the sensor inside the processor. A board chip's `CPU` label is only what its vendor has wired."""

GRAPHICS_CHIPS = frozenset({"amdgpu", "radeon", "nouveau", "i915", "xe"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One chip. `path` holds its attributes; `device` is the folder of what it sits on, empty if none is shown."""

    id: str
    name: str
    path: str
    device: str
    attributes: frozenset[str]


class Chips:
    """The chips present, kept until the kernel's list changes."""

    def __init__(self, host: HostFs) -> None:
        self._root = os.path.realpath(host.sysfs)
        self._class = f"{host.sysfs}/class/hwmon"
        self._listing: dict[str, int] | None = None
        self.present: tuple[Chip, ...] = ()
        self.errors: tuple[str, ...] = ()

    def have_changed(self) -> bool:
        """Look, and say whether `present` is new; so it is on the first call.

        Raises:
            OSError: the list of chips exists and cannot be read.
        """
        listing = inodes(self._class)
        if listing == self._listing:
            return False
        self.present, self.errors = _discover(self._root, self._class, sorted(listing, key=natural_order))
        # A chip that cannot be read may be half registered: look again next time.
        self._listing = None if self.errors else listing
        return True


def inodes(folder: str) -> dict[str, int]:
    """Names in a sysfs folder with their inode numbers; empty without a folder.

    The kernel gives no inode number twice, so a chip that took over another's folder name is seen as new.

    Raises:
        OSError: the folder exists and cannot be read.
    """
    try:
        with os.scandir(folder) as found:
            return {entry.name: entry.inode() for entry in found}
    except FileNotFoundError:
        return {}


def channels(chip: Chip, kind: str) -> dict[str, str]:
    """Channels of one kind (`temp`, `fan`) with names that are unique within the chip: `{"temp1": "Package id 0"}`."""
    found = [name.removesuffix("_input") for name in chip.attributes if _is_input(name, kind)]
    labels = {channel: _label(chip, channel) for channel in sorted(found, key=natural_order)}
    given = list(labels.values())
    return {channel: label if given.count(label) == 1 else f"{label} ({channel})" for channel, label in labels.items()}


def attribute(chip: Chip, name: str) -> str | None:
    """The path of an attribute, nothing if the chip has none of that name."""
    return f"{chip.path}/{name}" if name in chip.attributes else None


def is_asleep(device: str) -> bool:
    """Whether a device is powered down at run time; reading its sensors would fail, or wake it.

    Source: the kernel's Documentation/ABI/testing/sysfs-devices-power.
    """
    try:
        return read_bytes(f"{device}/power/runtime_status").strip() in (b"suspended", b"suspending")
    except OSError:
        return False  # a device without run-time power management never sleeps


def is_set(path: str | None, *, otherwise: bool) -> bool:
    """Whether a flag attribute (`…_fault`, `…_enable`) is set; `otherwise` where it is missing or unreadable."""
    if path is None:
        return otherwise
    try:
        return int(read_bytes(path)) != 0
    except (OSError, ValueError):
        return otherwise


def is_off(error: OSError | ValueError) -> bool:
    """Whether a failed read only says that there is nothing to measure now.

    ENODATA is the hwmon ABI's answer of a disabled sensor (iwlwifi's while the radio is off), ENXIO is thinkpad_acpi's
    for the sensors that a model lacks.
    """
    return isinstance(error, OSError) and error.errno in (errno.ENODATA, errno.ENXIO)


def describe(error: OSError | ValueError, path: str) -> str:
    """Why an attribute could not be read, in one phrase."""
    name = os.path.basename(path)
    if isinstance(error, OSError):
        return f"{name} cannot be read: {errno.errorcode.get(error.errno or 0, 'error')} ({error.strerror})"
    return f"{name} holds no number"


def _is_input(name: str, kind: str) -> bool:
    return name.startswith(kind) and name.endswith("_input") and name[len(kind) : -len("_input")].isdecimal()


def _label(chip: Chip, channel: str) -> str:
    path = attribute(chip, f"{channel}_label")
    if path is None:
        return channel
    try:
        return " ".join(read_text(path).split())[:LABEL_LENGTH] or channel
    except OSError:
        return channel


def _discover(root: str, folder: str, names: list[str]) -> tuple[tuple[Chip, ...], tuple[str, ...]]:
    chips: dict[str, Chip] = {}
    errors: list[str] = []
    for name in names:
        try:
            chips[name] = _chip(root, f"{folder}/{name}")
        except OSError as error:
            errors.append(f"{name}: {describe(error, 'name')}")
    ids = [chip.id for chip in chips.values()]
    unique = (
        # Two equal chips without a place of their own: the kernel's number is all that tells them apart.
        chip if ids.count(chip.id) == 1 else replace(chip, id=f"{chip.id}#{name}")
        for name, chip in chips.items()
    )
    return tuple(unique), tuple(errors)


def _chip(root: str, path: str) -> Chip:
    attributes = os.listdir(path)
    if "name" not in attributes:  # drivers of the first registration interface keep their attributes with the device
        path = f"{path}/device"
        attributes = os.listdir(path)
    name = read_text(f"{path}/name")[:LABEL_LENGTH]
    folder = os.path.realpath(path)
    device = os.path.realpath(f"{path}/device") if "device" in attributes else ""
    place = place_of(folder, root) or place_of(device, root)
    return Chip(
        id=f"{name}@{place}" if place else name,
        name=name,
        path=path,
        device=device,
        attributes=frozenset(attributes),
    )
