"""`device-health alerts`: every alert and silence of the running agent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from agent.commands.options import ask_agent, config_option, json_option, read_config

WORDS = {
    "zh": {
        "none": "没有告警。",
        "pending": "观察中",
        "firing": "告警中",
        "critical": "严重",
        "warning": "警告",
        "since": "开始于 {}",
        "acknowledged": "{} 已确认",
        "silenced": "规则 {} 静默到 {}（{}）",
    },
    "en": {
        "none": "No alerts.",
        "pending": "pending",
        "firing": "firing",
        "critical": "critical",
        "warning": "warning",
        "since": "since {}",
        "acknowledged": "acknowledged by {}",
        "silenced": "rule {} is silenced until {} ({})",
    },
}


@click.command("alerts")
@config_option
@json_option
def command(config_path: Path | None, as_json: bool) -> None:  # noqa: FBT001  # click passes flags by name
    """List the alerts of the running agent, with the id that `acknowledge` takes."""
    config = read_config(config_path)
    document = ask_agent(config, "GET", "/api/alerts")
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    for line in lines(document, config.language):
        click.echo(line)


def lines(document: Mapping[str, Any], language: str) -> Iterator[str]:
    """One line per alert and per silence."""
    words = WORDS[language]
    if not document["alerts"]:
        yield words["none"]
    for alert in document["alerts"]:
        parts = [alert["alert"], words[alert["severity"]], words[alert["state"]], alert["rule"], alert["resource"]]
        parts.append(words["since"].format(_clock(alert["active_at"])))
        if alert["acknowledged_by"]:
            parts.append(words["acknowledged"].format(alert["acknowledged_by"]))
        yield "  ".join(part for part in parts if part)
    for silence in document["silences"]:
        yield words["silenced"].format(silence["rule"], _clock(silence["until"]), silence["reason"])


def _clock(text: str) -> str:
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")
