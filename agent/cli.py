"""The command line: `device-health COMMAND`. Each command's module is imported only when it is called.

Exit statuses: a command's own, as its help says; 2 for a wrong command line or configuration; 130 after Ctrl-C.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
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
    "rules": ("agent.commands.rules", "Check, test, list and export rules."),
    "procedure": ("agent.commands.procedure", "Show every clause of the procedure and what watches it."),
    "journal": ("agent.commands.journal", "Read, verify and export the operation record."),
    "report": ("agent.commands.report", "Report on a shift or a day."),
    "record": ("agent.commands.record", "Record this machine's readings for rule tests."),
    "config": ("agent.commands.config", "Check or show the configuration."),
}
"""Every command: its module, which holds `command`, and its line in the help."""


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
    device_health.main(args=None if arguments is None else list(arguments), prog_name="device-health")
