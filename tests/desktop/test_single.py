"""One companion per user, and none that outlives the user's session."""

from __future__ import annotations

import shutil
from pathlib import Path

from agent.desktop.single_posix import hold_alone, lock_folder


def test_a_second_one_gets_nothing(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    first = hold_alone(environment)
    assert first is not None
    assert hold_alone(environment) is None
    assert first.is_in_place()


def test_the_end_of_the_session_is_seen(tmp_path: Path) -> None:
    """The runtime directory goes, and another one with another lock comes: the first companion's time is over."""
    environment = {"XDG_RUNTIME_DIR": str(tmp_path / "run")}
    first = hold_alone(environment)
    assert first is not None
    shutil.rmtree(tmp_path / "run")
    assert not first.is_in_place()
    second = hold_alone(environment)
    assert second is not None
    assert (first.is_in_place(), second.is_in_place()) == (False, True)


def test_without_a_session_the_lock_is_in_the_users_own_folder() -> None:
    assert lock_folder({"XDG_STATE_HOME": "/home/li/state"}) == "/home/li/state/device-health"
