"""What a check before work says and what of it is recorded, for the command and for the status page alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.onepass import Pass
from agent.rulebook import Rulebook
from agent.rules.assessment import answered, findings
from agent.rules.clause import Standing
from agent.standing import standing_document

RECORDED = {True: "yes", False: "no", None: "skipped"}
"""An answer as the journal keeps it."""


def check_document(rulebook: Rulebook, found: Pass, answers: Mapping[str, bool | None]) -> dict[str, Any]:
    """The JSON of `check`: how every clause stands by what was measured and what the operator said."""
    said = (*findings(found.verdicts), *answered(rulebook.procedure, answers))
    document = standing_document(rulebook, rulebook.states(found.snapshot, said), found.snapshot.taken_at)
    document["answers"] = journal_answers(rulebook, answers)
    return document


def digest_of(document: Mapping[str, Any]) -> dict[str, object]:
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


def journal_answers(rulebook: Rulebook, answers: Mapping[str, bool | None]) -> list[dict[str, Any]]:
    """The answers for the journal: each with the question as it was put, and the first clause that it serves."""
    clauses = reversed(list(rulebook.procedure.clauses.values()))
    clause_of = {name: clause.name for clause in clauses for name in clause.ask}
    return [
        {
            "question": rulebook.procedure.questions[name].ask[rulebook.reader.language],
            "answer": RECORDED[answer],
            "clause": clause_of.get(name, ""),
        }
        for name, answer in answers.items()
    ]
