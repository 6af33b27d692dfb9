"""The vocabulary of alerts: a state that lasts, a change of it, and what one cycle hands to the outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from agent.readings import Labels, Snapshot
from agent.rules.rule import Rule, Severity, Verdict


class State(Enum):
    """The life of an alert, in Prometheus' words."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertKey:
    """What an alert is about; each has its own life."""

    rule: str
    severity: Severity
    resource: Labels


def alert_id(key: AlertKey) -> str:
    """Eight hexadecimal digits, the same in every process and after every restart: short enough to be typed."""
    words = "\0".join((key.rule, key.severity.value, *(word for pair in key.resource for word in pair)))
    return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The state of one level of a rule on one resource.

    Times are wall-clock and aware, for people. The `…_seconds` are spans gathered from the monotonic clock, so that a
    clock step, a suspend or a restart cannot lengthen them: breached while pending, clear while firing, unknown while
    firing. `cannot_tell` is set when a firing alert has been unknown for five minutes.
    """

    key: AlertKey
    state: State
    value: float | None
    limit: float
    active_at: datetime
    fired_at: datetime | None = None
    seen_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    breached_seconds: float = 0.0
    clear_seconds: float = 0.0
    unknown_seconds: float = 0.0
    cannot_tell: bool = False


class Change(Enum):
    """What a transition means to people."""

    PENDING = "pending"
    FIRING = "firing"
    CANNOT_TELL = "cannot_tell"
    RESOLVED = "resolved"
    GONE = "gone"
    """Resolved, because the resource was unplugged."""
    DISMISSED = "dismissed"
    """Pending ended without ever firing; never announced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The words of a transition, rendered once so that every output says the same."""

    title: str
    problem: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change of one alert. `alert` is the alert after the change."""

    alert: Alert
    change: Change
    before: State
    after: State
    at: datetime
    value: float | None
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A rule muted by a person until a time, with the reason."""

    rule: str
    until: datetime
    reason: str
    by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One cycle for the outputs.

    `alerts` holds every pending and firing alert. `announced` are the transitions that people are told about now:
    not inhibited by a firing cause, not silenced, not held back after a suspend. `told` are all alerts that people have
    been told of and not yet of their end.
    """

    snapshot: Snapshot
    rules: Mapping[str, Rule]
    verdicts: tuple[Verdict, ...]
    alerts: tuple[Alert, ...]
    transitions: tuple[Transition, ...] = ()
    announced: tuple[Transition, ...] = ()
    silences: tuple[Silence, ...] = ()
    told: frozenset[AlertKey] = frozenset()
