"""`device-health status`: what the running agent says."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click

from agent.commands.agentcall import ask_agent
from agent.commands.options import config_option, json_option, read_config, terminal_width
from agent.config import Config
from agent.rules.clause import EXIT_STATUS, Standing
from agent.standing import clause_lines, verdict_line

WATCH_SECONDS = 2.0


@click.command("status")
@config_option
@json_option
@click.option("--watch", is_flag=True, help="Show it again every two seconds until Ctrl-C.")
def command(config_path: Path | None, as_json: bool, watch: bool) -> None:  # noqa: FBT001  # click passes flags by name
    """Ask the running agent how this computer is.

    Exit status: 0 normal, 1 warning, 2 critical, 3 cannot tell (also when no agent runs).
    """
    if watch and as_json:
        raise click.UsageError("--watch is for people; for JSON ask again and again")
    config = read_config(config_path)
    while watch:
        text, _status = standing(config, as_json=False)
        click.clear()
        click.echo(text)
        time.sleep(WATCH_SECONDS)
    text, status = standing(config, as_json=as_json)
    click.echo(text)
    sys.exit(status)


def standing(config: Config, *, as_json: bool) -> tuple[str, int]:
    """What the agent says, and the exit status that says the same; the verdict is the last line."""
    document = ask_agent(config, "GET", "/api/v1/status")
    status = EXIT_STATUS[Standing(document["verdict"])]
    if as_json:
        return json.dumps(document, ensure_ascii=False, indent=2), status
    lines = (
        *clause_lines(document, config.language, terminal_width()),
        "",
        verdict_line(document, config.language),
    )
    return "\n".join(lines), status
