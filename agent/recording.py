"""Looks at a machine to a rule test that `rules test` replays: the readings as series, without what names anybody.

Snapshots in, a frozen test in the middle (so that the expectations come from the same replay), YAML text out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from agent.alerts.alert import Alert, State
from agent.alerts.lifecycle import step
from agent.readings import Labels, ProbeResult, ProbeStatus, Reading, Snapshot
from agent.rules.evaluate import CompiledRules
from agent.rules.ruletest import AlertOf, Step, replay
from agent.rules.ruletestfile import InputSeries
from agent.rules.series import Look, Missing

_UNANSWERED = {
    ProbeStatus.FAILED: Missing.FAILED,
    ProbeStatus.TIMED_OUT: Missing.TIMED_OUT,
    ProbeStatus.UNSUPPORTED: Missing.UNSUPPORTED,
}

_HARDWARE_ADDRESS = re.compile(r"(?:[0-9a-fA-F]{2}[:_-]){5}[0-9a-fA-F]{2}|(?<=enx)[0-9a-f]{12}|(?<=wlx)[0-9a-f]{12}")
_NETWORK_ADDRESS = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b"
    r"|\b(?:[0-9a-fA-F]{1,4}:){3,7}(?::?[0-9a-fA-F]{1,4})?|\b[0-9a-fA-F]{1,4}::[0-9a-fA-F:]*"
)
_VOLUME = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b|\b[0-9A-F]{4}-[0-9A-F]{4}\b")
_PERSONAL = re.compile(r"(?<=^/home/).+|(?<=^/media/).+|(?<=^/run/media/).+")
_KEPT_LABELS = frozenset({"target"})
"""Names that the configuration gives on purpose."""

_HEADER = """\
# Recorded readings of one machine, for `device-health rules test`; names of persons and hosts, and addresses, replaced.
# Below the readings stands what the rules give at their end; change it to what they should give.
# `rule_files: []` means the shipped rules; name your own files instead to test those, relative to this file.
"""


class Pseudonyms:
    """Replaces what names a person, a host or a device by a word and a number, the same one each time."""

    def __init__(self, host_names: Iterable[str] = ()) -> None:
        """`host_names` are this machine's, whole and without the domain."""
        names = sorted(filter(None, host_names), key=len, reverse=True)
        host = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names) or r"(?!)")
        self._patterns = {
            "name": _PERSONAL,
            "mac": _HARDWARE_ADDRESS,
            "volume": _VOLUME,
            "address": _NETWORK_ADDRESS,
            "host": host,
        }
        self._known: dict[str, str] = {}

    def labels(self, labels: Labels) -> Labels:
        """The labels without names; a target keeps its configured one."""
        return tuple((name, value if name in _KEPT_LABELS else self.text(value)) for name, value in labels)

    def text(self, text: str) -> str:
        """The text without names."""
        for word, pattern in self._patterns.items():
            text = pattern.sub(lambda found, word=word: self._pseudonym(word, found[0]), text)  # type: ignore[misc]
        return text

    def _pseudonym(self, word: str, original: str) -> str:
        return self._known.setdefault(original, f"{word}{len(self._known) + 1}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The series of some looks, `interval_seconds` apart, and the probes that never gave one."""

    name: str
    interval_seconds: int
    looks: int
    series: tuple[InputSeries, ...]
    silent: tuple[str, ...]


def recording(snapshots: Sequence[Snapshot], interval_seconds: int, name: str, hide: Pseudonyms) -> Recording:
    """Every reading that was ever there as a series of looks."""
    probe_of = {
        (reading.metric, reading.labels): result.probe
        for snapshot in snapshots
        for result in snapshot.results.values()
        for reading in result.readings
    }
    shown = [_by_resource(snapshot) for snapshot in snapshots]
    series = tuple(
        InputSeries(
            metric=metric,
            labels=hide.labels(labels),
            looks=tuple(
                _look(snapshot.results.get(probe), readings.get((metric, labels)))
                for snapshot, readings in zip(snapshots, shown, strict=True)
            ),
        )
        for (metric, labels), probe in probe_of.items()
    )
    silent = {probe for snapshot in snapshots for probe in snapshot.results} - set(probe_of.values())
    return Recording(
        name=name,
        interval_seconds=interval_seconds,
        looks=len(snapshots),
        series=series,
        silent=tuple(sorted(silent)),
    )


def _by_resource(snapshot: Snapshot) -> dict[tuple[str, Labels], Reading]:
    return {(reading.metric, reading.labels): reading for reading in snapshot.readings()}


def _look(result: ProbeResult | None, reading: Reading | None) -> Look:
    if result is None:
        return Missing.NOT_READ
    if result.status is not ProbeStatus.SUCCESS:
        return _UNANSWERED[result.status]
    if reading is None:
        return Missing.NOT_READ if result.errors else Missing.STALE
    if reading.suspect is not None or not math.isfinite(reading.value):
        return Missing.SUSPECT
    return float(reading.value)


def as_yaml(recorded: Recording, compiled: CompiledRules) -> str:
    """The test file, with what these rules give at the end as its expectations."""
    return "".join(f"{line}\n" for line in _file_lines(recorded, compiled))


def _file_lines(recorded: Recording, compiled: CompiledRules) -> Iterator[str]:
    yield _HEADER.rstrip()
    if recorded.silent:
        yield f"# Nothing could be recorded of: {', '.join(recorded.silent)}."
    yield "rule_files: []"
    yield f"interval: {recorded.interval_seconds}s"
    yield "tests:"
    yield f"  - name: {recorded.name}"
    yield "    input_series:" + ("" if recorded.series else " []")
    for one in recorded.series:
        yield f"      - series: {_quoted(_series_name(one))}"
        yield f"        values: {_quoted(compact(one.looks))}"
    yield "    alert_rule_test:"
    end_seconds = (recorded.looks - 1) * recorded.interval_seconds
    alerts = _alerts_at_end(recorded, compiled)
    for rule in compiled.rules:
        yield f"      - eval_time: {end_seconds}s"
        yield f"        alertname: {rule.name}"
        yield from _expected({of: alert for of, alert in alerts.items() if of[0] == rule.name})


def _alerts_at_end(recorded: Recording, compiled: CompiledRules) -> Mapping[AlertOf, Alert]:
    life: Step[Alert] = step
    *_, alerts = replay(recorded.series, recorded.interval_seconds, recorded.looks, compiled, life)
    return alerts


def _expected(alerts: Mapping[AlertOf, Alert]) -> Iterator[str]:
    """Firing and pending alerts; without any, the expectation is that there is none."""
    if alerts:
        yield "        exp_alerts:"
    for (_rule, severity, resource), alert in alerts.items():
        yield f"          - severity: {severity.value}"
        if alert.state is not State.FIRING:
            yield f"            state: {alert.state.value}"
        if resource:
            pairs = ", ".join(f"{name}: {_quoted(value)}" for name, value in resource)
            yield f"            resource: {{{pairs}}}"


def _series_name(one: InputSeries) -> str:
    labels = ", ".join(f'{name}="{_escaped(value)}"' for name, value in one.labels)
    return f"{one.metric}{{{labels}}}" if labels else one.metric


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def compact(looks: Sequence[Look]) -> str:
    """The looks in the series notation, runs of equal steps as one word; read back they are the same numbers."""
    words: list[str] = []
    for is_missing, group in groupby(looks, key=lambda look: isinstance(look, Missing)):
        part = list(group)
        numbers = [look for look in part if isinstance(look, float)]
        words += _missing_words(part) if is_missing else _number_words(numbers)
    return " ".join(words)


def _missing_words(looks: Sequence[Look]) -> Iterator[str]:
    for what, group in groupby(looks):
        count = len(list(group))
        word = what.value if isinstance(what, Missing) else ""
        yield word if count == 1 else f"{word}x{count}"


def _number_words(values: Sequence[float]) -> Iterator[str]:
    at = 0
    while at < len(values):
        length, step_size = _run(values[at:])
        yield _run_word(values[at], step_size, length)
        at += length


def _run(values: Sequence[float]) -> tuple[int, float]:
    """How many values from the first on follow one step, and the step; two different values are no run yet."""
    if len(values) < 2:
        return 1, 0.0
    size = values[1] - values[0]
    length = 1
    while length < len(values) and values[0] + size * length == values[length]:
        length += 1
    if length < 2 or (length == 2 and size):
        return 1, 0.0
    return length, size


def _run_word(first: float, size: float, length: int) -> str:
    if length == 1:
        return _number(first)
    sign = "-" if size < 0 else "+"
    return _number(first) + (f"{sign}{_number(abs(size))}" if size else "") + f"x{length - 1}"


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
