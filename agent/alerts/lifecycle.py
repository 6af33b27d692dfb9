"""The life of one alert: one pure function, and the time passed in.

| state    | ok                                        | breach                    | unknown              | gone     |
| inactive | stay                                      | pending, or firing        | stay                 | stay     |
| pending  | inactive, silently                        | firing when `for` is over | stay, not counted    | inactive |
| firing   | inactive when clear for `keep_firing_for` | stay                      | 5 min: "cannot tell" | resolved |

An inactive alert is no alert: `None`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from agent.alerts.alert import Alert, AlertKey, State
from agent.rules.rule import Outcome, Threshold, Verdict

CANNOT_TELL_SECONDS = 300.0
"""A firing alert that has been unknown for so long says so: shorter gaps are restarts and hiccups."""

WAKING_SECONDS = 0.25
"""A span may be this much shorter than asked: cycles keep a grid, but each wakes a little late and not equally so.
Without it every second alert whose `for` is a multiple of the cycle would wait one cycle more."""


def step(
    alert: Alert | None,
    verdict: Verdict,
    threshold: Threshold,
    keep_firing_seconds: float,
    elapsed_seconds: float,
    now: datetime,
) -> Alert | None:
    """The alert after one verdict.

    `elapsed_seconds` is the monotonic time since the evaluation before, not less than 0; only time spent in breach,
    clear or unknown on both ends counts towards `for`, `keep_firing_for` and the five minutes.
    """
    if alert is None:
        return _from_inactive(verdict, threshold, now)
    if alert.state is State.PENDING:
        return _from_pending(alert, verdict, threshold, elapsed_seconds, now)
    return _from_firing(alert, verdict, keep_firing_seconds, elapsed_seconds)


def afresh(alert: Alert) -> Alert:
    """The alert after a sleep or a clock step: its state stays, no half-filled span does, nor does the lapse itself."""
    is_pending = alert.state is State.PENDING
    return replace(alert, breached_seconds=0.0, clear_seconds=0.0, unknown_seconds=_STARTED if is_pending else 0.0)


def _from_inactive(verdict: Verdict, threshold: Threshold, now: datetime) -> Alert | None:
    if verdict.outcome is not Outcome.BREACH:
        return None
    fires_at_once = threshold.for_seconds <= 0
    return Alert(
        key=AlertKey(rule=verdict.rule, severity=verdict.severity, resource=verdict.resource),
        state=State.FIRING if fires_at_once else State.PENDING,
        value=verdict.value,
        limit=verdict.limit,
        active_at=now,
        fired_at=now if fires_at_once else None,
    )


def _from_pending(
    alert: Alert, verdict: Verdict, threshold: Threshold, elapsed_seconds: float, now: datetime
) -> Alert | None:
    match verdict.outcome:
        case Outcome.OK | Outcome.GONE:
            return None
        case Outcome.UNKNOWN:
            return alert if alert.unknown_seconds else replace(alert, unknown_seconds=_STARTED)
        case Outcome.BREACH:
            counted = 0.0 if alert.unknown_seconds else elapsed_seconds
            breached = alert.breached_seconds + counted
            is_due = breached + WAKING_SECONDS >= threshold.for_seconds
            return replace(
                alert,
                state=State.FIRING if is_due else State.PENDING,
                fired_at=now if is_due else None,
                value=verdict.value,
                limit=verdict.limit,
                breached_seconds=breached,
                unknown_seconds=0.0,
            )


def _from_firing(alert: Alert, verdict: Verdict, keep_firing_seconds: float, elapsed_seconds: float) -> Alert | None:
    match verdict.outcome:
        case Outcome.GONE:
            return None
        case Outcome.UNKNOWN:
            return _while_unknown(alert, elapsed_seconds)
        case Outcome.OK if verdict.is_clear:
            clear = alert.clear_seconds + elapsed_seconds if alert.clear_seconds else _STARTED
            if keep_firing_seconds <= 0 or clear + WAKING_SECONDS >= keep_firing_seconds:
                return None
            return _known(alert, verdict, clear_seconds=clear)
        case Outcome.OK | Outcome.BREACH:
            return _known(alert, verdict, clear_seconds=0.0)


def _while_unknown(alert: Alert, elapsed_seconds: float) -> Alert:
    unknown = alert.unknown_seconds + elapsed_seconds if alert.unknown_seconds else _STARTED
    # A restart keeps the mark and not the span: it is taken back by a value only, or it would be announced twice.
    cannot_tell = alert.cannot_tell or unknown >= CANNOT_TELL_SECONDS
    return replace(alert, unknown_seconds=unknown, cannot_tell=cannot_tell, clear_seconds=0.0)


def _known(alert: Alert, verdict: Verdict, clear_seconds: float) -> Alert:
    """The firing alert with the newest value; the same object when nothing changed, which is most cycles."""
    is_same = (alert.value, alert.limit, alert.clear_seconds) == (verdict.value, verdict.limit, clear_seconds)
    if is_same and not alert.unknown_seconds and not alert.cannot_tell:
        return alert
    return replace(
        alert,
        value=verdict.value,
        limit=verdict.limit,
        clear_seconds=clear_seconds,
        unknown_seconds=0.0,
        cannot_tell=False,
    )


_STARTED = 1e-9
"""A span that has begun and not yet lasted: the time before its first verdict was not spent in it."""
