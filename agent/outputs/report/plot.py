"""Draws the report's pictures as inline SVG: the timeline and small curves over one common time axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from html import escape
from itertools import groupby

from agent.outputs.journal.history import SLOT_SECONDS, Point
from agent.outputs.journal.wording import readable
from agent.outputs.report.report import Report, Series

_WIDTH, _LEFT, _RIGHT = 720, 40, 8
_HALF_LABEL = 14
_HEIGHT, _TOP, _BOTTOM = 104, 8, 18
_MOST_POINTS = 360
"""One for two units of width; finer cannot be seen."""
_INKS = ("#1f5a96", "#9a5b00", "#5d4a94", "#23766a", "#8c3a55", "#5a6570")
_DASHES = ("", "6 3", "2 2", "8 3 2 3", "1 3", "10 4")
"""Curves are told apart without colour too: reports are printed."""
_SCALES = {"temperature_celsius": 1.0, "ping_round_trip_seconds": 1000.0, "ping_loss_ratio": 100.0}
_LEAST_TOPS = {"temperature_celsius": 60.0, "ping_round_trip_seconds": 20.0, "ping_loss_ratio": 5.0}
"""A quiet day should look quiet, not be stretched to the full height."""
_STEPS_MINUTES = (15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 10_080)
_MOST_TICKS = 16

METRICS = tuple(_SCALES)


def timeline(report: Report) -> str:
    """One strip: monitored, not monitored, and each alert in its own lane by severity."""
    bands = [_box(report, (report.since, report.until), (6, 12), "monitored")]
    bands += [_box(report, (gap.since, gap.until), (6, 12), "gap") for gap in report.gaps]
    for severity, top in (("critical", 22), ("warning", 32)):
        bands += [
            _box(report, (episode.fired_at, episode.ended_at or report.until), (top, 7), severity)
            for episode in report.episodes
            if episode.severity == severity
        ]
    return _picture(62, [*bands, *_time_axis(report, 44)])


def curves(report: Report, series: Sequence[Series]) -> str:
    """One metric's curves with the band between lowest and highest where there is only one curve."""
    metric = series[0].metric
    top = _round_top(max(_tops(series), default=0.0) * _SCALES[metric], _LEAST_TOPS[metric])
    parts = [_box(report, (gap.since, gap.until), (_TOP, _HEIGHT - _TOP - _BOTTOM), "gap") for gap in report.gaps]
    parts += _value_axis(top)
    for number, one in enumerate(series):
        parts += _curve(report, one, top, number, has_band=len(series) == 1)
    return _picture(_HEIGHT, [*parts, *_time_axis(report, _HEIGHT - _BOTTOM)])


def legend(series: Sequence[Series]) -> str:
    """Which curve is which, as HTML."""
    return "".join(
        f'<span class="key"><svg width="26" height="8" aria-hidden="true"><path d="M0 4H26" {_stroke(number)}/></svg>'
        f"{escape(readable(one.resource))}</span>"
        for number, one in enumerate(series)
    )


def _tops(series: Sequence[Series]) -> Iterable[float]:
    """With one curve the band must fit, with several only their means."""
    return (point.highest if len(series) == 1 else point.mean for one in series for point in one.points)


def _round_top(highest: float, least: float) -> float:
    """The next of 1, 2, 3, 4, 5, 6, 8 and 10 times a power of ten."""
    highest = max(highest, least)
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * power >= highest * 0.999)


def _curve(report: Report, series: Series, top: float, number: int, *, has_band: bool) -> list[str]:
    step = _merged_seconds(report)
    scale = _SCALES[series.metric]
    parts = []
    for run in _runs(_merge(series.points, step), step):
        places = [
            (_x(report, datetime.fromtimestamp(point.at + step / 2, report.since.tzinfo)), point) for point in run
        ]
        if has_band:
            upper = [f"{x:.1f} {_y(point.highest * scale, top):.1f}" for x, point in places]
            lower = [f"{x:.1f} {_y(point.lowest * scale, top):.1f}" for x, point in reversed(places)]
            parts.append(f'<path d="M{"L".join([*upper, *lower])}Z" fill="{_INKS[0]}" opacity=".16"/>')
        line = [f"{x:.1f} {_y(point.mean * scale, top):.1f}" for x, point in places]
        only = f"L{places[0][0] + 1:.1f} {_y(run[0].mean * scale, top):.1f}" if len(run) == 1 else ""
        parts.append(f'<path d="M{"L".join(line)}{only}" {_stroke(number)}/>')
    return parts


def _merged_seconds(report: Report) -> int:
    slots = (report.until - report.since).total_seconds() / SLOT_SECONDS
    return SLOT_SECONDS * max(1, math.ceil(slots / _MOST_POINTS))


def _merge(points: Iterable[Point], step: int) -> list[Point]:
    return [_one_point(list(group), at * step) for at, group in groupby(points, key=lambda point: point.at // step)]


def _one_point(points: Sequence[Point], at: int) -> Point:
    count = sum(point.count for point in points)
    return Point(
        metric=points[0].metric,
        resource=points[0].resource,
        at=at,
        lowest=min(point.lowest for point in points),
        mean=sum(point.mean * point.count for point in points) / count,
        highest=max(point.highest for point in points),
        count=count,
    )


def _runs(points: Sequence[Point], step: int) -> list[list[Point]]:
    """Points in unbroken runs: no line is drawn over a time in which nothing was measured."""
    runs: list[list[Point]] = []
    for point in points:
        if runs and point.at - runs[-1][-1].at <= step:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def _value_axis(top: float) -> list[str]:
    parts = []
    for value in (0.0, top / 2, top):
        y = _y(value, top)
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{y + 3:.1f}" text-anchor="end">{value:g}</text>')
    return parts


def _time_axis(report: Report, bottom: float) -> list[str]:
    parts = [f'<path class="axis" d="M{_LEFT} {bottom}H{_WIDTH - _RIGHT}"/>']
    for at in _ticks(report):
        x = _x(report, at)
        label = f"{at:%H:%M}" if report.until - report.since <= timedelta(days=1, hours=2) else f"{at:%m-%d}"
        parts.append(f'<path class="axis" d="M{x:.1f} {bottom}v3"/>')
        anchor = "end" if x > _WIDTH - _RIGHT - _HALF_LABEL else "middle"  # or the picture's edge cuts it off
        parts.append(f'<text x="{x:.1f}" y="{bottom + 13}" text-anchor="{anchor}">{label}</text>')
    return parts


def _ticks(report: Report) -> list[datetime]:
    """Round local times, at most sixteen."""
    minutes = (report.until - report.since).total_seconds() / 60
    step = next((step for step in _STEPS_MINUTES if minutes / step < _MOST_TICKS), _STEPS_MINUTES[-1])
    midnight = report.since.replace(hour=0, minute=0, second=0, microsecond=0)
    first = math.ceil((report.since - midnight).total_seconds() / 60 / step)
    count = math.floor((report.until - midnight).total_seconds() / 60 / step) - first + 1
    return [midnight + timedelta(minutes=step * (first + number)) for number in range(count)]


def _box(report: Report, span: tuple[datetime, datetime], lane: tuple[int, int], kind: str) -> str:
    """A span of time as a box; the lane is its top and height."""
    left, right = (_x(report, at) for at in span)
    top, height = lane
    width = max(right - left, 1.0)  # a short alert must still be seen
    return f'<rect class="{kind}" x="{left:.1f}" y="{top}" width="{width:.1f}" height="{height}"/>'


def _x(report: Report, at: datetime) -> float:
    whole = (report.until - report.since).total_seconds() or 1.0
    share = (at - report.since).total_seconds() / whole
    return _LEFT + min(max(share, 0.0), 1.0) * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - min(max(value / top, 0.0), 1.0) * (_HEIGHT - _TOP - _BOTTOM)


def _stroke(number: int) -> str:
    dash = _DASHES[number % len(_DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'fill="none" stroke="{_INKS[number % len(_INKS)]}" stroke-width="1.4" stroke-linejoin="round"{dashed}'


def _picture(height: int, parts: Iterable[str]) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" class="plot" role="img">{"".join(parts)}</svg>'
