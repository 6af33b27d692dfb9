"""Finds at a start whether the run before ended by itself: the journal's newest start or stop tells."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from agent.outputs.journal.entry import Draft, Json, Kind, body_of, utc_text
from agent.outputs.journal.reading import Filter, entries, last_alive_at, last_run_before


def ended_unclean(connection: sqlite3.Connection, boot_id: str, now: datetime) -> list[Draft]:
    """Entries that tell of an unclean end and of the time not monitored since; none after a clean stop.

    `rebooted` tells a power failure or crash of the computer (another boot id) from the end of the agent alone.
    """
    last = last_run_before(connection)
    if last is None or last.kind == Kind.AGENT_STOP:
        return []
    alive_at = _last_sign(connection) or now
    before = str(body_of(last).get("boot_id", ""))
    rebooted: Json = before != boot_id if before and boot_id else None
    found: dict[str, Json] = {"rebooted": rebooted, "last_alive_at": utc_text(alive_at), "boot_id": before}
    gap: dict[str, Json] = {"from": utc_text(alive_at), "to": utc_text(now), "reason": "unclean_shutdown"}
    return [Draft(at=now, kind=Kind.UNCLEAN_SHUTDOWN, body=found), Draft(at=now, kind=Kind.GAP, body=gap)]


def changed_meanwhile(connection: sqlite3.Connection, hashes: Mapping[str, str], now: datetime) -> list[Draft]:
    """Entries for the configuration and the rules, where they are not those that were last in force.

    `hashes` are those of this start, by their key in the body: config_hash and rules_hash.
    """
    drafts = []
    for kind, key in ((Kind.CONFIGURATION, "config_hash"), (Kind.RULES, "rules_hash")):
        newest = next(entries(connection, Filter(kinds=(Kind.AGENT_START, kind), limit=1)), None)
        if newest is not None and body_of(newest).get(key) != hashes[key]:
            drafts.append(Draft(at=now, kind=kind, body={key: hashes[key]}))
    return drafts


def _last_sign(connection: sqlite3.Connection) -> datetime | None:
    """The later of the minute's sign of life and the newest entry."""
    newest = [datetime.fromisoformat(entry.at) for entry in entries(connection, Filter(limit=1))]
    signs = [*newest, *filter(None, [last_alive_at(connection)])]
    return max(signs, default=None)
