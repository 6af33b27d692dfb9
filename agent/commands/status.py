"""`device-health status`: what the running agent says."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click

from agent.commands.options import ask_agent, config_option, json_option, read_config
from agent.config import Config
from agent.rules.clause import EXIT_STATUS, Standing
from agent.standing import standing_lines

WATCH_SECONDS = 2.0


@click.command("status")
@config_option
@json_option
@click.option("--watch", is_flag=True, help="Show it again every two seconds until Ctrl-C.")
def command(config_path: Path | None, as_json: bool, watch: bool) -> None:  # noqa: FBT001  # click passes flags by name
    """Ask the running agent how this computer is.

    Exit status: 0 normal, 1 warning, 2 critical, 3 cannot tell (also when no agent runs).
    """
    config = read_config(config_path)
    while watch:
        click.clear()
        show(config, as_json=as_json)
        time.sleep(WATCH_SECONDS)
    sys.exit(show(config, as_json=as_json))


def show(config: Config, *, as_json: bool) -> int:
    """Ask once and print; the exit status of what was said."""
    document = ask_agent(config, "GET", "/api/status")
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        for line in standing_lines(document, config.language):
            click.echo(line)
    return EXIT_STATUS[Standing(document["verdict"])]
