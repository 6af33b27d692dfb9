"""The values that pass between the stages: what can be measured, what was measured, and when.

Probes return them, rules judge them, outputs show them. No I/O happens here and nothing of the agent is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

PREFIX = "endpoint_"
"""Comes before every metric's name where it leaves the agent; `node_` and bare `probe_` are taken by others."""

Labels = tuple[tuple[str, str], ...]
"""Label names and values in the order of the metric's declaration; together they name the resource."""


class MetricKind(Enum):
    """How a metric's value moves, in Prometheus' words."""

    GAUGE = "gauge"
    COUNTER = "counter"


class ProbeStatus(Enum):
    """How one run of a probe ended."""

    SUCCESS = "success"
    UNSUPPORTED = "unsupported"
    """This machine has none, or the agent may not read it: the reason says which."""
    FAILED = "failed"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One metric: the single definition behind Prometheus' help and type, the rule loader and the documentation.

    `name` carries the base unit as its suffix and no prefix. `lowest` and `highest` bound what is believable, in that
    unit. `removable` tells a reading of something that can be unplugged (absent, it is *gone*) from one that belongs
    to the machine (absent, it is *lost*). `from_session`: a user's companion says it, which
    never stops work.
    """

    name: str
    help: str
    source: str
    labels: tuple[str, ...] = ()
    kind: MetricKind = MetricKind.GAUGE
    lowest: float | None = None
    highest: float | None = None
    removable: bool = False
    from_session: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One number about one resource, in the metric's base unit; `suspect` says why it is not to be trusted."""

    metric: str
    value: float
    labels: Labels = ()
    suspect: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What one run of a probe gave. `errors` are partial failures; `reason` explains every status but success."""

    probe: str
    status: ProbeStatus
    readings: tuple[Reading, ...] = ()
    errors: tuple[str, ...] = ()
    reason: str = ""
    started_at: datetime
    duration_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The latest result of every probe, by probe name.

    A result older than three of its probe's intervals keeps its status and loses its readings: nothing old is repeated.
    """

    taken_at: datetime
    results: Mapping[str, ProbeResult]

    def readings(self) -> Iterator[Reading]:
        """Every reading of every probe, probe by probe."""
        for result in self.results.values():
            yield from result.readings


def resource_name(labels: Labels) -> str:
    """Labels as one readable string, the same on every screen: `chip=k10temp, sensor=Tctl`; empty without labels."""
    return ", ".join(f"{name}={value}" for name, value in labels)
