"""The numbers behind a clause as the status page shows them: value, limit, state, curve, and when it was checked.

Verdicts of the last cycle in, a row for each rule out, the resource that is worst off first. Nothing is read here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from agent.alerts.alert import Update
from agent.readings import Labels, MetricSpec
from agent.rulebook import Rulebook
from agent.rules.clause import WORST_FIRST, ClauseState, Standing
from agent.rules.rule import Outcome, Rule, Severity, Side, Threshold, Verdict
from agent.rules.subjects import measure
from agent.rules.texts import NO_VALUE, name_for_people
from agent.rules.units import is_yes_or_no, show
from agent.trends import Trends, Watched

Json = dict[str, object]

_EXPECTED = {"zh": "应为{}", "en": "expected: {}"}
_LIMIT = {"zh": "限值 {}", "en": "limit {}"}
_IN_WINDOW = {"zh": "{}（{} 内）", "en": "{} (in {})"}
_SEVERITY = {Standing.WARNING: Severity.WARNING, Standing.CRITICAL: Severity.CRITICAL}
_SIGN = {Side.ABOVE: "≤ ", Side.BELOW: "≥ "}
_MOST_RESOURCES = 24
"""Of one rule on the page: a machine with more has them in `readings`; faults come first, so none is cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the rows are made of: the rules in the reader's language, the last cycle, the curves."""

    rulebook: Rulebook
    update: Update
    trends: Trends
    by_rule: Mapping[str, Mapping[Labels, Verdict]]


def shown(rulebook: Rulebook, update: Update, trends: Trends) -> Shown:
    """The verdicts arranged by rule and resource, one for all levels; what was unplugged is left out."""
    by_rule: dict[str, dict[Labels, Verdict]] = {}
    for verdict in update.verdicts:
        if verdict.outcome is not Outcome.GONE:
            by_rule.setdefault(verdict.rule, {})[verdict.resource] = verdict
    return Shown(rulebook=rulebook, update=update, trends=trends, by_rule=by_rule)


def measures(names: Iterable[str], state: ClauseState, what: Shown) -> list[Json]:
    """A row for each of these rules that has anything to judge; faults first, else in the rules' order."""
    standings = {(finding.rule, finding.resource): finding.standing for finding in state.findings}
    rows = [
        _row(what.rulebook.by_name[name], found, standings, what)
        for name in names
        if (found := what.by_rule.get(name)) is not None
    ]
    return sorted(rows, key=lambda row: _rank(str(row["verdict"])))


def _row(rule: Rule, found: Mapping[Labels, Verdict], standings: Mapping[Watched, Standing], what: Shown) -> Json:
    resources = [
        _resource(rule, verdict, standings.get((rule.name, verdict.resource), Standing.UNKNOWN), what)
        for verdict in sorted(found.values(), key=lambda verdict: _nearness(rule, verdict, standings))
    ]
    spec = what.rulebook.catalogue[rule.reading]
    return {
        "rule": rule.name,
        "name": _name(rule, spec, what.rulebook.reader.language),
        "verdict": resources[0]["verdict"],
        "checked_at": _checked_at(rule, what),
        "resources": resources[:_MOST_RESOURCES],
    }


def _nearness(rule: Rule, verdict: Verdict, standings: Mapping[Watched, Standing]) -> tuple[int, float]:
    """Faults first, then what lies nearest to the limit."""
    standing = standings.get((rule.name, verdict.resource), Standing.UNKNOWN)
    level = rule.levels[0]
    if verdict.value is None:
        return (WORST_FIRST.index(standing), 0.0)
    margin = level.limit - verdict.value if level.side is Side.ABOVE else verdict.value - level.limit
    return (WORST_FIRST.index(standing), margin)


def _resource(rule: Rule, verdict: Verdict, standing: Standing, what: Shown) -> Json:
    language = what.rulebook.reader.language
    spec = what.rulebook.catalogue[rule.reading]
    level = _level(rule, standing)
    has_value = verdict.value is not None and math.isfinite(verdict.value)
    return {
        "resource": _name_of(rule, verdict.resource, language),
        "verdict": standing.value,
        "value": show(spec, verdict.value, language) if has_value and verdict.value is not None else NO_VALUE[language],
        "limit": _limit(spec, level, language),
        "limit_value": level.limit,
        "reason": verdict.reason,
        "curve": _rounded(what.trends.curve((rule.name, verdict.resource))),
    }


def _name_of(rule: Rule, resource: Labels, language: str) -> str:
    """The resource's name; empty for this computer as a whole, which every row is about."""
    name = name_for_people(rule, resource, language)
    return "" if name == name_for_people(rule, (), language) else name


def _level(rule: Rule, standing: Standing) -> Threshold:
    """The level that is breached, or the first that would be."""
    wanted = _SEVERITY.get(standing)
    return next((level for level in rule.levels if level.severity is wanted), rule.levels[0])


def _limit(spec: MetricSpec, level: Threshold, language: str) -> str:
    """What is expected: `limit ≥ 15 °C`, or a yes or no."""
    if is_yes_or_no(spec):
        return _EXPECTED[language].format(show(spec, 0.0 if level.side is Side.ABOVE else 1.0, language))
    return _LIMIT[language].format(_SIGN[level.side] + show(spec, level.limit, language))


def _name(rule: Rule, spec: MetricSpec, language: str) -> str:
    name = measure(rule.reading, rule.match, language)
    if rule.increase_over_seconds is None:
        return name
    minutes = f"{rule.increase_over_seconds / 60:g} {'分钟' if language == 'zh' else 'min'}"
    return _IN_WINDOW[language].format(name, minutes)


def _checked_at(rule: Rule, what: Shown) -> str | None:
    result = what.update.snapshot.results.get(what.rulebook.providers.get(rule.reading, ""))
    return result.started_at.isoformat() if result is not None else None


def _rounded(curve: Iterable[float | None]) -> list[float | None]:
    """Four digits are more than a sparkline can show, and the document stays small; cut where nothing was known yet."""
    values = list(curve)
    first = next((index for index, value in enumerate(values) if value is not None), len(values))
    return [None if value is None else float(f"{value:.4g}") for value in values[first:]]


def _rank(verdict: str) -> int:
    return WORST_FIRST.index(Standing(verdict))


def unmeasured(what: Shown) -> Iterator[Json]:
    """Every probe that gives nothing now, with its reason in its own words."""
    for result in what.update.snapshot.results.values():
        said = [result.reason, *result.errors] if result.reason else list(result.errors)
        if said:
            yield {
                "probe": result.probe,
                "status": result.status.value,
                "reason": "; ".join(said),
                "checked_at": result.started_at.isoformat(),
            }
