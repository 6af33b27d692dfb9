"""What people read in the terminal and in the system's log."""

from __future__ import annotations

import io
import logging
from dataclasses import replace

import pytest

from agent.alerts.alert import Alert, Change, Message, State, Transition, Update
from agent.outputs.log import LogOutput
from agent.readings import ProbeResult, ProbeStatus
from agent.rules.rule import Severity

MESSAGE = Message(title="处理器过热", problem="温度 97 °C,\n高于上限", action="停止工作,通知 IT")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def announce(update: Update, change: Change, severity: Severity = Severity.CRITICAL) -> Update:
    firing: Alert = update.alerts[0]
    transition = Transition(
        alert=replace(firing, key=replace(firing.key, severity=severity)),
        change=change,
        before=State.PENDING,
        after=State.FIRING,
        at=update.snapshot.taken_at,
        value=97,
        message=MESSAGE,
    )
    return replace(update, announced=(transition,))


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are shown as local time; in these tests that is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    __import__("time").tzset()


@pytest.mark.parametrize(
    ("language", "change", "severity", "line"),
    [
        ("zh", Change.FIRING, Severity.CRITICAL, "严重：处理器过热 — 温度 97 °C, 高于上限 — 停止工作,通知 IT"),
        ("zh", Change.FIRING, Severity.WARNING, "警告：处理器过热 — 温度 97 °C, 高于上限 — 停止工作,通知 IT"),
        ("en", Change.FIRING, Severity.CRITICAL, "CRITICAL: 处理器过热 — 温度 97 °C, 高于上限 — 停止工作,通知 IT"),
        (
            "en",
            Change.CANNOT_TELL,
            Severity.CRITICAL,
            "Cannot tell: 处理器过热 — 温度 97 °C, 高于上限 — 停止工作,通知 IT",
        ),
        ("zh", Change.RESOLVED, Severity.CRITICAL, "已恢复：处理器过热"),
        ("en", Change.RESOLVED, Severity.WARNING, "Resolved: 处理器过热"),
        ("en", Change.GONE, Severity.WARNING, "Removed: 处理器过热"),
    ],
)
def test_each_announcement_is_one_line_where_nobody_watches(
    example: Update, language: str, change: Change, severity: Severity, line: str
) -> None:
    stream = io.StringIO()
    LogOutput(language, stream).publish(announce(example, change, severity))
    assert stream.getvalue() == f"2026-01-02 12:00:00 {line}\n"


def test_a_terminal_gets_a_coloured_paragraph(example: Update) -> None:
    stream = Terminal()
    LogOutput("zh", stream, environment={}).publish(announce(example, Change.FIRING))
    assert stream.getvalue() == (
        "2026-01-02 12:00:00  \x1b[1;31m严重\x1b[0m：处理器过热\n    温度 97 °C, 高于上限\n    停止工作,通知 IT\n"
    )


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colours_gets_none(example: Update, environment: dict[str, str]) -> None:
    stream = Terminal()
    LogOutput("en", stream, environment=environment).publish(announce(example, Change.RESOLVED))
    assert stream.getvalue() == "2026-01-02 12:00:00  Resolved: 处理器过热\n"


def test_control_characters_of_a_device_do_not_reach_the_terminal(example: Update) -> None:
    """A sensor's label could otherwise forge a line or steer the terminal."""
    stream = io.StringIO()
    update = announce(example, Change.RESOLVED)
    forged = replace(update.announced[0], message=replace(MESSAGE, title="a\n2026 CRITICAL\x1b[2J"))
    LogOutput("en", stream).publish(replace(update, announced=(forged,)))
    assert stream.getvalue() == "2026-01-02 12:00:00 Resolved: a 2026 CRITICAL [2J\n"


def test_what_is_not_announced_is_not_written(example: Update) -> None:
    stream = io.StringIO()
    LogOutput("zh", stream).publish(replace(example, transitions=announce(example, Change.FIRING).announced))
    assert stream.getvalue() == ""


def test_a_probe_is_told_of_once_when_it_breaks_and_once_when_it_is_back(
    example: Update, caplog: pytest.LogCaptureFixture
) -> None:
    """However often the same state is published, and with the reason; healthy probes are not told of."""
    caplog.set_level(logging.INFO)
    output = LogOutput("en", io.StringIO())
    cpu = example.snapshot.results["cpu"]
    failed = replace(cpu, status=ProbeStatus.FAILED, reason="EIO in\ntemp1_input")
    for result in (
        cpu,
        replace(cpu),
        failed,
        replace(failed, reason="ENODEV"),
        replace(cpu, status=ProbeStatus.TIMED_OUT, reason="2 s are over"),
        cpu,
        replace(cpu, errors=("core 3: EIO", "core 4: EIO")),
        cpu,
    ):
        output.publish(with_cpu(example, result))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "probe fan cannot be measured here: no fan: /sys/class/hwmon is empty"),
        ("WARNING", "probe cpu failed: EIO in temp1_input"),
        ("WARNING", "probe cpu took too long: 2 s are over"),
        ("INFO", "probe cpu works again"),
        ("INFO", "probe cpu could not read everything: core 3: EIO; core 4: EIO"),
        ("INFO", "probe cpu works again"),
    ]


def with_cpu(update: Update, cpu: ProbeResult) -> Update:
    return replace(update, snapshot=replace(update.snapshot, results={**update.snapshot.results, "cpu": cpu}))
