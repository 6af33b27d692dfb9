"""What a fan's speeds prove: whether it has stalled, whether it races. Pure functions, no I/O.

No rpm alone proves anything: many fans stop when they are not needed, and an empty header reads 0 for ever.

*Stalled*: the fan was seen turning once (remembered over restarts), has shown 0 for three looks in a row, and all that
while it should have turned: its duty was at least the one at which a fan must turn, or the heat it is there for was
above 80 °C. A fan that was never seen turning has no answer.

*Racing*: for three looks in a row the fan ran within 5 % of its full speed while all that it cools was below 55 °C.
Full speed is the chip's `fanN_max` where that is set, else the highest speed ever seen, once the fan has also been seen
at half of it or slower; a fan that only knows one speed never races. Without full speed or temperature there is no
answer. A fan also runs up for short times by its curve, so a rule on this should wait some minutes.

The chips' own alarm bits and minimum speeds are not evidence: most boards leave nonsense there (it87 issue 59).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LOOKS = 3
"""A tachometer that misses one turn reads 0 once; at the probe's pace three looks are ten to fifteen seconds."""

TURNING_DUTY = 77
"""Of 255: at 30 % duty a four-wire fan must turn (Intel, 4-Wire PWM Controlled Fans, 1.3); below, it may stop."""

HOT_CELSIUS = 80.0
"""Every semi-passive fan curve we know starts far below."""

COOL_CELSIUS = 55.0

RACING_RATIO = 0.95

VARIABLE_RATIO = 2.0
"""Highest to lowest speed of a fan that is known to be regulated."""

HIGHEST_RPM = 20000.0
"""The fastest small server fans reach this; above lie 65535 (no answer) and what glitches count."""

SPEED_STEP_RPM = 250
"""Speeds are remembered in these steps, so that few facts are ever written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What was seen of one fan. Speeds are in steps, 0 while it was never seen turning; runs count looks in a row."""

    lowest_rpm: int = 0
    highest_rpm: int = 0
    previous_rpm: float | None = None
    stopped_run: int = 0
    fast_run: int = 0

    @property
    def has_turned(self) -> bool:
        """Whether the fan was ever seen turning."""
        return self.highest_rpm > 0


def recall(speeds: Iterable[int]) -> History:
    """The history that remembered speeds tell."""
    known = sorted(speeds)
    return History(lowest_rpm=known[0], highest_rpm=known[-1]) if known else History()


def full_speed(history: History, maximum_rpm: float | None) -> float | None:
    """The fan's full speed in rpm, nothing while it is not known."""
    if maximum_rpm is not None and 0 < maximum_rpm <= HIGHEST_RPM:
        return maximum_rpm
    return history.highest_rpm if history.highest_rpm >= VARIABLE_RATIO * history.lowest_rpm > 0 else None


def is_fast(rpm: float, full: float | None) -> bool:
    """Whether the fan runs as good as at full speed."""
    return full is not None and rpm >= RACING_RATIO * full


def should_turn(duty: int | None, celsius: float | None) -> bool:
    """Whether duty (0 to 255) or heat asks for a turning fan."""
    return (duty is not None and duty >= TURNING_DUTY) or (celsius is not None and celsius >= HOT_CELSIUS)


def advance(history: History, rpm: float, *, is_wanted: bool, is_needless: bool) -> History:
    """The history after one more look.

    `is_wanted`: the fan should turn. `is_needless`: it is fast and all it cools is cool. A speed is only learnt when
    two looks in a row agree on it, so that one glitch does not become the full speed.
    """
    lowest, highest = history.lowest_rpm, history.highest_rpm
    if rpm > 0:
        step = _step(rpm)
        other = step if not history.previous_rpm else _step(history.previous_rpm)
        highest = max(highest, min(step, other))
        slow = max(step, other)
        lowest = slow if lowest == 0 else min(lowest, slow)
    return History(
        lowest_rpm=lowest,
        highest_rpm=highest,
        previous_rpm=rpm,
        stopped_run=history.stopped_run + 1 if rpm == 0 and is_wanted else 0,
        fast_run=history.fast_run + 1 if is_needless else 0,
    )


def _step(rpm: float) -> int:
    """The speed in whole steps, at least one: a fan that barely turns was seen turning."""
    return max(SPEED_STEP_RPM, int(rpm) // SPEED_STEP_RPM * SPEED_STEP_RPM)
