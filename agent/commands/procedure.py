"""`device-health procedure`: every clause, what watches it, and its state now."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from agent.apiclient import AgentError, ask
from agent.commands.options import config_option, json_option, read_config, read_rulebook
from agent.config import Config
from agent.looking import host_at, looking
from agent.rulebook import Rulebook
from agent.rules.assessment import findings
from agent.rules.clause import ClauseState, Reason, Standing
from agent.rules.coverage import coverage, coverage_json, coverage_table, uncovered
from agent.rules.evaluate import evaluate
from agent.rules.growth import Growth
from agent.rules.texts import LANGUAGES

EXIT_UNCOVERED = 1


@click.command("procedure")
@config_option
@json_option
def command(config_path: Path | None, as_json: bool) -> None:  # noqa: FBT001  # click passes flags by name
    """Show every clause of the procedure, what watches it, and its state now.

    The state is the running agent's, else from one look at this machine. Exit status 1 if a clause has no answer.
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
    """Every clause's state: one look at this machine, with the running agent's word where it has one."""
    with looking(config, host_at(None, None)) as look:
        look(0)
        snapshot = look(1.0)
    verdicts = evaluate(rulebook.compiled, snapshot, {}, Growth(rulebook.compiled.windows))
    states = rulebook.states(snapshot, findings(verdicts))
    try:
        document = ask(str(config.local.socket), "GET", "/api/v1/status")
    except AgentError:
        return states
    return {**states, **_stated(document, states)}


def _stated(document: dict[str, Any], states: dict[str, ClauseState]) -> dict[str, ClauseState]:
    """The running agent's verdicts, with its reasons."""
    return {
        clause["clause"]: ClauseState(
            clause=clause["clause"],
            standing=Standing(clause["verdict"]),
            counts=True,
            findings=states[clause["clause"]].findings,
            reasons=tuple(
                Reason(text=dict.fromkeys(LANGUAGES, reason["text"]), detail=reason["detail"])
                for reason in clause["reasons"]
            ),
        )
        for clause in document["clauses"]
        if clause["clause"] in states
    }
