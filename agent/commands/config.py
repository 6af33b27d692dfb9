"""`device-health config`: check a configuration file, show the effective configuration."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agent.commands.options import config_option, read_config
from agent.config import load_config
from agent.config_text import describe
from agent.yamlsource import Faults


@click.group("config")
def command() -> None:
    """Check or show the configuration."""


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def check(file: Path) -> None:
    """Check FILE: every fault with its place. Exit status 1 if there are any."""
    try:
        load_config(file)
    except Faults as faults:
        click.echo(str(faults))
        sys.exit(1)
    click.echo(f"{file}: ok")


@command.command("show")
@config_option
def show(config_path: Path | None) -> None:
    """Show the effective configuration, defaults included."""
    click.echo(describe(read_config(config_path)), nl=False)
