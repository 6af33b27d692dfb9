"""Builds a machine's /sys and /proc in a folder."""

from __future__ import annotations

from pathlib import Path

from agent.probes.hostfs import HostFs
from agent.probes.probe import Context


def write_tree(root: Path, files: dict[str, str | bytes]) -> None:
    """Write files by their path below the root, as `proc/stat`; folders come by themselves."""
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())


def captured(root: Path, **settings: object) -> Context:
    """A context that looks at `root/sys` and `root/proc`."""
    return Context(host=HostFs(sysfs=f"{root}/sys", procfs=f"{root}/proc"), **settings)


def values(sample: object) -> dict[tuple[str, ...], float]:
    """A sample's values by metric and label values."""
    return {(reading.metric, *(value for _, value in reading.labels)): reading.value for reading in sample.readings}
