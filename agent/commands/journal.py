"""`device-health journal`: read, verify, correct and export the operation record."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import click

from agent.commands.agentcall import ask_agent
from agent.commands.options import EXIT_REFUSED, config_option, read_config
from agent.commands.reporting import unreadable
from agent.commands.throughagent import through_agent
from agent.config import Config
from agent.database import DatabaseDamaged, DatabaseTooNew, DatabaseUnavailable
from agent.memory import DATABASE
from agent.outputs.journal.entry import Kind, Witness
from agent.outputs.journal.export import ExportFormat, export
from agent.outputs.journal.reading import Filter, entries, reader
from agent.outputs.journal.verification import verify
from agent.outputs.journal.wording import line
from agent.outputs.report.words import outcome

CORRECTED = {
    "zh": "第 {} 条的更正已写入记录；原条目保持不变。",
    "en": "The correction of entry {} is recorded; the entry itself stays as it is.",
}
MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.group("journal")
def command() -> None:
    """Read, verify, correct and export the operation record."""


def _filters(wrapped: click.Command) -> click.Command:
    options = [
        click.Option(["--since"], type=MOMENT, help="From this time on."),
        click.Option(["--until"], type=MOMENT, help="Before this time."),
        click.Option(
            ["--kind", "kinds"], type=click.Choice([k.value for k in Kind]), multiple=True, help="Only these."
        ),
        click.Option(["--rule"], default="", help="Only this rule."),
        click.Option(["--clause"], default="", help="Only this clause and those below it."),
        click.Option(["--user"], default="", help="Only what this person did."),
        click.Option(["--limit"], type=click.IntRange(1), help="Only the newest so many."),
    ]
    wrapped.params.extend(options)
    return wrapped


@_filters
@command.command("list")
@config_option
def list_entries(config_path: Path | None, **wanted: object) -> None:
    """Show entries, oldest first."""
    config = read_config(config_path)
    told = through_agent(config, "entries", _asked(wanted, "list", config.language))
    if told is not None:
        click.echo(told["text"], nl=False)
        return
    with _journal(config) as connection:
        for entry in entries(connection, _filter(wanted)):
            click.echo(line(entry, config.language))


@command.command("verify")
@config_option
@click.option(
    "--witness", metavar="ID:HASH", help="Head noted elsewhere (metrics, system log): finds a rewritten journal."
)
def verify_journal(config_path: Path | None, witness: str | None) -> None:
    """Prove that no entry was changed, removed or reordered. Exit status 1 names the first bad entry."""
    config = read_config(config_path)
    noted = _witness(witness)
    fields = {"witness": noted and {"id": noted.id, "hash": noted.hash}, "language": config.language}
    told = through_agent(config, "proof", fields)
    if told is not None:
        click.echo(told["text"])
        sys.exit(0 if told["is_whole"] else EXIT_REFUSED)
    with _journal(config) as connection:
        found = verify(connection, noted)
    click.echo(outcome(found, config.language))
    sys.exit(0 if found.is_whole else EXIT_REFUSED)


@command.command("correct")
@click.argument("entry", type=click.IntRange(1))
@click.option("--reason", required=True, help="What is wrong or missing, and why; it is recorded.")
@click.option("--right", default="", help="What would be right.")
@config_option
def correct_entry(entry: int, reason: str, right: str, config_path: Path | None) -> None:
    """Correct ENTRY (its number in `journal list`) by a new entry that points to it; the old one stays as it is.

    Where something is missing, name the entry before it. Any user may; the new entry says who.
    """
    config = read_config(config_path)
    ask_agent(config, "POST", "/api/v1/corrections", {"entry": entry, "reason": reason, "right": right})
    click.echo(CORRECTED[config.language].format(entry))


@_filters
@command.command("export")
@config_option
@click.option(
    "--format", "form", type=click.Choice([f.value for f in ExportFormat]), default="jsonl", show_default=True
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def export_entries(config_path: Path | None, form: str, output: Path | None, **wanted: object) -> None:
    """Write entries as JSON Lines (every column, to be verified elsewhere) or CSV (for a spreadsheet)."""
    config = read_config(config_path)
    told = through_agent(config, "entries", _asked(wanted, form, config.language))
    try:
        with output.open("wb") if output else nullcontext(sys.stdout.buffer) as stream:
            count = _export(config, wanted, ExportFormat(form), stream) if told is None else _copy(told, stream)
            stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        click.echo(f"{output} cannot be written: {error.strerror}", err=True)
        sys.exit(EXIT_REFUSED)
    if output is not None:
        click.echo(f"{count} → {output}", err=True)


def _export(config: Config, wanted: dict[str, object], form: ExportFormat, stream: BinaryIO) -> int:
    with _journal(config) as connection:
        return export(entries(connection, _filter(wanted)), form, stream)


def _copy(told: dict[str, Any], stream: BinaryIO) -> int:
    """Write what the agent answered; how many entries it has."""
    stream.write(told["text"].encode())
    return int(told["count"])


@contextmanager
def _journal(config: Config) -> Iterator[sqlite3.Connection]:
    """The journal's file; ends the process with status 1 and the reason when it cannot be read."""
    try:
        with reader(str(config.data_dir / DATABASE)) as connection:
            yield connection
    except (DatabaseUnavailable, DatabaseDamaged, DatabaseTooNew, sqlite3.Error) as error:
        click.echo(unreadable(config, error), err=True)
        sys.exit(EXIT_REFUSED)


def _filter(wanted: dict[str, object]) -> Filter:
    fields = {name: _aware(value) for name, value in wanted.items() if value}
    fields["kinds"] = tuple(Kind(kind) for kind in wanted["kinds"])  # type: ignore[attr-defined]  # click gives a tuple
    return Filter(**fields)  # type: ignore[arg-type]  # the options above are the filter's fields


def _asked(wanted: dict[str, object], form: str, language: str) -> dict[str, object]:
    """The filter as the agent takes it."""
    fields = {name: _aware(value) for name, value in wanted.items()}
    times = {name: at.isoformat() if isinstance(at := fields[name], datetime) else None for name in ("since", "until")}
    return {**fields, **times, "format": form, "language": language}


def _aware(value: object) -> object:
    return value.astimezone() if isinstance(value, datetime) else value


def _witness(text: str | None) -> Witness | None:
    if text is None:
        return None
    number, _, digest = text.partition(":")
    if not number.isdigit() or not digest:
        raise click.BadParameter("expected the entry's id, a colon and its hash", param_hint="--witness")
    return Witness(id=int(number), hash=digest)
