"""What only a user's session can tell, sent by its companion: every field checked against a fixed table.

A companion is a program of the user's, so nothing it says may stop work: its readings carry `from_session`, on which
the rule loader takes no critical level. The user's name is not among the labels, as it would leave the computer with
the metrics; `session` numbers the sessions that report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent.outputs.refusal import Refused
from agent.readings import Labels, MetricSpec, Reading

PROBE = "session"
MOST_READINGS = 32
"""Three numbers per display, for more displays than a desk holds."""

SESSION_METRICS = (
    MetricSpec(
        name="display_resolution_pixels",
        help="Pixels of a display as the user's session drives it, by dimension (width, height)",
        source="desktop companion",
        labels=("session", "connector", "dimension"),
        lowest=1,
        highest=32_768,
        removable=True,
        from_session=True,
    ),
    MetricSpec(
        name="display_refresh_hertz",
        help="Refresh rate of a display as the user's session drives it",
        source="desktop companion",
        labels=("session", "connector"),
        lowest=1,
        highest=1000,
        removable=True,
        from_session=True,
    ),
    MetricSpec(
        name="night_light_enabled",
        help="Whether the user's session warms the colours of its displays",
        source="desktop companion",
        labels=("session",),
        lowest=0,
        highest=1,
        removable=True,
        from_session=True,
    ),
)
"""Highest: 32768 is the largest side that DRM drivers offer, 1000 Hz above any display that is sold."""

_SPECS = {spec.name: spec for spec in SESSION_METRICS}
_VALUES: Mapping[str, re.Pattern[str]] = {
    "connector": re.compile(r"[A-Za-z][A-Za-z0-9.-]{0,31}"),
    "dimension": re.compile(r"width|height"),
}


def session_readings(told: object) -> tuple[Reading, ...]:
    """The readings of one session, without the label `session`, which is ours to give.

    Raises:
        Refused: 400, with the first thing that is not as the table says.
    """
    if not isinstance(told, list) or len(told) > MOST_READINGS:
        raise Refused(400, f"readings: expected a list of at most {MOST_READINGS}")
    readings = tuple(_reading(one) for one in told)
    if len({(reading.metric, reading.labels) for reading in readings}) < len(readings):
        raise Refused(400, "readings: expected each name and labels once")
    return readings


def _reading(told: object) -> Reading:
    if not isinstance(told, dict) or set(told) != {"name", "labels", "value"}:
        raise Refused(400, "readings: expected objects with exactly name, labels and value")
    name = told["name"]
    spec = _SPECS.get(name) if isinstance(name, str) else None
    if spec is None:
        raise Refused(400, f"name: expected one of {', '.join(_SPECS)}")
    return Reading(metric=spec.name, labels=_labels(spec, told["labels"]), value=_value(spec, told["value"]))


def _labels(spec: MetricSpec, told: object) -> Labels:
    expected = spec.labels[1:]
    if not isinstance(told, dict) or set(told) != set(expected):
        raise Refused(400, f"{spec.name}: expected exactly these labels: {', '.join(expected) or 'none'}")
    for name in expected:
        if not isinstance(told[name], str) or not _VALUES[name].fullmatch(told[name]):
            raise Refused(400, f"{name}: expected a text of the form {_VALUES[name].pattern}")
    return tuple((name, told[name]) for name in expected)


def _value(spec: MetricSpec, told: object) -> float:
    lowest, highest = spec.lowest or 0.0, spec.highest or 0.0
    if isinstance(told, bool) or not isinstance(told, int | float) or not lowest <= told <= highest:
        raise Refused(400, f"{spec.name}: expected a number from {lowest:g} to {highest:g}")
    return float(told)
