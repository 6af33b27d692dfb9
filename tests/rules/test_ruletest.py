"""Rule tests tell what came out otherwise, and what is wrong with their own file."""

from pathlib import Path

import pytest

from agent.rules.evaluate import compile_rules
from agent.rules.loader import RuleSource, load_rules
from agent.rules.ruletest import run_tests
from agent.rules.ruletestfile import load_tests
from agent.rules.series import Missing, parse_series, parse_values
from agent.yamlsource import Faults

RULES = """
rules:
  - name: full
    clause: 4.1.a.3
    reading: storage_available_ratio
    warning: {below: 0.1, clear: 0.2, for: 10s}
    audience: it
    summary: {zh: 满, en: Full}
    problem: {zh: "{value}", en: "{resource} has {value}"}
    action: {zh: 清理, en: Tidy up}
"""
SERIES = 'storage_available_ratio{mountpoint="/home"}'


def run(values, expectations, catalogue, owners, step):
    text = (
        f"rule_files: [rules.yaml]\ninterval: 5s\ntests:\n  - name: t\n    input_series:\n"
        f"      - series: '{SERIES}'\n        values: '{values}'\n    alert_rule_test: {expectations}\n"
    )
    file = load_tests(Path("t.yaml"), catalogue, text)
    rules = load_rules([RuleSource(path="rules.yaml", text=RULES)], catalogue)
    return [str(fault) for fault in run_tests(file, compile_rules(rules, catalogue, owners), catalogue, step)]


FIRING = "{severity: warning, resource: {mountpoint: /home}}"


@pytest.mark.parametrize(
    ("values", "seconds", "alerts"),
    [
        ("0.05x2", 5, ""),
        ("0.05x2", 10, FIRING),
        ("0.05x2", 5, "{severity: warning, resource: {mountpoint: /home}, state: pending}"),
        ("0.05x2 0.15x9", 30, FIRING),
        ("0.05x2 0.2x9", 15, ""),
        ("0.05x2 _x9", 30, FIRING),
        ("0.05x2 failedx9", 30, FIRING),
        ("0.05x2 suspectx9", 30, FIRING),
        ("0.05 suspectx9", 30, ""),
        ("0.05x2 stale", 15, ""),
        ("_x3 0.05x2", 25, FIRING),
        ("0.3-0.1x9", 40, FIRING),
    ],
)
def test_looks_go_through_evaluation_and_life(  # a row of the table and three fixtures
    values, seconds, alerts, catalogue, owners, step
):
    """Missing, suspect and failed looks hold an alert; an unplugged resource ends it."""
    expectation = f"[{{eval_time: {seconds}s, alertname: full, exp_alerts: [{alerts}]}}]"
    assert run(values, expectation, catalogue, owners, step) == []


def test_a_difference_is_told_with_both_sides(catalogue, owners, step):
    """The line is that of the expectation."""
    expectations = f"""
      - {{eval_time: 10s, alertname: full}}
      - {{eval_time: 5s, alertname: full, exp_alerts: [{FIRING}]}}
      - {{eval_time: 0s, alertname: fool}}
      - eval_time: 10s
        alertname: full
        exp_alerts:
          - severity: warning
            resource: {{mountpoint: /home}}
            exp_problem: {{en: /home has 4 %}}"""
    assert run("0.05x9", expectations, catalogue, owners, step) == [
        "t.yaml:11:1: t, at 0s: there is no rule `fool`; expected one of the rule files",
        "t.yaml:10:1: t, at 5s: full: expected firing warning (mountpoint=/home); got no alert",
        "t.yaml:9:1: t, at 10s: full: expected no alert; got firing warning (mountpoint=/home)",
        "t.yaml:15:1: t, at 10s: full: expected the problem in en to be “/home has 4 %”; got “/home has 5 %”",
    ]


def test_faults_of_a_test_file_are_told_at_once(catalogue):
    """Each at its place."""
    text = """rule_files: [../computer.yaml]
interval: 5
tests:
  - name: t
    input_series:
      - {series: fan_stalled, values: 1y2}
      - {series: 'fan_staled{chip="a", fan="b"}', values: _x3}
      - {series: 'cpu_usage_ratio{', values: 1}
    alert_rule_test:
      - {eval_time: 1m, alertname: full, exp_alert: []}
      - {eval_time: 1m, alertname: full, exp_alerts: [{severity: severe}]}
"""
    with pytest.raises(Faults) as caught:
        load_tests(Path("t.yaml"), catalogue, text)
    assert [str(fault) for fault in caught.value.faults] == [
        "t.yaml:2:11: `5` has no unit; write 5s if seconds are meant",
        "t.yaml:6:18: fan_stalled has the labels chip, fan; expected each of them once",
        "t.yaml:6:39: `1y2` is not in the series notation; expected the like of 45x10, 20+5x6, _x3 or stale",
        "t.yaml:7:18: no probe gives the reading `fan_staled`",
        't.yaml:8:18: `cpu_usage_ratio{` is not a series; expected the like of fan_stalled{chip="nct6775", fan="fan1"}',
        "t.yaml:10:42: unknown key `exp_alert`; did you mean `exp_alerts`?",
        "t.yaml:11:66: `severe` is not known here; expected one of warning, critical",
    ]


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("1 2.5 -3", [1, 2.5, -3]),
        ("1x2", [1, 1, 1]),
        ("1+2x2", [1, 3, 5]),
        ("5-2x2", [5, 3, 1]),
        ("-1-1x1", [-1, -2]),
        ("_ _x2", [Missing.NOT_READ] * 3),
        ("stale failedx2", [Missing.STALE, Missing.FAILED, Missing.FAILED]),
        ("", []),
    ],
)
def test_the_notation_is_promtools(text, looks):
    """The number after x counts what follows the first value; after `_` it counts looks."""
    assert parse_values(text) == looks


@pytest.mark.parametrize("text", ["1+2", "x", "1xx", "--1", "1x9999999", "1x99999 1x99999"])
def test_what_is_not_in_the_notation_is_told(text):
    """A step without a count, a word, and far too many values."""
    assert isinstance(parse_values(text), str)


def test_labels_come_in_the_order_of_the_declaration(catalogue):
    """Written in any order, with escaped quotes."""
    assert parse_series('fan_stalled{fan="a\\"b,", chip="c"}', catalogue) == (
        "fan_stalled",
        (("chip", "c"), ("fan", 'a"b,')),
    )
