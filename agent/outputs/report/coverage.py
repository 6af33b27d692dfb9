"""When the machine was monitored: starts, stops, sleeps and gaps in, the times not monitored out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from agent.outputs.journal.entry import Entry, Kind, body_of, happened_at
from agent.outputs.report.report import Gap, Material

_SILENCE = timedelta(minutes=2)
"""The sign of life comes once a minute; one may be late."""


def gaps_of(material: Material, since: datetime, until: datetime) -> tuple[Gap, ...]:
    """The times within the period that were not monitored, in order, none overlapping."""
    found = [
        *_not_running(material, since, until),
        *filter(None, map(_told, (*material.entries, *material.later_gaps))),
        *_silent_end(material, until),
    ]
    return tuple(_apart(sorted(found, key=lambda gap: max(gap.since, since)), since, until))


def _not_running(material: Material, since: datetime, until: datetime) -> Iterator[Gap]:
    stopped_at = None if material.ran_before else since
    reason = "no_record" if material.ran_before is None else "stopped"
    for entry in material.entries:
        if entry.kind == Kind.AGENT_STOP and stopped_at is None:
            stopped_at, reason = happened_at(entry), "stopped"
        elif entry.kind == Kind.AGENT_START and stopped_at is not None:
            yield Gap(since=stopped_at, until=happened_at(entry), reason=reason)
            stopped_at = None
    if stopped_at is not None:
        yield Gap(since=stopped_at, until=until, reason=reason)


def _told(entry: Entry) -> Gap | None:
    """The gap that an entry tells of; none for other entries, and for one whose times are no times."""
    body = body_of(entry)
    try:
        if entry.kind == Kind.SUSPEND:
            woke_at = happened_at(entry)
            return Gap(
                since=woke_at - timedelta(seconds=float(str(body["seconds"]))), until=woke_at, reason="suspended"
            )
        if entry.kind == Kind.GAP:
            first, last = (datetime.fromisoformat(str(body[key])) for key in ("from", "to"))
            return Gap(since=first, until=last, reason=str(body.get("reason", "")))
    except (KeyError, ValueError):
        return None
    return None


def _silent_end(material: Material, until: datetime) -> list[Gap]:
    """The end of a period in which the agent died and has not come back to tell."""
    alive_at = material.last_alive_at
    if alive_at is None or until - alive_at < _SILENCE:
        return []
    return [Gap(since=alive_at, until=until, reason="no_sign_of_life")]


def _apart(gaps: Iterable[Gap], since: datetime, until: datetime) -> Iterator[Gap]:
    reached = since
    for gap in gaps:
        first, last = max(gap.since, reached), min(gap.until, until)
        if first < last:
            zone = since.tzinfo
            yield Gap(since=first.astimezone(zone), until=last.astimezone(zone), reason=gap.reason)
            reached = last
