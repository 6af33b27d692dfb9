"""Asking the running agent, and how a command says that it did not answer or refused."""

from __future__ import annotations

import sys
from typing import Any

import click

from agent.apiclient import AgentError, ask
from agent.commands.options import EXIT_CANNOT_TELL, EXIT_REFUSED
from agent.config import Config

NO_ANSWER = "监测程序没有应答，可能没有运行。"
REFUSED = "监测程序没有照做。"


def ask_agent(config: Config, method: str, path: str, fields: dict[str, object] | None = None) -> dict[str, Any]:
    """The running agent's answer; ends the process with status 3, cannot tell, when there is none."""
    try:
        return ask(str(config.local.socket), method, path, fields)
    except AgentError as error:
        for line in refusal_lines(error, config.language):
            click.echo(line, err=True)
        sys.exit(EXIT_CANNOT_TELL if error.status is None else EXIT_REFUSED)


def refusal_lines(error: AgentError, language: str) -> list[str]:
    """Why the agent did not do it: in the operator's language, then IT's detail."""
    if language == "en":
        return [str(error)]
    return [NO_ANSWER if error.status is None else REFUSED, click.style(str(error), dim=True)]
