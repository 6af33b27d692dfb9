"""The close of work (clause 3.5): what is still open, the shift's report, and the reminder to shut devices down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.apiclient import AgentError, ask
from agent.commands.options import refusal_lines
from agent.commands.reporting import report_of, today, unreadable
from agent.config import Config
from agent.database import DatabaseDamaged, DatabaseTooNew, DatabaseUnavailable
from agent.outputs.report.text import report_text

WORDS = {
    "zh": {
        "open": "尚未结束的告警：",
        "nothing": "没有未结束的告警。",
        "unacknowledged": "（无人确认）",
        "unknown": "无法得知还有哪些告警：",
        "report": "本日报告：",
        "no_report": "没有本日报告：{}",
        "shutdown": "请关闭耳机、话机和显示器，再正常关机；不要直接断电。",
    },
    "en": {
        "open": "Alerts that are still open:",
        "nothing": "No alert is open.",
        "unacknowledged": " (nobody acknowledged it)",
        "unknown": "It cannot be told which alerts are open:",
        "report": "Today's report:",
        "no_report": "There is no report of today: {}",
        "shutdown": "Switch off headset, phone and display, then shut the computer down; do not cut its power.",
    },
}


def closing_lines(config: Config) -> Iterator[str]:
    """What the operator reads at the end of work."""
    words = WORDS[config.language]
    yield ""
    try:
        yield from _open_alerts(ask(str(config.local.socket), "GET", "/api/v1/alerts"), config.language)
    except AgentError as error:
        yield words["unknown"]
        yield from (f"  {line}" for line in refusal_lines(error, config.language))
    yield ""
    try:
        report = report_of(config, *today(), statements={})
    except (DatabaseUnavailable, DatabaseDamaged, DatabaseTooNew) as error:
        yield words["no_report"].format(unreadable(config, error))
    else:
        yield words["report"]
        yield report_text(report, config.language)
    yield ""
    yield words["shutdown"]


def _open_alerts(document: dict[str, Any], language: str) -> Iterator[str]:
    words = WORDS[language]
    firing = [alert for alert in document["alerts"] if alert["state"] == "firing"]
    yield words["open"] if firing else words["nothing"]
    for alert in firing:
        mark = "" if alert["acknowledged_by"] else words["unacknowledged"]
        yield f"  {alert['alert']}  {alert['summary'][language]}  {alert['resource']}{mark}"
