"""What the output records: each cycle's transitions, runs of the agent, people's acts; also while the disk is full."""

import json
import logging
import os
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from agent.alerts.alert import Alert, AlertKey, Change, Message, Silence, State, Transition, Update
from agent.outputs.journal.entry import Entry, Kind
from agent.outputs.journal.history import Point, Span, points_between, spans_between
from agent.outputs.journal.reading import Filter, entries, reader
from agent.outputs.journal.retention import Retention
from agent.outputs.journal.verification import verify
from agent.outputs.journal_output import JournalOutput
from agent.readings import ProbeResult, ProbeStatus, Reading, Snapshot
from agent.rules.rule import Audience, Rule, Severity, Side, Threshold

ROOT = str(Path(__file__).parents[3])
NOW = datetime(2025, 3, 1, 8, 0, tzinfo=timezone(timedelta(hours=8)))
LABELS = (("chip", "k10temp"), ("sensor", "Tctl"))
KEY = AlertKey(rule="cpu-overheating", severity=Severity.CRITICAL, resource=LABELS)
RULE = Rule(
    name="cpu-overheating",
    clause="4.1.a.1",
    reading="temperature_celsius",
    match=(),
    levels=(Threshold(severity=Severity.CRITICAL, side=Side.ABOVE, limit=95, clear=90, for_seconds=15),),
    audience=Audience.OPERATOR,
    summary={"zh": "处理器过热", "en": "too hot"},
    problem={},
    action={},
    defined_at="computer.yaml:1",
)
RETENTION = Retention(days=730, size_bytes=100_000_000)
START = {"version": "1.0", "config_hash": "c", "rules_hash": "r"}


def transition(change: Change, at: datetime, value: float | None = 97.0) -> Transition:
    alert = Alert(key=KEY, state=State.FIRING, value=value, limit=95.0, active_at=NOW, fired_at=NOW)
    message = Message(title="处理器过热", problem="97 °C，限值 95 °C", action="停止工作")
    states = {"before": State.PENDING, "after": State.FIRING}
    return Transition(alert=alert, change=change, at=at, value=value, message=message, **states)


def update(at: datetime, *changes: Transition, announced: tuple[Transition, ...] = (), **more) -> Update:
    return Update(
        snapshot=more.pop("snapshot", Snapshot(taken_at=at, results={})),
        rules={RULE.name: RULE},
        verdicts=more.pop("verdicts", ()),
        alerts=more.pop("alerts", ()),
        transitions=changes,
        announced=announced,
        **more,
    )


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "agent.db")


def output_at(path: str, **more) -> JournalOutput:
    return JournalOutput(path, now=NOW, **{"clause_states": lambda _: {}, "retention": RETENTION, **more})


def recorded(path: str, **wanted) -> list[tuple[str, dict[str, object]]]:
    with reader(path) as connection:
        assert verify(connection).is_whole
        return [(entry.kind, json.loads(entry.body)) for entry in entries(connection, Filter(**wanted))]


def entry(path: str, number: int) -> Entry:
    with reader(path) as connection:
        return list(entries(connection))[number - 1]


def test_a_transition_is_recorded_with_value_limit_and_the_words_that_people_read(path):
    fired = transition(Change.FIRING, NOW)
    with closing(output_at(path)) as output:
        output.publish(update(NOW, transition(Change.PENDING, NOW)))
        output.publish(update(NOW, fired, announced=(fired,)))
    only = entry(path, 1)
    assert (only.rule, only.clause, only.severity, only.resource) == (
        "cpu-overheating",
        "4.1.a.1",
        "critical",
        "chip=k10temp, sensor=Tctl",
    )
    assert recorded(path) == [
        (
            "alert",
            {
                "change": "firing",
                "value": 97.0,
                "limit": 95.0,
                "title": "处理器过热",
                "problem": "97 °C，限值 95 °C",
                "action": "停止工作",
                "told": "announced",
            },
        )
    ]


def test_the_record_says_when_people_were_not_told(path):
    silence = Silence(rule=RULE.name, until=NOW + timedelta(hours=1), reason="repair", by="li", created_at=NOW)
    with closing(output_at(path)) as output:
        output.publish(update(NOW, transition(Change.FIRING, NOW), silences=(silence,)))
        output.publish(update(NOW, transition(Change.RESOLVED, NOW, value=float("nan"))))
    assert [(body["change"], body["value"], body["told"]) for _, body in recorded(path)] == [
        ("firing", 97.0, "silenced"),
        ("resolved", None, "inhibited"),
    ]


def test_a_clean_stop_is_followed_by_a_plain_start(path):
    for _ in range(2):
        with closing(output_at(path)) as output:
            output.record_start(at=NOW, boot_id="one", **START)
            output.record_stop(at=NOW, reason="SIGTERM")
    assert [kind for kind, _ in recorded(path)] == ["agent_start", "agent_stop"] * 2
    assert recorded(path)[0] == ("agent_start", {**START, "boot_id": "one"})


def test_a_start_with_other_rules_says_that_they_changed(path):
    """Between two runs the rules were changed and the configuration was not; a reload counts as the last in force."""
    with closing(output_at(path)) as output:
        output.record_start(at=NOW, boot_id="one", **START)
        output.record_rules(at=NOW, rules_hash="reloaded")
        output.record_stop(at=NOW, reason="")
    for rules_hash in ("reloaded", "edited"):
        with closing(output_at(path)) as output:
            output.record_start(at=NOW, boot_id="one", **{**START, "rules_hash": rules_hash})
            output.record_stop(at=NOW, reason="")
    assert [kind for kind, _ in recorded(path)] == [
        "agent_start", "rules", "agent_stop",
        "agent_start", "agent_stop",
        "rules", "agent_start", "agent_stop",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "rebooted"), [("one", "two", True), ("one", "one", False), ("one", "", None)]
)
def test_an_unclean_end_is_found_at_the_next_start(path, before, after, rebooted):
    """Another boot id means that the whole computer went down; the last sign of life is known to a minute."""
    crashed = output_at(path)
    crashed.record_start(at=NOW, boot_id=before, **START)
    for seconds in (0, 30, 61, 90):
        crashed.publish(update(NOW + timedelta(seconds=seconds)))
    with closing(output_at(path)) as output:
        output.record_start(at=NOW + timedelta(minutes=10), boot_id=after, **START)
    assert recorded(path, limit=3)[:2] == [
        (
            "unclean_shutdown",
            {"rebooted": rebooted, "last_alive_at": "2025-03-01T00:01:01.000000Z", "boot_id": "one"},
        ),
        (
            "gap",
            {
                "from": "2025-03-01T00:01:01.000000Z",
                "to": "2025-03-01T00:10:00.000000Z",
                "reason": "unclean_shutdown",
            },
        ),
    ]
    crashed.close()


def test_acts_of_people_and_the_service_are_recorded(path):
    silence = Silence(rule=RULE.name, until=NOW, reason="repair", by="li", created_at=NOW)
    with closing(output_at(path)) as output:
        output.publish(update(NOW))
        output.record_suspend(at=NOW, seconds=61.23456)
        output.record_gap(at=NOW, since=NOW, until=NOW, reason="starved")
        output.record_configuration(at=NOW, config_hash="c2")
        output.record_rules(at=NOW, rules_hash="r2", user="root")
        output.record_check(at=NOW, result={"verdict": "normal"}, user="li", closing=True)
        output.record_answer(at=NOW, question="Noise?", answer="no", user="li", clause="4.1.a.1")
        output.record_seen(KEY, at=NOW, user="li")
        output.record_acknowledged(KEY, at=NOW, user="li", note="IT comes")
        output.record_silenced(silence)
        output.record_silence_ended(RULE.name, at=NOW)
        output.record_correction(6, at=NOW, reason="mistyped", user="li", right="yes")
    utc = "2025-03-01T00:00:00.000000Z"
    summary = {"zh": "处理器过热", "en": "too hot"}
    assert recorded(path) == [
        ("suspend", {"seconds": 61.235}),
        ("gap", {"from": utc, "to": utc, "reason": "starved"}),
        ("configuration", {"config_hash": "c2"}),
        ("rules", {"rules_hash": "r2"}),
        ("check", {"closing": True, "result": {"verdict": "normal"}}),
        ("answer", {"question": "Noise?", "answer": "no"}),
        ("seen", {"summary": summary}),
        ("acknowledged", {"note": "IT comes", "summary": summary}),
        ("silenced", {"until": utc, "reason": "repair", "summary": summary}),
        ("silence_ended", {"summary": summary}),
        ("correction", {"corrects": 6, "reason": "mistyped", "right": "yes"}),
    ]
    assert [kind for kind, _ in recorded(path, clause="4.1.a.1")] == [
        "answer",
        "seen",
        "acknowledged",
        "silenced",
        "silence_ended",
    ]


def limit_pages(output: JournalOutput, pages: int) -> None:
    """Make SQLite answer "disk full", as it does when the file cannot grow."""
    output._keeper.journal.connection.execute(f"PRAGMA max_page_count = {pages}")


def test_entries_wait_in_memory_while_the_disk_is_full_and_it_is_said_once(path, caplog):
    later = NOW + timedelta(minutes=1)
    with closing(output_at(path)) as output:
        limit_pages(output, 1)
        for number in range(100):
            output.record_check(at=NOW + timedelta(seconds=number), result={"text": "x" * 500}, user=str(number))
        assert output.waiting > 50
        limit_pages(output, 10_000)
        output.publish(update(later + timedelta(minutes=1)))
        assert output.waiting == 0
    with reader(path) as connection:
        assert [entry.user for entry in entries(connection)] == [str(number) for number in range(100)]
        assert verify(connection).is_whole
    assert [record.message for record in caplog.records if record.levelno > logging.INFO] == [
        f"the journal cannot be written; entries are kept in memory: {path}: the disk is full; free some space",
        "the journal can be written again",
    ]


def test_what_memory_cannot_hold_becomes_a_gap(path):
    with closing(output_at(path, most_waiting=3)) as output:
        limit_pages(output, 1)
        for number in range(60):
            output.record_check(at=NOW + timedelta(seconds=number), result={"text": "x" * 3000}, user=str(number))
        limit_pages(output, 10_000)
        output.publish(update(NOW + timedelta(minutes=2)))
    *_, (kind, body) = recorded(path)
    kept = len(recorded(path, kinds=(Kind.CHECK,)))
    assert (kind, body["reason"], body["lost_entries"]) == ("gap", "record_lost", 60 - kept)
    assert body["to"] == "2025-03-01T00:00:59.000000Z"


def test_what_waits_at_the_end_goes_to_the_system_log(path, caplog):
    output = output_at(path)
    limit_pages(output, 1)
    for number in range(60):
        output.record_check(at=NOW, result={"number": number, "text": "x" * 500}, user="li")
    waiting = output.waiting
    output.close()
    kept = [record.message for record in caplog.records if record.message.startswith("not in the journal: ")]
    assert waiting > 0
    assert len(kept) == waiting
    assert json.loads(kept[-1].split(": ", 1)[1])["body"]["result"]["number"] == 59


_ON_A_FULL_DISK = """
import sys
from datetime import datetime, timedelta, UTC
from agent.outputs.journal_output import JournalOutput
from agent.outputs.journal.reading import reader
from agent.outputs.journal.retention import Retention
from agent.outputs.journal.verification import verify
path, filler = sys.argv[1] + "/agent.db", sys.argv[1] + "/filler"
now = datetime(2025, 3, 1, tzinfo=UTC)
def fill():
    with open(filler, "wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096): pass
        except OSError: pass
def record(output, first):
    for number in range(first, first + 300):
        output.record_check(at=now, result={"text": "x" * 500}, user=str(number))
import os
fill()
output = JournalOutput(path, now=now, clause_states=lambda update: {}, retention=Retention(days=730, size_bytes=10**8))
record(output, 0)
print("full from the start:", output.waiting)
os.truncate(filler, 0)
output._keeper.write(now=now + timedelta(minutes=1))
print("space again:", output.waiting)
fill()
record(output, 300)
print("full while running:", 0 < output.waiting <= 300)
os.truncate(filler, 0)
output._keeper.write(now=now + timedelta(minutes=1))
output.close()
with reader(path) as connection:
    print(verify(connection).detail)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="a small file system of its own needs root and unshare",
)
def test_nothing_is_lost_on_a_disk_that_is_really_full(tmp_path):
    mount = f"mount -t tmpfs -o size=2m tmpfs {tmp_path} && exec {sys.executable} -c '{_ON_A_FULL_DISK}' {tmp_path}"
    done = subprocess.run(["unshare", "-m", "sh", "-c", mount], cwd=ROOT, capture_output=True, text=True, check=False)
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip("this root may not mount")
    assert done.stdout.splitlines() == [
        "full from the start: 300",
        "space again: 0",
        "full while running: True",
        "Entries 1 to 600 are whole.",
    ]


def ping(at: datetime, seconds: float) -> Snapshot:
    temperatures = (
        Reading(metric="temperature_celsius", value=50 + seconds, labels=(("chip", "a"), ("component", "cpu"))),
        Reading(metric="temperature_celsius", value=99, labels=(("chip", "b"), ("component", "cpu")), suspect="stuck"),
        Reading(metric="temperature_celsius", value=90, labels=(("chip", "c"), ("component", "disk"))),
    )
    paths = (
        Reading(metric="ping_round_trip_seconds", value=seconds, labels=(("target", "crm"), ("role", "business"))),
        Reading(metric="ping_jitter_seconds", value=9, labels=(("target", "crm"), ("role", "business"))),
    )
    success = ProbeResult(probe="", status=ProbeStatus.SUCCESS, started_at=at, duration_seconds=0)
    results = {"temperature": replace(success, readings=temperatures), "ping": replace(success, readings=paths)}
    return Snapshot(taken_at=at, results=results)


def test_the_history_keeps_five_minute_means_of_what_the_report_draws(path):
    with closing(output_at(path)) as output:
        output.publish(update(NOW))
        for number in range(150):
            at = NOW + timedelta(seconds=5 * number)
            output.publish(update(at, snapshot=ping(at, float(number % 3))))
    slot = int(NOW.timestamp())
    with reader(path) as connection:
        points = points_between(connection, NOW, NOW + timedelta(hours=1))
    assert [point.count for point in points] == [60, 60, 30] * 2
    assert points[0] == Point(
        metric="ping_round_trip_seconds", resource="crm", at=slot, lowest=0, mean=pytest.approx(1), highest=2, count=60
    )
    assert (points[3].metric, points[3].resource, points[3].highest) == ("temperature_celsius", "cpu", 52)


def test_the_history_keeps_how_long_a_clause_was_in_each_state(path):
    """A time without cycles, here two minutes, is in no state."""
    moments = {0: "unknown", 60: "normal", 90: "critical", 120: "critical", 240: "normal", 270: "normal"}

    def states(given: Update) -> dict[str, str]:
        return {"4.1.a.1": moments[round((given.snapshot.taken_at - NOW).total_seconds())]}

    with closing(output_at(path, clause_states=states)) as output:
        for seconds in (0, *moments):
            output.publish(update(NOW + timedelta(seconds=seconds)))
    start = NOW.timestamp()
    with reader(path) as connection:
        spans = spans_between(connection, NOW + timedelta(seconds=10), NOW + timedelta(minutes=5))
    assert spans == (
        Span(clause="4.1.a.1", state="unknown", since=start + 10, until=start + 60),
        Span(clause="4.1.a.1", state="normal", since=start + 60, until=start + 90),
        Span(clause="4.1.a.1", state="critical", since=start + 90, until=start + 120),
        Span(clause="4.1.a.1", state="normal", since=start + 240, until=start + 270),
    )


def test_the_witness_goes_to_the_system_log_once_a_day_and_at_the_end(path, caplog):
    caplog.set_level(logging.INFO)
    with closing(output_at(path)) as output:
        output.record_start(at=NOW, boot_id="one", **START)
        for hours in (0, 1, 23, 25):
            output.publish(update(NOW + timedelta(hours=hours)))
        output.record_stop(at=NOW, reason="SIGTERM")
        witness = output.witness()
    said = [record.message for record in caplog.records if "witness" in record.message]
    assert len(said) == 3
    assert said[-1] == f"journal witness (for journal verify --witness): 2:{witness.hash}"
