"""The close of work (clause 3.5): what is still open, the shift's report, and the reminder to shut devices down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agent.apiclient import AgentError, ask
from agent.commands.alerts import worst_only
from agent.commands.options import refusal_lines
from agent.commands.reporting import report_of, today, unreadable
from agent.config import Config
from agent.database import DatabaseDamaged, DatabaseTooNew, DatabaseUnavailable
from agent.outputs.journal.wording import word
from agent.outputs.report.report import Report
from agent.outputs.report.text import report_text
from agent.outputs.report.words import moment
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
        report = report_of(config, *today(), statements=statements)
    except (DatabaseUnavailable, DatabaseDamaged, DatabaseTooNew) as error:
        yield words["no_report"].format(unreadable(config, error))
    else:
        yield from ended_unacknowledged(report, config.language)
        yield words["report"]
        yield report_text(report, config.language)
    yield ""
    yield words["shutdown"]


def _still_open(config: Config) -> Iterator[str]:
    """What the running agent says is firing, and what of its record is not on the disk."""
    words, socket = WORDS[config.language], str(config.local.socket)
    try:
        alerts, status = ask(socket, "GET", "/api/alerts"), ask(socket, "GET", "/api/status")
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


def ended_unacknowledged(report: Report, language: str) -> Iterator[str]:
    """What came and went without anybody saying that they know; a muted alert was nobody's to acknowledge."""
    left = [
        episode
        for episode in report.episodes
        if episode.ended_at is not None and episode.acknowledged_at is None and episode.told == "announced"
    ]
    if left:
        yield WORDS[language]["ended"]
        for episode in left:
            severity = word(episode.severity, language)
            yield f"  {moment(episode.fired_at, report)}  {severity}  {episode.title}  {episode.resource}".rstrip()
        yield ""
