"""How this machine stands by the procedure, as `check` and `status` show it: a JSON document, and lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from agent.alerts.alert import Update
from agent.rulebook import Rulebook
from agent.rules.answer import answer
from agent.rules.clause import ClauseState, Standing
from agent.rules.table import display_width, wrapped

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

SEE = {"zh": "见 {}", "en": "see {}"}
COLON = {"zh": "：", "en": ": "}
BECAUSE = {"zh": "原因：", "en": " Reason: "}
BETWEEN = {"zh": "、", "en": ", "}

_Told = tuple[str, str]
"""A fault by its rule and resource, or a reason by its text and detail."""


def status_document(rulebook: Rulebook, update: Update | None, entries_waiting: int | None = None) -> dict[str, Any]:
    """The running agent's standing; unknown with no clauses before the first cycle.

    `entries_waiting` is how many entries of the record the disk has not taken; nothing where there is no record.
    """
    if update is None:
        document: dict[str, Any] = {"verdict": Standing.UNKNOWN.value, "taken_at": None, "clauses": []}
    else:
        document = standing_document(rulebook, rulebook.states_of_update(update), update.snapshot.taken_at)
    return {**document, "entries_waiting": entries_waiting}


def standing_document(rulebook: Rulebook, states: Mapping[str, ClauseState], taken_at: datetime) -> dict[str, Any]:
    """The JSON of `check` and `status`: the verdict, and every clause that counts with its statement and its rules."""
    document: dict[str, Any] = answer(states, taken_at, rulebook.procedure, rulebook.by_name, rulebook.reader)
    for clause in document["clauses"]:
        written = rulebook.procedure.clauses[clause["clause"]]
        clause["statement"] = written.statement[rulebook.reader.language]
        clause["of"] = list(written.of)
    return document


def clause_lines(document: Mapping[str, Any], language: str, width: int) -> Iterator[str]:
    """The clauses by group with what is wrong in them, at most `width` terminal cells wide.

    What stands under one clause is only pointed to by those that sum it up.
    """
    places = _places(document["clauses"])
    for prefix, heading in GROUPS.items():
        clauses = [clause for clause in document["clauses"] if _group_of(clause["clause"]) == prefix]
        if clauses:
            yield click.style(heading[language], bold=True)
            for clause in clauses:
                yield from _clause_lines(clause, language, width, places)


def told_once(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The clauses for the record: verdict, and every fault and reason once, where `clause_lines` tells it too."""
    places = _places(document["clauses"])
    return [
        {
            "clause": clause["clause"],
            "verdict": clause["verdict"],
            "rules": [rule for rule in _faults(clause) if places[_fault_key(rule)] == clause["clause"]],
            "reasons": [reason for reason in clause["reasons"] if places[_reason_key(reason)] == clause["clause"]],
        }
        for clause in document["clauses"]
    ]


def verdict_line(document: Mapping[str, Any], language: str) -> str:
    """The one line that matters: how it stands, what that means for work, and which faults say so."""
    verdict = Standing(document["verdict"])
    said = f"{_styled(verdict, language)}{COLON[language]}{GO[verdict][language]}"
    if verdict not in (Standing.WARNING, Standing.CRITICAL):
        return said
    rules = (rule for clause in document["clauses"] for rule in clause["rules"])
    titles = dict.fromkeys(rule["summary"] for rule in rules if rule["verdict"] == verdict.value)
    return f"{said}{BECAUSE[language]}{BETWEEN[language].join(titles)}"


def _group_of(clause: str) -> str:
    return next(prefix for prefix in GROUPS if clause.startswith(prefix))


def _places(clauses: Sequence[Mapping[str, Any]]) -> dict[_Told, str]:
    """The clause under which each fault and each reason is told: the one that sums up the fewest others."""
    places: dict[_Told, str] = {}
    for clause in sorted(clauses, key=lambda clause: len(clause["of"])):
        for told in (*map(_fault_key, _faults(clause)), *map(_reason_key, clause["reasons"])):
            places.setdefault(told, clause["clause"])
    return places


def _faults(clause: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [rule for rule in clause["rules"] if rule["verdict"] in (Standing.WARNING.value, Standing.CRITICAL.value)]


def _fault_key(rule: Mapping[str, Any]) -> _Told:
    return rule["rule"], rule["resource"]


def _reason_key(reason: Mapping[str, Any]) -> _Told:
    return reason["text"], reason["detail"]


def _clause_lines(clause: Mapping[str, Any], language: str, width: int, places: Mapping[_Told, str]) -> Iterator[str]:
    name = clause["clause"]
    yield from _entry(Standing(clause["verdict"]), f"{name:<8} {clause['statement']}", language, width)
    elsewhere: dict[str, None] = {}
    for told, lines in _told(clause, width):
        if places[told] == name:
            yield from lines
        else:
            elsewhere[places[told]] = None
    if elsewhere:
        yield from _indented(SEE[language].format(BETWEEN[language].join(elsewhere)), width)


def _told(clause: Mapping[str, Any], width: int) -> Iterator[tuple[_Told, Iterator[str]]]:
    for rule in _faults(clause):
        yield _fault_key(rule), _fault_lines(rule, width)
    for reason in clause["reasons"]:
        yield _reason_key(reason), _reason_lines(reason, width)


def _reason_lines(reason: Mapping[str, Any], width: int) -> Iterator[str]:
    """The sentence, and below it IT's detail, less bright."""
    yield from _indented(reason["text"], width)
    yield from (click.style(f"  {line}", dim=True) for line in _indented(reason["detail"], width - 2))


def _fault_lines(rule: Mapping[str, Any], width: int) -> Iterator[str]:
    """A fault as everywhere: the title, what is wrong with the number, what to do."""
    standing = Standing(rule["verdict"])
    for line in _indented(rule["summary"], width):
        yield click.style(line, fg=WORDS[standing]["colour"], bold=True)
    if rule["problem"] != rule["summary"]:
        yield from _indented(rule["problem"], width)
    yield from _indented(f"→ {rule['action']}", width)


def _entry(standing: Standing, text: str, language: str, width: int) -> Iterator[str]:
    """A clause behind its state, the states in a column of their own."""
    cells = max(display_width(words[language]) for words in WORDS.values())
    padding = " " * (cells - display_width(WORDS[standing][language]))
    first, *rest = wrapped(text, width - cells - 4)
    yield f"  {_styled(standing, language)}{padding}  {first}"
    yield from (" " * (cells + 13) + line for line in rest)


def _indented(text: str, width: int) -> list[str]:
    return [" " * 6 + line for line in wrapped(text, width - 6)] if text else []


def _styled(standing: Standing, language: str) -> str:
    return click.style(WORDS[standing][language], fg=WORDS[standing]["colour"], bold=standing is Standing.CRITICAL)
