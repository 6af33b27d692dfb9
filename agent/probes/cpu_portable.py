"""The processor through psutil, for systems without /proc/stat: Windows and macOS.

Values and metrics are those of `cpu`; throttled time and frequency have sources of their own on each system and are
named as missing until those are read.
"""

from __future__ import annotations

import psutil

from agent.probes.probe import Sample
from agent.readings import Reading

NOT_YET = ("no throttled time: not read on this system yet", "no clock frequency: not read on this system yet")


class PortableProcessor:
    """Usage between two looks, and load over all processors."""

    def __init__(self) -> None:
        self._has_looked = False

    def sample(self) -> Sample:
        """Usage from the second look on: psutil's first answer has no time to speak of."""
        usage, count = psutil.cpu_percent(interval=None) / 100, psutil.cpu_count() or 1
        readings = [Reading(metric="cpu_load_per_core", value=psutil.getloadavg()[0] / count)]
        if self._has_looked:
            readings.append(Reading(metric="cpu_usage_ratio", value=usage))
        self._has_looked = True
        return Sample(readings=tuple(readings), errors=NOT_YET)

    def close(self) -> None:
        """Nothing is held."""
