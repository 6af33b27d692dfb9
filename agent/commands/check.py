"""`device-health check`: one pass before work, go or no-go; and the close of work with `--closing`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from agent.apiclient import AgentError, ask
from agent.commands.closing import closing_lines
from agent.commands.options import captured_machine_options, config_option, json_option, read_config, read_rulebook
from agent.config import Config
from agent.looking import host_at
from agent.onepass import one_pass
from agent.rulebook import Rulebook
from agent.rules.assessment import answered, findings
from agent.rules.clause import EXIT_STATUS, Standing
from agent.standing import standing_document, standing_lines

WORDS = {
    "zh": {
        "measuring": "正在检查 {}/{} …",
        "recorded": "已记录。",
        "not_recorded": "未记录：{}",
        "captured": "这是采集下来的机器，不记录",
        "ask": "请回答（y 是，n 否，回车 跳过）",
    },
    "en": {
        "measuring": "Checking {}/{} …",
        "recorded": "Recorded.",
        "not_recorded": "Not recorded: {}",
        "captured": "this is a captured machine, nothing is recorded of it",
        "ask": "Please answer (y yes, n no, Enter to skip)",
    },
}
ANSWERS = {"y": True, "是": True, "yes": True, "n": False, "否": False, "no": False, "": None}


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
    found = one_pass(config, rulebook, host, _progress(config.language))
    said = (*findings(found.verdicts), *answered(rulebook.procedure, answers))
    document = standing_document(rulebook, rulebook.states(found.snapshot, said), found.snapshot.taken_at)
    document["recorded"] = "" if host.is_redirected else record(config, rulebook, document, answers, closing=closing)
    _show(document, config, as_json=as_json, closing=closing, is_captured=host.is_redirected)
    sys.exit(EXIT_STATUS[Standing(document["verdict"])])


def ask_operator(rulebook: Rulebook) -> dict[str, bool | None]:
    """Put every question of the procedure once; the answers by question, nothing where it was skipped."""
    words = WORDS[rulebook.reader.language]
    click.echo(words["ask"], err=True)
    answers: dict[str, bool | None] = {}
    for name, question in rulebook.procedure.questions.items():
        text = question.ask[rulebook.reader.language]
        said = click.prompt(
            text,
            default="",
            show_default=False,
            err=True,
            type=click.Choice(list(ANSWERS), case_sensitive=False),
            show_choices=False,
            prompt_suffix=" [y/n] ",
        )
        answers[name] = ANSWERS[said]
    return answers


def record(
    config: Config,
    rulebook: Rulebook,
    document: Mapping[str, Any],
    answers: Mapping[str, bool | None],
    *,
    closing: bool,
) -> str:
    """Hand the check to the running agent's journal: the time it was recorded, empty where it was not."""
    clause_of = {name: clause.name for clause in rulebook.procedure.clauses.values() for name in clause.ask}
    words = {True: "yes", False: "no", None: "skipped"}
    given = [
        {
            "question": rulebook.procedure.questions[name].ask[rulebook.reader.language],
            "answer": words[answer],
            "clause": clause_of.get(name, ""),
        }
        for name, answer in answers.items()
    ]
    fields: dict[str, object] = {"result": _digest(document), "answers": given, "closing": closing}
    try:
        return str(ask(str(config.local.socket), "POST", "/api/checks", fields)["recorded_at"])
    except AgentError as error:
        click.echo(WORDS[config.language]["not_recorded"].format(error), err=True)
        return ""


def _digest(document: Mapping[str, Any]) -> dict[str, object]:
    """What the journal keeps of a check: every clause's verdict, and the rules that were not normal."""
    return {
        "verdict": document["verdict"],
        "taken_at": document["taken_at"],
        "clauses": [
            {
                "clause": clause["clause"],
                "verdict": clause["verdict"],
                "rules": [rule for rule in clause["rules"] if rule["verdict"] != Standing.NORMAL.value],
            }
            for clause in document["clauses"]
        ],
    }


def _show(document: dict[str, Any], config: Config, *, as_json: bool, closing: bool, is_captured: bool) -> None:
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    words = WORDS[config.language]
    for line in standing_lines(document, config.language):
        click.echo(line)
    if document["recorded"]:
        click.echo(words["recorded"])
    elif is_captured:
        click.echo(words["not_recorded"].format(words["captured"]))
    if closing:
        for line in closing_lines(config):
            click.echo(line)


def _progress(language: str) -> Any:
    """Shows how far the pass is, on a terminal only, and wipes it at the end."""

    def show(done: int, of: int) -> None:
        if sys.stderr.isatty():
            text = "" if done == of else WORDS[language]["measuring"].format(done + 1, of)
            click.echo(f"\r\x1b[K{text}", nl=False, err=True)

    return show
