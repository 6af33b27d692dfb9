"""The shipped rules as Prometheus takes them, in every language and form."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from agent.looking import CATALOGUE
from agent.rules.loader import load_rules, rule_sources
from agent.rules.prometheus_export import export_readings, export_state
from agent.rules.reader import Reader
from agent.rules.rule import Rule, Side
from tests.rules.prometheus_trials import about, alert_of, series, state_of, trial, tried, values_of
from tests.rules.promtool import needs_promtool

RULES = {rule.name: rule for rule in load_rules(rule_sources(None), CATALOGUE)}
Export = Callable[[Mapping[str, Rule], Reader], str]

pytestmark = [
    needs_promtool,
    pytest.mark.parametrize("export", [export_state, export_readings], ids=lambda export: export.__name__),
    pytest.mark.parametrize("language", ["zh", "en"]),
]


def at_once(rule: Rule) -> Rule:
    """The rule with its hardest level only, which fires without waiting."""
    return replace(rule, levels=(replace(rule.levels[-1], for_seconds=0.0),))


def beyond(rule: Rule) -> float:
    """A value a little past the limit."""
    level = rule.levels[-1]
    return level.limit + (1 if level.side is Side.ABOVE else -1) * (abs(level.limit) / 8 or 1)


def test_promtool_finds_nothing_wrong_with_the_shipped_rules(tmp_path: Path, export: Export, language: str) -> None:
    assert tried(tmp_path, export(RULES, Reader(catalogue=CATALOGUE, language=language)), []) == ""


@pytest.mark.slow
def test_every_shipped_rule_says_what_the_agent_says(tmp_path: Path, export: Export, language: str) -> None:
    reader = Reader(catalogue=CATALOGUE, language=language, it_contact="1234")
    rules = {name: at_once(rule) for name, rule in RULES.items()}
    trials = []
    for rule in rules.values():
        match, value = dict(rule.match), beyond(rule)
        resource = tuple((name, match.get(name, f"some {name}")) for name in CATALOGUE[rule.reading].labels)
        inputs = [series(rule.reading, resource, values_of(rule, value)), state_of(rule, resource, "2x4")]
        labels = about(resource) if export is export_state else resource
        trials.append(trial(inputs, rule.name, "20s", [alert_of(rule, resource, value, labels, reader)]))
    assert tried(tmp_path, export(rules, reader), trials) == ""
