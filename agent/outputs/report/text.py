"""The report for a terminal or a plain file: headings and lists, no tables, since Chinese and Latin widths differ."""

from __future__ import annotations

from collections.abc import Iterable

from agent.outputs.journal.wording import answer_word, duration, local_time, readable, sentence, word
from agent.outputs.report.report import Answer, Check, ClauseTime, Episode, Finding, Gap, Report
from agent.outputs.report.words import moment, outcome, period, say


def report_text(report: Report, language: str) -> str:
    """The report as lines of text."""
    head = [say("title", language), f"{report.machine}, {period(report, language)}", ""]
    if report.is_empty:
        return _joined([*head, say("empty", language), "", *_proof(report, language)])
    sections: list[tuple[str, str, Iterable[str]]] = [
        ("gaps", "no_gaps", (_gap(gap, report, language) for gap in report.gaps)),
        ("checks", "no_checks", (line for check in report.checks for line in _check(check, report, language))),
        ("answers", "", (line for answer in report.answers for line in _answer(answer, report, language))),
        ("alerts", "no_alerts", (line for one in report.episodes for line in _episode(one, report, language))),
        ("clauses", "no_clauses", (_clause(clause, language) for clause in report.clauses)),
        ("events", "no_events", (f"{local_time(event)}  {sentence(event, language)}" for event in report.events)),
    ]
    lines = [*head, _monitored(report, language), ""]
    for title, none, content in sections:
        found = list(content) or ([say(none, language)] if none else [])
        if found:
            lines += [say(title, language), *(f"  {line}" for line in found), ""]
    return _joined([*lines, *_proof(report, language)])


def unacknowledged_lines(report: Report, language: str) -> list[str]:
    """What came and went without anybody saying that they know; a muted alert was nobody's to acknowledge."""
    left = (one for one in report.episodes if one.ended_at and not one.acknowledged_at and one.told == "announced")
    return [
        readable(
            f"{moment(one.fired_at, report)}  {word(one.severity, language)}  {one.title}  {one.resource}"
        ).rstrip()
        for one in left
    ]


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{readable(line)}\n" for line in lines)


def _monitored(report: Report, language: str) -> str:
    whole = (report.until - report.since).total_seconds()
    monitored, period_length = duration(report.monitored_seconds, language), duration(whole, language)
    return f"{say('monitored', language)} {monitored} {say('of', language)} {period_length}"


def _gap(gap: Gap, report: Report, language: str) -> str:
    length = duration((gap.until - gap.since).total_seconds(), language)
    return f"{moment(gap.since, report)} – {moment(gap.until, report)}  {length}  {word(gap.reason, language)}"


def _check(check: Check, report: Report, language: str) -> list[str]:
    name = say("closing" if check.is_closing else "before_work", language)
    first = f"{moment(check.at, report)}  {name}  {word(check.verdict, language)}  {check.user}"
    found = (line for one in check.findings for line in _finding(one, language))
    return [first, *found, *_corrected(check.correction, language)]


def _finding(finding: Finding, language: str) -> list[str]:
    first = f"    {finding.clause}  {word(finding.verdict, language)}  {finding.summary}"
    return [first, f"      {finding.problem}"] if finding.problem else [first]


def _answer(answer: Answer, report: Report, language: str) -> list[str]:
    said = answer_word(answer.answer, language)
    told = f"{moment(answer.at, report)}  {answer.clause}  {answer.question} {said}  {answer.user}"
    return [told, *_corrected(answer.correction, language)]


def _corrected(correction: str, language: str) -> list[str]:
    return [f"    {say('corrected', language)}: {correction}"] if correction else []


def _episode(episode: Episode, report: Report, language: str) -> list[str]:
    end = episode.ended_at or report.until
    length = duration((end - episode.fired_at).total_seconds(), language)
    ended = moment(episode.ended_at, report) if episode.ended_at else say("still_firing", language)
    what = f"{word(episode.severity, language)}  {episode.clause}  {episode.title}"
    noticed = say("not_acknowledged", language)
    if episode.acknowledged_at:
        noticed = f"{moment(episode.acknowledged_at, report)} {episode.acknowledged_by}"
    return [
        f"{moment(episode.fired_at, report)} – {ended}  {length}  {what}",
        f"    {episode.problem}",
        f"    {say('acknowledged', language)}: {noticed}",
    ]


def _clause(clause: ClauseTime, language: str) -> str:
    states = ("critical", "warning", "unknown", "normal")
    times = (f"{say(state, language)} {duration(getattr(clause, state), language)}" for state in states)
    return "  ".join(filter(None, (clause.clause, clause.statement, *times)))


def _proof(report: Report, language: str) -> list[str]:
    head = report.verification.head
    return [
        f"{say('verification', language)}: {outcome(report.verification, language)}",
        f"{say('head', language)}: {head.id}  {head.hash}",
    ]
