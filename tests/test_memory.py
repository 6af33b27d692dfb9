"""What the agent learns while its file cannot be opened is not lost."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.alerts.alert import Silence, Update
from agent.database import DatabaseUnavailable
from agent.inventory import Sensor
from agent.memory import Kept, Memory
from agent.readings import Snapshot

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SENSOR = Sensor(probe="fan", metric="fan_speed_rpm", labels=(("fan", "cpu"),), first_seen_at=NOON, last_seen_at=NOON)
SILENCE = Silence(rule="hot", until=NOON, reason="fan ordered", by="li", created_at=NOON)
NOTHING = Update(snapshot=Snapshot(taken_at=NOON, results={}), rules={}, verdicts=(), alerts=())


def test_what_was_learnt_without_a_file_is_written_when_there_is_one(tmp_path: Path) -> None:
    """Sensors, facts and silences wait in memory until the folder is there; a later run knows them."""
    folder = tmp_path / "state"
    memory = Memory(folder, set)
    assert memory.load() == Kept()
    memory.learn([SENSOR], [], {"fan": frozenset({"spun:cpu"})})
    memory.keep_silences((SILENCE,))
    with pytest.raises(DatabaseUnavailable):
        memory.publish(NOTHING)
    folder.mkdir()
    memory.publish(NOTHING)
    memory.close()
    again = Memory(folder, set)
    kept = Kept(silences=(SILENCE,), sensors=(SENSOR,), facts={"fan": frozenset({"spun:cpu"})})
    assert again.load() == kept
    again.close()
