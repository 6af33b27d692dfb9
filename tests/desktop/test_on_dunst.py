"""The companion on a real desktop: dunst on a D-Bus of its own, under an X server, with the real agent's journal."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jeepney
import pytest

from tests.desktop.a_desktop import MISSING, Desktop, browser, desktop
from tests.desktop.faults import set_fault, write_fault
from tests.running_agent import ROOT, RunningAgent, device_health, eventually, running

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
    assert eventually(lambda: len(_journal(agent, "--kind", "acknowledged")) >= 1), companion.said()
    assert all(f"[{getpass.getuser()}]" in entry for entry in _journal(agent, "--kind", "acknowledged"))
    assert eventually(lambda: session.displayed() == 0)
    set_fault(agent, "none")
    assert eventually(lambda: session.displayed() == 1), companion.said()
    session.picture(f"{language}-3-over.png")
    assert session.shown()[-1].startswith(f"NORMAL|{words['over']}")
    assert companion.end() == 0
    assert session.displayed() == 0


def test_dunst_is_killed_and_comes_back(agent: RunningAgent, session: Desktop) -> None:
    """Kill -9 of dunst takes the notification off the screen; the next dunst has it again."""
    companion = session.companion(agent.config)
    set_fault(agent, "critical")
    assert eventually(lambda: session.displayed() == 1), companion.said()
    dunst = next(program for program in session.started if program.log.name == "dunst.log")
    dunst.end(signal.SIGKILL)
    session.dunst()
    assert eventually(lambda: session.displayed() == 1, 30), companion.said()
    session.click(1)
    assert eventually(lambda: len(_journal(agent, "--kind", "seen")) >= 1), companion.said()
    assert session.displayed() == 0


def test_a_click_opens_the_page(agent: RunningAgent, session: Desktop) -> None:
    """The notification itself is a button: the page opens with a token of this user, and the alert counts as seen."""
    opened = browser(session)
    companion = session.companion(agent.config)
    set_fault(agent, "critical")
    assert eventually(lambda: session.displayed() == 1), companion.said()
    assert not opened.exists()
    session.click(2)
    assert eventually(opened.exists), companion.said()
    assert "/#token=" in opened.read_text(encoding="utf-8")
    assert eventually(lambda: len(_journal(agent, "--kind", "seen")) >= 1), companion.said()
    told = _journal(agent, "--kind", "delivered")
    assert [line for line in told if "dunst" in line], told


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become other users")
def test_two_users_at_once(agent: RunningAgent, tmp_path: Path) -> None:
    """Both desktops show the alert; one user acknowledges, and the other one's screen says who it was."""
    names = ("daemon", "games")  # accounts that every Debian has, and nobody uses
    interpreter = next((path for path in (sys.executable, "/usr/bin/python3") if _may_run(path, names[0])), None)
    if interpreter is None:
        pytest.skip(f"others may not run {sys.executable}, and there is no Python of the system's that would do")
    for folder in (agent.folder, tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o711)
    desktops = [desktop(tmp_path / name) for name in names]
    with desktops[0] as first, desktops[1] as second:
        for name, session in zip(names, (first, second), strict=True):
            for folder in (session.folder, session.environment["XDG_RUNTIME_DIR"]):
                shutil.chown(folder, name)
            session.user = name
            session.bus()
            session.display()
            session.dunst()
            modules = {"PYTHONPATH": f"{ROOT}:{Path(jeepney.__file__).parent.parent}"}
            session.start(interpreter, "-P", "-m", "agent.desktop", str(agent.folder / "agent.sock"), **modules)
        set_fault(agent, "critical")
        assert eventually(lambda: first.displayed() == second.displayed() == 1)
        (first.folder / "chosen").write_text(SEEN_IN["zh"]["told"], encoding="utf-8")
        first.click(3)
        assert eventually(lambda: any("daemon 已经通知 IT。" in line for line in second.shown())), second.shown()
        assert [line for line in _journal(agent, "--kind", "acknowledged") if "daemon" in line]
        second.picture("two-users.png")
        assert (first.displayed(), second.displayed()) == (0, 1)


def _may_run(interpreter: str, user: str) -> bool:
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([interpreter, "-c", code], user=user, check=False, cwd="/").returncode == 0
    except OSError:
        return False


def test_an_idle_minute(agent: RunningAgent, session: Desktop) -> None:
    """With a notification on the screen and nothing happening: under 25 MB, and no measurable processor time."""
    companion = session.companion(agent.config)
    set_fault(agent, "warning")
    assert eventually(lambda: session.displayed() == 1), companion.said()
    before = _processor_seconds(companion.process.pid)
    time.sleep(65)  # one question to the agent and one look at the session fall into it
    used = _processor_seconds(companion.process.pid) - before
    resident = _resident_mebibytes(companion.process.pid)
    print(f"an idle minute: {used:.2f} s of processor time, children included; {resident:.1f} MiB resident")  # noqa: T201
    assert used < 0.3
    assert resident < 25


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(int(one) for one in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _resident_mebibytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:")) / 1024
