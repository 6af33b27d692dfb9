"""How long the processor's own heat protection slowed it down: Intel's thermal-throttle counters, summed by package.

The package's time is repeated in the folder of each of its processors, so the largest of a package counts once (kernel,
arch/x86/kernel/cpu/mce/therm_throt.c). Processors without a package counter have one for each core instead.
"""

from __future__ import annotations

from agent.probes.hostfs import entries, read_number
from agent.probes.probe import Unsupported

_PACKAGE, _CORE = "package_throttle_total_time_ms", "core_throttle_total_time_ms"

_MOST_OF_A_PACKAGE = 4
"""Every processor of a package hears of each of its events, so a few of them know the longest time; one alone may have
been switched off for a while."""


class ThrottleCounters:
    """Finds the counters below the processors' folder once, and again when a processor was switched off."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._packages: dict[int, list[str]] | None = None
        self._highest: dict[int, int] = {}

    def seconds(self) -> float:
        """Slowed-down time of all packages since the machine's start.

        A processor that is switched off takes its counter along; the highest seen then stays, so that time never
        seems to run backwards.

        Raises:
            Unsupported: this machine has no such counters.
        """
        if self._packages is None:
            self._packages = _counters_by_package(self._folder)
        if not self._packages:
            raise Unsupported("no throttled time: this machine has no heat-throttle counters (only Intel's have them)")
        for package, paths in self._packages.items():
            self._highest[package] = max(self._highest.get(package, 0), *map(self._milliseconds, paths))
        return sum(self._highest.values()) / 1000

    def _milliseconds(self, path: str) -> int:
        try:
            return read_number(path)
        except FileNotFoundError:
            self._packages = None
            return 0


def _counters_by_package(folder: str) -> dict[int, list[str]]:
    packages: dict[int, list[str]] = {}
    for name in entries(folder):
        if not name[3:].isdecimal():
            continue
        present = entries(f"{folder}/{name}/thermal_throttle")
        counter = next((counter for counter in (_PACKAGE, _CORE) if counter in present), None)
        if counter:
            path = f"{folder}/{name}/thermal_throttle/{counter}"
            packages.setdefault(_package(f"{folder}/{name}"), []).append(path)
    return {package: _enough(paths) for package, paths in packages.items()}


def _enough(paths: list[str]) -> list[str]:
    """An even choice of a package's counters; every one where each core has its own."""
    step = -(-len(paths) // _MOST_OF_A_PACKAGE) if paths[0].endswith(_PACKAGE) else 1
    return paths[::step]


def _package(processor: str) -> int:
    """The socket that a processor sits in; 0 where the kernel does not say."""
    try:
        return read_number(f"{processor}/topology/physical_package_id")
    except (OSError, ValueError):
        return 0
