"""The running agent tells those who wait: a fault, who takes care of it, and its end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from agent.apiclient import ask
from tests.running_agent import RunningAgent, eventually, running
from tests.test_life import hot_machine, site_rule


def told(agent: RunningAgent, known: str = "", wait: int = 30) -> dict[str, Any]:
    """What the agent tells now, or as soon as there is news."""
    query = f"?language=en&wait={wait}" + (f"&known={known}" if known else "")
    return ask(str(agent.folder / "agent.sock"), "GET", f"/api/v1/notifications{query}", timeout_seconds=wait + 10)


def test_a_whole_episode_reaches_who_waits(tmp_path: Path) -> None:
    """The fault, the acknowledgement and the end each wake the waiting client; between them nothing does."""
    arguments, sensor = hot_machine(tmp_path)
    site_rule(tmp_path, above=90, clear=80)
    with running(tmp_path, *arguments, extra="it_contact: extension 8000\n") as agent:
        quiet = told(agent)
        assert (quiet["notifications"], quiet["ended"], quiet["it_contact"]) == ([], [], "extension 8000")

        sensor.write_text("97000\n")
        begun = time.monotonic()
        fault = told(agent, known=quiet["revision"])
        assert time.monotonic() - begun < 15
        (shown,) = fault["notifications"]
        assert (shown["title"], shown["severity"], shown["action"]) == (
            "test is hot",
            "critical",
            "Stop work now. Stop work and notify IT: extension 8000.",
        )
        assert told(agent, known=fault["revision"], wait=2)["revision"] == fault["revision"]

        ask(str(agent.folder / "agent.sock"), "POST", "/api/v1/acknowledge", {"alert": shown["id"]})
        taken = told(agent, known=fault["revision"])
        assert taken["notifications"][0]["acknowledged_by"] != ""

        sensor.write_text("60000\n")
        over = told(agent, known=taken["revision"])
        assert (over["notifications"], [end["id"] for end in over["ended"]]) == ([], [shown["id"]])
        assert over["ended"][0]["text"] == "Back to normal; you can go on."


def test_a_restarted_agent_tells_the_same_again_under_another_revision(tmp_path: Path) -> None:
    """A client that waits is let go when the agent ends, and finds the same state in the next process."""
    arguments, sensor = hot_machine(tmp_path)
    site_rule(tmp_path, above=90, clear=80)
    sensor.write_text("97000\n")
    seen = []
    with running(tmp_path, *arguments) as agent:
        assert eventually(lambda: bool(told(agent, wait=0)["notifications"]))
        seen.append(told(agent, wait=0))
        assert agent.stop() < 5
    port = agent.port
    with running(tmp_path, *arguments, port=port) as agent:
        assert eventually(lambda: bool(told(agent, wait=0)["notifications"]))
        seen.append(told(agent, wait=0))
    assert seen[0]["notifications"][0]["id"] == seen[1]["notifications"][0]["id"]
    assert seen[0]["revision"] != seen[1]["revision"]
