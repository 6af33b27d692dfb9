"""What systemd hears of a running agent, received on a real socket. The lab hangs a cycle and sees it ended."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.running_agent import PATIENCE_SECONDS, running


def test_each_finished_cycle_feeds_the_watchdog_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ready comes with the first finished cycle; then one word for each, and a goodbye at the end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE_SECONDS)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "60000000")
        with running(tmp_path) as agent:
            heard = [manager.recv(4096) for _ in range(3)]
            agent.stop()
            while heard[-1] == b"WATCHDOG=1":
                heard.append(manager.recv(4096))
    assert heard[0] == b"READY=1\nWATCHDOG=1"
    assert set(heard[1:-1]) == {b"WATCHDOG=1"}
    assert heard[-1] == b"STOPPING=1"


def test_a_slow_cycle_gets_its_patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an interval longer than the unit's watchdog, the agent asks for more before it is first silent."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE_SECONDS)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "60000000")
        with running(tmp_path, interval="5m"):
            ready, patience, fed = manager.recv(4096).decode().splitlines()
    assert (ready, fed) == ("READY=1", "WATCHDOG=1")
    assert int(patience.removeprefix("WATCHDOG_USEC=")) > 330 * 1_000_000
