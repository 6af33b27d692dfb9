"""The companion against servers that close, restart, refuse or are not there, with the real agent behind it."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.desktop.a_desktop import Desktop, Program, browser, desktop
from tests.desktop.faults import set_fault, write_fault
from tests.desktop.notification_server import NotificationServer
from tests.running_agent import RunningAgent, device_health, eventually, running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="dbus-daemon is not installed"),
]
EXPIRED, DISMISSED, UNDEFINED = 1, 2, 4


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Desktop]:
    """A bus and nothing else."""
    with desktop(tmp_path / "session") as started:
        started.bus()
        yield started


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    """An agent with a critical fault."""
    write_fault(tmp_path / "agent", "critical")
    with running(tmp_path / "agent", extra="language: en\nit_contact: IT desk\n") as started:
        yield started


def _server(session: Desktop, **more: object) -> NotificationServer:
    return NotificationServer(session.environment["DBUS_SESSION_BUS_ADDRESS"], **more)  # type: ignore[arg-type]


def _journal(agent: RunningAgent, *arguments: str) -> list[str]:
    return device_health("journal", "list", "--config", str(agent.config), *arguments).stdout.splitlines()


def test_a_critical_notice_stays_until_it_is_answered(agent: RunningAgent, session: Desktop) -> None:
    """Urgency critical, never expires, three ways to answer, markup escaped; closing it marks it seen, once."""
    with _server(session) as server:
        companion = session.companion(agent.config)
        assert eventually(lambda: len(server.calls) == 1), companion.said()
        (shown,) = server.calls
        assert (shown.urgency, shown.expires, shown.replaces) == (2, 0, 0)
        assert shown.actions == ("acknowledge", "I have told IT")  # no display: no page
        assert shown.title == "CRITICAL: memory is <nearly> used up & slow"
        assert "Stop work now." in shown.body
        server.close_by(shown.handle, DISMISSED)
        assert eventually(lambda: len(_journal(agent, "--kind", "seen")) >= 1), companion.said()
        before = _journal(agent, "--kind", "seen")
        server.close_by(shown.handle, DISMISSED)
        set_fault(agent, "none")
        assert eventually(lambda: len(server.calls) == 2)
        over = server.calls[1]
        assert (over.urgency, over.expires, over.title) == (1, 0, "Over: memory is <nearly> used up & slow")
        assert _journal(agent, "--kind", "seen") == before


@pytest.mark.parametrize("reason", [EXPIRED, UNDEFINED])
def test_what_the_server_drops_nobody_has_seen(agent: RunningAgent, session: Desktop, reason: int) -> None:
    """Expired or undefined is not seen; a signal of somebody else on the bus is not the server's."""
    with _server(session) as server, _server(session) as stranger:
        companion = session.companion(agent.config)
        assert eventually(lambda: len(server.calls) == 1), companion.said()
        server.close_by(server.calls[0].handle, reason)
        stranger.close_by(server.calls[0].handle, DISMISSED)
        set_fault(agent, "none")
        assert eventually(lambda: len(server.calls) == 2)
        assert _journal(agent, "--kind", "seen") == []


def test_a_poor_server_gets_what_it_can_show(agent: RunningAgent, session: Desktop) -> None:
    """Without actions, body and markup: one title with everything, no action, nothing escaped."""
    with _server(session, capabilities=("icon-static",)) as server:
        session.companion(agent.config)
        assert eventually(lambda: len(server.calls) == 1)
        (shown,) = server.calls
        assert (shown.body, shown.actions) == ("", ())
        assert shown.title.startswith("CRITICAL: memory is <nearly> used up & slow ")
        assert shown.title.endswith("notify IT desk.")


def test_markup_is_escaped_for_a_server_that_reads_it(agent: RunningAgent, session: Desktop) -> None:
    """The body of a rule with < and & is text, not markup."""
    rules = agent.folder / "rules.d" / "site.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace("is left,", "<b>is left & low,"), encoding="utf-8")
    agent.process.send_signal(signal.SIGHUP)
    with _server(session) as server:
        session.companion(agent.config)
        assert eventually(lambda: len(server.calls) >= 1)
        set_fault(agent, "none")
        assert eventually(lambda: server.calls[-1].title.startswith("Over"))
    assert "<b>" not in "".join(call.body for call in server.calls)


def test_a_server_that_restarts_is_given_the_notice_again(agent: RunningAgent, session: Desktop) -> None:
    """Killed and another one there: it shows the notice within RESTORE_SECONDS, without a new alert."""
    with _server(session) as server:
        companion = session.companion(agent.config)
        assert eventually(lambda: len(server.calls) == 1), companion.said()
    with _server(session) as other:
        assert eventually(lambda: len(other.calls) == 1, 30), companion.said()
        assert other.calls[0].replaces == 0
        assert other.calls[0].title == "CRITICAL: memory is <nearly> used up & slow"


def test_the_agent_may_be_killed_and_come_back(agent: RunningAgent, session: Desktop) -> None:
    """What stands on the screen stays while the agent is away; what was answered meanwhile is told when it is back."""
    with _server(session) as server:
        companion = session.companion(agent.config)
        assert eventually(lambda: len(server.calls) == 1), companion.said()
        agent.stop(signal.SIGKILL)
        server.close_by(server.calls[0].handle, DISMISSED)
        assert eventually(lambda: "No agent is running" in companion.said())
        with running(agent.folder, port=agent.port) as again:
            assert eventually(lambda: len(_journal(again, "--kind", "seen")) >= 1, 40), companion.said()
            assert eventually(lambda: companion.said().endswith("INFO the agent answers\n"))
            assert (len(server.calls), server.closed) == (1, [])


def test_a_bus_that_goes_is_waited_for(agent: RunningAgent, session: Desktop) -> None:
    """Without a bus the companion waits, without work; on the next bus it shows what is still there."""
    bus = session.started[0]
    with _server(session) as server:
        companion = session.companion(agent.config)
        assert eventually(lambda: len(server.calls) == 1), companion.said()
    bus.end(signal.SIGKILL)
    assert eventually(lambda: "the session bus is gone" in companion.said()), companion.said()
    before = _cpu_seconds(companion)
    time.sleep(3)
    assert _cpu_seconds(companion) - before < 0.3
    session.bus()
    with _server(session) as other:
        assert eventually(lambda: len(other.calls) == 1, 60), companion.said()
    assert companion.end() == 0


def _cpu_seconds(program: Program) -> float:
    fields = Path(f"/proc/{program.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(int(one) for one in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def test_one_companion_for_each_user(agent: RunningAgent, session: Desktop) -> None:
    """A second one leaves at once, with status 0; when the first is gone, however it went, another may start."""
    with _server(session) as server:
        first = session.companion(agent.config)
        assert eventually(lambda: len(server.calls) == 1), first.said()
        second = session.companion(agent.config)
        assert second.process.wait(30) == 0
        assert "this user's companion runs already" in second.said()
        first.end(signal.SIGKILL)
        third = session.companion(agent.config)
        assert eventually(lambda: len(server.calls) == 2), third.said()
        assert third.end(signal.SIGHUP) == 0


def test_at_its_end_nothing_is_left_on_the_screen(agent: RunningAgent, session: Desktop) -> None:
    """SIGTERM ends it at once, and takes down what nobody would take down any more."""
    with _server(session) as server:
        companion = session.companion(agent.config)
        assert eventually(lambda: len(server.calls) == 1), companion.said()
        begun = time.monotonic()
        assert companion.end() == 0
        assert time.monotonic() - begun < 2
        assert server.closed == [server.calls[0].handle]


FALLBACKS: dict[str, Callable[[Desktop], object]] = {
    "no server": lambda session: None,
    "no bus": lambda session: session.started[0].end(),
}


@pytest.mark.parametrize("missing", FALLBACKS)
def test_without_notifications_the_page_opens(agent: RunningAgent, session: Desktop, missing: str) -> None:
    """Where there is a display, the page opens once, by a token of this user; the journal tells the way and why."""
    opened = browser(session)
    session.environment["DISPLAY"] = ":99"
    FALLBACKS[missing](session)
    companion = session.companion(agent.config)
    assert eventually(opened.exists), companion.said()
    assert "#token=" in opened.read_text(encoding="utf-8")
    assert eventually(lambda: len(_journal(agent, "--kind", "delivered")) == 1)
    assert "page" in _journal(agent, "--kind", "delivered")[0]


def test_without_anything_the_journal_says_so(agent: RunningAgent, session: Desktop) -> None:
    """No server, no display, no terminal: nobody could be told, and that is on record."""
    with _server(session, refuses=True):
        companion = session.companion(agent.config)
        assert eventually(lambda: len(_journal(agent, "--kind", "delivered")) == 1), companion.said()
    assert "too many notifications" in _journal(agent, "--kind", "delivered")[0]
