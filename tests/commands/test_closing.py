"""What the end of work shows of the agent's answer and of the day's report."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent.commands.closing import open_alerts
from agent.outputs.journal.entry import NO_ENTRY
from agent.outputs.journal.verification import Verification
from agent.outputs.report.report import Episode, Report
from agent.outputs.report.text import unacknowledged_lines

NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
HOT = Episode(
    rule="cpu-overheating",
    clause="4.1.a.1",
    severity="critical",
    resource="sensor=Tctl",
    title="处理器过热",
    problem="",
    action="",
    told="announced",
    fired_at=NOW - timedelta(hours=2),
    ended_at=NOW - timedelta(hours=1),
    ending="resolved",
)


def report_of(*episodes: Episode) -> Report:
    whole = Verification(detail="", entries=0, first_id=1, head=NO_ENTRY)
    return Report(
        machine="A-12",
        since=NOW - timedelta(hours=9),
        until=NOW,
        generated_at=NOW,
        monitored_seconds=32400,
        gaps=(),
        checks=(),
        answers=(),
        episodes=episodes,
        clauses=(),
        series=(),
        events=(),
        verification=whole,
    )


def alert(identifier: str, severity: str, **more: object) -> dict[str, object]:
    summary = {"zh": "处理器过热", "en": "The processor is too hot"}
    base = {"alert": identifier, "rule": "cpu-overheating", "severity": severity, "resource": "sensor=Tctl"}
    return {**base, "state": "firing", "seen_at": None, "acknowledged_by": "", "summary": summary, **more}


def test_what_fires_is_open_once_with_who_knows_of_it() -> None:
    """The warning of a critical fault is left out; unseen, seen and acknowledged are told apart."""
    marks = ({}, {"seen_at": "2026-03-02T08:00:00+00:00"}, {"acknowledged_by": "li"})
    said = [
        list(open_alerts({"alerts": [alert("0001", "warning"), alert("0002", "critical", **mark)]}, "en"))
        for mark in marks
    ]
    line = "  0002  The processor is too hot  sensor=Tctl"
    assert said == [
        ["Alerts that are still open:", f"{line}{mark}"]
        for mark in (" (nobody has seen it)", " (nobody acknowledged it)", "")
    ]
    assert list(open_alerts({"alerts": []}, "zh")) == ["没有未结束的告警。"]


def test_what_ended_and_nobody_acknowledged_is_open_too() -> None:
    """What is still firing, was acknowledged, or was muted or explained by another is not asked about again."""
    settled = (
        replace(HOT, ended_at=None),
        replace(HOT, acknowledged_at=NOW, acknowledged_by="li"),
        replace(HOT, told="silenced"),
    )
    assert unacknowledged_lines(report_of(*settled), "zh") == []
    assert unacknowledged_lines(report_of(HOT, *settled), "zh") == ["15:30:00  严重  处理器过热  sensor=Tctl"]
