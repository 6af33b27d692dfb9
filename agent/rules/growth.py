"""How much counters grew over a window: the one memory that judging needs.

Only changes are kept, so that a counter that stands still, as a healthy one does, costs one point.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.readings import Labels, Snapshot


@dataclass(slots=True)
class _Series:
    """`points` are (monotonic seconds, value) where the value changed; the first is at or before the window's start."""

    points: deque[tuple[float, float]]
    last_at: float
    looks: int = 1
    increases: dict[float, float] = field(default_factory=dict)


class Growth:
    """The counters that rules watch; `windows` are each metric's spans in seconds."""

    def __init__(self, windows: Mapping[str, tuple[float, ...]]) -> None:
        self._windows = windows
        self._series: dict[tuple[str, Labels], _Series] = {}

    def observe(self, snapshot: Snapshot, now: float) -> None:
        """Take in one cycle; `now` is the monotonic clock in seconds. Suspect values are passed over."""
        for result in snapshot.results.values():
            for reading in result.readings:
                if reading.metric in self._windows and reading.suspect is None:
                    self._note((reading.metric, reading.labels), reading.value, now)
        self._forget_unseen(now)

    def increase(self, metric: str, labels: Labels, window_seconds: float) -> float | None:
        """The growth over the window up to the last look, since the counter's last reset; nothing after one look."""
        series = self._series.get((metric, labels))
        return None if series is None or series.looks < 2 else series.increases.get(window_seconds, 0.0)

    def forget(self) -> None:
        """Start anew; called after a suspend, when half-filled windows say nothing."""
        self._series.clear()

    def _note(self, key: tuple[str, Labels], value: float, now: float) -> None:
        series = self._series.get(key)
        if series is None or value < series.points[-1][1]:  # a smaller value is a counter that began again
            self._series[key] = _Series(points=deque([(now, value)]), last_at=now)
            return
        windows = self._windows[key[0]]
        if value != series.points[-1][1]:
            series.points.append((now, value))
        while len(series.points) > 1 and series.points[1][0] <= now - max(windows):
            series.points.popleft()
        series.looks, series.last_at = series.looks + 1, now
        if len(series.points) > 1 or series.increases:
            series.increases = {window: value - _value_at(series.points, now - window) for window in windows}

    def _forget_unseen(self, now: float) -> None:
        gone = [key for key, series in self._series.items() if now - series.last_at > max(self._windows[key[0]])]
        for key in gone:
            del self._series[key]


def _value_at(points: deque[tuple[float, float]], at: float) -> float:
    """The counter at a time: what the last change before it set; its first value when it was first seen later."""
    value = points[0][1]
    for changed_at, changed in points:
        if changed_at > at:
            break
        value = changed
    return value
