"""Readings to verdicts: every level of every rule on every resource it watches, in one pass over the readings.

`compile_rules` arranges the rules once; `evaluate` gives the same verdicts for the same arguments. What it keeps
between calls are verdicts already built, so that a reading that stands still costs a comparison and makes no garbage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.readings import Labels, MetricKind, MetricSpec, ProbeResult, ProbeStatus, Reading, Snapshot
from agent.rules.growth import Growth
from agent.rules.rule import Outcome, Rule, Verdict

Known = Mapping[str, frozenset[Labels]]
"""Resources seen before, by metric: those of earlier cycles, of earlier runs, and of the alerts that live."""

MOST_SERIES = 4096
"""Resources whose last verdicts are kept; a machine has some hundreds, but names may come and go for ever."""

SENSOR_LOST = "sensor lost: the probe works and no longer shows it"
NOT_YET = "not measured yet"
NOT_NOW = "not measured now: other readings of it are there"
ONE_LOOK = "growth cannot be told from one look"


@dataclass(slots=True, kw_only=True)
class _Watch:
    """One rule on one resource, and its last verdicts."""

    rule: Rule
    labels: Labels
    value: float | None = None
    reason: str | None = None
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRules:
    """Rules arranged for evaluation.

    `probe_of` names the probe that gives each watched metric; `windows` are the spans of growth to keep, by metric.
    """

    rules: tuple[Rule, ...]
    by_metric: Mapping[str, tuple[Rule, ...]]
    probe_of: Mapping[str, str]
    removable: frozenset[str]
    windows: Mapping[str, tuple[float, ...]]
    watches: dict[tuple[str, Labels], tuple[_Watch, ...]] = field(default_factory=dict, repr=False, compare=False)
    missing: dict[tuple[str, Labels, Outcome, str], tuple[Verdict, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )


def compile_rules(
    rules: Sequence[Rule], catalogue: Mapping[str, MetricSpec], owners: Mapping[str, str]
) -> CompiledRules:
    """Arrange the rules; `owners` is the probe's name by metric."""
    by_metric: dict[str, list[Rule]] = {}
    windows: dict[str, set[float]] = {}
    for rule in rules:
        by_metric.setdefault(rule.reading, []).append(rule)
        if catalogue[rule.reading].kind is MetricKind.COUNTER and rule.increase_over_seconds is not None:
            windows.setdefault(rule.reading, set()).add(rule.increase_over_seconds)
    return CompiledRules(
        rules=tuple(rules),
        by_metric={metric: tuple(found) for metric, found in by_metric.items()},
        probe_of={metric: owners[metric] for metric in by_metric},
        removable=frozenset(metric for metric in by_metric if catalogue[metric].removable),
        windows={metric: tuple(sorted(found)) for metric, found in windows.items()},
    )


def remembered(compiled: CompiledRules, known: Known, snapshot: Snapshot) -> Known:
    """What is known after a cycle: the same object when the cycle showed nothing new."""
    new: dict[str, set[Labels]] = {}
    for reading in snapshot.readings():
        if reading.metric in compiled.by_metric and reading.labels not in known.get(reading.metric, ()):
            new.setdefault(reading.metric, set()).add(reading.labels)
    if not new:
        return known
    return {**known, **{metric: known.get(metric, frozenset()) | labels for metric, labels in new.items()}}


def evaluate(compiled: CompiledRules, snapshot: Snapshot, known: Known, growth: Growth) -> tuple[Verdict, ...]:
    """The verdict on each level of each rule, for every resource that is or was there.

    A known resource that is not there is unknown with the reason, or gone where it can be unplugged, its probe works
    and nothing else is read of it. A rule whose probe cannot answer and which knows no resource has one unknown
    verdict, about no resource.
    """
    verdicts: list[Verdict] = []
    seen: set[tuple[str, Labels]] = set()
    by_metric = compiled.by_metric
    for result in snapshot.results.values():
        for reading in result.readings:
            if reading.metric in by_metric:
                key = (reading.metric, reading.labels)
                seen.add(key)
                watches = compiled.watches.get(key)
                for watch in _new_watches(compiled, key) if watches is None else watches:
                    verdicts.extend(_judge(watch, reading, growth))
    for metric, rules in by_metric.items():
        verdicts.extend(_missing(compiled, metric, rules, snapshot, known.get(metric, frozenset()), seen))
    return tuple(verdicts)


def _new_watches(compiled: CompiledRules, key: tuple[str, Labels]) -> tuple[_Watch, ...]:
    metric, labels = key
    if len(compiled.watches) >= MOST_SERIES:
        compiled.watches.clear()
    watches = tuple(_Watch(rule=rule, labels=labels) for rule in compiled.by_metric[metric] if _matches(rule, labels))
    compiled.watches[key] = watches
    return watches


def _matches(rule: Rule, labels: Labels) -> bool:
    return all(pair in labels for pair in rule.match)


def _judge(watch: _Watch, reading: Reading, growth: Growth) -> tuple[Verdict, ...]:
    rule, reason = watch.rule, reading.suspect
    value: float | None = reading.value
    if rule.increase_over_seconds is not None:
        value = growth.increase(reading.metric, reading.labels, rule.increase_over_seconds)
        if value is None and reason is None:
            reason = ONE_LOOK
    if value != watch.value or reason != watch.reason or not watch.verdicts:
        watch.value, watch.reason = value, reason
        watch.verdicts = (
            _without_value(rule, watch.labels, Outcome.UNKNOWN, reason or ONE_LOOK)
            if reason is not None or value is None
            else _with_value(rule, watch.labels, value)
        )
    return watch.verdicts


def _with_value(rule: Rule, labels: Labels, value: float) -> tuple[Verdict, ...]:
    return tuple(
        Verdict(
            rule=rule.name,
            severity=level.severity,
            resource=labels,
            outcome=Outcome.BREACH if level.is_breached_by(value) else Outcome.OK,
            value=value,
            limit=level.limit,
            is_clear=level.is_cleared_by(value),
        )
        for level in rule.levels
    )


def _without_value(rule: Rule, labels: Labels, outcome: Outcome, reason: str) -> tuple[Verdict, ...]:
    return tuple(
        Verdict(
            rule=rule.name, severity=level.severity, resource=labels, outcome=outcome, limit=level.limit, reason=reason
        )
        for level in rule.levels
    )


def _missing(  # all of the look is needed to say why something is not in it
    compiled: CompiledRules,
    metric: str,
    rules: tuple[Rule, ...],
    snapshot: Snapshot,
    known: frozenset[Labels],
    seen: set[tuple[str, Labels]],
) -> Iterator[Verdict]:
    """Verdicts on what is known and not there, and on rules that know nothing because their probe cannot answer."""
    result = snapshot.results.get(compiled.probe_of[metric])
    for labels in known:
        if (metric, labels) not in seen:
            outcome, reason = _why_missing(result, labels, is_removable=metric in compiled.removable)
            for rule in rules:
                if _matches(rule, labels):
                    yield from _kept(compiled, rule, labels, outcome, reason)
    if result is not None and result.status is not ProbeStatus.SUCCESS:
        for rule in rules:
            if not any(_matches(rule, labels) for labels in known):
                yield from _kept(compiled, rule, (), Outcome.UNKNOWN, _reason(result))


def _kept(compiled: CompiledRules, rule: Rule, labels: Labels, outcome: Outcome, reason: str) -> tuple[Verdict, ...]:
    key = (rule.name, labels, outcome, reason)
    verdicts = compiled.missing.get(key)
    if verdicts is None:
        if len(compiled.missing) >= MOST_SERIES:
            compiled.missing.clear()
        verdicts = compiled.missing[key] = _without_value(rule, labels, outcome, reason)
    return verdicts


def _why_missing(result: ProbeResult | None, labels: Labels, *, is_removable: bool) -> tuple[Outcome, str]:
    if result is None:
        return Outcome.UNKNOWN, NOT_YET
    if result.status is not ProbeStatus.SUCCESS:
        return Outcome.UNKNOWN, _reason(result)
    # An error that names the resource means that it is there and cannot be read.
    for error in result.errors:
        if any(value and value in error for _, value in labels):
            return Outcome.UNKNOWN, error
    if not is_removable:
        return Outcome.UNKNOWN, SENSOR_LOST
    is_there = any(reading.labels == labels for reading in result.readings)
    return (Outcome.UNKNOWN, NOT_NOW) if is_there else (Outcome.GONE, "")


def _reason(result: ProbeResult) -> str:
    return result.reason or f"the probe {result.probe} {result.status.value.replace('_', ' ')}"
