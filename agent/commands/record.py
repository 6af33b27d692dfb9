"""`device-health record`: this machine's readings over some time, to a file that `rules test` replays."""

from __future__ import annotations

import math
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from agent.commands.options import (
    Duration,
    captured_machine_options,
    config_option,
    read_config,
    write_or_print,
)
from agent.config import Config
from agent.inventory import Inventory, observe
from agent.looking import CATALOGUE, PROVIDERS, host_at, looking
from agent.onepass import learnt_facts
from agent.probes.hostfs import HostFs
from agent.readings import Snapshot
from agent.recording import Pseudonyms, as_yaml, recording
from agent.rules.evaluate import CompiledRules, compile_rules
from agent.rules.loader import load_rules, rule_sources

MOST_CYCLES = 100_000
"""What the series notation takes: six days at 5 s."""

WORDS = {
    "zh": {"recording": "正在记录 {}/{}，按 Ctrl-C 提前结束 …", "written": "已记录 {} 次读数：{}"},
    "en": {"recording": "Recording {}/{}, Ctrl-C ends it early …", "written": "{} looks recorded: {}"},
}


@click.command("record")
@config_option
@click.option("--for", "seconds", type=Duration(), metavar="TIME", help="How long, such as 5m.  [default: 1m]")
@click.option("--cycles", type=click.IntRange(1, MOST_CYCLES), help="How many looks, instead of --for.")
@click.option("--every", type=Duration(), metavar="TIME", default="5s", show_default=True, help="Between two looks.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@captured_machine_options
def command(  # noqa: PLR0913, PLR0917  # one parameter for each option
    config_path: Path | None,
    seconds: float | None,
    cycles: int | None,
    every: float,
    output: Path | None,
    sysfs: str | None,
    procfs: str | None,
) -> None:
    """Record this machine's readings for rule tests, with what the shipped rules give at the end.

    The file passes `rules test` as it is; change its values and expectations. Names of persons and hosts, addresses
    and serial numbers are replaced. Ctrl-C ends the recording early and keeps what there is.
    """
    config = read_config(config_path)
    if not every.is_integer():
        raise click.UsageError("--every: expected whole seconds")
    wanted = _cycles(cycles, seconds, every)
    host = host_at(sysfs, procfs)
    snapshots: list[Snapshot] = []
    with suppress(KeyboardInterrupt):
        for snapshot in looks(config, host, wanted, every):
            snapshots.append(snapshot)
            _tell(WORDS[config.language]["recording"].format(len(snapshots), wanted))
    _tell("")
    if not snapshots:
        sys.exit(1)
    name = socket.gethostname()
    hide = Pseudonyms((name, name.partition(".")[0]))
    recorded = recording(snapshots, int(every), f"recorded on {snapshots[0].taken_at:%Y-%m-%d}", hide)
    write_or_print(as_yaml(recorded, shipped_rules()), output)
    if output is not None:
        click.echo(WORDS[config.language]["written"].format(len(snapshots), output), err=True)


def looks(config: Config, host: HostFs, cycles: int, every_seconds: float) -> Iterator[Snapshot]:
    """That many looks on a grid of `every_seconds`, each with what it says of the probes themselves."""
    inventory = Inventory(CATALOGUE)
    with looking(config, host, {} if host.is_redirected else learnt_facts(config)) as look:
        begun = time.monotonic()
        for index in range(cycles):
            snapshot = look(max(0.0, begun + index * every_seconds - time.monotonic()))
            inventory.learn(snapshot)
            about = observe(snapshot, inventory)
            yield replace(snapshot, results={**snapshot.results, about.probe: about})


def shipped_rules() -> CompiledRules:
    """The rules that `rules test` takes for a file that names none."""
    return compile_rules(load_rules(rule_sources(None), CATALOGUE), CATALOGUE, PROVIDERS)


def _cycles(cycles: int | None, seconds: float | None, every: float) -> int:
    if cycles is not None and seconds is not None:
        raise click.UsageError("--cycles and --for say the same; give one of them")
    wanted = cycles if cycles is not None else math.floor((60.0 if seconds is None else seconds) / every) + 1
    if wanted > MOST_CYCLES:
        raise click.UsageError(f"{wanted} looks; expected at most {MOST_CYCLES}")
    return wanted


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", nl=False, err=True)
