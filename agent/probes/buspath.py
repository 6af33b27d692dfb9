"""Where on its bus a device sits, in words that stay the same over reboots.

A folder under /sys/devices is a path of bus addresses (which the hardware fixes) mixed with folders that the kernel
numbers in the order of discovery (which the next boot may change). The place is the innermost fixed address.
"""

from __future__ import annotations

import os
import re

from agent.probes.hostfs import entries, read_text

_COUNTED = re.compile(
    r"hwmon\d*|nvme\d*|nvme-subsystem|ieee80211|phy\d+|power_supply|thermal_zone\d+|thermal|virtual"
    r"|i2c-\d+|host\d+|target[\d:]+|\d+:\d+:\d+:\d+|net|mdio_bus|platform|devices"
)
"""Folders numbered in the order of discovery, or that only group others: they name no place."""

_I2C_CLIENT = re.compile(r"\d+-([0-9a-f]{4})")
_ATA_LINK = re.compile(r"ata\d+")


def natural_order(name: str) -> tuple[str, int]:
    """Sort key that puts `hwmon2` before `hwmon10`."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)


def place_of(device: str, root: str) -> str:
    """The place of a device's resolved folder below `root`, the resolved /sys: `0000:00:1f.3/0018`.

    Empty for a virtual device, which has none.
    """
    devices = f"{root}/devices/"
    if not device.startswith(devices):
        return ""
    inner: list[str] = []
    while len(device) > len(devices):
        device, name = os.path.split(device)
        if _I2C_CLIENT.fullmatch(name):
            inner[:0] = [*_adapter(device), name[-4:]]
        elif _ATA_LINK.fullmatch(name):
            inner.insert(0, _ata_port(f"{device}/{name}", name))
        elif not _COUNTED.fullmatch(name):
            return "/".join([name, *inner])
    return "/".join(inner)


def _adapter(device: str) -> list[str]:
    """Which of its controller's I2C buses a client is on, by their order; nothing when there is one."""
    controller, bus = os.path.split(device)
    buses = sorted((name for name in entries(controller) if name.startswith("i2c-")), key=natural_order)
    return [f"bus{buses.index(bus)}"] if len(buses) > 1 and bus in buses else []


def _ata_port(folder: str, name: str) -> str:
    """The port's number on its controller; `ata3` counts over all controllers in the order of discovery."""
    try:
        return f"port{read_text(f'{folder}/ata_port/{name}/port_no')}"
    except OSError:
        return name
