"""The command line: `device-health COMMAND`. Each command's module is imported only when it is called.

Exit statuses: a command's own, as its help says; 2 for a wrong command line or configuration; 130 after Ctrl-C.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import click

from agent.version import VERSION

COMMANDS: Final = {
    "run": ("agent.commands.run", "Run the agent in the foreground."),
    "check": ("agent.commands.check", "Check this computer before work: go or no-go."),
    "status": ("agent.commands.status", "Ask the running agent how this computer is."),
    "readings": ("agent.commands.readings", "Show all that can be measured here, and why the rest cannot."),
    "alerts": ("agent.commands.alerts", "List the alerts of the running agent."),
    "acknowledge": ("agent.commands.acknowledge", "Say that an alert is known and being dealt with."),
    "silence": ("agent.commands.silence", "Mute a rule for a while, with a reason."),
    "page": ("agent.commands.page", "Open the status page, so that the record names you."),
    "rules": ("agent.commands.rules", "Check, test, list and export rules."),
    "procedure": ("agent.commands.procedure", "Show every clause of the procedure and what watches it."),
    "journal": ("agent.commands.journal", "Read, verify, correct and export the operation record."),
    "report": ("agent.commands.report", "Report on a shift or a day."),
    "desktop": ("agent.commands.desktop", "Show the alerts on this user's desktop."),
    "record": ("agent.commands.record", "Record this machine's readings for rule tests."),
    "config": ("agent.commands.config", "Check or show the configuration."),
}
"""Every command: its module, which holds `command`, and its line in the help."""

EXIT_INTERRUPTED: Final = 130
EXIT_NOBODY_READS: Final = 141
"""What a shell says of a program that SIGINT or SIGPIPE ended: never a verdict."""


class _LateGroup(click.Group):
    """Imports a command's module when it is asked for, so that `run` does not carry what it never uses."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)  # noqa: S101  # a test calls every command's help
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; end quietly when nobody reads its output any more, as in `… | head`."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python still flushes at its end
            sys.exit(EXIT_NOBODY_READS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="device-health")
def device_health() -> None:
    """Watch this workstation's health against the written procedure; say when to stop and notify IT."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its status."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show Chinese shows something
    sys.exit(_status(None if arguments is None else list(arguments)))


def _status(arguments: list[str] | None) -> int:
    try:
        status = device_health.main(arguments, "device-health", standalone_mode=False, color=_colour(os.environ))
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return EXIT_INTERRUPTED
    return status if isinstance(status, int) else 0


def _colour(environment: Mapping[str, str]) -> bool | None:
    """No colour where the user wants none (no-color.org) or the terminal has none; else click's choice: a terminal."""
    return False if environment.get("NO_COLOR") or environment.get("TERM") == "dumb" else None
