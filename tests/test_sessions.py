"""What users' companions say: checked, numbered, and forgotten when they are gone."""

from __future__ import annotations

import pytest

from agent.looking import CATALOGUE
from agent.outputs.refusal import Refused
from agent.outputs.session import session_readings
from agent.readings import ProbeStatus, Reading, Snapshot
from agent.rules.loader import RuleSource, load_rules
from agent.sessions import MOST_SESSIONS, Sessions
from agent.yamlsource import Faults
from tests.alerts.examples import START

WIDTH = {"name": "display_resolution_pixels", "labels": {"connector": "eDP-1", "dimension": "width"}, "value": 1920}
RATE = {"name": "display_refresh_hertz", "labels": {"connector": "eDP-1"}, "value": 59.94}
LIGHT = {"name": "night_light_enabled", "labels": {}, "value": 0}
NOTHING = Snapshot(taken_at=START, results={})


def said(sessions: Sessions, now: float) -> list[tuple[str, str]]:
    return [(one.metric, dict(one.labels)["session"]) for one in sessions.added_to(NOTHING, now).readings()]


def test_what_a_companion_says_is_taken() -> None:
    assert session_readings([WIDTH, RATE, LIGHT]) == (
        Reading(
            metric="display_resolution_pixels", value=1920, labels=(("connector", "eDP-1"), ("dimension", "width"))
        ),
        Reading(metric="display_refresh_hertz", value=59.94, labels=(("connector", "eDP-1"),)),
        Reading(metric="night_light_enabled", value=0),
    )


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({}, "readings: expected a list of at most 32"),
        ([LIGHT] * 33, "readings: expected a list of at most 32"),
        ([LIGHT, LIGHT], "readings: expected each name and labels once"),
        ([{"name": "night_light_enabled"}], "readings: expected objects with exactly name, labels and value"),
        (
            [{**LIGHT, "name": "temperature_celsius"}],
            "name: expected one of display_resolution_pixels, display_refresh_hertz, night_light_enabled",
        ),
        ([{**LIGHT, "value": 2}], "night_light_enabled: expected a number from 0 to 1"),
        ([{**LIGHT, "value": True}], "night_light_enabled: expected a number from 0 to 1"),
        ([{**RATE, "value": float("nan")}], "display_refresh_hertz: expected a number from 1 to 1000"),
        ([{**LIGHT, "labels": {"session": "9"}}], "night_light_enabled: expected exactly these labels: none"),
        (
            [{**RATE, "labels": {"connector": "a b"}}],
            "connector: expected a text of the form [A-Za-z][A-Za-z0-9.-]{0,31}",
        ),
        (
            [{**WIDTH, "labels": {"connector": "a", "dimension": "depth"}}],
            "dimension: expected a text of the form width|height",
        ),
    ],
)
def test_what_is_not_in_the_table_is_refused(told: object, error: str) -> None:
    with pytest.raises(Refused) as caught:
        session_readings(told)
    assert (caught.value.status, str(caught.value)) == (400, error)


def test_each_user_has_a_number_and_is_forgotten_when_gone() -> None:
    """No user's name is in a label; after three minutes without news, or with none to tell, a session is gone."""
    sessions = Sessions()
    light = session_readings([LIGHT])
    assert sessions.added_to(NOTHING, 0).results["session"].status is ProbeStatus.UNSUPPORTED
    assert sessions.hear("li", light, 0)
    assert sessions.hear("wang", light, 100)
    assert said(sessions, 180) == [("night_light_enabled", "1"), ("night_light_enabled", "2")]
    assert said(sessions, 181) == [("night_light_enabled", "2")]
    sessions.hear("wang", (), 182)
    assert said(sessions, 182) == []


def test_more_sessions_than_there_is_room_for_are_refused() -> None:
    sessions = Sessions()
    light = session_readings([LIGHT])
    assert all(sessions.hear(f"user{number}", light, 0) for number in range(MOST_SESSIONS))
    assert not sessions.hear("one more", light, 0)
    assert sessions.hear("user0", light, 1)


def test_no_rule_stops_work_on_what_a_companion_says() -> None:
    """The loader refuses a critical level there; a program of the user's is not trusted with that."""
    text = """\
rules:
  - name: slow-display
    clause: 4.1.a.2
    reading: display_refresh_hertz
    critical: {below: 50, clear: 50, for: 0s}
    audience: operator
    summary: {zh: 刷新率低, en: low refresh rate}
    problem: {zh: "{value}", en: "{value}"}
    action: {zh: "通知 {it_contact}", en: "notify {it_contact}"}
"""
    with pytest.raises(Faults) as caught:
        load_rules([RuleSource(path="site.yaml", text=text)], CATALOGUE)
    assert "display_refresh_hertz comes from a user's companion and cannot stop work; expected only a warning" in str(
        caught.value
    )
