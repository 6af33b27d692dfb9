"""The shipped rules keep what their own tests in rules/tests promise, and every rule is tested there."""

import pytest

from agent.probes import PROBES
from agent.rules.evaluate import compile_rules
from agent.rules.loader import RuleSource, advise, load_rules, rule_sources, shipped_rules_dir
from agent.rules.ruletest import run_tests
from agent.rules.ruletestfile import load_tests

TESTS = sorted((shipped_rules_dir() / "tests").glob("*.yaml"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(path, catalogue, owners, step):
    """Every expectation of the test file holds."""
    file = load_tests(path, catalogue)
    rules = load_rules([RuleSource(path=str(name)) for name in file.rule_files], catalogue)
    assert run_tests(file, compile_rules(rules, catalogue, owners), catalogue, step) == ()


def test_every_rule_is_tested(catalogue):
    """Each rule has a test at which it fires, and one at which it does not."""
    firing: set[str] = set()
    silent: set[str] = set()
    for path in TESTS:
        for test in load_tests(path, catalogue).tests:
            for expectation in test.expectations:
                (firing if expectation.alerts else silent).add(expectation.alertname)
    names = {rule.name for rule in load_rules(rule_sources(None), catalogue)}
    assert firing == silent == names


def test_the_rules_need_no_advice(catalogue):
    """Nothing in them waits shorter than its probe looks, flaps, or hides what stops work."""
    intervals = {metric.name: probe.every_seconds for probe in PROBES for metric in probe.metrics}
    assert advise(load_rules(rule_sources(None), catalogue), intervals) == []
