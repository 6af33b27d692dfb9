"""Messages to systemd, received on a real socket."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from agent.sdnotify import READY, STOPPING, notify, patience, reloading, status, watchdog_seconds


def received(address: str, *states: str) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(5)
        name = "@" + address[1:] if address.startswith("\0") else address
        assert notify(*states, environment={"NOTIFY_SOCKET": name})
        return manager.recv(4096)


def test_states_arrive_in_one_message(tmp_path: Path) -> None:
    sent = received(str(tmp_path / "notify"), READY, status("watching\n13 probes"))
    assert sent == b"READY=1\nSTATUS=watching 13 probes"


def test_the_abstract_namespace_is_reached() -> None:
    assert received(f"\0sdnotify-test-{os.getpid()}", STOPPING) == b"STOPPING=1"


def test_reloading_carries_the_monotonic_time(tmp_path: Path) -> None:
    assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", received(str(tmp_path / "notify"), reloading()))


@pytest.mark.parametrize("address", [None, "", "vsock:2:3", "/nowhere/notify"])
def test_without_a_listening_manager_nothing_happens(address: str | None) -> None:
    assert notify(READY, environment={} if address is None else {"NOTIFY_SOCKET": address}) is False


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_watchdog_is_for_the_named_process(environment: dict[str, str], expected: float | None) -> None:
    assert watchdog_seconds(environment) == expected


@pytest.mark.parametrize(
    ("silent_seconds", "given", "asked"),
    [
        (10.0, "60000000", ()),
        (30.0, "60000000", ()),
        (305.0, "60000000", ("WATCHDOG_USEC=335000000",)),
        (305.0, "", ()),
    ],
    ids=["short", "just enough", "an interval of five minutes", "no watchdog"],
)
def test_a_slow_cycle_asks_for_patience(silent_seconds: float, given: str, asked: tuple[str, ...]) -> None:
    """A watchdog shorter than the longest rightful silence is lengthened, with half a minute to spare; else nothing."""
    assert patience(silent_seconds, {"WATCHDOG_USEC": given}) == asked
