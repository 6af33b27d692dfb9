"""Reads what a report is made of from the journal's file, beside a running agent or without one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from agent.outputs.journal.entry import NO_ENTRY, Entry, Kind, happened_at, has_time
from agent.outputs.journal.history import Span, points_between, spans_between
from agent.outputs.journal.reading import (
    Filter,
    entries,
    firing_before,
    last_alive_at,
    last_run_before,
    reader,
)
from agent.outputs.journal.verification import Verification, verify
from agent.outputs.report.build import build_report
from agent.outputs.report.report import Material, Report, Request

_NOT_PROVEN = Verification(detail="The record was not proven.", entries=0, first_id=1, head=NO_ENTRY)


def read_report(path: str, request: Request) -> Report:
    """The report of a period, the whole journal proven on the way.

    Where nothing is known of the period, the report's `is_empty` holds. Raises what `open_reader` raises.
    """
    with reader(path) as connection:
        whole = replace(
            _recorded(connection, request),
            points=points_between(connection, request.since, request.until),
            clause_seconds=_added_up(spans_between(connection, request.since, request.until)),
            verification=verify(connection, request.witness),
        )
        return build_report(whole, request)


def read_entries(path: str, request: Request) -> Report:
    """The report of a period without its proof and its curves: quick enough for a page that asks again and again.

    Raises what `open_reader` raises.
    """
    with reader(path) as connection:
        return build_report(_recorded(connection, request), request)


def _recorded(connection: sqlite3.Connection, request: Request) -> Material:
    """What the entries alone tell of the period, nothing proven."""
    since, until = request.since, request.until
    ran_before = last_run_before(connection, since)
    later = Filter(since=until, kinds=(Kind.GAP, Kind.SUSPEND))
    return Material(
        entries=_timed(entries(connection, Filter(since=since, until=until))),
        context=_context(connection, since),
        later_gaps=_timed(entries(connection, later)),
        corrections=_timed(entries(connection, Filter(since=since, kinds=(Kind.CORRECTION,)))),
        ran_before=None if ran_before is None else ran_before.kind == Kind.AGENT_START,
        last_alive_at=last_alive_at(connection),
        points=(),
        clause_seconds={},
        verification=_NOT_PROVEN,
    )


def _timed(found: Iterable[Entry]) -> tuple[Entry, ...]:
    """Leaves out entries whose time was tampered with; the verification names them."""
    return tuple(entry for entry in found if has_time(entry))


def _context(connection: sqlite3.Connection, since: datetime) -> tuple[Entry, ...]:
    """Alerts that were already firing when the period began, with who had noticed them since."""
    firing = _timed(firing_before(connection, since))
    if not firing:
        return ()
    first = min(map(happened_at, firing))
    noticed = _timed(entries(connection, Filter(since=first, until=since, kinds=(Kind.SEEN, Kind.ACKNOWLEDGED))))
    return tuple(sorted([*firing, *noticed], key=lambda entry: entry.id))


def _added_up(spans: Iterable[Span]) -> dict[str, dict[str, float]]:
    seconds: dict[str, dict[str, float]] = {}
    for span in spans:
        states = seconds.setdefault(span.clause, {})
        states[span.state] = states.get(span.state, 0.0) + span.until - span.since
    return seconds
