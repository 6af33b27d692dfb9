"""Options that several commands share, and the one way a command ends on a bad configuration."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

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

MEASURING = {"zh": "正在检查 {}/{} …", "en": "Checking {}/{} …"}
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
NARROWEST = 80
ENDLESS = 100_000


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


def write_or_print(text: str, output: Path | None) -> None:
    """Write the text to the file, else print it; ends the process with status 1 where the file cannot be written."""
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        click.echo(f"{output} cannot be written: {error.strerror}", err=True)
        sys.exit(EXIT_REFUSED)


def progress(language: str) -> Callable[[int, int], None]:
    """Shows how far a pass is, on a terminal only, and wipes it at the end."""

    def show(done: int, of: int) -> None:
        if sys.stderr.isatty():
            text = "" if done == of else MEASURING[language].format(done + 1, of)
            click.echo(f"\r\x1b[K{text}", nl=False, err=True)

    return show


def terminal_width() -> int:
    """The terminal's cells in a line; without end where nobody looks, so that a line can be searched for."""
    if not sys.stdout.isatty():
        return ENDLESS
    from shutil import get_terminal_size  # noqa: PLC0415  # it loads every archive format, and `run` asks for no width

    return get_terminal_size((NARROWEST, 40)).columns


class Duration(click.ParamType[float]):
    """A time such as 30m or 2h."""

    name = "duration"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The time in seconds."""
        found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smhd])", str(value))
        if found is None or float(found[1]) == 0:
            self.fail(f"{value!r} is no time; expected a number with s, m, h or d, such as 2h", param, ctx)
        return float(found[1]) * UNIT_SECONDS[found[2]]
