"""Builds reports for the commands that show one."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from agent.config import Config
from agent.memory import DATABASE
from agent.outputs.report.collect import read_report
from agent.outputs.report.report import Report, Request


def day_of(day: date) -> tuple[datetime, datetime]:
    """A local day from midnight to midnight, aware."""
    since = datetime.combine(day, time()).astimezone()
    return since, datetime.combine(day + timedelta(days=1), time()).astimezone()


def today() -> tuple[datetime, datetime]:
    """The local day that this moment belongs to."""
    return day_of(datetime.now().astimezone().date())


def report_of(config: Config, since: datetime, until: datetime, *, statements: Mapping[str, str]) -> Report:
    """The report of a period from the journal's file.

    Raises:
        DatabaseUnavailable, DatabaseDamaged, DatabaseTooNew: the file cannot be read, and why.
    """
    request = Request(
        machine=socket.gethostname(),
        since=since,
        until=until,
        now=datetime.now().astimezone(),
        statements=statements,
    )
    return read_report(str(config.data_dir / DATABASE), request)
