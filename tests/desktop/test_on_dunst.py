"""The companion on a real desktop: dunst on a D-Bus of its own, under an X server, with the real agent's journal."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desktop.a_desktop import MISSING, Desktop, desktop
from tests.desktop.faults import set_fault, write_fault
from tests.running_agent import RunningAgent, device_health, eventually, running

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")]

SEEN_IN = {
    "zh": {"critical": "严重：内存 <几乎> 用完 & 变慢", "over": "已恢复：内存 <几乎> 用完 & 变慢", "told": "已通知 IT"},
    "en": {
        "critical": "CRITICAL: memory is <nearly> used up & slow",
        "over": "Over: memory is <nearly> used up & slow",
        "told": "I have told IT",
    },
}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Desktop]:
    """Bus, display and dunst."""
    with desktop(tmp_path / "session") as started:
        started.bus()
        started.display()
        started.dunst()
        yield started


@pytest.fixture
def agent(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RunningAgent]:
    """An agent without a fault, in the parameter's language or Chinese."""
    write_fault(tmp_path / "agent", "none")
    language = getattr(request, "param", "zh")
    contact = {"zh": "IT 服务台，分机 8000", "en": "the IT desk, extension 8000"}[language]
    with running(tmp_path / "agent", extra=f"language: {language}\nit_contact: '{contact}'\n") as started:
        yield started


def _journal(agent: RunningAgent, *arguments: str) -> list[str]:
    listed = device_health("journal", "list", "--config", str(agent.config), *arguments)
    return listed.stdout.splitlines()


@pytest.mark.parametrize("agent", ["zh", "en"], indirect=True)
def test_a_whole_episode(agent: RunningAgent, session: Desktop, request: pytest.FixtureRequest) -> None:
    """Warning, worse in the same place, acknowledged by a click with the user's name, over: each as it should look."""
    language = request.node.callspec.params["agent"]
    words = SEEN_IN[language]
    companion = session.companion(agent.config)
    set_fault(agent, "warning")
    assert eventually(lambda: session.displayed() == 1), companion.said()
    session.picture(f"{language}-1-warning.png")
    set_fault(agent, "critical")
    assert eventually(lambda: any(words["critical"] in line for line in session.shown())), session.shown()
    assert session.displayed() == 1
    session.picture(f"{language}-2-critical.png")
    (session.folder / "chosen").write_text(words["told"], encoding="utf-8")
    session.click(3)
    assert eventually(lambda: len(_journal(agent, "--kind", "acknowledged")) == 1), companion.said()
    assert getpass.getuser() in _journal(agent, "--kind", "acknowledged")[0]
    assert eventually(lambda: session.displayed() == 0)
    set_fault(agent, "none")
    assert eventually(lambda: session.displayed() == 1), companion.said()
    session.picture(f"{language}-3-over.png")
    assert session.shown()[-1].startswith(f"NORMAL|{words['over']}")
    assert companion.end() == 0
    assert session.displayed() == 0
