"""Options that several commands share, and the one way a command ends on a bad configuration."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from agent.apiclient import AgentError, ask
from agent.config import Config, load_config
from agent.looking import CATALOGUE, PROVIDERS
from agent.rulebook import Rulebook, load_rulebook
from agent.yamlsource import Faults

Command = TypeVar("Command", bound=Callable[..., None])

EXIT_CONFIGURATION = 2
"""Exit status of every command whose configuration is wrong."""
EXIT_REFUSED = 1
"""The running agent was asked and said no."""
EXIT_CANNOT_TELL = 3
"""No agent answered (Nagios' plug-in convention: unknown)."""


def config_option(command: Command) -> Command:
    """`--config FILE`."""
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Configuration.  [default: /etc/device-health/agent.yaml, or built-in defaults without it]",
    )(command)


def json_option(command: Command) -> Command:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def captured_machine_options(command: Command) -> Command:
    """`--sysfs DIR` and `--procfs DIR`."""
    folder = click.Path(exists=True, file_okay=False)
    for name in ("procfs", "sysfs"):
        command = click.option(
            f"--{name}", type=folder, metavar="DIR", help=f"A captured machine's /{name[:-2]} in place of this one's."
        )(command)
    return command


def read_config(path: Path | None) -> Config:
    """The configuration; ends the process with status 2 after printing every fault of the file."""
    try:
        return load_config(path)
    except Faults as faults:
        click.echo(str(faults), err=True)
        sys.exit(EXIT_CONFIGURATION)


def read_rulebook(config: Config) -> Rulebook:
    """The rules in force; ends the process with status 2 after printing every fault of every rule file."""
    try:
        return load_rulebook(config, CATALOGUE, PROVIDERS)
    except Faults as faults:
        click.echo(str(faults), err=True)
        sys.exit(EXIT_CONFIGURATION)


def ask_agent(config: Config, method: str, path: str, fields: dict[str, object] | None = None) -> dict[str, Any]:
    """The running agent's answer; ends the process with status 3, cannot tell, when there is none."""
    try:
        return ask(str(config.local.socket), method, path, fields)
    except AgentError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_CANNOT_TELL if error.status is None else EXIT_REFUSED)
