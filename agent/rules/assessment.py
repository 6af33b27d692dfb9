"""How every clause stands: findings and readings in, clause states out. Pure; nothing is read or remembered here.

Verdicts (one look) or verdicts with firing alerts (the running agent) become `Finding`s, `assess` sorts them under the
clauses, `overall` says the one word that `check` exits with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from agent.readings import Labels, ProbeStatus, resource_name
from agent.rules.clause import (
    WORST_FIRST,
    AnsweredBy,
    Clause,
    ClauseState,
    Evidence,
    Finding,
    Need,
    Procedure,
    Reason,
    Standing,
)
from agent.rules.rule import Outcome, Rule, Severity, Text, Verdict
from agent.rules.subjects import subject

_FIRING = {Severity.WARNING: Standing.WARNING, Severity.CRITICAL: Standing.CRITICAL}
_RANK = {standing: rank for rank, standing in enumerate(WORST_FIRST)}
_STATUS_WORDS: Mapping[ProbeStatus, Text] = {
    ProbeStatus.SUCCESS: {"zh": "现在没有这个读数", "en": "there is no such reading now"},
    ProbeStatus.UNSUPPORTED: {"zh": "本机无法测量", "en": "cannot be measured here"},
    ProbeStatus.FAILED: {"zh": "读取失败", "en": "reading failed"},
    ProbeStatus.TIMED_OUT: {"zh": "读取超时", "en": "reading took too long"},
}
_NOT_MEASURED: Text = {"zh": "还没有测量", "en": "not measured yet"}
_UNSURE: Text = {"zh": "读数不足以判断", "en": "the readings do not tell"}
_NOT_ASKED = Reason(text={"zh": "只有人能回答，还没有询问", "en": "only a person can say, and nobody was asked"})
_NOT_ANSWERED = Reason(text={"zh": "操作员没有回答", "en": "the operator gave no answer"})
_NOTHING_BEHIND = Reason(text={"zh": "没有依据可判断", "en": "nothing was found to judge it by"})


def findings(verdicts: Iterable[Verdict], firing: Iterable[Finding] | None = None) -> tuple[Finding, ...]:
    """The worst that holds for each rule and resource; a resource that is gone has none.

    Without `firing`, as in a check that looks once, a breach counts by itself. With it, only what fires counts as a
    fault: the verdicts then tell the healthy from the unknown, and a firing alert stays whatever they say.
    """
    worst: dict[tuple[str, Labels], Finding] = {}
    for verdict in verdicts:
        if verdict.outcome is not Outcome.GONE:
            _keep_worst(worst, _finding(verdict, breach_counts=firing is None))
    for finding in firing or ():
        _keep_worst(worst, finding)
    return tuple(worst.values())


def answered(procedure: Procedure, answers: Mapping[str, bool | None]) -> tuple[Finding, ...]:
    """The operator's answers as findings, by question name: yes is normal, no is critical, nothing is unknown."""
    standings = {True: Standing.NORMAL, False: Standing.CRITICAL, None: Standing.UNKNOWN}
    return tuple(
        Finding(rule=name, resource=(), standing=standings[answer])
        for name, answer in answers.items()
        if name in procedure.questions
    )


def assess(procedure: Procedure, rules: Mapping[str, Rule], evidence: Evidence) -> dict[str, ClauseState]:
    """The state of every clause, in the procedure's order."""
    seen = _Seen(evidence, procedure)
    by_clause = _by_clause(procedure, rules, evidence.findings)
    states = {
        name: _direct_state(clause, by_clause.get(name, ()), rules, seen) for name, clause in procedure.clauses.items()
    }
    whole: dict[str, ClauseState] = {}
    for name in procedure.clauses:
        _sum_up(name, procedure, states, whole)
    return {name: whole[name] for name in procedure.clauses}


def overall(states: Mapping[str, ClauseState]) -> Standing:
    """The worst of the clauses that count; unknown where none does."""
    return _worst([state.standing for state in states.values() if state.counts]) or Standing.UNKNOWN


class _Seen:
    """The evidence, with the labels of every needed reading at hand."""

    def __init__(self, evidence: Evidence, procedure: Procedure) -> None:
        self._evidence = evidence
        self._labels: dict[str, list[Labels]] = {
            need.reading: [] for clause in procedure.clauses.values() for need in clause.needs
        }
        for reading in evidence.snapshot.readings():
            if reading.metric in self._labels and reading.suspect is None:
                self._labels[reading.metric].append(reading.labels)

    def has(self, need: Need) -> bool:
        """Whether one trusted reading answers the need."""
        return any(matches(need.match, labels) for labels in self._labels[need.reading])

    def record_fault(self) -> Text | None:
        """Why nothing is being recorded, if so."""
        return self._evidence.record_fault

    def why_not(self, need: Need) -> Reason:
        """Why the need has no reading, with the probe's own words as they are."""
        result = self._evidence.snapshot.results.get(self._evidence.providers.get(need.reading, ""))
        words = _NOT_MEASURED if result is None else _STATUS_WORDS[result.status]
        detail = "" if result is None else result.reason or "; ".join(result.errors)
        return _reason(need.reading, need.match, words, detail)


def matches(wanted: Labels, labels: Labels) -> bool:
    """Whether `labels` carry every wanted pair."""
    return all(pair in labels for pair in wanted)


def _finding(verdict: Verdict, *, breach_counts: bool) -> Finding:
    standing = Standing.NORMAL
    if verdict.outcome is Outcome.UNKNOWN:
        standing = Standing.UNKNOWN
    elif verdict.outcome is Outcome.BREACH and breach_counts:
        standing = _FIRING[verdict.severity]
    return Finding(
        rule=verdict.rule,
        resource=verdict.resource,
        standing=standing,
        value=verdict.value,
        limit=verdict.limit,
        reason=verdict.reason,
    )


def _keep_worst(worst: dict[tuple[str, Labels], Finding], finding: Finding) -> None:
    key = (finding.rule, finding.resource)
    known = worst.get(key)
    if known is None or _RANK[finding.standing] < _RANK[known.standing]:
        worst[key] = finding


def _by_clause(
    procedure: Procedure, rules: Mapping[str, Rule], found: Iterable[Finding]
) -> dict[str, tuple[Finding, ...]]:
    wanted: dict[str, list[str]] = {}
    for clause in procedure.clauses.values():
        for name in (*clause.also, *clause.ask):
            wanted.setdefault(name, []).append(clause.name)
    sorted_out: dict[str, list[Finding]] = {}
    for finding in found:
        rule = rules.get(finding.rule)
        own = [rule.clause] if rule is not None else []
        for clause_name in dict.fromkeys((*own, *wanted.get(finding.rule, ()))):
            sorted_out.setdefault(clause_name, []).append(finding)
    return {name: tuple(mine) for name, mine in sorted_out.items()}


def _direct_state(clause: Clause, mine: tuple[Finding, ...], rules: Mapping[str, Rule], seen: _Seen) -> ClauseState:
    """The clause by itself, before the clauses that it sums up."""
    match clause.by:
        case AnsweredBy.RULES:
            return _by_rules(clause, mine, rules, seen)
        case AnsweredBy.PERSON:
            standing = _worst([finding.standing for finding in mine])
            skipped = (_NOT_ANSWERED,) if any(finding.standing is Standing.UNKNOWN for finding in mine) else ()
            reasons = skipped if mine else (_NOT_ASKED,)
            return _state(clause, standing or Standing.UNKNOWN, counts=bool(mine), mine=mine, reasons=reasons)
        case AnsweredBy.RECORD:
            fault = seen.record_fault()
            standing = Standing.NORMAL if fault is None else Standing.UNKNOWN
            return _state(clause, standing, counts=False, reasons=(Reason(text=fault),) if fault else ())
        case AnsweredBy.NONE:
            reasons = (Reason(text=clause.answer),) if clause.answer else ()
            return _state(clause, Standing.UNKNOWN, counts=False, reasons=reasons)


def _by_rules(clause: Clause, mine: tuple[Finding, ...], rules: Mapping[str, Rule], seen: _Seen) -> ClauseState:
    missing = [need for need in clause.needs if not seen.has(need)]
    untold = [finding for finding in mine if _leaves_unknown(finding, clause, rules)]
    # A rule's finding about no resource comes from the probe whose missing reading is a reason already.
    named = [finding for finding in untold if not missing or finding.resource or finding.rule not in rules]
    reasons = (*(seen.why_not(need) for need in missing), *(_why_unknown(finding, rules) for finding in named))
    standings: list[Standing] = [finding.standing for finding in mine if finding.standing is not Standing.UNKNOWN]
    if reasons:
        standings.append(Standing.UNKNOWN)
    elif clause.needs or mine:
        standings.append(Standing.NORMAL)
    worst = _worst(standings)
    if worst is None:  # a clause that only sums up others, or whose rules have nothing to judge
        return _state(clause, Standing.UNKNOWN, counts=not clause.of, reasons=() if clause.of else (_NOTHING_BEHIND,))
    return _state(clause, worst, counts=True, mine=mine, reasons=reasons)


def _leaves_unknown(finding: Finding, clause: Clause, rules: Mapping[str, Rule]) -> bool:
    """An unknown finding counts when it is about a needed reading or an answer; an optional one may be unknown."""
    if finding.standing is not Standing.UNKNOWN:
        return False
    rule = rules.get(finding.rule)
    return rule is None or any(
        need.reading == rule.reading and matches(need.match, finding.resource or rule.match) for need in clause.needs
    )


def _why_unknown(finding: Finding, rules: Mapping[str, Rule]) -> Reason:
    rule = rules.get(finding.rule)
    if rule is None:
        return _NOT_ANSWERED
    return _reason(rule.reading, finding.resource, _UNSURE, finding.reason)


def _reason(reading: str, labels: Labels, words: Text, detail: str) -> Reason:
    name = f"{reading} ({resource_name(labels)})" if labels else reading
    return Reason(
        text={
            "zh": f"{subject(reading, labels, 'zh')}：{words['zh']}",
            "en": f"{subject(reading, labels, 'en')}: {words['en']}",
        },
        detail=f"{name}: {detail}" if detail else name,
    )


def _sum_up(
    name: str, procedure: Procedure, alone: Mapping[str, ClauseState], whole: dict[str, ClauseState]
) -> ClauseState:
    """The clause with its parts, which may have parts themselves; the loader has refused circles."""
    if name not in whole:
        parts = [_sum_up(part, procedure, alone, whole) for part in procedure.clauses[name].of]
        whole[name] = _with_parts(alone[name], parts) if parts else alone[name]
    return whole[name]


def _with_parts(own: ClauseState, parts: Sequence[ClauseState]) -> ClauseState:
    """A clause that sums up others: the worst of those that count and of its own findings."""
    counting = [state for state in (own, *parts) if state.counts]
    merged = dict.fromkeys((*own.findings, *_faults(counting)))
    return ClauseState(
        clause=own.clause,
        standing=_worst([state.standing for state in counting]) or Standing.UNKNOWN,
        counts=bool(counting),
        findings=tuple(merged),
        reasons=tuple(_without_repeats(reason for state in counting for reason in state.reasons)),
    )


def _faults(states: Iterable[ClauseState]) -> Iterator[Finding]:
    for state in states:
        yield from (finding for finding in state.findings if finding.standing is not Standing.NORMAL)


def _without_repeats(reasons: Iterable[Reason]) -> Iterator[Reason]:
    return iter({(reason.text["en"], reason.detail): reason for reason in reasons}.values())


def _worst(standings: Iterable[Standing]) -> Standing | None:
    return min(standings, key=_RANK.__getitem__, default=None)


def _state(
    clause: Clause,
    standing: Standing,
    *,
    counts: bool,
    mine: tuple[Finding, ...] = (),
    reasons: tuple[Reason, ...] = (),
) -> ClauseState:
    return ClauseState(clause=clause.name, standing=standing, counts=counts, findings=mine, reasons=reasons)
