"""`device-health check`: one pass before work, go or no-go; and the close of work with `--closing`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from agent.apiclient import AgentError, ask
from agent.checking import check_document, digest_of
from agent.commands.agentcall import refusal_lines
from agent.commands.asking import ask_operator
from agent.commands.closing import closing_lines
from agent.commands.options import (
    captured_machine_options,
    config_option,
    json_option,
    progress,
    read_config,
    read_rulebook,
    terminal_width,
)
from agent.config import Config
from agent.looking import host_at
from agent.onepass import one_pass
from agent.rules.clause import EXIT_STATUS, Standing
from agent.standing import clause_lines, verdict_line

WORDS = {
    "zh": {
        "recorded": "检查已记录。",
        "not_recorded": "检查未记录。",
        "captured": "检查未记录：这是采集下来的机器。",
    },
    "en": {
        "recorded": "The check is recorded.",
        "not_recorded": "The check is not recorded.",
        "captured": "The check is not recorded: this is a captured machine.",
    },
}


@click.command("check")
@config_option
@json_option
@click.option("--ask", "asks", is_flag=True, help="Ask what only a person can tell: noise, image, sound, lights.")
@click.option("--closing", is_flag=True, help="End of work: what is still open, the shift's report, the reminder.")
@captured_machine_options
def command(  # one parameter for each option
    config_path: Path | None,
    as_json: bool,  # noqa: FBT001  # click passes flags by name
    asks: bool,  # noqa: FBT001
    closing: bool,  # noqa: FBT001
    sysfs: str | None,
    procfs: str | None,
) -> None:
    """Check this computer before work, in under 15 seconds; works without a running agent.

    Exit status: 0 normal, 1 warning, 2 critical, 3 cannot tell.
    """
    config = read_config(config_path)
    rulebook = read_rulebook(config)
    host = host_at(sysfs, procfs)
    answers = ask_operator(rulebook) if asks else {}
    found = one_pass(config, rulebook, host, progress(config.language))
    document = check_document(rulebook, found, answers)
    if host.is_redirected:
        document["recorded"] = ""
        click.echo(WORDS[config.language]["captured"], err=True)
    else:
        document["recorded"] = record(config, document, closing=closing)
    _show(document, config, as_json=as_json, closing=closing)
    sys.exit(EXIT_STATUS[Standing(document["verdict"])])


def record(config: Config, document: Mapping[str, Any], *, closing: bool) -> str:
    """Hand the check to the running agent's journal: the time it was recorded, empty where it was not."""
    fields: dict[str, object] = {"result": digest_of(document), "answers": document["answers"], "closing": closing}
    try:
        return str(ask(str(config.local.socket), "POST", "/api/v1/checks", fields)["recorded_at"])
    except AgentError as error:
        click.echo(WORDS[config.language]["not_recorded"], err=True)
        for line in refusal_lines(error, config.language):
            click.echo(line, err=True)
        return ""


def _show(document: Mapping[str, Any], config: Config, *, as_json: bool, closing: bool) -> None:
    """The verdict comes last: that is what stays in sight."""
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    for line in clause_lines(document, config.language, terminal_width()):
        click.echo(line)
    statements = {clause["clause"]: clause["statement"] for clause in document["clauses"]}
    for line in closing_lines(config, statements) if closing else ():
        click.echo(line)
    click.echo()
    if document["recorded"]:
        click.echo(WORDS[config.language]["recorded"])
    click.echo(verdict_line(document, config.language))
