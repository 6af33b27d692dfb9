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

MISSED_AT_LEAST = timedelta(hours=1)
"""How long its working probe must have missed it in this run: after a week's holiday, or behind a hung probe, an old
last sight proves nothing. Shorter than a shift, as many computers are switched off at night."""

SAVE_EVERY = timedelta(hours=1)
"""How stale a stored last sight may be: a write an hour instead of one a cycle."""


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
        """Takes up the sensors of earlier runs; those of metrics that are no more, or now removable, are forgotten."""
        self._lasting = {name for name, spec in catalogue.items() if not spec.removable}
        stored = {(sensor.metric, sensor.labels): sensor for sensor in sensors}
        self._sensors = {key: sensor for key, sensor in stored.items() if key[0] in self._lasting}
        self._obsolete = [sensor for key, sensor in stored.items() if key not in self._sensors]
        self._present: dict[str, frozenset[_Key]] = {}
        self._trusted: dict[str, frozenset[_Key]] = {}
        self._missing: dict[str, dict[_Key, datetime]] = {}
        self._refreshed_at: dict[str, datetime] = {}
        self._known: Mapping[str, frozenset[Labels]] | None = None

    def learn(self, snapshot: Snapshot) -> tuple[Sensor, ...]:
        """Take in a snapshot; the sensors that are new or whose stored last sight is an hour old, to be stored."""
        changed: list[Sensor] = []
        for result in snapshot.results.values():
            if result.status is ProbeStatus.SUCCESS:
                changed.extend(self._learn(result, snapshot.taken_at))
        return tuple(changed)

    def forget(self, now: datetime) -> tuple[Sensor, ...]:
        """Drop the sensors not seen for a week, those only that their probe has missed for an hour; those dropped."""
        old = [
            (probe, key)
            for probe, missing in self._missing.items()
            for key, missed_at in missing.items()
            if now - missed_at >= MISSED_AT_LEAST and now - self._sensors[key].last_seen_at > FORGET_AFTER
        ]
        obsolete, self._obsolete = self._obsolete, []
        for probe, key in old:
            del self._missing[probe][key]
            obsolete.append(self._sensors.pop(key))
        self._known = None if old else self._known
        return tuple(obsolete)

    def known(self) -> Mapping[str, frozenset[Labels]]:
        """Every resource that belongs to this machine, by metric."""
        if self._known is None:
            by_metric: dict[str, set[Labels]] = {}
            for metric, labels in self._sensors:
                by_metric.setdefault(metric, set()).add(labels)
            self._known = {metric: frozenset(labels) for metric, labels in by_metric.items()}
        return self._known

    def lost(self, snapshot: Snapshot) -> dict[str, list[Sensor]]:
        """Sensors that a successful probe no longer shows, by probe, once the snapshot is learnt."""
        return {
            probe: [self._sensors[key] for key in missing]
            for probe, missing in self._missing.items()
            if missing and probe in snapshot.results and snapshot.results[probe].status is ProbeStatus.SUCCESS
        }

    def doubted(self, result: ProbeResult) -> int:
        """How many readings of sensors that could be trusted before are suspect now."""
        return sum(1 for each in result.readings if each.suspect and (each.metric, each.labels) in self._sensors)

    def _learn(self, result: ProbeResult, now: datetime) -> list[Sensor]:
        probe = result.probe
        keys = frozenset([(reading.metric, reading.labels) for reading in result.readings])
        trusted = keys - {(each.metric, each.labels) for each in result.readings if each.suspect}
        is_same = keys == self._present.get(probe) and trusted == self._trusted.get(probe)
        # A clock that was set back must not keep the last sights from being refreshed until it has caught up.
        if is_same and abs(now - self._refreshed_at[probe]) < SAVE_EVERY:
            return []
        self._present[probe], self._trusted[probe], self._refreshed_at[probe] = keys, trusted, now
        new = {key: _new_sensor(probe, key, now) for key in trusted - self._sensors.keys() if key[0] in self._lasting}
        self._sensors.update(new)
        self._known = None if new else self._known
        refreshed = self._refresh(probe, keys - new.keys(), now)
        before = self._missing.get(probe, {})
        self._missing[probe] = {
            key: before.get(key, now)
            for key, sensor in self._sensors.items()
            if sensor.probe == probe and key not in keys
        }
        return [*new.values(), *refreshed]

    def _refresh(self, probe: str, keys: Iterable[_Key], now: datetime) -> list[Sensor]:
        """Note the sight of sensors known before; those whose stored row is old, or of another probe until now."""
        refreshed = []
        for key in keys:
            sensor = self._sensors.get(key)
            if sensor is not None and (sensor.probe != probe or abs(now - sensor.last_seen_at) >= SAVE_EVERY):
                if sensor.probe != probe:
                    self._missing.get(sensor.probe, {}).pop(key, None)
                sensor.probe, sensor.last_seen_at = probe, now
                refreshed.append(sensor)
        return refreshed


_Key = tuple[str, Labels]


def _new_sensor(probe: str, key: _Key, now: datetime) -> Sensor:
    metric, labels = key
    return Sensor(probe=probe, metric=metric, labels=labels, first_seen_at=now, last_seen_at=now)


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
