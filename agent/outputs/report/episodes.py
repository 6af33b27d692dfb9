"""Alerts as people speak of them, from firing to their end: entries in, episodes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.outputs.journal.entry import Entry, Kind, body_of, happened_at
from agent.outputs.report.report import Episode

_Key = tuple[str, str, str]


def episodes_of(entries: Iterable[Entry]) -> tuple[Episode, ...]:
    """Every alert told by the entries, by the time it fired. Entries come oldest first."""
    open_ones: dict[_Key, Episode] = {}
    ended: list[Episode] = []
    for entry in entries:
        key = (entry.rule, entry.severity, entry.resource)
        if entry.kind == Kind.ALERT:
            episode = _changed(open_ones.get(key), entry)
            if episode is not None and episode.ended_at is None:
                open_ones[key] = episode
            elif episode is not None:
                ended.append(episode)
                open_ones.pop(key, None)
        elif key in open_ones:
            open_ones[key] = _noticed(open_ones[key], entry)
    return tuple(sorted([*ended, *open_ones.values()], key=lambda episode: episode.fired_at))


def _changed(episode: Episode | None, entry: Entry) -> Episode | None:
    change = str(body_of(entry).get("change", ""))
    if change in ("resolved", "gone"):
        # An end without a beginning: the beginning was dropped by retention or lies in a journal set aside.
        return replace(episode, ended_at=happened_at(entry), ending=change) if episode else None
    if episode is None:
        episode = _begun(entry)
    return replace(episode, was_unknown=True) if change == "cannot_tell" else episode


def _begun(entry: Entry) -> Episode:
    body = body_of(entry)
    title, problem, action, told = (str(body.get(key, "")) for key in ("title", "problem", "action", "told"))
    return Episode(
        rule=entry.rule,
        clause=entry.clause,
        severity=entry.severity,
        resource=entry.resource,
        title=title or entry.rule,
        problem=problem,
        action=action,
        told=told,
        fired_at=happened_at(entry),
    )


def _noticed(episode: Episode, entry: Entry) -> Episode:
    if entry.kind == Kind.SEEN and episode.seen_at is None:
        return replace(episode, seen_at=happened_at(entry))
    if entry.kind == Kind.ACKNOWLEDGED and episode.acknowledged_at is None:
        return replace(episode, acknowledged_at=happened_at(entry), acknowledged_by=entry.user)
    return episode
