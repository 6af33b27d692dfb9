"""The shipped rules keep what their own tests in rules/tests promise, and every rule is tested there."""

import pytest

from agent.probes import PROBES
from agent.rules.evaluate import compile_rules
from agent.rules.loader import RuleSource, advise, load_rules, rule_sources, shipped_rules_dir
from agent.rules.procedure import load_procedure
from agent.rules.rule import Severity
from agent.rules.ruletest import run_tests
from agent.rules.ruletestfile import load_tests
from agent.rules.texts import action_of

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


def _told(rule, language):
    return action_of(rule, language, Severity.CRITICAL)


def test_a_fault_of_data_transfer_says_stop_check_connection_and_encryption_and_where_it_lies(catalogue):
    """Clause 3.3.c, for every critical rule of the clauses that it sums up, in both languages."""
    rules = load_rules(rule_sources(None), catalogue)
    source = RuleSource(path=str(shipped_rules_dir() / "procedure.yaml"))
    of = load_procedure(source, catalogue).clauses["3.3.c"].of
    transfer = [rule for rule in rules if rule.clause in of and rule.levels[-1].severity is Severity.CRITICAL]
    assert {rule.name for rule in transfer} >= {
        "network-cable",
        "fault-beyond",
        "business-unreachable",
        "business-loss",
    }
    for rule in transfer:
        chinese, english = _told(rule, "zh"), _told(rule, "en").lower()
        assert chinese.startswith("请立即停止操作。"), rule.name
        assert english.startswith("stop work now. "), rule.name
        assert ("连接" in chinese, "加密" in chinese, "故障在" in rule.problem["zh"]) == (True,) * 3, rule.name
        assert ("connection" in english, "encrypt" in english, "fault is" in rule.problem["en"]) == (True,) * 3, (
            rule.name
        )


def test_only_growth_names_a_time(catalogue):
    """A check says these words after some seconds: a gauge's text that claimed ten minutes would be untrue there."""
    for rule in load_rules(rule_sources(None), catalogue):
        if rule.increase_over_seconds is None:
            said = rule.problem["zh"] + rule.problem["en"]
            assert ("分钟" in said, "minute" in said) == (False, False), rule.name
