"""Turns one recorded page into the page of any workstation at any time: its own labels, and values that move.

Which series move, and how, is what two scrapes of an agent on a busy machine differ in: shares and times are new
floating-point numbers at every look, temperatures walk in whole steps, counters grow, states and limits stand still.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent.outputs.encoders import floatToGoString
from tests.benchmarks.fleet_workstation import Pages

JOURNAL_ENTRY_SECONDS = 2160.0
"""Forty entries a day; each gives the journal's head, a label, a new value, and so begins a new series."""
WALK_STEPS = 4
"""How far a temperature strays from where it was recorded, in °C."""

_LINE = re.compile(r"(?P<name>[a-z_]+)(?P<labels>\{.*\})? (?P<value>\S+)")


@dataclass(slots=True, kw_only=True)
class Mover:
    """The moving part of one workstation."""

    random: random.Random
    started_at: float
    walks: dict[str, int] = field(default_factory=dict)

    def walk(self, sensor: str) -> int:
        """Steps away from the recorded value; the same sensor's readings step together within one page."""
        return self.walks.setdefault(sensor, 0)

    def step(self) -> None:
        """Let every sensor walk on: half of them stay."""
        for sensor, steps in self.walks.items():
            moved = steps + self.random.choice((-1, 0, 0, 1))
            self.walks[sensor] = max(-WALK_STEPS, min(WALK_STEPS, moved))


Move = Callable[[float, str, Mover, float], float]
"""From the recorded value, the labels, the mover and the time to the value now."""


def _noisy(share: float) -> Move:
    return lambda value, _, mover, __: value * (1 + share * (2 * mover.random.random() - 1))


def _growing(a_second: float) -> Move:
    return lambda value, _, mover, now: value + a_second * (now - mover.started_at)


def _counting(a_second: float) -> Move:
    return lambda value, _, mover, now: value + (now - mover.started_at) * a_second // 1


def _rounded(digits: int, highest: float) -> Move:
    return lambda _, __, mover, ___: round(highest * mover.random.random(), digits)


def _walking(direction: int) -> Move:
    return lambda value, labels, mover, _: value + direction * mover.walk(labels)


def _lately(seconds: float) -> Move:
    return lambda _, __, mover, now: now - seconds * mover.random.random()


MOVES: Mapping[str, Move] = {
    "endpoint_agent_cpu_seconds_total": _growing(0.0022),
    "endpoint_agent_resident_memory_bytes": lambda value, _, mover, __: value + 4096 * mover.random.randrange(8),
    "endpoint_alert_unseen_seconds": _growing(1.0),
    "endpoint_cpu_frequency_hertz": _noisy(0.3),
    "endpoint_cpu_load_per_core": _rounded(3, 0.8),
    "endpoint_cpu_usage_ratio": _noisy(0.35),
    "endpoint_fan_speed_rpm": lambda value, _, mover, __: value and value + mover.random.randrange(-60, 60),
    "endpoint_journal_entries": _counting(1 / JOURNAL_ENTRY_SECONDS),
    "endpoint_memory_available_ratio": _noisy(0.05),
    "endpoint_ping_connect_seconds": _noisy(0.3),
    "endpoint_ping_jitter_seconds": _noisy(0.5),
    "endpoint_ping_round_trip_seconds": _noisy(0.3),
    "endpoint_probe_duration_seconds": _noisy(0.2),
    "endpoint_probe_last_success_timestamp_seconds": _lately(5.0),
    "endpoint_stall_ratio": _rounded(4, 0.02),
    "endpoint_stall_timer_overrun_seconds": _noisy(0.5),
    "endpoint_storage_available_ratio": _noisy(0.0001),
    "endpoint_storage_inodes_available_ratio": _noisy(0.0001),
    "endpoint_storage_io_seconds": _noisy(0.6),
    "endpoint_temperature_celsius": _walking(1),
    "endpoint_temperature_headroom_celsius": _walking(-1),
    "endpoint_wifi_signal_dbm": lambda value, _, mover, __: value + mover.random.randrange(-3, 4),
    "endpoint_wifi_transmit_retries_total": _counting(0.5),
}
"""By metric; every other one stands still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    name: str
    labels: str
    start: str
    value: float
    text: str
    move: Move | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A page taken apart: the comments before each run of series, in both formats."""

    runs: tuple[tuple[str, str, tuple[_Series, ...]], ...]


def template(pages: Pages) -> Template:
    """The recorded page, ready to be written again and again."""
    plain, openmetrics = _runs(pages.plain), _runs(pages.openmetrics.removesuffix("# EOF\n"))
    runs = zip(plain, openmetrics, strict=True)
    return Template(runs=tuple((head, other_head, series) for (head, series), (other_head, _) in runs))


@dataclass(slots=True, kw_only=True)
class LivePage:
    """The page of one workstation; `words` replace words of the recorded labels."""

    template: Template
    words: Mapping[str, str]
    mover: Mover
    _starts: dict[str, str] = field(default_factory=dict)

    def render(self, now: float, *, in_openmetrics: bool) -> str:
        """The page at this time, in seconds of the epoch."""
        parts = [
            head + "".join(f"{line}\n" for line in lines)
            for head, lines in self._written(now, in_openmetrics=in_openmetrics)
        ]
        return "".join(parts) + ("# EOF\n" if in_openmetrics else "")

    def lines(self, now: float) -> list[str]:
        """The series alone."""
        return [line for _, lines in self._written(now, in_openmetrics=False) for line in lines]

    def _written(self, now: float, *, in_openmetrics: bool) -> list[tuple[str, list[str]]]:
        self.mover.step()
        return [
            (other_head if in_openmetrics else head, [self._line(series, now) for series in run])
            for head, other_head, run in self.template.runs
        ]

    def _line(self, series: _Series, now: float) -> str:
        if series.name == "endpoint_journal_head_info":
            entries = (now - self.mover.started_at) // JOURNAL_ENTRY_SECONDS
            head = hashlib.sha256(f"{self.words} {entries}".encode()).hexdigest()
            return f'{series.name}{{hash="{head}"}} 1.0'
        if series.move is not None:
            return series.start + floatToGoString(float(series.move(series.value, series.labels, self.mover, now)))
        if series.name.endswith("_info"):
            return self._own_start(series.start) + series.text
        return series.start + series.text

    def _own_start(self, start: str) -> str:
        """Name and labels in this workstation's words; written once."""
        if start not in self._starts:
            own_start = start
            for word, own in self.words.items():
                own_start = own_start.replace(f'"{word}"', f'"{own}"')
            self._starts[start] = own_start
        return self._starts[start]


def _runs(text: str) -> list[tuple[str, tuple[_Series, ...]]]:
    """Comments and the series that follow them."""
    found = re.findall(r"((?:^#.*\n)+)((?:^[^#\n].*\n)+)", text, re.MULTILINE)
    return [(head, tuple(_series(line) for line in lines.splitlines())) for head, lines in found]


def _series(line: str) -> _Series:
    parts = _LINE.fullmatch(line)
    assert parts is not None, line
    name, labels, text = parts["name"], parts["labels"] or "", parts["value"]
    return _Series(
        name=name, labels=labels, start=f"{name}{labels} ", value=float(text), text=text, move=MOVES.get(name)
    )
