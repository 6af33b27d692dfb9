"""`device-health procedure`: every clause, what watches it, and its state now."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from agent.apiclient import AgentError, ask
from agent.commands.options import config_option, json_option, progress, read_config, read_rulebook
from agent.config import Config
from agent.looking import host_at
from agent.onepass import one_pass
from agent.readings import Snapshot
from agent.rulebook import Rulebook
from agent.rules.assessment import findings
from agent.rules.clause import ClauseState, Reason, Standing
from agent.rules.coverage import coverage, coverage_json, coverage_table, uncovered
from agent.rules.rule import Text
from agent.rules.texts import LANGUAGES

EXIT_UNCOVERED = 1

NOT_RUNNING: Text = {
    "zh": "监测程序没有应答，现在没有记录",
    "en": "no agent answers, so nothing is being recorded",
}
CAPTURED: Text = {
    "zh": "监测程序看的是采集下来的机器，不记录",
    "en": "the agent watches a captured machine and records nothing",
}
WAITING: Text = {
    "zh": "磁盘还没有写入 {} 条记录",
    "en": "the disk has not taken {} entries of the record",
}


@click.command("procedure")
@config_option
@json_option
def command(config_path: Path | None, as_json: bool) -> None:  # noqa: FBT001  # click passes flags by name
    """Show every clause of the procedure, what watches it, and its state now.

    The state is the running agent's, else from a short pass over this machine. Exit status 1 if a clause has no answer.
    """
    config = read_config(config_path)
    rulebook = read_rulebook(config)
    rows = coverage(rulebook.procedure, rulebook.by_name, present_states(config, rulebook), config.language)
    missing = uncovered(rulebook.procedure, rulebook.by_name)
    if as_json:
        document = {"clauses": coverage_json(rows), "uncovered": list(missing)}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        click.echo(coverage_table(rows, config.language, shutil.get_terminal_size((120, 40)).columns))
        for line in missing:
            click.echo(line)
    sys.exit(EXIT_UNCOVERED if missing else 0)


def present_states(config: Config, rulebook: Rulebook) -> dict[str, ClauseState]:
    """Every clause's state: the running agent's word, else a pass over this machine of which nothing is recorded."""
    try:
        document = ask(str(config.local.socket), "GET", "/api/v1/status")
    except AgentError:
        found = one_pass(config, rulebook, host_at(None, None), progress(config.language))
        return rulebook.states(found.snapshot, findings(found.verdicts), NOT_RUNNING)
    nothing = Snapshot(taken_at=datetime.now(UTC), results={})
    states = rulebook.states(nothing, (), record_fault(document.get("entries_waiting")))
    return {**states, **_stated(document)}


def record_fault(entries_waiting: object) -> Text | None:
    """Why the running agent's record is not kept, if so."""
    if not isinstance(entries_waiting, int):
        return CAPTURED
    if entries_waiting == 0:
        return None
    return {language: text.format(entries_waiting) for language, text in WAITING.items()}


def _stated(document: dict[str, Any]) -> dict[str, ClauseState]:
    """The running agent's verdicts, with its reasons."""
    return {
        clause["clause"]: ClauseState(
            clause=clause["clause"],
            standing=Standing(clause["verdict"]),
            counts=True,
            reasons=tuple(
                Reason(text=dict.fromkeys(LANGUAGES, reason["text"]), detail=reason["detail"])
                for reason in clause["reasons"]
            ),
        )
        for clause in document["clauses"]
    }
