"""What belongs to this machine: every sensor that ever gave a trusted reading, so that one that vanishes is missed.

An input that was never believable has nothing connected to it: it belongs to the board, not to what is watched.

Snapshot in, and out come the known resources (for the evaluator), the lost ones (for IT), and the readings of the
pseudo-probe `agent` about the probes themselves. Nothing is read or written here; the store keeps the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.readings import Labels, MetricSpec, ProbeResult, ProbeStatus, Reading, Snapshot

PROBE = "agent"
"""Name of the pseudo-probe that reports about the others."""

METRICS = (
    MetricSpec(
        name="probe_success",
        help="Whether the probe's last run succeeded; no series where it is unsupported",
        source="the agent",
        labels=("probe",),
        lowest=0,
        highest=1,
        removable=True,
    ),
    MetricSpec(
        name="probe_suspect_readings",
        help="Readings not to be trusted, of sensors that could be trusted before",
        source="the agent",
        labels=("probe",),
        lowest=0,
        removable=True,
    ),
    MetricSpec(
        name="probe_lost_sensors",
        help="Sensors of this machine that the probe showed before and shows no longer",
        source="the agent",
        labels=("probe",),
        lowest=0,
        removable=True,
    ),
)

FORGET_AFTER = timedelta(days=7)
"""A sensor absent for a week was taken out on purpose; until then IT is told that it is missing."""

SAVE_EVERY = timedelta(days=1)
"""How stale a stored last sight may be: a write a day instead of one a cycle."""


@dataclass(slots=True, kw_only=True)
class Sensor:
    """One resource of one metric, and when it was seen first and last."""

    probe: str
    metric: str
    labels: Labels
    first_seen_at: datetime
    last_seen_at: datetime


class Inventory:
    """The sensors of this machine, by probe."""

    def __init__(self, catalogue: Mapping[str, MetricSpec], sensors: Iterable[Sensor] = ()) -> None:
        self._catalogue = catalogue
        self._sensors = {(sensor.metric, sensor.labels): sensor for sensor in sensors}
        self._present: dict[str, frozenset[tuple[str, Labels]]] = {}
        self._trusted: dict[str, frozenset[tuple[str, Labels]]] = {}
        self._known: Mapping[str, frozenset[Labels]] | None = None

    def learn(self, snapshot: Snapshot) -> tuple[Sensor, ...]:
        """Take in a snapshot; the sensors that are new or whose stored last sight is a day old, to be stored."""
        changed: list[Sensor] = []
        for result in snapshot.results.values():
            if result.status is ProbeStatus.SUCCESS:
                changed.extend(self._learn(result, snapshot.taken_at))
        return tuple(changed)

    def forget(self, now: datetime) -> tuple[Sensor, ...]:
        """Drop the sensors not seen for a week, present ones excepted; those dropped."""
        present = frozenset().union(*self._present.values()) if self._present else frozenset()
        old = [
            sensor
            for key, sensor in self._sensors.items()
            if now - sensor.last_seen_at > FORGET_AFTER and key not in present
        ]
        for sensor in old:
            del self._sensors[sensor.metric, sensor.labels]
        self._known = None if old else self._known
        return tuple(old)

    def known(self) -> Mapping[str, frozenset[Labels]]:
        """Every resource that belongs to this machine, by metric."""
        if self._known is None:
            by_metric: dict[str, set[Labels]] = {}
            for metric, labels in self._sensors:
                by_metric.setdefault(metric, set()).add(labels)
            self._known = {metric: frozenset(labels) for metric, labels in by_metric.items()}
        return self._known

    def lost(self, snapshot: Snapshot) -> dict[str, list[Sensor]]:
        """Sensors that a successful probe no longer shows, by probe."""
        lost: dict[str, list[Sensor]] = {}
        for key, sensor in self._sensors.items():
            result = snapshot.results.get(sensor.probe)
            if result is None or result.status is not ProbeStatus.SUCCESS:
                continue
            if key not in self._present.get(sensor.probe, ()):
                lost.setdefault(sensor.probe, []).append(sensor)
        return lost

    def doubted(self, result: ProbeResult) -> int:
        """How many readings of sensors that could be trusted before are suspect now."""
        return sum(1 for each in result.readings if each.suspect and (each.metric, each.labels) in self._sensors)

    def _learn(self, result: ProbeResult, now: datetime) -> list[Sensor]:
        keys = frozenset((reading.metric, reading.labels) for reading in result.readings)
        trusted = keys - {(each.metric, each.labels) for each in result.readings if each.suspect}
        if keys == self._present.get(result.probe) and trusted == self._trusted.get(result.probe):
            return self._due(keys, now)
        self._present[result.probe], self._trusted[result.probe] = keys, trusted
        new = [
            Sensor(probe=result.probe, metric=metric, labels=labels, first_seen_at=now, last_seen_at=now)
            for metric, labels in trusted - self._sensors.keys()
            if not self._catalogue[metric].removable
        ]
        for sensor in new:
            self._sensors[sensor.metric, sensor.labels] = sensor
        self._known = None if new else self._known
        return new + self._due(keys, now)

    def _due(self, keys: frozenset[tuple[str, Labels]], now: datetime) -> list[Sensor]:
        due = []
        for key in keys:
            sensor = self._sensors.get(key)
            if sensor is not None and now - sensor.last_seen_at >= SAVE_EVERY:
                sensor.last_seen_at = now
                due.append(sensor)
        return due


def observe(snapshot: Snapshot, inventory: Inventory) -> ProbeResult:
    """What the probes' results say about the probes, as one more result."""
    lost = inventory.lost(snapshot)
    readings: list[Reading] = []
    for result in snapshot.results.values():
        labels = (("probe", result.probe),)
        if result.status is ProbeStatus.UNSUPPORTED:
            continue
        readings.append(
            Reading(metric="probe_success", value=float(result.status is ProbeStatus.SUCCESS), labels=labels)
        )
        readings.append(Reading(metric="probe_suspect_readings", value=float(inventory.doubted(result)), labels=labels))
        readings.append(
            Reading(metric="probe_lost_sensors", value=float(len(lost.get(result.probe, ()))), labels=labels)
        )
    return ProbeResult(
        probe=PROBE,
        status=ProbeStatus.SUCCESS,
        readings=tuple(readings),
        started_at=snapshot.taken_at,
        duration_seconds=0.0,
    )
