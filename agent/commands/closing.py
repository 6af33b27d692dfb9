"""The close of work (clause 3.5): what is still open, the shift's report, and the reminder to shut devices down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agent.apiclient import AgentError, ask
from agent.commands.agentcall import refusal_lines
from agent.commands.alerts import worst_only
from agent.commands.reporting import report_of, today, unreadable
from agent.commands.throughagent import through_agent
from agent.config import Config
from agent.database import DatabaseDamaged, DatabaseTooNew, DatabaseUnavailable
from agent.outputs.report.text import report_text, unacknowledged_lines
from agent.rules.texts import IT_DEPARTMENT

WORDS = {
    "zh": {
        "open": "尚未结束的告警：",
        "nothing": "没有未结束的告警。",
        "unacknowledged": "（无人确认）",
        "unseen": "（还没有人看到）",
        "ended": "今天已结束、但无人确认的告警：",
        "unsent": "还有 {} 条记录没有写入磁盘：关机前请告知 {}。",
        "unknown": "无法得知还有哪些告警：",
        "report": "本日报告：",
        "no_report": "没有本日报告：{}",
        "shutdown": "请关闭耳机、话机和显示器，再正常关机；不要直接断电。",
    },
    "en": {
        "open": "Alerts that are still open:",
        "nothing": "No alert is open.",
        "unacknowledged": " (nobody acknowledged it)",
        "unseen": " (nobody has seen it)",
        "ended": "Alerts that ended today and that nobody acknowledged:",
        "unsent": "Entries of the record that are not on the disk yet: {}. Tell {} before shutting down.",
        "unknown": "It cannot be told which alerts are open:",
        "report": "Today's report:",
        "no_report": "There is no report of today: {}",
        "shutdown": "Switch off headset, phone and display, then shut the computer down; do not cut its power.",
    },
}


def closing_lines(config: Config, statements: Mapping[str, str]) -> Iterator[str]:
    """What the operator reads at the end of work; `statements` say each clause in words."""
    words = WORDS[config.language]
    yield ""
    yield from _still_open(config)
    yield ""
    try:
        left, report = _today(config, statements)
    except (DatabaseUnavailable, DatabaseDamaged, DatabaseTooNew) as error:
        yield words["no_report"].format(unreadable(config, error))
    else:
        if left:
            yield words["ended"]
            yield from (f"  {line}" for line in left)
            yield ""
        yield words["report"]
        yield report
    yield ""
    yield words["shutdown"]


def _today(config: Config, statements: Mapping[str, str]) -> tuple[list[str], str]:
    """What ended today unacknowledged, and the day's report: from the file, or through the agent."""
    begin, end = today()
    fields = {"since": begin.isoformat(), "until": end.isoformat(), "statements": dict(statements)}
    told = through_agent(config, "report", {**fields, "format": "text", "language": config.language})
    if told is not None:
        return told["unacknowledged"], told["text"]
    report = report_of(config, begin, end, statements=statements)
    return unacknowledged_lines(report, config.language), report_text(report, config.language)


def _still_open(config: Config) -> Iterator[str]:
    """What the running agent says is firing, and what of its record is not on the disk."""
    words, socket = WORDS[config.language], str(config.local.socket)
    try:
        alerts, status = ask(socket, "GET", "/api/v1/alerts"), ask(socket, "GET", "/api/v1/status")
    except AgentError as error:
        yield words["unknown"]
        yield from (f"  {line}" for line in refusal_lines(error, config.language))
        return
    yield from open_alerts(alerts, config.language)
    if status.get("entries_waiting"):
        contact = config.it_contact or IT_DEPARTMENT[config.language]
        yield words["unsent"].format(status["entries_waiting"], contact)


def open_alerts(document: Mapping[str, Any], language: str) -> Iterator[str]:
    """Every firing fault once, with whether anybody has seen and acknowledged it."""
    words = WORDS[language]
    firing = [alert for alert in worst_only(document["alerts"]) if alert["state"] == "firing"]
    yield words["open"] if firing else words["nothing"]
    for alert in firing:
        about = alert.get("summary", {}).get(language) or alert["rule"]
        yield f"  {alert['alert']}  {about}  {alert['resource']}".rstrip() + _mark(alert, words)


def _mark(alert: Mapping[str, Any], words: Mapping[str, str]) -> str:
    if alert["acknowledged_by"]:
        return ""
    return words["unacknowledged"] if alert["seen_at"] else words["unseen"]
