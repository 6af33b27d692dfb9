"""`device-health run`: the agent in the foreground, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import gc
import logging
import signal
import sys
from pathlib import Path

import click

from agent.commands.options import captured_machine_options, config_option, read_config, read_rulebook
from agent.config import Config
from agent.database import DatabaseTooNew
from agent.listening import WrongWebConfig
from agent.lock_posix import AlreadyRunning, lock_directory
from agent.looking import host_at
from agent.outputs.log import LogOutput
from agent.outputs.sockets import ListenError
from agent.probes.hostfs import HostFs
from agent.rulebook import load_rulebook
from agent.service import Agent
from agent.stages import Orders

EXIT_REFUSED = 1


@click.command("run")
@config_option
@captured_machine_options
def command(config_path: Path | None, sysfs: str | None, procfs: str | None) -> None:
    """Run the agent in the foreground.

    SIGTERM and Ctrl-C end it, SIGHUP reads the rules again. It needs no root; what it may not read it says.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    config = read_config(config_path)
    host = host_at(sysfs, procfs)
    try:
        held = None if host.is_redirected else lock_directory(str(config.data_dir))
        serve(config, host)
    except (AlreadyRunning, DatabaseTooNew, ListenError) as refusal:
        _refuse(str(refusal), EXIT_REFUSED)
    except (OSError, WrongWebConfig) as fault:  # OSError: the data directory cannot be made or locked
        _refuse(str(fault), 2)
    del held


def serve(config: Config, host: HostFs) -> None:
    """Build the agent, give it the signals, and run it to its end."""
    rulebook = read_rulebook(config)
    agent = Agent(
        Orders(
            config=config,
            rulebook=rulebook,
            read_rules=lambda: load_rulebook(config, rulebook.catalogue, rulebook.providers),
            host=host,
            log=LogOutput(config.language, sys.stdout),
        )
    )
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: agent.stop())
    signal.signal(signal.SIGHUP, lambda *_: agent.ask_reload())
    gc.collect()
    gc.freeze()  # what was loaded stays to the end: the collector need not look at it again
    agent.run()


def _refuse(message: str, status: int) -> None:
    click.echo(message, err=True)
    sys.exit(status)
