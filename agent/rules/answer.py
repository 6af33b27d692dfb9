"""The answer of `check` and `status`: clause states in, the contract's JSON out, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from agent.readings import resource_name
from agent.rules.assessment import overall
from agent.rules.clause import ClauseState, Finding, Procedure, Reason, Standing
from agent.rules.reader import Reader
from agent.rules.rule import Rule, Severity
from agent.rules.texts import Words, render

_SEVERITY = {Standing.WARNING: Severity.WARNING, Standing.CRITICAL: Severity.CRITICAL}

Answer = dict[str, object]
"""An object of the JSON answer."""


def answer(
    states: Mapping[str, ClauseState],
    taken_at: datetime,
    procedure: Procedure,
    rules: Mapping[str, Rule],
    reader: Reader,
) -> Answer:
    """The verdict over all clauses that count, and each of them with its findings and the reasons it cannot be told."""
    return {
        "verdict": overall(states).value,
        "taken_at": taken_at.isoformat(),
        "clauses": [
            {
                "clause": state.clause,
                "verdict": state.standing.value,
                "rules": [_entry(finding, said(finding, procedure, rules, reader)) for finding in state.findings],
                "reasons": [_reason(reason, reader.language) for reason in state.reasons],
            }
            for state in states.values()
            if state.counts
        ],
    }


def said(finding: Finding, procedure: Procedure, rules: Mapping[str, Rule], reader: Reader) -> Words | None:
    """A warning or critical finding in words; nothing where all is well or it cannot be told."""
    if finding.standing not in _SEVERITY:
        return None
    question = procedure.questions.get(finding.rule)
    if question is not None:
        denied = question.denied[reader.language]
        action = procedure.denied_action[reader.language].replace("{it_contact}", reader.contact)
        return Words(title=denied, problem=denied, action=action)
    rule = rules[finding.rule]
    return render(
        rule,
        reader.language,
        severity=_SEVERITY[finding.standing],
        spec=reader.catalogue[rule.reading],
        resource=finding.resource,
        value=finding.value,
        limit=rule.levels[-1].limit if finding.limit is None else finding.limit,
        it_contact=reader.it_contact,
    )


def _reason(reason: Reason, language: str) -> Answer:
    return {"text": reason.text[language], "detail": reason.detail}


def _entry(finding: Finding, words: Words | None) -> Answer:
    """What cannot be told has its reason as its summary."""
    return {
        "rule": finding.rule,
        "resource": resource_name(finding.resource),
        "verdict": finding.standing.value,
        "value": finding.value,
        "limit": finding.limit,
        "summary": finding.reason if words is None else words.title,
        "problem": "" if words is None else words.problem,
        "action": "" if words is None else words.action,
    }
