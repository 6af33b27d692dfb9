"""Messages to terminals: to one's own, to nothing else, and with nothing in them but letters."""

from __future__ import annotations

import os
import pty
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.desktop.terminals_posix import own_terminals, write_to
from agent.desktop.words import Text, terminal_text

WHO = """\
operator tty2         2026-11-25 08:01
operator pts/3        2026-11-25 08:30 (192.0.2.7)
operator :0           2026-11-25 08:00 (:0)
other    pts/4        2026-11-25 08:31
operator pts/../../etc/passwd 2026-11-25 08:31
operator
"""


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """A real terminal: its far end, and its device."""
    far, near = pty.openpty()
    yield far, os.ttyname(near)
    os.close(near)
    os.close(far)


def test_only_the_users_own_terminals_are_found() -> None:
    """Not another user's, no display, no path that leaves /dev."""
    assert own_terminals(WHO.splitlines(), "operator") == ["/dev/tty2", "/dev/pts/3"]


def test_the_message_arrives(terminal: tuple[int, str]) -> None:
    """What is written is what stands there, in Chinese too."""
    far, path = terminal
    text = terminal_text(Text(title="严重：处理器过热", body="97 °C。\n请立即停止操作。"), "zh")
    assert write_to([path], text) == 1
    lines = [line.strip("\r") for line in os.read(far, 4096).decode().split("\n")]
    assert lines == ["", "[设备健康] 严重：处理器过热", "97 °C。", "请立即停止操作。", "", ""]


def test_no_control_character_reaches_a_terminal() -> None:
    """Escape sequences, bells and carriage returns in a text become spaces."""
    text = terminal_text(Text(title="a\x1b[2Jb\x07", body="c\rd\n\x9be"), "en")
    assert text == "\r\n[Device health] a [2Jb \r\nc\r\nd\r\n e\r\n\r\n"


def test_a_file_is_no_terminal(tmp_path: Path) -> None:
    """A plain file, a link to a terminal, another device and a missing one take nothing."""
    plain = tmp_path / "tty9"
    plain.write_text("", encoding="utf-8")
    assert write_to([str(plain), "/dev/null", str(tmp_path / "missing")], "hello") == 0
    assert plain.read_text(encoding="utf-8") == ""


def test_a_link_is_not_followed(terminal: tuple[int, str], tmp_path: Path) -> None:
    (tmp_path / "tty9").symlink_to(terminal[1])
    assert write_to([str(tmp_path / "tty9")], "hello") == 0


def test_a_stopped_terminal_holds_nobody_up(terminal: tuple[int, str]) -> None:
    """A terminal that takes nothing more is counted as not reached, at once."""
    _far, path = terminal
    assert write_to([path], "x" * 1_000_000) == 0
