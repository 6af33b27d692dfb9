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
@click.option("--web", is_flag=True, help="FILE is a web configuration (TLS and users), not an agent.yaml.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def check(file: Path, *, web: bool) -> None:
    """Check FILE: every fault with its place. Exit status 1 if there are any."""
    faults = _web_faults(file) if web else _faults(file)
    click.echo(faults or f"{file}: ok")
    sys.exit(1 if faults else 0)


@command.command("show")
@config_option
def show(config_path: Path | None) -> None:
    """Show the effective configuration, defaults included."""
    click.echo(describe(read_config(config_path)), nl=False)


def _faults(file: Path) -> str:
    """What is wrong with an agent.yaml; empty if nothing is."""
    try:
        load_config(file)
    except Faults as faults:
        return str(faults)
    return ""


def _web_faults(file: Path) -> str:
    """What is wrong with a web configuration, the files that it names included; empty if nothing is."""
    from agent.outputs.webconfig import load  # noqa: PLC0415  # TLS only where it is asked for
    from agent.outputs.webconfig_yaml import WebConfigError  # noqa: PLC0415

    try:
        load(str(file))
    except WebConfigError as faults:
        return str(faults)
    return ""
