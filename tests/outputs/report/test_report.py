"""The report of a day recorded through the real output, and of days on which something is missing."""

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from agent.database import DatabaseUnavailable
from agent.outputs.journal.entry import Draft, Kind
from agent.outputs.journal.store import Journal
from agent.outputs.journal.verification import Problem
from agent.outputs.report.as_json import report_json
from agent.outputs.report.collect import read_report
from agent.outputs.report.page import report_page
from agent.outputs.report.report import Answer, Check, ClauseTime, Episode, Finding, Gap, Report, Request
from agent.outputs.report.text import report_text
from tests.outputs.report.workday import MORNING, STATEMENTS, ZONE, at, record_day


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> str:
    path = str(tmp_path_factory.mktemp("day") / "agent.db")
    record_day(path)
    return path


def asked(path: str, since: datetime = MORNING, minutes: float = 600, now: datetime | None = None) -> Report:
    until = since + timedelta(minutes=minutes)
    return read_report(path, Request(machine="A-17", since=since, until=until, now=now or until, statements=STATEMENTS))


def test_the_report_says_how_long_was_monitored_and_where_the_gaps_are(path):
    report = asked(path)
    assert report.gaps == (
        Gap(since=at(240), until=at(285), reason="suspended"),
        Gap(since=at(379), until=at(402), reason="unclean_shutdown"),
        Gap(since=at(570), until=at(600), reason="stopped"),
    )
    assert report.monitored_seconds == (600 - 45 - 23 - 30) * 60


def test_checks_and_answers_are_told_with_who_gave_them_and_what_was_corrected(path):
    report = asked(path)
    fault = Finding(clause="4.1.a.4", verdict="warning", summary="到网关的丢包偏高", problem="丢包率 6.3 %。")
    reason = Finding(clause="4.1.a.4", verdict="unknown", summary="风扇：本机无法测量")
    assert report.checks == (
        Check(entry=2, at=at(3), user="王小明", verdict="normal", is_closing=False, findings=()),
        Check(entry=19, at=at(566), user="王小明", verdict="warning", is_closing=True, findings=(fault, reason)),
    )
    assert report.answers[0] == Answer(
        entry=3,
        at=at(4),
        user="王小明",
        clause="4.1.a.1",
        question="电脑有异常噪音吗？",
        answer="没有",
        correction="有轻微噪音 - 口误 [王小明]",
    )


def test_alerts_are_told_with_duration_and_who_acknowledged_when(path):
    _, critical, open_one = asked(path).episodes
    assert critical == Episode(
        rule="cpu-overheating",
        clause="4.1.a.1",
        severity="critical",
        resource="chip=k10temp, sensor=Tctl",
        title="处理器过热",
        problem="处理器距极限温度只剩 3.2 °C，限值 5 °C。",
        action="停止工作，通知 IT（分机 8600）。",
        told="announced",
        fired_at=at(125),
        ended_at=at(139),
        ending="resolved",
        seen_at=at(127),
        acknowledged_at=at(127.4),
        acknowledged_by="王小明",
    )
    assert (open_one.fired_at, open_one.ended_at, open_one.acknowledged_at) == (at(492), None, None)


def test_an_alert_that_began_before_the_period_keeps_its_beginning_and_its_acknowledgement(path):
    warning, critical = asked(path, at(130), 5).episodes
    assert (warning.fired_at, warning.ended_at, warning.acknowledged_by) == (at(118), None, "王小明")
    assert (critical.fired_at, critical.ended_at, critical.acknowledged_at) == (at(125), None, at(127.4))


def test_each_clause_has_its_time_in_each_state(path):
    clauses = {clause.clause: clause for clause in asked(path).clauses}
    assert clauses["4.1.a.1"] == ClauseTime(
        clause="4.1.a.1",
        statement="电脑硬件：无过热、无异响",
        normal=pytest.approx(7 * 3600 + 25 * 60 + 30, abs=90),
        warning=39 * 60,
        critical=14 * 60,
        unknown=0,
    )
    assert clauses["4.1.b.1"].unknown == pytest.approx(59 * 60, abs=60)


def test_the_period_ends_now_where_it_is_not_over(path):
    report = asked(path, now=at(130))
    assert (report.until, report.generated_at) == (at(130), at(130))


def test_a_part_of_the_day_knows_of_gaps_that_were_recorded_later(path):
    """The agent died at 14:19 and told of it at 14:42; the shift from 13:00 to 14:30 must show it."""
    assert asked(path, at(300), 90).gaps == (Gap(since=at(379), until=at(390), reason="unclean_shutdown"),)


def test_an_agent_that_died_and_never_came_back_leaves_a_gap(tmp_path):
    path = str(tmp_path / "agent.db")
    journal = Journal(path, now=at(0))
    journal.append(Draft(at=at(0), kind=Kind.AGENT_START))
    journal.sign_of_life(at(30))
    assert asked(path, minutes=60).gaps == (Gap(since=at(30), until=at(60), reason="no_sign_of_life"),)
    assert asked(path, minutes=60, now=at(31)).gaps == ()
    journal.close()


def test_what_came_before_the_first_start_is_a_gap(tmp_path):
    path = str(tmp_path / "agent.db")
    journal = Journal(path, now=at(0))
    journal.append(Draft(at=at(20), kind=Kind.AGENT_START))
    journal.sign_of_life(at(60))
    assert asked(path, minutes=60).gaps == (Gap(since=at(0), until=at(20), reason="no_record"),)
    journal.close()


@pytest.mark.parametrize("days", [-30, 30])
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "这一时段没有任何数据：监测程序没有运行，或记录已到期清理。"),
        ("en", "There is no data for this period: the agent did not run, or the entries were dropped by retention."),
    ],
)
def test_a_day_without_data_is_said_to_be_one(path, days, language, said):
    report = asked(path, MORNING + timedelta(days=days))
    assert report.is_empty
    assert said in report_text(report, language)
    assert said in report_page(report, language)
    assert json.loads(report_json(report))["is_empty"] is True


def test_a_missing_file_is_not_an_empty_day(tmp_path):
    with pytest.raises(DatabaseUnavailable):
        asked(str(tmp_path / "agent.db"))


def test_the_text_tells_the_day_in_english(path):
    text = report_text(asked(path), "en")
    assert text.startswith(
        "Device health report\n"
        "A-17, Monday, 3 March 2025 08:00–18:00\n"
        "\n"
        "Monitored 8 h 22 min of 10 h\n"
        "\n"
        "Times not monitored\n"
        "  12:00:00 – 12:45:00  45 min  computer asleep\n"
        "  14:19:00 – 14:42:00  23 min  power failure, crash, or the agent was killed\n"
        "  17:30:00 – 18:00:00  30 min  agent not running\n"
    )
    assert (
        "  10:05:00 – 10:19:00  14 min  critical  4.1.a.1  处理器过热\n"
        "      处理器距极限温度只剩 3.2 °C，限值 5 °C。\n"
        "      Acknowledged: 10:07:24 王小明\n"
    ) in text
    assert (
        "  17:26:00  closing check  warning  王小明\n"
        "      4.1.a.4  warning  到网关的丢包偏高\n"
        "        丢包率 6.3 %。\n"
        "      4.1.a.4  cannot tell  风扇：本机无法测量\n"
    ) in text
    assert "\nProof of the record: Entries 1 to 21 are whole.\n" in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_stands_alone_and_carries_no_foreign_markup(path, language):
    """Nothing is loaded from elsewhere, there is no script, and texts of rules and people are escaped."""
    page = report_page(asked(path), language)
    assert not re.search(r"<script|<link|<img|https?:|@import|url\((?!#hatch\))|\son\w+=", page)
    assert "更换显示器线 &lt;b&gt;" in page
    assert page.count("<svg") == page.count("</svg>")
    assert page.count("<table>") == page.count("</table>")


def test_control_characters_reach_neither_terminal_nor_page(path):
    report = asked(path)
    wild = replace(report, machine="A\x1b[31m\x00-17")
    assert "\x1b" not in report_text(wild, "zh") + report_page(wild, "zh")


def test_a_tampered_record_is_said_first_and_last(path, tmp_path):
    report = asked(path)
    broken = replace(
        report,
        verification=replace(report.verification, problem=Problem.EDITED, bad_id=7, detail="Entry 7 was edited."),
    )
    page = report_page(broken, "zh")
    assert '<p class="number">不完整</p>' in page
    assert '<p class="broken">记录校验: 第 7 条记录被修改过。</p>' in page
    assert "Proof of the record: Entry 7 was edited.\n" in report_text(broken, "en")


def test_the_json_form_carries_everything_with_local_times(path):
    content = json.loads(report_json(asked(path)))
    assert content["since"] == "2025-03-03T08:00:00+08:00"
    assert content["monitored_seconds"] == 30120.0
    assert [gap["reason"] for gap in content["gaps"]] == ["suspended", "unclean_shutdown", "stopped"]
    assert content["verification"]["problem"] is None
    assert content["series"][-1]["metric"] == "temperature_celsius"


def test_a_month_has_dates_on_its_axis_and_few_points(tmp_path, path):
    page = report_page(asked(path, datetime(2025, 3, 1, tzinfo=ZONE), 30 * 24 * 60), "en")
    assert "Saturday, 1 March 2025 00:00 – Monday, 31 March 2025 00:00" in page
    assert ">03-11</text>" in page
    assert len(page) < 60_000


def test_only_what_people_were_told_of_can_be_unacknowledged(path):
    """A muted or explained alert is counted, and asks nobody for an acknowledgement."""
    report = asked(path)
    muted = replace(report, episodes=tuple(replace(one, told="silenced") for one in report.episodes))
    assert ("1 未确认" in report_page(report, "zh"), "1 未确认" in report_page(muted, "zh")) == (True, False)
    assert "全部已确认" not in report_page(muted, "zh")


def test_the_last_hour_of_an_axis_is_written_whole(path):
    """A label at the picture's edge ends there, where one in its middle would be cut off."""
    assert re.findall(r'text-anchor="(\w+)">(1[78]:00)<', report_page(asked(path), "en"))[:2] == [
        ("middle", "17:00"),
        ("end", "18:00"),
    ]
