"""The kernel's messages out of a journal: what a real child process writes, in the form of the real journalctl."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from agent.probes.gpu_resets import ResetCounter
from agent.probes.kernel_journal import _COMMAND, _MATCHES, KernelJournal, parse_entry
from agent.probes.kernel_log import KernelMessage

HANG = "i915 0000:00:02.0: [drm] GPU HANG: ecode 9:1:85dffffb, in game [1234]"
DEADLINE_SECONDS = 30.0
"""A child starts in milliseconds; this is for a computer that does much else."""


def entry(text: object, at: str = "5140900", cursor: str = "s=1;i=1") -> dict[str, object]:
    """As journalctl --output=json of systemd 252 writes one, shortened to the fields that are asked for."""
    return {
        "__CURSOR": cursor,
        "__REALTIME_TIMESTAMP": "1764000000000000",
        "__MONOTONIC_TIMESTAMP": "9999999",
        "_BOOT_ID": "5bd6bd8ab5c14fb39b9ed4a3fb4ab0cc",
        "MESSAGE": text,
        "_SOURCE_MONOTONIC_TIMESTAMP": at,
    }


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (entry(HANG), KernelMessage(at_seconds=5.1409, text=HANG)),
        (entry("a\nb"), KernelMessage(at_seconds=5.1409, text="a")),
        (entry([105, 57, 49, 53, 255]), KernelMessage(at_seconds=5.1409, text="i915\ufffd")),
        (entry("x", at=""), KernelMessage(at_seconds=9.999999, text="x")),
        (entry(None), None),
        ({"__CURSOR": "s=1"}, None),
    ],
    ids=["plain", "two lines", "not UTF-8", "without its source's time", "too long", "empty"],
)
def test_entries(found: dict[str, object], message: KernelMessage | None) -> None:
    """An entry gives the kernel's own time and its first line; one without text is left out."""
    assert parse_entry(found) == message


class Journal:
    """A journal of our own: `tail` stands in for journalctl, with the same way to follow and the same lines."""

    def __init__(self, folder: Path) -> None:
        self.lines = folder / "system.journal"
        self.arguments = folder / "arguments"
        self.lines.touch()
        follow = f'echo "$@" >>{self.arguments}; [ ! -e {folder}/broken ] || {{ echo No such journal; exit 1; }}; '
        self.command = ["sh", "-c", f"{follow} exec tail -n 0 -f {self.lines}", "journalctl"]

    def open(self) -> KernelJournal:
        log = KernelJournal(self.command, [str(self.lines)])
        self.until_followed(log)
        return log

    def until_followed(self, log: KernelJournal) -> None:
        """What is written before `tail` has begun would not be followed: so write until something comes."""
        until = time.monotonic() + DEADLINE_SECONDS
        while not list(log.messages()):
            assert time.monotonic() < until
            self.write(entry("begun"))
            time.sleep(0.01)

    def write(self, *entries: dict[str, object]) -> None:
        with self.lines.open("a") as file:
            file.writelines(json.dumps(one) + "\n" for one in entries)


def messages(log: KernelJournal, wanted: str) -> list[str]:
    """All texts up to the wanted one."""
    until, found = time.monotonic() + DEADLINE_SECONDS, list[str]()
    while wanted not in found:
        assert time.monotonic() < until, found
        found += [message.text for message in log.messages()]
    return found


def test_what_is_written_after_the_start_is_read(tmp_path: Path) -> None:
    """A hang of the graphics that a driver tells is counted, once for its two lines."""
    journal = Journal(tmp_path)
    log = journal.open()
    journal.write(entry(HANG), entry("i915: Resetting chip for stopped heartbeat on rcs0"), entry("end"))
    resets = ResetCounter()
    resets.add(KernelMessage(at_seconds=5.0, text=text) for text in messages(log, "end"))
    log.close()
    assert resets.total == 1


def test_nothing_new_does_not_wait(tmp_path: Path) -> None:
    """A look at a silent journal ends at once, with nothing."""
    journal = Journal(tmp_path)
    log = journal.open()
    messages_before = list(log.messages())
    begun = time.monotonic()
    assert [message.text for message in log.messages() if message.text != "begun"] == []
    assert time.monotonic() - begun < DEADLINE_SECONDS
    assert {message.text for message in messages_before} <= {"begun"}
    log.close()


def test_a_child_that_ended_is_told_and_followed_by_one_that_goes_on(tmp_path: Path) -> None:
    """Its last words are the reason; the next one begins after the last entry that was read."""
    journal = Journal(tmp_path)
    log = journal.open()
    journal.write(entry("last", cursor="s=7;i=9"))
    messages(log, "last")
    (tmp_path / "broken").touch()
    _end_child(log)
    with pytest.raises(OSError, match="journalctl ended: it gave no reason"):
        _look_until_it_fails(log)
    with pytest.raises(OSError, match="journalctl ended: No such journal"):
        _look_until_it_fails(log)
    (tmp_path / "broken").unlink()
    journal.until_followed(log)
    log.close()
    first, *later = journal.arguments.read_text().splitlines()
    assert first == "--lines=0 _TRANSPORT=kernel SYSLOG_FACILITY=0"
    assert set(later) == {"--no-tail --after-cursor=s=7;i=9 _TRANSPORT=kernel SYSLOG_FACILITY=0"}


def _end_child(log: KernelJournal) -> None:
    assert log._child is not None
    log._child.kill()


def _look_until_it_fails(log: KernelJournal) -> None:
    until = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < until:
        list(log.messages())


def test_closing_ends_the_child(tmp_path: Path) -> None:
    """No process is left behind."""
    log = Journal(tmp_path).open()
    assert log._child is not None
    process = log._child.pid
    log.close()
    assert not os.path.exists(f"/proc/{process}")


def test_without_a_journal_the_reason_is_told(tmp_path: Path) -> None:
    """A machine without journald, and one whose journal this user may not read."""
    with pytest.raises(FileNotFoundError, match="there is none that this user can see"):
        KernelJournal(files=[f"{tmp_path}/*/system.journal"])
    (tmp_path / "system.journal").touch(mode=0o000)
    if os.access(tmp_path / "system.journal", os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(PermissionError, match="only the group systemd-journal may read it"):
        KernelJournal(files=[f"{tmp_path}/system.journal"])


def test_the_real_journalctl_knows_the_options(tmp_path: Path) -> None:
    """The command as it is called understands every option, on this machine's version."""
    try:
        done = subprocess.run(["journalctl", "--version"], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("there is no journalctl here")
    asked = [one for one in _COMMAND if one != "--follow"]
    for begin in (["--lines=0"], ["--no-tail", "--after-cursor=s=0;i=0"]):
        looked = subprocess.run(
            [*asked, *begin, f"--directory={tmp_path}", *_MATCHES], capture_output=True, text=True, check=False
        )
        assert "option" not in looked.stderr, (done.stdout, looked.stderr)
