"""The record for a user who may not read its file: asked of the running agent."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Mapping
from typing import Any

import click

from agent.apiclient import AgentError, ask
from agent.commands.agentcall import refusal_lines
from agent.commands.options import EXIT_REFUSED
from agent.config import Config
from agent.database import DatabaseDamaged, DatabaseTooNew, DatabaseUnavailable
from agent.memory import DATABASE
from agent.outputs.journal.reading import reader

TIMEOUT_SECONDS = 60.0
"""A worker of the agent reads one request after the other; two years are proven in seconds."""


def through_agent(config: Config, page: str, fields: Mapping[str, object]) -> dict[str, Any] | None:
    """The agent's answer where this user may not read the file; nothing where they may, or where no agent answers.

    Ends the process with status 1 when the agent refuses.
    """
    try:
        with reader(str(config.data_dir / DATABASE)):
            return None
    except DatabaseUnavailable:
        pass
    except (DatabaseDamaged, DatabaseTooNew, sqlite3.Error):
        return None
    try:
        url = f"/api/v1/record/{page}"
        return ask(str(config.local.socket), "POST", url, fields, timeout_seconds=TIMEOUT_SECONDS)
    except AgentError as error:
        if error.status is None:
            return None
        for line in refusal_lines(error, config.language):
            click.echo(line, err=True)
        sys.exit(EXIT_REFUSED)
