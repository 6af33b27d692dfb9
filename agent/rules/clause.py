"""The vocabulary of the procedure: a clause, what answers it, and how it stands now.

Built by `procedure`, shown by `coverage` and `listing`; alerts and verdicts come in as `Finding`s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from agent.readings import Labels, Snapshot
from agent.rules.rule import Text


class Standing(Enum):
    """How a clause stands, in the words of the JSON answers."""

    NORMAL = "normal"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


WORST_FIRST = (Standing.CRITICAL, Standing.WARNING, Standing.UNKNOWN, Standing.NORMAL)
"""What wins over what: a known fault before a missing answer, a missing answer before health."""

EXIT_STATUS: Mapping[Standing, int] = {
    Standing.NORMAL: 0,
    Standing.WARNING: 1,
    Standing.CRITICAL: 2,
    Standing.UNKNOWN: 3,
}
"""Nagios' plug-in convention; also the values of `endpoint_clause_status`."""


class AnsweredBy(Enum):
    """What answers a clause."""

    RULES = "rules"
    PERSON = "person"
    RECORD = "record"
    """The check, the journal or the report itself is the answer."""
    NONE = "none"
    """Nothing does, and the procedure file says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A reading that a clause rests on, narrowed to resources with these labels."""

    reading: str
    match: Labels = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What only a person can say; `ask` is put so that yes is the good answer, `denied` is the fault after a no."""

    name: str
    ask: Text
    denied: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A named part of a clause that nothing watches, with the reason; the clause's verdict is about the rest."""

    part: Text
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One clause of the written procedure.

    `of` names clauses whose standing it takes over, `also` single rules of other clauses. `answer` says how the
    record answers, why nothing does, or what serves the clause besides its rules.
    """

    name: str
    section: str
    statement: Text
    by: AnsweredBy
    needs: tuple[Need, ...] = ()
    optional: tuple[Need, ...] = ()
    ask: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    answer: Text | None = None
    cannot_tell: tuple[Untold, ...] = ()
    defined_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """The whole procedure, in its own order, with the titles of its sections and its questions by name."""

    sections: Mapping[str, Text]
    questions: Mapping[str, Question]
    denied_action: Text
    clauses: Mapping[str, Clause]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one rule, or one question, stands on one resource: the worst level that holds.

    `value` and `limit` are in the reading's base unit and absent where nothing was measured; `reason` says why it
    cannot be told.
    """

    rule: str
    resource: Labels
    standing: Standing
    value: float | None = None
    limit: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the clauses are judged by: the readings, and the findings of rules and of answered questions.

    `providers` names the probe of each reading, so that a missing one is explained in the probe's words. `record_fault`
    says why nothing is being recorded, if so.
    """

    snapshot: Snapshot
    findings: tuple[Finding, ...]
    providers: Mapping[str, str] = field(default_factory=dict)
    record_fault: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something cannot be told: a sentence for the operator, and IT's detail in the probe's own words, if any."""

    text: Text
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseState:
    """How a clause stands, with the findings and the reasons behind it.

    `counts` is false for what nobody was asked, what only the record answers and what nothing answers: such a clause
    never changes the overall verdict.
    """

    clause: str
    standing: Standing
    counts: bool
    findings: tuple[Finding, ...] = ()
    reasons: tuple[Reason, ...] = ()
