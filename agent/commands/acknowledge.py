"""`device-health acknowledge`: somebody is dealing with an alert."""

from __future__ import annotations

from pathlib import Path

import click

from agent.commands.agentcall import ask_agent
from agent.commands.options import config_option, read_config

WORDS = {
    "zh": {True: "已确认 {}。", False: "{} 之前已经确认过，第一次确认仍然有效。"},
    "en": {True: "{} is acknowledged.", False: "{} was acknowledged before; the first one stands."},
}


@click.command("acknowledge")
@click.argument("alert")
@config_option
def command(alert: str, config_path: Path | None) -> None:
    """Say that ALERT (its id from `alerts`, or its rule's name) is known and being dealt with."""
    config = read_config(config_path)
    answer = ask_agent(config, "POST", "/api/v1/acknowledge", {"alert": alert})
    click.echo(WORDS[config.language][bool(answer["first"])].format(answer["alert"]))
