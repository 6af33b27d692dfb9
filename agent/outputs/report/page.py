"""The report as one self-contained HTML page that a manager can print: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from html import escape
from typing import TypeVar

from agent.outputs.journal.wording import answer_word, duration, local_time, readable, sentence, word
from agent.outputs.report import plot
from agent.outputs.report.page_style import STYLE
from agent.outputs.report.report import Check, ClauseTime, Episode, Finding, Report
from agent.outputs.report.words import moment, outcome, period, say

_Row = TypeVar("_Row")

_STATES = ("critical", "warning", "unknown", "normal")


def report_page(report: Report, language: str) -> str:
    """The page as UTF-8 text; a report without data becomes a page that says so."""
    body = _empty(report, language) if report.is_empty else _full(report, language)
    title = _safe(f"{say('title', language)} {report.machine} {report.since:%Y-%m-%d}")
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-CN" if language == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{_hatch()}{_head(report, language)}"
        f"{body}{_proof(report, language)}</body>\n</html>\n"
    )


def _full(report: Report, language: str) -> str:
    sections = (
        ("timeline", _timeline(report, language)),
        ("alerts", _episodes(report, language)),
        ("checks", _checks(report, language)),
        ("readings", _readings(report, language)),
        ("clauses", _clauses(report, language)),
        ("gaps", _gaps(report, language)),
        ("events", _events(report, language)),
    )
    shown = (f"<section>\n<h2>{say(title, language)}</h2>\n{content}</section>\n" for title, content in sections)
    return f"{_tiles(report, language)}{''.join(shown)}{_signatures(language)}"


def _empty(report: Report, language: str) -> str:
    return f'<p class="none">{say("empty", language)}</p>\n'


def _head(report: Report, language: str) -> str:
    generated = f"{say('generated', language)} {report.generated_at:%Y-%m-%d %H:%M}"
    return (
        f"<header>\n<div><h1>{say('title', language)}</h1>\n<p>{_safe(period(report, language))}</p></div>\n"
        f'<div class="machine"><p><b>{_safe(report.machine)}</b></p>\n<p>{generated}</p></div>\n</header>\n'
    )


def _tiles(report: Report, language: str) -> str:
    whole = (report.until - report.since).total_seconds()
    share = report.monitored_seconds / whole if whole else 0.0
    tiles = (
        ("monitored", f"{int(share * 1000) / 10:g}%", _of(report, whole, language), ""),
        _alert_tile(report, "critical", language),
        _alert_tile(report, "warning", language),
        ("checks", str(len(report.checks)), _last_check(report, language), ""),
        ("record", *_record(report, language)),
    )
    shown = (
        f'<div class="tile {kind}"><p>{say(title, language)}</p><p class="number">{number}</p>'
        f"<p>{_safe(note)}</p></div>\n"
        for title, number, note, kind in tiles
    )
    return f'<div class="tiles">\n{"".join(shown)}</div>\n'


def _of(report: Report, whole: float, language: str) -> str:
    return f"{duration(report.monitored_seconds, language)} / {duration(whole, language)}"


def _alert_tile(report: Report, severity: str, language: str) -> tuple[str, str, str, str]:
    found = [episode for episode in report.episodes if episode.severity == severity]
    told = [episode for episode in found if episode.told == "announced"]
    open_ones = sum(episode.acknowledged_at is None for episode in told)
    note = f"{open_ones} {say('unacknowledged', language)}" if open_ones else say("all_acknowledged", language)
    return f"{severity}_alerts", str(len(found)), note if told else "", severity if found else ""


def _last_check(report: Report, language: str) -> str:
    if not report.checks:
        return ""
    return f"{say('last_result', language)}: {word(report.checks[-1].verdict, language)}"


def _record(report: Report, language: str) -> tuple[str, str, str]:
    is_whole = report.verification.is_whole
    head = f"{say('head', language)}: {report.verification.head.id}"
    return say("whole" if is_whole else "not_whole", language), head, "" if is_whole else "critical"


def _timeline(report: Report, language: str) -> str:
    kinds = (("monitored", "monitored"), ("gap", "not_monitored"), ("critical", "critical"), ("warning", "warning"))
    keys = "".join(f'<span class="key"><i class="{kind}"></i>{say(name, language)}</span>' for kind, name in kinds)
    return f'<p class="keys">{keys}</p>\n{plot.timeline(report)}\n'


def _episodes(report: Report, language: str) -> str:
    heads = ("level", "clause", "alert", "fired", "ended", "length", "acknowledged")
    return _table(report.episodes, heads, "no_alerts", language, lambda one: _episode(one, report, language))


def _episode(episode: Episode, report: Report, language: str) -> list[str]:
    notes = [say("was_unknown", language)] if episode.was_unknown else []
    notes += [say(episode.told, language)] if episode.told in ("silenced", "inhibited") else []
    note = f'<br><span class="note">{"; ".join(notes)}</span>' if notes else ""
    end = episode.ended_at or report.until
    return [
        _mark(episode.severity, language),
        _safe(episode.clause),
        f"<b>{_safe(episode.title)}</b><br>{_safe(episode.problem)}{note}",
        _moment(episode.fired_at, report),
        _ended(episode, report, language),
        duration((end - episode.fired_at).total_seconds(), language),
        _acknowledged(episode, report, language),
    ]


def _ended(episode: Episode, report: Report, language: str) -> str:
    if episode.ended_at is None:
        return f"<b>{say('still_firing', language)}</b>"
    gone = f"<br>{say('gone', language)}" if episode.ending == "gone" else ""
    return f"{_moment(episode.ended_at, report)}{gone}"


def _acknowledged(episode: Episode, report: Report, language: str) -> str:
    if episode.acknowledged_at is None:
        return f"<b>{say('not_acknowledged', language)}</b>"
    return f"{_moment(episode.acknowledged_at, report)}<br>{_safe(episode.acknowledged_by)}"


def _checks(report: Report, language: str) -> str:
    heads = ("time", "by", "what", "result", "findings")
    checks = _table(
        report.checks,
        heads,
        "no_checks",
        language,
        lambda check: [
            _moment(check.at, report),
            _safe(check.user),
            say("closing" if check.is_closing else "before_work", language),
            _mark(check.verdict, language),
            _findings(check, language) + _corrected(check.correction, language),
        ],
    )
    return checks + (f"<h3>{say('answers', language)}</h3>\n{_answers(report, language)}" if report.answers else "")


def _findings(check: Check, language: str) -> str:
    return "<br>".join(_finding(one, language) for one in check.findings) or say("nothing_found", language)


def _finding(finding: Finding, language: str) -> str:
    told = f"{_safe(finding.clause)} {_safe(word(finding.verdict, language))}: {_safe(finding.summary)}"
    return f'{told}<br><span class="note">{_safe(finding.problem)}</span>' if finding.problem else told


def _answers(report: Report, language: str) -> str:
    return _table(
        report.answers,
        ("time", "by", "clause", "question", "answer"),
        "no_checks",
        language,
        lambda one: [
            _moment(one.at, report),
            *map(_safe, (one.user, one.clause, one.question)),
            _safe(answer_word(one.answer, language)) + _corrected(one.correction, language),
        ],
    )


def _corrected(correction: str, language: str) -> str:
    return f'<br><span class="note">{say("corrected", language)}: {_safe(correction)}</span>' if correction else ""


def _readings(report: Report, language: str) -> str:
    shown = []
    for metric in plot.METRICS:
        series = [one for one in report.series if one.metric == metric]
        if series:
            keys = f'<span class="keys">{plot.legend(series)}</span>' if metric != plot.METRICS[0] else ""
            caption = f"<figcaption>{say(metric, language)}{keys}</figcaption>"
            shown.append(f"<figure>\n{caption}\n{plot.curves(report, series)}</figure>\n")
    return "".join(shown) or _none("no_readings", language)


def _clauses(report: Report, language: str) -> str:
    heads = ("clause", "shares", *_STATES, "not_monitored")
    keys = "".join(f'<span class="key"><i class="{state}"></i>{say(state, language)}</span>' for state in _STATES)
    shown = _table(report.clauses, heads, "no_clauses", language, lambda one: _clause(one, report, language))
    return f'<p class="keys">{keys}</p>\n{shown}' if report.clauses else shown


def _clause(clause: ClauseTime, report: Report, language: str) -> list[str]:
    whole = (report.until - report.since).total_seconds()
    seconds = [getattr(clause, state) for state in _STATES]
    bars = "".join(
        f'<i class="{state}" style="width:{100 * length / whole:.2f}%"></i>'
        for state, length in zip(_STATES, seconds, strict=True)
        if length > 0
    )
    lengths = (*seconds, max(0.0, whole - sum(seconds)))
    times = [f'<span class="time">{duration(length, language)}</span>' if length else "–" for length in lengths]
    statement = f'<br><span class="note">{_safe(clause.statement)}</span>' if clause.statement else ""
    return [f"{_safe(clause.clause)}{statement}", f'<div class="bar">{bars}</div>', *times]


def _gaps(report: Report, language: str) -> str:
    return _table(
        report.gaps,
        ("from", "to", "length", "reason"),
        "no_gaps",
        language,
        lambda gap: [
            _moment(gap.since, report),
            _moment(gap.until, report),
            duration((gap.until - gap.since).total_seconds(), language),
            _safe(word(gap.reason, language)),
        ],
    )


def _events(report: Report, language: str) -> str:
    return _table(
        report.events,
        ("entry", "time", "what"),
        "no_events",
        language,
        lambda event: [str(event.id), _safe(local_time(event)), _safe(sentence(event, language))],
    )


def _signatures(language: str) -> str:
    lines = "".join(f"<div><p>{say(key, language)}</p></div>" for key in ("operator", "manager", "date"))
    return f'<div class="remarks"><p>{say("remarks", language)}</p></div>\n<div class="signatures">{lines}</div>\n'


def _proof(report: Report, language: str) -> str:
    verification = report.verification
    kind = "" if verification.is_whole else ' class="broken"'
    return (
        f"<footer>\n<p{kind}>{say('verification', language)}: {_safe(outcome(verification, language))}</p>\n"
        f'<p>{say("head", language)}: {verification.head.id} <span class="hash">{_safe(verification.head.hash)}</span>'
        f"</p>\n<p>{say('chained', language)}</p>\n</footer>\n"
    )


def _mark(verdict: str, language: str) -> str:
    kind = verdict if verdict in _STATES else "unknown"
    return f'<span class="mark {kind}">{_safe(word(verdict, language))}</span>'


def _moment(at: datetime, report: Report) -> str:
    return f'<span class="time">{moment(at, report)}</span>'


def _table(
    rows: Sequence[_Row], heads: Iterable[str], none: str, language: str, cells: Callable[[_Row], list[str]]
) -> str:
    """Rows as a table, cells being HTML already; a sentence where there are none."""
    if not rows:
        return _none(none, language)
    head = "".join(f"<th>{say(key, language)}</th>" for key in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells(row))}</tr>\n" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"


def _none(key: str, language: str) -> str:
    return f'<p class="none">{say(key, language)}</p>\n'


def _hatch() -> str:
    """The pattern of times not monitored, once for all pictures."""
    return (
        '<svg width="0" height="0" class="defs" aria-hidden="true"><defs><pattern id="hatch" width="5" height="5" '
        'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" fill="#f1f3f5"/>'
        '<path d="M0 0V5" stroke="#b6bec6" stroke-width="2"/></pattern></defs></svg>\n'
    )


def _safe(text: str) -> str:
    return escape(readable(text))
