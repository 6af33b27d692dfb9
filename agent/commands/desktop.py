"""`device-health desktop`: the companion of one logged-in user, until the session ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from agent.commands.options import config_option, read_config

SERVICE_SOCKET = "/run/device-health/agent.sock"
"""Where the installed service listens; a user whose configuration names no socket has a default of their own."""


@click.command("desktop")
@config_option
def command(config_path: Path | None) -> None:
    """Show the agent's alerts on this user's desktop, until the session ends.

    One for each logged-in user; a second one leaves at once. See deploy/desktop for how it is started.
    """
    config = read_config(config_path)
    # Another program in the same process: reading the configuration took 10 MB that the companion never needs again.
    # -P: whatever lies in the folder where the session started is not imported.
    sockets = dict.fromkeys((str(config.local.socket), SERVICE_SOCKET))
    os.execv(sys.executable, [sys.executable, "-P", "-m", "agent.desktop", *sockets])  # noqa: S606
