"""Builds small /sys trees for tests: real files, read by the real code."""

from collections.abc import Mapping
from pathlib import Path

from agent.probes.hostfs import HostFs


class Machine:
    """A fake machine under a temporary folder, with a clock that a test moves."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = 1000.0

    @property
    def host(self) -> HostFs:
        return HostFs(sysfs=str(self.root), procfs=str(self.root / "proc"))

    def clock(self) -> float:
        return self.now

    def chip(self, device: str, name: str, number: int, files: Mapping[str, object]) -> Path:
        """A hwmon chip below `devices/DEVICE`; returns the folder of its attributes."""
        place = self.root / "devices" / device
        folder = place / "hwmon" / f"hwmon{number}"
        write(folder, {"name": name, **files})
        (folder / "device").symlink_to(place)
        link = self.root / "class/hwmon" / f"hwmon{number}"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(folder)
        return folder

    def zone(self, number: int, files: Mapping[str, object]) -> Path:
        folder = self.root / "class/thermal" / f"thermal_zone{number}"
        write(folder, files)
        return folder

    def supply(self, name: str, files: Mapping[str, object]) -> Path:
        folder = self.root / "class/power_supply" / name
        write(folder, files)
        return folder


def write(folder: Path, files: Mapping[str, object]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else f"{content}\n".encode())
