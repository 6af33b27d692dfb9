"""The journal on bad days: a killed writer, other users, damaged, full, read-only and newer files."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.database import DatabaseTooNew, DatabaseUnavailable, open_database, open_reader
from agent.outputs.journal.entry import Draft, Kind, Witness
from agent.outputs.journal.reading import reader
from agent.outputs.journal.store import Journal
from agent.outputs.journal.verification import Problem, verify

ROOT = str(Path(__file__).parents[3])
NOW = datetime(2025, 3, 1, 8, 15, tzinfo=UTC)
as_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="another user can only be played by root")

_WRITER = """
import sys
from datetime import datetime, UTC
from agent.outputs.journal.store import Journal
from agent.outputs.journal.entry import Draft, Kind
now = datetime(2025, 3, 1, tzinfo=UTC)
journal = Journal(sys.argv[1], now=now)
while True:
    entry = journal.append(Draft(at=now, kind=Kind.CHECK, body={"text": "x" * 300}))
    print(entry.id, entry.hash, flush=True)
"""


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "agent.db")


def filled(path: str, count: int) -> Journal:
    journal = Journal(path, now=NOW)
    journal.append_many([Draft(at=NOW, kind=Kind.CHECK, body={"text": "x" * 300})] * count)
    return journal


def contents(path: str) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in Path(path).parent.iterdir()}


def test_a_killed_writer_leaves_a_whole_chain_with_all_that_it_had_added(path):
    command = [sys.executable, "-c", _WRITER, path]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        lines = [writer.stdout.readline() for _ in range(200)]
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
    number, digest = [line for line in lines if line.endswith("\n")][-1].split()
    with closing(Journal(path, now=NOW)) as journal:
        assert journal.notice == ""
        assert journal.verify(Witness(id=int(number), hash=digest)).is_whole
        assert journal.append(Draft(at=NOW, kind=Kind.CHECK)).kind == "check"


def test_readers_see_a_whole_chain_while_the_agent_writes(path):
    journal = filled(path, 10)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            journal.append(Draft(at=NOW, kind=Kind.CHECK))

    writer = threading.Thread(target=write)
    writer.start()
    seen = [journal.verify() for _ in range(10)]
    stop.set()
    writer.join()
    journal.close()
    assert all(verification.is_whole for verification in seen)
    assert seen[0].entries < seen[-1].entries


@as_root
@pytest.mark.parametrize("is_running", [True, False])
def test_another_user_who_may_read_verifies_a_running_and_a_stopped_agents_file(path, is_running):
    with closing(filled(path, 5)) as journal:
        open_folders(path)
        if not is_running:
            journal.close()
        before = contents(path)
        assert as_nobody(lambda: verified(path)) == "Entries 1 to 5 are whole."
        assert contents(path).keys() == before.keys()


@as_root
@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_another_user_who_may_not_read_is_told_so(path, suffix):
    with closing(filled(path, 5)):
        Path(path + suffix).chmod(0o600)
        open_folders(path)
        assert as_nobody(lambda: verified(path)) in (
            f"DatabaseUnavailable: {path}: Permission denied",
            f"DatabaseUnavailable: {path}: may not be opened by this user, or the disk is full or read-only",
        )


def as_nobody(action: Callable[[], object]) -> str:
    """What the action gives or raises when another user does it, in a process of its own."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        try:
            said = str(action())
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with open(reading, encoding="utf-8") as said:
        return said.read()


def verified(path: str) -> str:
    with reader(path) as connection:
        return verify(connection).detail


def open_folders(path: str) -> None:
    for parent in list(Path(path).parents)[:3]:
        parent.chmod(0o755)


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(DatabaseUnavailable, match="there is none yet; the agent creates it when it runs"):
        open_reader(str(tmp_path / "agent.db"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("offset", [0, 4096 * 3 + 10])
def test_a_damaged_file_is_set_aside_and_said_so(path, offset):
    filled(path, 500).close()
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(b"\xaa" * 3000)
    damaged = Path(path).read_bytes()
    with closing(Journal(path, now=NOW)) as journal:
        aside = f"{path}.corrupt-20250301T081500Z"
        assert journal.notice.startswith(f"{path} was damaged (")
        assert journal.notice.endswith(f"); it was set aside as {aside} and a new one begun")
        assert [entry.kind for entry in journal.entries()] == ["set_aside"]
        assert Path(aside).read_bytes() == damaged
        assert not Path(aside + "-wal").exists()


def test_damage_while_the_agent_runs_is_named_by_verification(path):
    journal = filled(path, 2000)
    journal.sign_of_life(NOW)
    page = sqlite3.connect(path).execute("SELECT rootpage FROM sqlite_master WHERE name = 'journal'").fetchone()[0]
    with open(path, "r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xaa" * 4096)
    with reader(path) as connection:
        result = verify(connection)
    assert (result.problem, result.bad_id, result.entries) == (Problem.UNREADABLE, 1, 0)
    journal.connection.close()


def test_a_newer_file_is_refused_and_left_as_it_is(path):
    filled(path, 3).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 9")
    before = contents(path)
    for opening in (lambda: Journal(path, now=NOW), lambda: open_reader(path)):
        with pytest.raises(DatabaseTooNew) as refusal:
            opening()
        assert str(refusal.value) == (
            f"{path} was written by a newer version of this program (layout 9, this one knows 1); "
            "install the newer version again, or give another data_dir; nothing was changed"
        )
    assert contents(path) == before


def test_a_newer_version_only_in_the_log_is_refused_too(path):
    journal = filled(path, 3)
    journal.connection.execute("PRAGMA wal_checkpoint")
    journal.connection.execute("PRAGMA user_version = 9")
    before = contents(path)["agent.db"]
    with pytest.raises(DatabaseTooNew):
        open_database(path, now=NOW)
    assert contents(path)["agent.db"] == before
    journal.close()


@as_root
def test_a_folder_that_may_only_be_read_is_named(path):
    open_folders(path)
    assert as_nobody(lambda: Journal(path, now=NOW)) == (
        f"DatabaseUnavailable: {path}: may not be opened by this user, or the disk is full or read-only"
    )


@as_root
def test_a_file_that_may_only_be_read_is_named(path):
    filled(path, 3).close()
    open_folders(path)
    before = contents(path)
    assert as_nobody(lambda: Journal(path, now=NOW)) == (
        f"DatabaseUnavailable: {path}: it may only be read; the agent needs to write it and its folder"
    )
    assert contents(path) == before


def test_a_second_opener_finds_a_sound_file_sound(path):
    """The alerts keep their tables in the same file through a connection of their own."""
    journal = filled(path, 3)
    connection, notice = open_database(path, now=NOW + timedelta(seconds=1))
    assert (notice, connection.execute("SELECT count(*) FROM journal").fetchone()) == ("", (3,))
    connection.close()
    journal.close()


@pytest.mark.parametrize("kept", [0, 50, 5000])
def test_a_cut_off_file_never_stops_the_agent(path, kept):
    """An empty file is a new one; anything else that is too short is set aside."""
    filled(path, 500).close()
    os.truncate(path, kept)
    with closing(Journal(path, now=NOW)) as journal:
        assert bool(journal.notice) == (kept > 0)
        assert journal.append(Draft(at=NOW, kind=Kind.CHECK)).id == (2 if kept else 1)
