r"""What an entry of the journal is, and how its hash is made.

The hash of an entry is SHA-256, in lower-case hex, over its columns in the order of `COLUMNS` without the last, each
as UTF-8 bytes in the form `<length in bytes, decimal>:<bytes>,` (a netstring). The id is written in decimal. The
previous entry's hash is one of the columns; the first entry of all has 64 zeros there. Lengths make the form
unambiguous: no text can be moved from one column into another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from hashlib import sha256

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]

FIRST_PREVIOUS = "0" * 64
"""Stands for the hash before the first entry."""

COLUMNS = (
    "id",
    "at",
    "utc_offset",
    "kind",
    "rule",
    "clause",
    "severity",
    "resource",
    "user",
    "body",
    "previous",
    "hash",
)


class Kind(StrEnum):
    """What an entry tells."""

    AGENT_START = "agent_start"
    AGENT_STOP = "agent_stop"
    UNCLEAN_SHUTDOWN = "unclean_shutdown"
    """Found at a start: the run before did not end by itself."""
    SUSPEND = "suspend"
    GAP = "gap"
    """A time that was not monitored, or whose entries could not be kept."""
    CHECK = "check"
    ANSWER = "answer"
    ALERT = "alert"
    """An alert changed: firing, cannot_tell, resolved or gone."""
    DELIVERED = "delivered"
    """How a person was told of an alert: the way in the body, or that none worked."""
    SEEN = "seen"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    SILENCE_ENDED = "silence_ended"
    CONFIGURATION = "configuration"
    RULES = "rules"
    CORRECTION = "correction"
    CHECKPOINT = "checkpoint"
    """The oldest entries were dropped; says up to which and with what hash."""
    SET_ASIDE = "set_aside"
    """A damaged file was set aside before this journal began."""
    TAMPERING = "tampering"
    """The head was not the one that the agent had written last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry before it has its place in the chain; `at` is aware and keeps the local offset."""

    at: datetime
    kind: Kind
    rule: str = ""
    clause: str = ""
    severity: str = ""
    resource: str = ""
    user: str = ""
    body: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry exactly as stored. `at` is UTC (`2025-03-01T00:15:00.123456Z`), `utc_offset` the local one (`+08:00`).

    `kind` is a Kind's value, or a word that this version does not know. `body` is a JSON object as text, keys sorted,
    without spaces.
    """

    id: int
    at: str
    utc_offset: str
    kind: str
    rule: str
    clause: str
    severity: str
    resource: str
    user: str
    body: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Id and hash of the newest entry at some time; kept elsewhere, it finds a rewritten or shortened journal."""

    id: int
    hash: str


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)

NO_ENTRY = Witness(id=0, hash=FIRST_PREVIOUS)


def seal(draft: Draft, after: Witness) -> Entry:
    """Give a draft its place after an entry. Raises ValueError where the body holds a number that JSON has not."""
    columns = (
        after.id + 1,
        utc_text(draft.at),
        _offset_text(draft.at),
        draft.kind.value,
        *(_clean(text) for text in (draft.rule, draft.clause, draft.severity, draft.resource, draft.user)),
        canonical(draft.body),
        after.hash,
    )
    return entry_from((*columns, digest([str(column).encode() for column in columns])))


def digest(columns: Sequence[bytes]) -> str:
    """The hash over all columns but the hash, as the module's description says."""
    return sha256(b"".join([b"%d:%b," % (len(column), column) for column in columns])).hexdigest()


def entry_from(row: Sequence[object]) -> Entry:
    """An entry from a row in the order of `COLUMNS`."""
    number, *texts = row
    return Entry(id=number if isinstance(number, int) else 0, **dict(zip(COLUMNS[1:], map(str, texts), strict=True)))


def row_of(entry: Entry) -> tuple[int | str, ...]:
    """The entry's columns in the order of `COLUMNS`."""
    return tuple(getattr(entry, column) for column in COLUMNS)


def canonical(body: Mapping[str, Json]) -> str:
    """A body as text, always the same for the same content. Raises ValueError for NaN and infinities."""
    return _clean(_ENCODER.encode(body))


def body_of(entry: Entry) -> dict[str, Json]:
    """The entry's body; empty where it was tampered with and is no JSON object any more."""
    try:
        body = json.loads(entry.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def happened_at(entry: Entry) -> datetime:
    """When it happened, with the local offset of then. Raises ValueError for a time that was tampered with."""
    sign = -1 if entry.utc_offset.startswith("-") else 1
    hours, minutes = entry.utc_offset[1:].split(":")
    offset = timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))
    return datetime.fromisoformat(entry.at).astimezone(offset)


def has_time(entry: Entry) -> bool:
    """Whether the entry's time can be read; only tampering makes it not so."""
    try:
        happened_at(entry)
    except ValueError:
        return False
    return True


def utc_text(at: datetime) -> str:
    """A time as the journal writes it: UTC with microseconds, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _offset_text(at: datetime) -> str:
    minutes = round((at.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def _clean(text: str) -> str:
    """Text that UTF-8 can hold: names from devices and file systems may carry bytes that are no text."""
    return text.encode("utf-8", "replace").decode("utf-8")
