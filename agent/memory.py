"""What outlives the process: alerts, silences, sensors and facts in the store, the record in the journal.

A disk that takes nothing stops neither probes nor alerts: what could not be written is kept and tried again, and the
publisher says so once.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from agent.alerts.alert import Alert, AlertKey, Silence, Update
from agent.alerts.store import Store
from agent.database import DatabaseUnavailable, open_database
from agent.inventory import Sensor

_log = logging.getLogger(__name__)

DATABASE = "agent.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the agent knew when it ended."""

    alerts: tuple[Alert, ...] = ()
    told: frozenset[AlertKey] = frozenset()
    silences: tuple[Silence, ...] = ()
    sensors: tuple[Sensor, ...] = ()
    facts: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Memory:
    """The store behind the cycle; an output, so that its failures are contained like any other's."""

    name = "state"

    def __init__(self, data_dir: Path, told: Callable[[], set[AlertKey]]) -> None:
        """`told` is asked at each save for the alerts that people have been told of."""
        self._path = str(data_dir / DATABASE)
        self._told = told
        self._store: Store | None = None
        self._facts: dict[str, frozenset[str]] = {}
        self._waiting: list[Callable[[Store], None]] = []

    def load(self) -> Kept:
        """Everything kept; empty, with a word in the log, where the file cannot be opened now.

        Raises:
            DatabaseTooNew: a newer version wrote the file; nothing may be written over it.
        """
        try:
            store = self._open()
        except (DatabaseUnavailable, sqlite3.Error) as error:
            _log.error("alerts of an earlier run cannot be read: %s", error)
            return Kept()
        alerts, told = store.alerts()
        self._facts = store.facts()
        sensors = tuple(
            Sensor(probe=probe, metric=metric, labels=labels, first_seen_at=first, last_seen_at=last)
            for probe, metric, labels, first, last in store.sensors()
        )
        return Kept(alerts=alerts, told=told, silences=store.silences(), sensors=sensors, facts=dict(self._facts))

    def learn(self, seen: Iterable[Sensor], forgotten: Iterable[Sensor], facts: Mapping[str, frozenset[str]]) -> None:
        """Keep new sensors and facts, drop forgotten sensors; written at the next `publish`."""
        for sensor in seen:
            row = (sensor.probe, sensor.metric, sensor.labels, sensor.first_seen_at, sensor.last_seen_at)
            self._keep(partial(Store.keep_sensor, row=row))
        for sensor in forgotten:
            self._keep(partial(Store.drop_sensor, metric=sensor.metric, labels=sensor.labels))
        for probe, known in facts.items():
            if known != self._facts.get(probe):
                self._facts[probe] = known
                self._keep(partial(Store.keep_facts, probe=probe, facts=known))

    def keep_silences(self, silences: tuple[Silence, ...]) -> None:
        """Keep exactly these silences; written at the next `publish`."""
        self._keep(partial(Store.keep_silences, silences=silences))

    def publish(self, update: Update) -> None:
        """Write what changed.

        Raises:
            sqlite3.Error, OSError: the disk does not take it; the next call tries again.
        """
        self._open().save(update.alerts, self._told())

    def close(self) -> None:
        """Close the file."""
        if self._store is not None:
            self._store.close()

    def _keep(self, note: Callable[[Store], None]) -> None:
        """Hand a note to the store, at once or when its file can be opened."""
        if self._store is not None:
            note(self._store)
        else:
            self._waiting.append(note)

    def _open(self) -> Store:
        if self._store is None:
            connection, notice = open_database(self._path, now=datetime.now(UTC))
            if notice:
                _log.error("%s", notice)
            self._store = Store(connection)
            for note in self._waiting:
                note(self._store)
            self._waiting.clear()
        return self._store
