"""The vocabulary of rules: a rule, its levels, and the verdict on one resource.

Built by `loader`, applied by `evaluate`, remembered as alerts by `agent.alerts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from agent.readings import Labels


class Severity(Enum):
    """What a level asks of people."""

    WARNING = "warning"
    """Tell IT; work can go on."""
    CRITICAL = "critical"
    """Stop work and notify IT."""


class Side(Enum):
    """On which side of its limit a value is a breach."""

    ABOVE = "above"
    BELOW = "below"


class Audience(Enum):
    """Whom a firing rule is shown to."""

    OPERATOR = "operator"
    IT = "it"


class Outcome(Enum):
    """What one look says about one level of a rule on one resource."""

    OK = "ok"
    BREACH = "breach"
    UNKNOWN = "unknown"
    """It cannot be told: the reason says why."""
    GONE = "gone"
    """The resource was unplugged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One level: breached strictly beyond `limit`, cleared at `clear` or better; both in the reading's base unit."""

    severity: Severity
    side: Side
    limit: float
    clear: float
    for_seconds: float

    def is_breached_by(self, value: float) -> bool:
        """Whether the value lies strictly beyond the limit."""
        return value > self.limit if self.side is Side.ABOVE else value < self.limit

    def is_cleared_by(self, value: float) -> bool:
        """Whether the value is at `clear` or on its good side."""
        return value <= self.clear if self.side is Side.ABOVE else value >= self.clear


Text = Mapping[str, str]
"""One text by language code, `zh` and `en`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a rule file. `levels` runs from warning to critical.

    `increase_over_seconds` makes the rule judge a counter's growth over that window; it is set exactly for counters.
    `defined_at` is `file:line` of the rule, or of its newest override.
    """

    name: str
    clause: str
    reading: str
    match: Labels
    levels: tuple[Threshold, ...]
    increase_over_seconds: float | None = None
    keep_firing_seconds: float = 0.0
    depends_on: tuple[str, ...] = ()
    audience: Audience
    summary: Text
    problem: Text
    action: Text
    defined_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One level of one rule on one resource, now.

    `value` is absent when unknown or gone. `is_clear` holds when the value is also past `clear`; only then may a firing
    alert end. `reason` says why an outcome is unknown.
    """

    rule: str
    severity: Severity
    resource: Labels
    outcome: Outcome
    value: float | None = None
    limit: float
    is_clear: bool = False
    reason: str = ""
