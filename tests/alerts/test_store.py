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


KILLED = """
import sys, time
from pathlib import Path
from tests.alerts.test_store import FIRING, open_store
store = open_store(Path(sys.argv[1]))
store.save([FIRING], {FIRING.key})
print("saved", flush=True)
time.sleep(60)
"""


def test_kill_9_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    """A process killed right after a save leaves the alert on disk."""
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
    store.close()
