"""`device-health report`: a shift or a day as text, JSON or one printable page."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path

import click

from agent.commands.options import EXIT_REFUSED, config_option, read_config, read_rulebook, write_or_print
from agent.commands.reporting import day_of, report_of, today, unreadable
from agent.commands.throughagent import through_agent
from agent.database import DatabaseDamaged, DatabaseTooNew, DatabaseUnavailable
from agent.outputs.report.forms import FORMS, render

WORDS = {
    "zh": {"empty": "{} 至 {} 没有任何记录。", "order": "--from 必须早于 --to。"},
    "en": {"empty": "Nothing is recorded from {} to {}.", "order": "--from must lie before --to."},
}
MOMENT = click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.command("report")
@config_option
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day.  [default: today]")
@click.option("--from", "since", type=MOMENT, help="Begin of a shift, such as 2026-03-02T08:00.")
@click.option("--to", "until", type=MOMENT, help="End of a shift.")
@click.option("--format", "form", type=click.Choice(FORMS), default="text", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def command(  # one parameter for each option
    config_path: Path | None,
    day: datetime | None,
    since: datetime | None,
    until: datetime | None,
    form: str,
    output: Path | None,
) -> None:
    """Report on a day, or on a shift with --from and --to: monitored time, checks, alerts, clauses, curves.

    Exit status 1 where nothing is recorded of that time, or the journal cannot be read.
    """
    config = read_config(config_path)
    statements = {
        clause.name: clause.statement[config.language] for clause in read_rulebook(config).procedure.clauses.values()
    }
    begin, end = _period(day.date() if day else None, since, until, config.language)
    fields = {"since": begin.isoformat(), "until": end.isoformat(), "statements": statements}
    told = through_agent(config, "report", {**fields, "format": form, "language": config.language})
    if told is not None:
        _write(told["text"], config.language, (begin, end), output, is_empty=told["is_empty"])
        return
    try:
        report = report_of(config, begin, end, statements=statements)
    except (DatabaseUnavailable, DatabaseDamaged, DatabaseTooNew) as error:
        click.echo(unreadable(config, error), err=True)
        sys.exit(EXIT_REFUSED)
    text = render(report, form, config.language)
    _write(text, config.language, (begin, end), output, is_empty=report.is_empty)


def _write(text: str, language: str, period: tuple[datetime, datetime], output: Path | None, *, is_empty: bool) -> None:
    """The report; where nothing is known of the period, that alone, with status 1."""
    if is_empty:
        begin, end = (f"{at:%Y-%m-%d %H:%M}" for at in period)
        click.echo(WORDS[language]["empty"].format(begin, end), err=True)
        sys.exit(EXIT_REFUSED)
    write_or_print(text, output)


def _period(
    day: date | None, since: datetime | None, until: datetime | None, language: str
) -> tuple[datetime, datetime]:
    if since is None and until is None:
        return day_of(day) if day else today()
    begin, end = day_of(day) if day else today()
    begin, end = since.astimezone() if since else begin, until.astimezone() if until else end
    if begin >= end:
        raise click.UsageError(WORDS[language]["order"])
    return begin, end
