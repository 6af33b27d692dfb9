"""What outlives the process: written once, read back whole, kill -9 or not."""

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.alerts.alert import Silence, State
from agent.alerts.store import Store
from agent.database import open_database
from tests.alerts.examples import PACKAGE, START, alert, at

FIRING = replace(alert(State.FIRING), seen_at=at(3), acknowledged_at=at(4), acknowledged_by="李工")


def open_store(path: Path) -> Store:
    return Store(open_database(str(path), now=START)[0])


def test_everything_comes_back(tmp_path: Path) -> None:
    """Alerts, what was told, silences, sensors and facts are the same after closing and opening."""
    store = open_store(tmp_path / "agent.db")
    silence = Silence(rule="hot", until=at(60), reason="等配件", by="li", created_at=at(0))
    store.keep_silences([silence])
    store.keep_sensor(("temperature", "temperature_celsius", PACKAGE, at(0), at(1)))
    store.keep_facts("fan", {"spun:a", "spun:b"})
    store.save([FIRING, alert(State.PENDING, "other")], {FIRING.key})
    store.close()
    again = open_store(tmp_path / "agent.db")
    assert again.alerts() == ((FIRING, alert(State.PENDING, "other")), {FIRING.key})
    assert again.silences() == (silence,)
    assert again.sensors() == (("temperature", "temperature_celsius", PACKAGE, at(0), at(1)),)
    assert again.facts() == {"fan": {"spun:a", "spun:b"}}
    again.drop_sensor("temperature_celsius", PACKAGE)
    again.save([], set())
    assert (again.alerts(), again.sensors()) == (((), frozenset()), ())


def test_a_cycle_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    """A new value alone is not worth a write."""
    connection = open_database(str(tmp_path / "agent.db"), now=START)[0]
    store = Store(connection)
    store.save([FIRING], {FIRING.key})
    before = connection.total_changes
    store.save([replace(FIRING, value=4.5)], {FIRING.key})
    assert connection.total_changes == before


def test_what_was_kept_is_written_once(tmp_path: Path) -> None:
    """Sensors, facts and silences waiting for a save are written by it, and not again by the next."""
    connection = open_database(str(tmp_path / "agent.db"), now=START)[0]
    store = Store(connection)
    store.keep_sensor(SENSOR)
    store.keep_facts("fan", {"spun:a"})
    store.keep_silences([SILENCE])
    store.save([], set())
    before = connection.total_changes
    store.save([], set())
    assert connection.total_changes == before


def test_a_failed_write_is_tried_again(tmp_path: Path) -> None:
    """While another program holds the file the save fails; the next one writes all."""
    path = tmp_path / "agent.db"
    connection = open_database(str(path), now=START)[0]
    connection.execute("PRAGMA busy_timeout = 10")
    store = Store(connection)
    store.keep_facts("fan", {"spun:a"})
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        store.save([FIRING], set())
    blocker.execute("ROLLBACK")
    blocker.close()
    store.save([FIRING], set())
    assert (store.alerts()[0], store.facts()) == ((FIRING,), {"fan": {"spun:a"}})


def test_a_full_disk_loses_nothing_and_harms_nothing(tmp_path: Path) -> None:
    """What a full disk refused is whole in the next save that it takes; before, the old state stands."""
    path = tmp_path / "agent.db"
    connection = open_database(str(path), now=START)[0]
    store = Store(connection)
    store.save([FIRING], {FIRING.key})
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    many = [alert(State.FIRING, f"rule-{index}" * 40) for index in range(200)]
    store.keep_facts("fan", {"spun:a"})
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            store.save(many, set())
    assert (store.alerts()[0], store.facts()) == ((FIRING,), {})
    connection.execute("PRAGMA max_page_count = 100000")
    store.save(many, set())
    assert (set(store.alerts()[0]), store.facts()) == (set(many), {"fan": {"spun:a"}})


def test_a_read_only_file_keeps_what_it_has(tmp_path: Path) -> None:
    """A save is refused with SQLite's word for it; what is stored can still be read."""
    connection = open_database(str(tmp_path / "agent.db"), now=START)[0]
    store = Store(connection)
    store.save([FIRING], {FIRING.key})
    connection.execute("PRAGMA query_only = ON")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.save([], set())
    assert store.alerts() == ((FIRING,), {FIRING.key})


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE alerts SET severity = 'dire' WHERE rule = 'bad'",
        "UPDATE alerts SET state = 'inactive' WHERE rule = 'bad'",
        "UPDATE alerts SET resource = '[5]' WHERE rule = 'bad'",
        "UPDATE alerts SET resource = '{' WHERE rule = 'bad'",
        "UPDATE alerts SET active_at = '2026-03-02T09:00:00' WHERE rule = 'bad'",
        "UPDATE alerts SET \"limit\" = 'high' WHERE rule = 'bad'",
    ],
)
def test_a_row_that_makes_no_sense_costs_only_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    """It is left out with a word in the log, and gone after the next save; the others come back."""
    connection = open_database(str(tmp_path / "agent.db"), now=START)[0]
    Store(connection).save([FIRING, alert(State.FIRING, "bad")], {FIRING.key})
    connection.execute(damage)
    store = Store(connection)
    assert store.alerts() == ((FIRING,), {FIRING.key})
    assert [record.message.split(",")[0] for record in caplog.records] == ["alerts: a stored row is left out"]
    store.save([FIRING], {FIRING.key})
    assert connection.execute("SELECT rule FROM alerts").fetchall() == [("hot",)]


def test_silences_and_sensors_without_sense_are_left_out_too(tmp_path: Path) -> None:
    """A wrong time or label list in them keeps nothing from starting."""
    connection = open_database(str(tmp_path / "agent.db"), now=START)[0]
    store = Store(connection)
    connection.execute("INSERT INTO silences VALUES ('hot', 'tomorrow', '', '', '')")
    connection.execute("INSERT INTO sensors VALUES ('fan', 'fan_speed_rpm', 'cpu', '', '')")
    assert (store.silences(), store.sensors()) == ((), ())


SILENCE = Silence(rule="hot", until=at(60), reason="等配件", by="li", created_at=at(0))
SENSOR = ("temperature", "temperature_celsius", PACKAGE, at(0), at(1))

KILLED = """
import sys, time
from pathlib import Path
from tests.alerts.test_store import FIRING, SENSOR, SILENCE, open_store
store = open_store(Path(sys.argv[1]))
store.keep_silences([SILENCE])
store.keep_sensor(SENSOR)
store.keep_facts("fan", {"spun:a"})
store.save([FIRING], {FIRING.key})
print("saved", flush=True)
time.sleep(60)
"""

KILLED_WRITING = """
import itertools, sys
from dataclasses import replace
from pathlib import Path
from agent.alerts.alert import State
from tests.alerts.examples import alert
from tests.alerts.test_store import open_store
store = open_store(Path(sys.argv[1]))
for turn in itertools.count():
    store.save([replace(alert(State.FIRING, f"rule-{i}"), acknowledged_by=str(turn)) for i in range(40)], set())
    if turn == 20:
        print("writing", flush=True)
"""


def test_kill_9_while_writing_leaves_one_whole_cycle(tmp_path: Path) -> None:
    """Killed amid endless saves, the file is sound and holds all rows of the same save."""
    path = tmp_path / "agent.db"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_WRITING, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "writing\n"
        child.send_signal(signal.SIGKILL)
    connection, notice = open_database(str(path), now=START)
    alerts, _ = Store(connection).alerts()
    assert (notice, len(alerts), len({one.acknowledged_by for one in alerts})) == ("", 40, 1)


def test_kill_9_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    """A process killed right after a save leaves everything on disk."""
    path = tmp_path / "agent.db"
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "saved\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    store = open_store(path)
    assert store.alerts() == ((FIRING,), {FIRING.key})
    assert (store.silences(), store.sensors(), store.facts()) == ((SILENCE,), (SENSOR,), {"fan": {"spun:a"}})
    store.close()
