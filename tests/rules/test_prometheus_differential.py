"""The exported thresholds judge in Prometheus as they do here, but for the differences that their header names."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agent.looking import CATALOGUE
from agent.readings import Labels, MetricKind
from agent.rules.loader import load_rules, rule_sources
from agent.rules.rule import Rule, Side
from agent.rules.series import Look, Missing
from tests.rules.differential import (
    INTERVAL_SECONDS,
    Active,
    Series,
    as_it_is,
    as_prometheus_sees,
    ours,
    prometheus_objects,
    without_clear,
)
from tests.rules.promtool import needs_promtool

LONGEST_GAP = 3
"""Looks without a scrape; the agent drops what is older than three intervals, Prometheus repeats it for 5 minutes."""


@pytest.fixture(name="rules", scope="module")
def shipped_rules() -> dict[str, Rule]:
    return without_clear({rule.name: rule for rule in load_rules(rule_sources(None), CATALOGUE)})


def levels_of_value(rule: Rule) -> list[float]:
    """A good value, every limit itself, and a value beyond each."""
    away = [
        level.limit + (1 if level.side is Side.ABOVE else -1) * (abs(level.limit) or 1) / 8 for level in rule.levels
    ]
    good = rule.levels[0].limit - (away[0] - rule.levels[0].limit)
    return [good, *(level.limit for level in rule.levels), *away]


def series_of(rule: Rule, looks: list[Look]) -> Series:
    """Looks at a resource of its own that the rule watches."""
    match = dict(rule.match)
    labels = tuple((name, match.get(name, rule.name)) for name in CATALOGUE[rule.reading].labels)
    return Series(metric=rule.reading, labels=labels, looks=tuple(looks))


def counted(growths: list[float]) -> list[Look]:
    """A counter that grows so at each look; a negative growth is a restart from nothing."""
    values, value = [], 7.0
    for growth in growths:
        value = value + growth if growth >= 0 else 0.0
        values.append(value)
    return [float(value) for value in values]


def course(rule: Rule) -> list[Look]:
    """A short breach, one that fires, one through lost scrapes, and one that ends with its reading."""
    waits = int(max(level.for_seconds for level in rule.levels) // INTERVAL_SECONDS) + 2
    holds = int(rule.keep_firing_seconds // INTERVAL_SECONDS) + 2
    if CATALOGUE[rule.reading].kind is MetricKind.COUNTER:
        much = max(levels_of_value(rule)) + 1
        quiet = [0.0] * (int((rule.increase_over_seconds or 0) // INTERVAL_SECONDS) + holds)
        return counted([0, 0, much, 0.5, much, *quiet, *[much] * waits, *quiet, much, -1, 0, *[much] * waits, *quiet])
    good, bad = levels_of_value(rule)[0], levels_of_value(rule)[-1]
    gap, stale, suspect = Missing.NOT_READ, Missing.STALE, Missing.SUSPECT
    fires: list[Look] = [bad] * waits
    return [
        *[good, good, bad, good, *fires, *[good] * holds, bad, gap, gap, *fires, gap, bad, good, bad, good],
        *[stale, stale, *fires, stale, *[good] * holds, *fires, suspect, suspect, bad, *fires[: waits // 2]],
        *[stale, bad, bad, *[good] * holds],
    ]


def of_one_length(series: list[Series]) -> list[Series]:
    """The last look repeated until all are as long as the longest."""
    longest = max(len(one.looks) for one in series)
    return [
        Series(metric=one.metric, labels=one.labels, looks=(*one.looks, *[one.looks[-1]] * (longest - len(one.looks))))
        for one in series
    ]


VARIED = (
    "cpu-overheating",  # two levels below, a match, for and keep_firing_for
    "fan-stalled",  # yes or no, critical only
    "network-cable",  # can be unplugged
    "business-loss",  # two levels above
    "display-flapping",  # growth of a counter
)


@needs_promtool
@pytest.mark.parametrize(
    "names", [pytest.param(VARIED, id="varied"), pytest.param((), id="all", marks=pytest.mark.slow)]
)
def test_shipped_rules_judge_in_prometheus_as_they_do_here(
    tmp_path: Path, rules: dict[str, Rule], names: tuple[str, ...]
) -> None:
    chosen = {name: rules[name] for name in names or rules}
    series = of_one_length([series_of(rule, course(rule)) for rule in chosen.values()])
    history = ours(chosen, CATALOGUE, series, as_prometheus_sees)
    assert prometheus_objects(tmp_path, chosen, CATALOGUE, series, history) == ""
    assert {name for active in history for name, _, _, state in active if state == "firing"} == set(chosen)


@needs_promtool
def test_a_wrong_history_would_be_noticed(tmp_path: Path, rules: dict[str, Rule]) -> None:
    chosen = {"fan-stalled": rules["fan-stalled"]}
    series = [series_of(chosen["fan-stalled"], [0.0, 1.0])]
    assert "exp: nil" in prometheus_objects(tmp_path, chosen, CATALOGUE, series, [frozenset(), frozenset()])


PART = st.tuples(st.integers(0, 7), st.integers(1, 12), st.integers(0, LONGEST_GAP))
"""What is shown, for how many looks, and how many scrapes are lost after it."""

COURSES = st.lists(st.tuples(st.integers(0, 999), st.lists(PART, min_size=1, max_size=8)), min_size=1, max_size=8)
"""A rule, by its place, and what happens to what it watches."""


def drawn_looks(rule: Rule, parts: list[tuple[int, int, int]]) -> list[Look]:
    values = levels_of_value(rule)
    if CATALOGUE[rule.reading].kind is MetricKind.COUNTER:
        growths = [0.0, 0.0, 0.0, 0.0, -1.0, 0.5, max(values), max(values) + 1]
        return counted([growths[what] for what, length, _ in parts for _ in range(length)])
    shown = [*values, Missing.STALE, Missing.SUSPECT]
    looks: list[Look] = []
    for what, length, lost in parts:
        looks += [shown[what % len(shown)]] * length + [Missing.NOT_READ] * lost
    return [*looks, shown[0]]  # of_one_length repeats the last one, and a long gap is another matter


class Ground:
    """The fixtures as one value with a short repr: Hypothesis warns of a long one, and prints dataclasses whole."""

    def __init__(self, folder: Path, rules: dict[str, Rule]) -> None:
        self.folder, self.rules = folder, rules

    def __repr__(self) -> str:
        return "Ground()"


@pytest.fixture
def ground(tmp_path: Path, rules: dict[str, Rule]) -> Ground:
    return Ground(tmp_path, rules)


@needs_promtool
@pytest.mark.slow
@settings(max_examples=40, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(courses=COURSES)
def test_any_series_is_judged_in_prometheus_as_it_is_here(
    ground: Ground, courses: list[tuple[int, list[tuple[int, int, int]]]]
) -> None:
    names = list(ground.rules)
    parts_of = {names[at % len(names)]: parts for at, parts in courses}
    rules = {name: ground.rules[name] for name in parts_of}
    series = of_one_length(
        [series_of(rules[name], drawn_looks(rules[name], parts)) for name, parts in parts_of.items()]
    )
    history = ours(rules, CATALOGUE, series, as_prometheus_sees)
    assert prometheus_objects(ground.folder, rules, CATALOGUE, series, history) == ""


def states(history: list[Active], severity: str) -> list[str]:
    """The state of the one alert after each look; a dash where there is none."""
    return [next((state for _, level, _, state in active if level == severity), "-") for active in history]


@needs_promtool
def test_a_reading_that_disappears_ends_the_alert_in_prometheus_and_keeps_it_here(
    tmp_path: Path, rules: dict[str, Rule]
) -> None:
    """Also while an alert waits: here it goes on waiting, there it begins anew."""
    rule = replace(
        rules["cpu-overheating"],
        levels=tuple(replace(level, for_seconds=60) for level in rules["cpu-overheating"].levels[-1:]),
        keep_firing_seconds=0.0,
    )
    chosen = {rule.name: rule}
    bad, gone = rule.levels[0].limit - 1, Missing.STALE
    series = [series_of(rule, [bad, gone, bad, bad, bad, gone, gone, bad])]
    here = ours(chosen, CATALOGUE, series, as_it_is)
    there = ours(chosen, CATALOGUE, series, as_prometheus_sees)
    assert states(here, "critical") == [*["pending"] * 4, *["firing"] * 4]
    assert states(there, "critical") == ["pending", "-", "pending", "pending", "firing", "-", "-", "pending"]
    assert prometheus_objects(tmp_path, chosen, CATALOGUE, series, there) == ""


@needs_promtool
def test_an_alert_ends_at_its_limit_in_prometheus_and_past_its_clear_here(tmp_path: Path) -> None:
    shipped = {rule.name: rule for rule in load_rules(rule_sources(None), CATALOGUE)}["cpu-overheating"]
    rule = replace(
        shipped,
        levels=tuple(replace(level, for_seconds=0) for level in shipped.levels[-1:]),
        keep_firing_seconds=0.0,
    )
    level = rule.levels[0]
    assert level.clear > level.limit
    series = [series_of(rule, [level.limit - 1, level.limit, level.clear])]
    here = ours({rule.name: rule}, CATALOGUE, series, as_it_is)
    there = ours(without_clear({rule.name: rule}), CATALOGUE, series, as_it_is)
    assert states(here, "critical") == ["firing", "firing", "-"]
    assert states(there, "critical") == ["firing", "-", "-"]
    assert prometheus_objects(tmp_path, {rule.name: rule}, CATALOGUE, series, there) == ""


@needs_promtool
def test_a_scrape_lost_at_the_start_of_a_counters_window_hides_growth_from_prometheus(
    tmp_path: Path, rules: dict[str, Rule]
) -> None:
    """The agent knows the counter's value when the window began; Prometheus sees only samples inside it."""
    rule = replace(rules["display-flapping"], increase_over_seconds=60.0, keep_firing_seconds=0.0)
    rule = replace(rule, levels=tuple(replace(level, for_seconds=0) for level in rule.levels))
    chosen = {rule.name: rule}
    much = rule.levels[0].limit + 8
    series = [series_of(rule, [7.0, Missing.NOT_READ, much, much])]
    here = ours(chosen, CATALOGUE, series, as_it_is)
    assert states(here, "warning") == ["-", "-", "firing", "firing"]
    without = [here[0], here[1], here[2], frozenset[tuple[str, str, Labels, str]]()]
    assert prometheus_objects(tmp_path, chosen, CATALOGUE, series, without) == ""
