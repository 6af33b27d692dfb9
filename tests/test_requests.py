"""What the main thread does when people ask: marks, and the record of how they were told."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest

from agent.alerts.alert import State, alert_id
from agent.alerts.tracker import Tracker
from agent.database import open_reader
from agent.outputs.command import Acknowledge, CommandRefused, RecordDelivery
from agent.outputs.journal.reading import entries
from agent.outputs.journal.retention import Retention
from agent.outputs.journal.verification import verify
from agent.outputs.journal_output import JournalOutput
from agent.requests import MOST_DELIVERIES, Desk
from agent.rules.rule import Severity
from tests.alerts.examples import START, alert, at, render, rule

RETENTION = Retention(days=730, size_bytes=100_000_000)
ALERT = alert(State.FIRING)
IDENTIFIER = alert_id(ALERT.key)


def told(way: str, detail: str = "", by: str = "li") -> RecordDelivery:
    return RecordDelivery(alert=IDENTIFIER, way=way, detail=detail, by=by)


def recorded(path: Path) -> list[tuple[str, str, str, str]]:
    """Kind, level, user and body of every entry; the chain must be whole."""
    with closing(open_reader(str(path))) as connection:
        assert verify(connection).is_whole
        return [(entry.kind, entry.severity, entry.user, entry.body) for entry in entries(connection)]


def test_how_a_person_was_told_is_recorded_when_it_says_something_new(tmp_path: Path) -> None:
    """The same way twice is one entry; another way, another user and a new episode are entries of their own."""
    tracker = Tracker([rule()], render, [ALERT])
    with closing(
        JournalOutput(str(tmp_path / "agent.db"), now=START, clause_states=lambda _: {}, retention=RETENTION)
    ) as journal:
        desk = Desk(tracker, journal, ())
        asked = (told("notification"), told("notification"), told("none", "no server"), told("page", by="wang"))
        answers = [desk.answer(one, {})["recorded"] for one in asked]
        again = Tracker([rule()], render, [replace(ALERT, active_at=at(60))])
        desk._tracker = again
        answers.append(desk.answer(told("none", "no server"), {})["recorded"])
    assert answers == [True, False, True, True, True]
    assert recorded(tmp_path / "agent.db") == [
        ("delivered", "critical", "li", '{"way":"notification"}'),
        ("delivered", "critical", "li", '{"detail":"no server","way":"none"}'),
        ("delivered", "critical", "wang", '{"way":"page"}'),
        ("delivered", "critical", "li", '{"detail":"no server","way":"none"}'),
    ]


def test_one_user_cannot_fill_the_record_with_deliveries() -> None:
    desk = Desk(Tracker([rule()], render, [ALERT]), None, ())
    for number in range(MOST_DELIVERIES):
        desk.answer(told("page", str(number)), {})
    with pytest.raises(CommandRefused) as caught:
        desk.answer(told("page", "once more"), {})
    assert caught.value.status is HTTPStatus.TOO_MANY_REQUESTS
    assert desk.answer(told("page", by="wang"), {})["recorded"]


def test_an_acknowledged_critical_and_its_warning_are_both_in_the_record(tmp_path: Path) -> None:
    """So that the report shows neither as left alone."""
    tracker = Tracker([rule()], render, [alert(State.FIRING, severity=Severity.WARNING), ALERT])
    with closing(
        JournalOutput(str(tmp_path / "agent.db"), now=START, clause_states=lambda _: {}, retention=RETENTION)
    ) as journal:
        desk = Desk(tracker, journal, ())
        asked = Acknowledge(alert=IDENTIFIER, by="li")
        assert [desk.answer(asked, {})["first"] for _ in range(2)] == [True, False]
    assert recorded(tmp_path / "agent.db") == [
        ("acknowledged", "critical", "li", "{}"),
        ("acknowledged", "warning", "li", "{}"),
    ]
