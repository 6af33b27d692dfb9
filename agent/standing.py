"""How this machine stands by the procedure, as `check` and `status` show it: a JSON document, and lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from agent.alerts.alert import Update
from agent.rulebook import Rulebook
from agent.rules.answer import answer
from agent.rules.clause import ClauseState, Standing

GROUPS = {
    "4.1.a": {"zh": "电脑", "en": "Computer"},
    "4.1.b": {"zh": "电话", "en": "Phone"},
    "4.1.c": {"zh": "网络", "en": "Network"},
    "": {"zh": "其他条款", "en": "Other clauses"},
}
"""Headings by the beginning of a clause, the last for the rest."""

WORDS = {
    Standing.NORMAL: {"zh": "正常", "en": "normal", "colour": "green"},
    Standing.WARNING: {"zh": "警告", "en": "warning", "colour": "yellow"},
    Standing.CRITICAL: {"zh": "严重", "en": "critical", "colour": "red"},
    Standing.UNKNOWN: {"zh": "无法判断", "en": "cannot tell", "colour": "blue"},
}

GO = {
    Standing.NORMAL: {"zh": "可以开始工作。", "en": "Ready for work."},
    Standing.WARNING: {"zh": "可以工作，请告知 IT。", "en": "Work can go on; tell IT."},
    Standing.CRITICAL: {"zh": "停止工作，立即通知 IT。", "en": "Stop work and notify IT."},
    Standing.UNKNOWN: {
        "zh": "有项目无法判断，不能确认正常。",
        "en": "Something could not be told; normal cannot be confirmed.",
    },
}


def status_document(rulebook: Rulebook, update: Update | None) -> dict[str, Any]:
    """The running agent's standing; unknown with no clauses before the first cycle."""
    if update is None:
        return {"verdict": Standing.UNKNOWN.value, "taken_at": None, "clauses": []}
    return standing_document(rulebook, rulebook.states_of_update(update), update.snapshot.taken_at)


def standing_document(rulebook: Rulebook, states: Mapping[str, ClauseState], taken_at: datetime) -> dict[str, Any]:
    """The JSON of `check` and `status`: the verdict, and every clause that counts with its statement and its rules."""
    document: dict[str, Any] = answer(states, taken_at, rulebook.procedure, rulebook.by_name, rulebook.reader)
    for clause in document["clauses"]:
        clause["statement"] = rulebook.procedure.clauses[clause["clause"]].statement[rulebook.reader.language]
    return document


def standing_lines(document: Mapping[str, Any], language: str) -> Iterator[str]:
    """The document for a terminal: clauses by group with what is wrong in them, the verdict last."""
    for prefix, heading in GROUPS.items():
        clauses = [clause for clause in document["clauses"] if _group_of(clause["clause"]) == prefix]
        if clauses:
            yield click.style(heading[language], bold=True)
            for clause in clauses:
                yield from _clause_lines(clause, language)
    verdict = Standing(document["verdict"])
    yield ""
    yield f"{_styled(verdict, language)}{'：' if language == 'zh' else ': '}{GO[verdict][language]}"


def _group_of(clause: str) -> str:
    return next(prefix for prefix in GROUPS if clause.startswith(prefix))


def _clause_lines(clause: Mapping[str, Any], language: str) -> Iterable[str]:
    yield f"  {clause['clause']}  {_styled(Standing(clause['verdict']), language)}  {clause['statement']}"
    for rule in clause["rules"]:
        if rule["verdict"] in ("warning", "critical"):
            yield f"      {_styled(Standing(rule['verdict']), language)}  {rule['summary']}"
            yield f"          → {rule['action']}"
    for reason in clause["reasons"]:
        yield f"      {_styled(Standing.UNKNOWN, language)}  {reason}"


def _styled(standing: Standing, language: str) -> str:
    return click.style(WORDS[standing][language], fg=WORDS[standing]["colour"], bold=standing is Standing.CRITICAL)
