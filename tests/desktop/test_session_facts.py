"""What the session tells, on real parts: Mutter without a screen, and an X server, to the agent's readings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.desktop.notifier import Notifier
from agent.desktop.session import session_readings
from tests.desktop.a_desktop import Desktop, desktop
from tests.desktop.faults import write_fault
from tests.running_agent import eventually, running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="dbus-daemon is not installed"),
]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Desktop]:
    with desktop(tmp_path / "session") as started:
        started.bus()
        yield started


@pytest.mark.skipif(shutil.which("mutter") is None, reason="mutter is not installed")
def test_gnome_says_what_its_screens_show(session: Desktop) -> None:
    """Two screens of GNOME's own compositor under Wayland: sizes, and the rate that was asked for."""
    screens = ("--virtual-monitor", "1920x1080@59.9", "--virtual-monitor", "1280x1024")
    started = session.start("mutter", "--headless", "--wayland", "--no-x11", *screens)
    notifier = Notifier(session.environment["DBUS_SESSION_BUS_ADDRESS"])
    assert eventually(lambda: len(session_readings({}, notifier)) == 6, 60), started.said()
    found = [(one["name"], one["labels"], round(float(str(one["value"])), 1)) for one in session_readings({}, notifier)]
    notifier.close()
    assert found == [
        ("display_resolution_pixels", {"connector": "Meta-0", "dimension": "width"}, 1920.0),
        ("display_resolution_pixels", {"connector": "Meta-0", "dimension": "height"}, 1080.0),
        ("display_refresh_hertz", {"connector": "Meta-0"}, 59.9),
        ("display_resolution_pixels", {"connector": "Meta-1", "dimension": "width"}, 1280.0),
        ("display_resolution_pixels", {"connector": "Meta-1", "dimension": "height"}, 1024.0),
        ("display_refresh_hertz", {"connector": "Meta-1"}, 60.0),
    ]


@pytest.mark.skipif(
    shutil.which("Xvfb") is None or shutil.which("xrandr") is None, reason="Xvfb or xrandr is not installed"
)
def test_a_screen_becomes_a_reading_of_the_agent(session: Desktop, tmp_path: Path) -> None:
    """What the companion reads is a metric of the agent while it runs, and none once it has left."""
    session.display()
    write_fault(tmp_path / "agent", "none")
    width = 'endpoint_display_resolution_pixels{connector="screen",dimension="width",session="1"}'
    with running(tmp_path / "agent") as agent:
        companion = session.companion(agent.config)
        assert eventually(lambda: agent.series().get(width) == 1366), companion.said()
        assert companion.end() == 0
        assert eventually(lambda: width not in agent.series())
