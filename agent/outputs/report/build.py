"""Makes the report of what was collected; no I/O, so the same material always gives the same report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import groupby

from agent.outputs.journal.entry import Entry, Json, Kind, body_of, happened_at
from agent.outputs.journal.history import Point
from agent.outputs.report.coverage import gaps_of
from agent.outputs.report.episodes import episodes_of
from agent.outputs.report.report import Answer, Check, ClauseTime, Finding, Material, Report, Request, Series

_TOLD_ELSEWHERE = frozenset({Kind.ALERT, Kind.SEEN, Kind.ACKNOWLEDGED, Kind.CHECK, Kind.ANSWER, Kind.GAP, Kind.SUSPEND})


def build_report(material: Material, request: Request) -> Report:
    """The report of a period; what lies after the time of asking is cut off."""
    since = request.since
    until = max(since, min(request.until, request.now))
    corrections = dict(filter(None, map(_correction, material.corrections)))
    gaps = gaps_of(material, since, until)
    missing = sum((gap.until - gap.since for gap in gaps), timedelta())
    return Report(
        machine=request.machine,
        since=since,
        until=until,
        generated_at=request.now,
        monitored_seconds=(until - since - missing).total_seconds(),
        gaps=gaps,
        checks=tuple(_check(entry, corrections) for entry in material.entries if entry.kind == Kind.CHECK),
        answers=tuple(_answer(entry, corrections) for entry in material.entries if entry.kind == Kind.ANSWER),
        episodes=episodes_of((*material.context, *material.entries)),
        clauses=_clauses(material.clause_seconds, request.statements),
        series=_series(material.points),
        events=tuple(entry for entry in material.entries if entry.kind not in _TOLD_ELSEWHERE),
        verification=material.verification,
    )


def _correction(entry: Entry) -> tuple[int, str] | None:
    """The entry that is corrected, and what would be right: the newest correction of one counts."""
    body = body_of(entry)
    corrects = body.get("corrects")
    told = " - ".join(str(body[key]) for key in ("right", "reason") if body.get(key))
    return (corrects, f"{told} [{entry.user}]") if isinstance(corrects, int) else None


def _check(entry: Entry, corrections: Mapping[int, str]) -> Check:
    body = body_of(entry)
    result = _mapping(body.get("result"))
    return Check(
        entry=entry.id,
        at=happened_at(entry),
        user=entry.user,
        verdict=str(result.get("verdict", "unknown")),
        is_closing=body.get("closing") is True,
        findings=tuple(_findings(result)),
        correction=corrections.get(entry.id, ""),
    )


def _findings(result: Mapping[str, Json]) -> Iterator[Finding]:
    for clause in _mappings(result.get("clauses")):
        name = str(clause.get("clause", ""))
        for rule in _mappings(clause.get("rules")):
            if rule.get("verdict") != "normal":
                yield _fault(name, rule)
        for reason in _mappings(clause.get("reasons")):
            yield Finding(clause=name, verdict="unknown", summary=str(reason.get("text", "")))


def _fault(clause: str, rule: Mapping[str, Json]) -> Finding:
    summary, problem = str(rule.get("summary") or rule.get("rule", "")), str(rule.get("problem", ""))
    return Finding(
        clause=clause,
        verdict=str(rule.get("verdict", "unknown")),
        summary=summary,
        problem="" if problem == summary else problem,
    )


def _answer(entry: Entry, corrections: Mapping[int, str]) -> Answer:
    body = body_of(entry)
    return Answer(
        entry=entry.id,
        at=happened_at(entry),
        user=entry.user,
        clause=entry.clause,
        question=str(body.get("question", "")),
        answer=str(body.get("answer", "")),
        correction=corrections.get(entry.id, ""),
    )


def _clauses(seconds: Mapping[str, Mapping[str, float]], statements: Mapping[str, str]) -> tuple[ClauseTime, ...]:
    return tuple(
        ClauseTime(
            clause=clause,
            statement=statements.get(clause, ""),
            normal=states.get("normal", 0.0),
            warning=states.get("warning", 0.0),
            critical=states.get("critical", 0.0),
            unknown=states.get("unknown", 0.0),
        )
        for clause, states in sorted(seconds.items())
    )


def _series(points: tuple[Point, ...]) -> tuple[Series, ...]:
    groups = groupby(points, key=lambda point: (point.metric, point.resource))
    return tuple(Series(metric=metric, resource=resource, points=tuple(group)) for (metric, resource), group in groups)


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Json) -> list[Mapping[str, Json]]:
    return [_mapping(one) for one in value] if isinstance(value, list) else []
