"""What watches each clause of the procedure, and which clauses and rules nothing connects."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from agent.rules.clause import AnsweredBy, Clause, ClauseState, Procedure, Standing
from agent.rules.rule import Rule, Text
from agent.rules.table import columns

STANDING_WORDS: Mapping[Standing, Text] = {
    Standing.NORMAL: {"zh": "正常", "en": "normal"},
    Standing.WARNING: {"zh": "警告", "en": "warning"},
    Standing.CRITICAL: {"zh": "严重", "en": "critical"},
    Standing.UNKNOWN: {"zh": "无法判断", "en": "cannot tell"},
}
BY_WORDS: Mapping[AnsweredBy, Text] = {
    AnsweredBy.RULES: {"zh": "规则", "en": "rules"},
    AnsweredBy.PERSON: {"zh": "操作员", "en": "the operator"},
    AnsweredBy.RECORD: {"zh": "记录", "en": "the record"},
    AnsweredBy.NONE: {"zh": "无", "en": "nothing"},
}
_WITH_PERSON: Text = {"zh": "规则和操作员", "en": "rules and the operator"}
_HEADER: Mapping[str, tuple[str, ...]] = {
    "zh": ("条款", "要求", "由什么回答", "状态", "说明"),
    "en": ("Clause", "Asks", "Answered by", "State", "Remarks"),
}
_UNTOLD: Text = {"zh": "{part}：{reason}", "en": "{part}: {reason}"}
_PART_OF: Text = {"zh": "汇总 {names}", "en": "sums up {names}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRow:
    """One clause as `device-health procedure` shows it, in one language.

    `rules` are the rules that answer it, its own first. `remarks` say how or why not, and what cannot be told.
    """

    clause: str
    section: str
    statement: str
    by: AnsweredBy
    rules: tuple[str, ...]
    asked: tuple[str, ...]
    of: tuple[str, ...]
    standing: Standing
    counts: bool
    remarks: tuple[str, ...]


def coverage(
    procedure: Procedure, rules: Mapping[str, Rule], states: Mapping[str, ClauseState], language: str
) -> tuple[CoverageRow, ...]:
    """A row for each clause, in the procedure's order."""
    return tuple(
        CoverageRow(
            clause=clause.name,
            section=procedure.sections[clause.section][language],
            statement=clause.statement[language],
            by=clause.by,
            rules=rules_of(clause, rules),
            asked=tuple(procedure.questions[name].ask[language] for name in clause.ask),
            of=clause.of,
            standing=states[clause.name].standing,
            counts=states[clause.name].counts,
            remarks=tuple(_remarks(clause, states, language)),
        )
        for clause in procedure.clauses.values()
    )


def coverage_json(rows: Collection[CoverageRow]) -> list[dict[str, object]]:
    """The rows for `procedure --json`."""
    return [
        {
            "clause": row.clause,
            "section": row.section,
            "statement": row.statement,
            "answered_by": row.by.value,
            "rules": list(row.rules),
            "questions": list(row.asked),
            "of": list(row.of),
            "verdict": row.standing.value,
            "counts": row.counts,
            "remarks": list(row.remarks),
        }
        for row in rows
    ]


def coverage_table(rows: Collection[CoverageRow], language: str, width: int) -> str:
    """The rows as a table for a terminal of `width` cells."""
    return columns(_HEADER[language], [_cells(row, language) for row in rows], width)


def rules_of(clause: Clause, rules: Mapping[str, Rule]) -> tuple[str, ...]:
    """The names of the rules that answer the clause itself: those that name it, then those that it names."""
    own = [rule.name for rule in rules.values() if rule.clause == clause.name]
    return tuple(dict.fromkeys((*own, *(name for name in clause.also if name in rules))))


def uncovered(procedure: Procedure, rules: Mapping[str, Rule]) -> tuple[str, ...]:
    """What has no answer or no place, one sentence each: empty when every clause is answered and every rule belongs."""
    return (*_unanswered_clauses(procedure, rules), *_homeless_rules(procedure, rules))


def _unanswered_clauses(procedure: Procedure, rules: Mapping[str, Rule]) -> Iterator[str]:
    for clause in procedure.clauses.values():
        if clause.by is not AnsweredBy.RULES:
            continue
        names = rules_of(clause, rules)
        if not names and not clause.of:
            yield f"{clause.defined_at}: clause {clause.name} is answered by rules, and no rule names it"
        for name in clause.also:
            if name not in rules:
                yield f"{clause.defined_at}: clause {clause.name} names the rule {name}, which does not exist"
        judged = {rules[name].reading for name in names}
        for reading in dict.fromkeys(need.reading for need in clause.needs):
            if reading not in judged:
                yield f"{clause.defined_at}: clause {clause.name} needs {reading}, which none of its rules judges"


def _homeless_rules(procedure: Procedure, rules: Mapping[str, Rule]) -> Iterator[str]:
    for rule in rules.values():
        clause = procedure.clauses.get(rule.clause)
        if clause is None:
            yield f"{rule.defined_at}: rule {rule.name} names the clause {rule.clause}, which is not in the procedure"
        elif clause.by is not AnsweredBy.RULES:
            yield f"{rule.defined_at}: rule {rule.name} names the clause {rule.clause}, which rules do not answer"
        elif rule.reading not in {need.reading for need in (*clause.needs, *clause.optional)}:
            yield (
                f"{rule.defined_at}: rule {rule.name} judges {rule.reading}, "
                f"which clause {rule.clause} neither needs nor calls optional"
            )


def _remarks(clause: Clause, states: Mapping[str, ClauseState], language: str) -> Iterator[str]:
    """How or why not; a reason that a summed-up clause gives stands there alone."""
    told = [reason for part in clause.of for reason in states[part].reasons]
    if clause.of:
        yield _PART_OF[language].format(names=", ".join(clause.of))
    if clause.answer is not None:
        yield clause.answer[language]
    for reason in states[clause.name].reasons:
        if reason.text != clause.answer and reason not in told:
            yield reason.text[language]
    for untold in clause.cannot_tell:
        yield _UNTOLD[language].format(part=untold.part[language], reason=untold.reason[language])


def _cells(row: CoverageRow, language: str) -> tuple[str, ...]:
    by = _WITH_PERSON if row.by is AnsweredBy.RULES and row.asked else BY_WORDS[row.by]
    standing = STANDING_WORDS[row.standing][language] if row.counts or row.by is not AnsweredBy.NONE else "–"
    answered = "\n".join((by[language], *row.rules))
    return row.clause, row.statement, answered, standing, "\n".join(row.remarks)
