"""Builds reports for the commands that show one."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from agent.config import Config
from agent.database import DatabaseDamaged
from agent.memory import DATABASE
from agent.outputs.report.collect import read_report
from agent.outputs.report.report import Report, Request

DAMAGED = {
    "zh": "记录文件 {} 已损坏（{}）。文件没有被改动；监测程序下次启动时会另存它并重新开始记录。",
    "en": "The record {} is damaged: {}. It was left as it is; the agent's next start sets it aside and begins anew.",
}


def day_of(day: date) -> tuple[datetime, datetime]:
    """A local day from midnight to midnight, aware."""
    since = datetime.combine(day, time()).astimezone()
    return since, datetime.combine(day + timedelta(days=1), time()).astimezone()


def today() -> tuple[datetime, datetime]:
    """The local day that this moment belongs to."""
    return day_of(datetime.now().astimezone().date())


def unreadable(config: Config, error: Exception) -> str:
    """Why the record cannot be read, with the file that is meant and that nothing was done to it."""
    path = str(config.data_dir / DATABASE)
    said = str(error)
    if isinstance(error, DatabaseDamaged):
        return DAMAGED[config.language].format(path, said)
    return said if path in said else f"{path}: {said}"


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
