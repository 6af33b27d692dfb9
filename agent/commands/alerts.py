"""`device-health alerts`: every alert and silence of the running agent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from agent.commands.agentcall import ask_agent
from agent.commands.options import config_option, json_option, read_config, terminal_width
from agent.rules.table import columns

WORDS = {
    "zh": {
        "none": "没有告警。",
        "pending": "观察中",
        "firing": "告警中",
        "critical": "严重",
        "warning": "警告",
        "cannot_tell": "现在无法判断",
        "acknowledged": "{} 已确认",
        "silenced": "规则 {} 静默到 {}（{}）",
    },
    "en": {
        "none": "No alerts.",
        "pending": "pending",
        "firing": "firing",
        "critical": "critical",
        "warning": "warning",
        "cannot_tell": "cannot tell now",
        "acknowledged": "acknowledged by {}",
        "silenced": "rule {} is silenced until {} ({})",
    },
}


HEADER = {
    "zh": ("编号", "级别", "状态", "内容", "对象", "开始于"),
    "en": ("Id", "Level", "State", "What", "Where", "Since"),
}


@click.command("alerts")
@config_option
@json_option
def command(config_path: Path | None, as_json: bool) -> None:  # noqa: FBT001  # click passes flags by name
    """List the alerts of the running agent, with the id that `acknowledge` takes."""
    config = read_config(config_path)
    document = ask_agent(config, "GET", "/api/v1/alerts")
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    for line in lines(document, config.language):
        click.echo(line)


def lines(document: Mapping[str, Any], language: str) -> Iterator[str]:
    """A table of the alerts, and a line per silence."""
    words = WORDS[language]
    alerts = worst_only(document["alerts"])
    if alerts:
        rows = [_row(alert, words, language) for alert in alerts]
        yield from columns(HEADER[language], rows, terminal_width()).splitlines()
    else:
        yield words["none"]
    for silence in document["silences"]:
        yield words["silenced"].format(silence["rule"], _clock(silence["until"]), silence["reason"])


def worst_only(alerts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without the warnings of what is critical already: one fault is one line."""
    critical = {
        (alert["rule"], alert["resource"])
        for alert in alerts
        if (alert["severity"], alert["state"]) == ("critical", "firing")
    }
    return [
        alert
        for alert in alerts
        if alert["severity"] == "critical" or (alert["rule"], alert["resource"]) not in critical
    ]


def _row(alert: Mapping[str, Any], words: Mapping[str, str], language: str) -> tuple[str, ...]:
    about = alert.get("summary", {}).get(language, "")
    state = words["cannot_tell"] if alert["cannot_tell"] else words[alert["state"]]
    by = words["acknowledged"].format(alert["acknowledged_by"]) if alert["acknowledged_by"] else ""
    return (
        alert["alert"],
        words[alert["severity"]],
        "\n".join(filter(None, (state, by))),
        "\n".join(filter(None, (about, alert["rule"]))),
        alert["resource"],
        _clock(alert["active_at"]),
    )


def _clock(text: str) -> str:
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")
