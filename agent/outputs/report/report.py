"""The values of a report; built by `build`, shown by `text`, `page` and `as_json`. All times are aware and local."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agent.outputs.journal.entry import Entry, Witness
from agent.outputs.journal.history import Point
from agent.outputs.journal.verification import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Which report is wanted: a period of a machine, asked for at `now`. The times are aware and in local time.

    `statements` say each clause of the procedure in words; `witness` proves the journal further than the chain can.
    """

    machine: str
    since: datetime
    until: datetime
    now: datetime
    statements: Mapping[str, str] = field(default_factory=dict)
    witness: Witness | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time that was not monitored; `reason` is a key of the journal's words, or free text."""

    since: datetime
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found not normal: a fault with its number, or why something could not be told.

    `verdict` is warning, critical or unknown.
    """

    clause: str
    verdict: str
    summary: str
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check by the procedure: before work, or closing it."""

    entry: int
    at: datetime
    user: str
    verdict: str
    is_closing: bool
    findings: tuple[Finding, ...]
    correction: str = ""
    """What a later entry says would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person answered to what only a person can tell."""

    entry: int
    at: datetime
    user: str
    clause: str
    question: str
    answer: str
    correction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One alert from firing to its end. `ended_at` is absent while it fires; `ending` is resolved, gone or empty.

    `told` says whether people were told: announced, silenced or inhibited. One that fired before the period keeps its
    true beginning.
    """

    rule: str
    clause: str
    severity: str
    resource: str
    title: str
    problem: str
    action: str
    told: str
    fired_at: datetime
    ended_at: datetime | None = None
    ending: str = ""
    was_unknown: bool = False
    seen_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseTime:
    """How many seconds of the period a clause was in each state; the rest was not monitored."""

    clause: str
    statement: str
    normal: float
    warning: float
    critical: float
    unknown: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One curve: a metric of one resource (the target, or cpu), in the metric's base unit."""

    metric: str
    resource: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything about one period of one machine. `until` lies no later than `generated_at`."""

    machine: str
    since: datetime
    until: datetime
    generated_at: datetime
    monitored_seconds: float
    gaps: tuple[Gap, ...]
    checks: tuple[Check, ...]
    answers: tuple[Answer, ...]
    episodes: tuple[Episode, ...]
    clauses: tuple[ClauseTime, ...]
    series: tuple[Series, ...]
    events: tuple[Entry, ...]
    """Entries told in no other part: starts, stops, changes, silences, corrections."""
    verification: Verification

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known of the period; an alert left over from before does not count."""
        changed = [episode for episode in self.episodes if episode.ended_at or episode.fired_at >= self.since]
        return self.monitored_seconds <= 0 and not (self.checks or self.answers or changed or self.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a report is made of. `context` are older entries that reach into the period, oldest first.

    `later_gaps` are entries on gaps and sleeps written after the period, which may tell of its end; `corrections` may
    be written after it too. `ran_before` is whether the agent was running when the period began; absent when nothing is
    known of the time before.
    """

    entries: tuple[Entry, ...]
    context: tuple[Entry, ...]
    later_gaps: tuple[Entry, ...]
    corrections: tuple[Entry, ...]
    ran_before: bool | None
    last_alive_at: datetime | None
    points: tuple[Point, ...]
    clause_seconds: Mapping[str, Mapping[str, float]]
    verification: Verification
