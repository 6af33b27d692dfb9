"""Units of readings, told from their names: how a value is shown to people, and which limits cannot be meant.

A metric's name carries its base unit (`…_celsius`, `…_ratio_lower_bound`, `…_seconds_total`), so one table serves all.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from agent.readings import MetricKind, MetricSpec
from agent.yamlsource import Scalar

_Show = Callable[[float, bool], str]
"""A value and whether Chinese is wanted, to text."""


def unit_of(name: str) -> str:
    """The base unit in a metric's name; empty for plain counts and yes-or-no readings."""
    return next((unit for unit in _SHOW if f"_{unit}" in name), "")


def is_yes_or_no(spec: MetricSpec) -> bool:
    """Whether the reading is a 0 or 1 that means no or yes."""
    return (spec.kind, spec.lowest, spec.highest, unit_of(spec.name)) == (MetricKind.GAUGE, 0, 1, "")


def bounds(spec: MetricSpec) -> tuple[float, float]:
    """The lowest and highest value the reading can have; a counter's growth is bounded below only."""
    if spec.kind is MetricKind.COUNTER:
        return 0.0, math.inf
    span = (0.0, 1.0) if unit_of(spec.name) == "ratio" else (-math.inf, math.inf)
    return (
        span[0] if spec.lowest is None else float(spec.lowest),
        span[1] if spec.highest is None else float(spec.highest),
    )


def show(spec: MetricSpec, value: float, language: str) -> str:
    """A value in base units as people read it: `34 ms`, `3.4 %`, `97 °C`, `0 转/分`."""
    is_chinese = language == "zh"
    if is_yes_or_no(spec):
        return ("是" if value else "否") if is_chinese else ("yes" if value else "no")
    shown = _SHOW.get(unit_of(spec.name))
    if shown is not None:
        return shown(_per_second_in_bits(spec, value), is_chinese)
    if spec.kind is MetricKind.COUNTER:
        return f"{_digits(value)} 次" if is_chinese else f"{_digits(value)} time{'' if value == 1 else 's'}"
    return _digits(value)


def wrong_unit(spec: MetricSpec, scalar: Scalar) -> str | None:
    """What to write instead of a number that carries a unit; nothing when it carries none that is known."""
    text, unit = scalar.text.strip(), unit_of(spec.name)
    for suffix, factor in _WRITTEN.get(unit, {}).items():
        number = text.removesuffix(suffix).rstrip()
        if number != text and _is_number(number):
            return f"`{text}` carries a unit; {spec.name} is in {_PLURAL[unit]}: write {float(number) * factor:.12g}"
    return None


def outside(spec: MetricSpec, limit: float) -> str | None:
    """Why a limit cannot be meant: the reading never gets there."""
    lowest, highest = bounds(spec)
    if lowest <= limit <= highest:
        return None
    if unit_of(spec.name) == "ratio" and 1 < limit <= 100:
        return f"{limit:.12g} is beyond a ratio, which runs from 0 to 1; write {limit / 100:.12g} for {limit:.12g} %"
    return f"{limit:.12g} is outside what {spec.name} can be; expected {_span(lowest, highest)}"


def _span(lowest: float, highest: float) -> str:
    if math.isinf(highest):
        return f"{lowest:.12g} or more"
    return f"{highest:.12g} or less" if math.isinf(lowest) else f"{lowest:.12g} to {highest:.12g}"


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("+-").isdecimal()


def _digits(value: float) -> str:
    """One decimal below a hundred, three digits below one; no zeros at the end."""
    if value and abs(value) < 1:
        return f"{value:.3g}"
    text = f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"
    return text.removesuffix(".0")


def _seconds(value: float, is_chinese: bool) -> str:  # noqa: FBT001  # every row of the table has this shape
    if abs(value) < 1:
        return f"{_digits(value * 1000)} ms"
    if abs(value) < 120:
        return f"{_digits(value)} {'秒' if is_chinese else 's'}"
    return f"{_digits(value / 60)} {'分钟' if is_chinese else 'min'}"


def _scaled(value: float, suffix: str) -> str:
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor:
            return f"{_digits(value / factor)} {prefix}{suffix}"
    return f"{_digits(value)} {suffix}"


def _per_second_in_bits(spec: MetricSpec, value: float) -> float:
    """Links are spoken of in bits per second."""
    return value * 8 if unit_of(spec.name) == "bytes_per_second" else value


_SHOW: dict[str, _Show] = {
    "bytes_per_second": lambda value, _: _scaled(value, "bit/s"),
    "celsius": lambda value, _: f"{_digits(value)} °C",
    "rpm": lambda value, is_chinese: f"{_digits(value)} {'转/分' if is_chinese else 'rpm'}",
    "dbm": lambda value, _: f"{_digits(value)} dBm",
    "ratio": lambda value, _: f"{_digits(value * 100)} %",
    "seconds": _seconds,
    "bytes": lambda value, _: _scaled(value, "B"),
    "hertz": lambda value, _: _scaled(value, "Hz"),
}
"""By unit, the longer name first: `bytes_per_second` ends in another one's name."""

_PLURAL = {
    "bytes_per_second": "bytes per second",
    "celsius": "degrees Celsius",
    "rpm": "turns per minute",
    "dbm": "dBm",
    "ratio": "shares from 0 to 1",
    "seconds": "seconds",
    "bytes": "bytes",
    "hertz": "hertz",
}

_WRITTEN: dict[str, dict[str, float]] = {
    "bytes_per_second": {
        "Gbit/s": 1.25e8, "Mbit/s": 1.25e5, "kbit/s": 125.0, "GB/s": 1e9, "MB/s": 1e6, "kB/s": 1e3,
    },
    "celsius": {"°C": 1.0, "℃": 1.0, "C": 1.0, "K": 1.0},
    "rpm": {"rpm": 1.0},
    "dbm": {"dBm": 1.0, "dB": 1.0},
    "ratio": {"%": 0.01},
    "seconds": {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0},
    "bytes": {"GiB": 2.0**30, "MiB": 2.0**20, "KiB": 2.0**10, "GB": 1e9, "MB": 1e6, "kB": 1e3, "B": 1.0},
    "hertz": {"GHz": 1e9, "MHz": 1e6, "Hz": 1.0},
}  # fmt: skip  # a row for a unit reads best
"""By unit, what people write behind a number and what it is in the base unit; longer endings first."""
