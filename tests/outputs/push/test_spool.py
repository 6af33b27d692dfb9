import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.database import DatabaseUnavailable
from agent.outputs.push import spool as module
from agent.outputs.push.spool import Message, Spool


def message(number: int, size: int = 10) -> Message:
    return Message(at_milliseconds=number * 1000, samples=3, body=bytes([number % 256]) * size)


def all_of(spool: Spool) -> list[int]:
    """Take everything out, oldest first."""
    found = []
    while (oldest := spool.oldest()) is not None:
        found.append(oldest.at_milliseconds // 1000)
        spool.remove_oldest()
    return found


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "push.db")


def test_messages_come_out_in_order_also_after_a_crash(path: str) -> None:
    """The first process never closes its file; the second sees all that was added and not removed."""
    crashed = Spool(path, most_bytes=1000)
    for number in (1, 2, 3):
        crashed.add(message(number))
    assert crashed.oldest() == message(1)
    crashed.remove_oldest()
    spool = Spool(path, most_bytes=1000)
    assert spool.newest() == 3000
    assert spool.waiting_bytes == 20
    assert spool.oldest() == message(2)
    assert all_of(spool) == [2, 3]
    assert spool.waiting_bytes == 0
    assert spool.newest() == 3000


def test_the_oldest_give_way_when_there_is_no_room(path: str) -> None:
    """A message of its own size beyond the bound is still kept: the newest is never dropped."""
    spool = Spool(path, most_bytes=35)
    for number in (1, 2, 3):
        spool.add(message(number))
    assert (spool.waiting_bytes, spool.lost) == (30, 0)
    spool.add(message(4))
    assert (spool.waiting_bytes, spool.lost) == (30, 3)
    spool.add(message(5, size=50))
    assert (spool.waiting_bytes, spool.lost) == (50, 12)
    assert all_of(spool) == [5]


@given(sizes=st.lists(st.integers(1, 60), max_size=30), takes=st.lists(st.booleans(), max_size=30))
def test_whatever_happens_order_is_kept_and_every_sample_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], takes: list[bool]
) -> None:
    """Added, sent and dropped agree, and the bound holds but for one message."""
    spool = Spool(str(tmp_path_factory.mktemp("spool") / "push.db"), most_bytes=100)
    sent: list[int] = []
    for number, size in enumerate(sizes, start=1):
        spool.add(message(number, size))
        assert spool.waiting_bytes <= max(100, size)
        oldest = spool.oldest()
        if oldest is not None and number < len(takes) and takes[number]:
            sent.append(oldest.at_milliseconds // 1000)
            spool.remove_oldest()
    rest = all_of(spool)
    assert sent + rest == sorted(set(sent + rest))
    assert (len(sent) + len(rest)) * 3 + spool.lost == len(sizes) * 3
    spool.close()


def test_a_message_that_gave_way_while_it_was_sent_takes_no_other_with_it(path: str) -> None:
    spool = Spool(path, most_bytes=25)
    spool.add(message(1))
    assert spool.oldest() == message(1)
    spool.add(message(2))
    spool.add(message(3))
    spool.remove_oldest()
    assert all_of(spool) == [2, 3]


def test_while_the_disk_is_full_the_newest_wait_in_memory(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They follow what is on disk, go to disk when it has room again, and are few."""
    monkeypatch.setattr(module, "_MOST_HELD", 2)
    spool = Spool(path, most_bytes=1_000_000)
    spool.add(message(1))
    assert spool._connection is not None
    spool._connection.execute("PRAGMA max_page_count = 1")  # SQLite's own "disk full"; it never goes below what is used
    full = f"{path}: the disk is full; free some space"
    for number in (2, 3):
        with pytest.raises(DatabaseUnavailable, match=full):
            spool.add(message(number, size=100_000))
    assert spool.waiting_bytes == 200_010
    assert spool.oldest() == message(1)
    with pytest.raises(DatabaseUnavailable):
        spool.add(message(4, size=100_000))
    spool._connection.execute("PRAGMA max_page_count = 100000")
    spool.add(message(5))
    assert all_of(spool) == [1, 4, 5]
    assert spool.lost == 6


def test_where_nothing_can_be_written_at_all_samples_still_go(tmp_path: Path) -> None:
    """The folder is a file: neither the start nor the sending fails for it."""
    (tmp_path / "state").write_text("")
    spool = Spool(str(tmp_path / "state" / "push.db"), most_bytes=100)
    assert (spool.newest(), spool.oldest()) == (0, None)
    with pytest.raises(DatabaseUnavailable):
        spool.add(message(1))
    assert spool.newest() == 1000
    assert all_of(spool) == [1]


def test_what_is_under_way_when_the_disk_has_room_again_is_not_sent_twice(path: str) -> None:
    """It went out of memory while the same message was written to disk."""
    spool = Spool(path, most_bytes=1_000_000)
    spool.add(message(1))
    assert all_of(spool) == [1]
    assert spool._connection is not None
    spool._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(DatabaseUnavailable):
        spool.add(message(2, size=100_000))
    assert spool.oldest() == message(2, size=100_000)
    spool._connection.execute("PRAGMA max_page_count = 100000")
    spool.add(message(3))
    spool.remove_oldest()
    assert all_of(spool) == [3]
    assert spool.waiting_bytes == 0


def test_a_damaged_file_is_set_aside_and_said(path: str, caplog: pytest.LogCaptureFixture) -> None:
    Path(path).write_bytes(b"no database at all" * 100)
    spool = Spool(path, most_bytes=100)
    spool.add(message(1))
    assert all_of(spool) == [1]
    assert "was damaged" in caplog.text
    assert len(list(Path(path).parent.glob("push.db.corrupt-*"))) == 1


def test_the_file_becomes_smaller_when_all_is_sent(path: str) -> None:
    spool = Spool(path, most_bytes=100_000_000)
    for number in range(1, 41):
        spool.add(message(number, size=100_000))
    all_of(spool)
    spool.close()
    pages = sqlite3.connect(path)
    (count,) = pages.execute("PRAGMA page_count").fetchone()
    pages.close()
    assert count < 300
