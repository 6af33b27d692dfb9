"""The short dialogue of `check --ask`: what only a person can tell."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click

from agent.rulebook import Rulebook

WORDS = {
    "zh": {"ask": "请回答（y 是，n 否，回车跳过）", "again": "请输入 y、n，或直接按回车。"},
    "en": {"ask": "Please answer (y yes, n no, Enter to skip)", "again": "Please type y or n, or press Enter."},
}
ANSWERS: Mapping[str, bool | None] = {
    **dict.fromkeys(("y", "yes", "是"), True),
    **dict.fromkeys(("n", "no", "否"), False),
    "": None,
}


def ask_operator(rulebook: Rulebook) -> dict[str, bool | None]:
    """Put every question of the procedure once; nothing as the answer to what was skipped.

    Questions go to standard error, so that `--json` stays JSON. Where the input ends, the rest counts as skipped.
    """
    language = rulebook.reader.language
    click.echo(WORDS[language]["ask"], err=True)
    questions = rulebook.procedure.questions.values()
    return {question.name: _answer(question.ask[language], language) for question in questions}


def _answer(question: str, language: str) -> bool | None:
    while True:
        click.echo(f"{question} [y/n] ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line:
            click.echo(err=True)
        said = line.strip().lower()
        if said in ANSWERS:
            return ANSWERS[said]
        click.echo(WORDS[language]["again"], err=True)
