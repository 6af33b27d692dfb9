"""Memory through psutil, for systems without /proc/meminfo: Windows and macOS.

Values and metrics are those of `memory`; swap traffic is left out where psutil documents none (0 on Windows).
"""

from __future__ import annotations

import psutil

from agent.probes.probe import Sample
from agent.readings import Reading


class PortableMemory:
    """One look costs two calls of psutil."""

    def sample(self) -> Sample:
        """What is available, and what of the swap space is used; the latter only where there is any."""
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        readings = [Reading(metric="memory_available_ratio", value=memory.available / memory.total)]
        if swap.total:
            readings.append(Reading(metric="memory_swap_used_ratio", value=swap.used / swap.total))
        if swap.sin or swap.sout:
            readings.append(Reading(metric="memory_swapped_in_bytes_total", value=float(swap.sin)))
            readings.append(Reading(metric="memory_swapped_out_bytes_total", value=float(swap.sout)))
        return Sample(readings=tuple(readings))

    def close(self) -> None:
        """Nothing is held."""
