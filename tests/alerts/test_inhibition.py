"""The inhibition rules for Alertmanager hold back what the agent's own policy holds back."""

import re
from itertools import permutations

import yaml

from agent.alerts.alert import Alert, State
from agent.alerts.inhibition import export_inhibition
from agent.alerts.policy import Policy
from agent.looking import CATALOGUE
from agent.readings import Labels
from agent.rules.loader import load_rules, rule_sources
from agent.rules.rule import Rule, Severity
from tests.alerts.examples import alert, at, render

RULES = {rule.name: rule for rule in load_rules(rule_sources(None), CATALOGUE)}
HERE: Labels = (("chip", "one"),)
THERE: Labels = (("chip", "two"),)


def labels_of(one: Alert) -> dict[str, str]:
    """As Prometheus gives them to Alertmanager."""
    resource = ", ".join(f"{name}={value}" for name, value in one.key.resource)
    own = {"rule": one.key.rule, "severity": one.key.severity.value, "resource": resource}
    return {**own, "audience": RULES[one.key.rule].audience.value, "instance": "seat-7"}


def matches(matchers: list[str], labels: dict[str, str]) -> bool:
    """Whether all matchers hold; `=~` is anchored in Alertmanager."""
    for matcher in matchers:
        name, operator, value = re.fullmatch(r'(\w+)(=~?)"(.*)"', matcher).groups()  # type: ignore[union-attr]
        wanted = value if operator == "=~" else re.escape(value)
        if not re.fullmatch(wanted, labels.get(name, "")):
            return False
    return True


def is_inhibited(effect: Alert, cause: Alert, entries: list[dict[str, list[str]]]) -> bool:
    source, target = labels_of(cause), labels_of(effect)
    return any(
        matches(entry["source_matchers"], source)
        and matches(entry["target_matchers"], target)
        and all(source[name] == target[name] for name in entry["equal"])
        for entry in entries
    )


def is_told(effect: Alert, cause: Alert) -> bool:
    """Whether the policy tells people of the effect while the cause fires."""
    told = Policy(RULES.values(), render).announce([cause, effect], [], [], 5, at(0))
    return effect.key in {transition.alert.key for transition in told}


def every_alert(rules: dict[str, Rule]) -> list[Alert]:
    return [
        alert(State.FIRING, name=rule.name, severity=level.severity) for rule in rules.values() for level in rule.levels
    ]


def test_alertmanager_hides_what_the_policy_hides() -> None:
    """For every two alerts of the shipped rules on one resource."""
    entries = yaml.safe_load(export_inhibition(RULES))["inhibit_rules"]
    pairs = list(permutations(every_alert(RULES), 2))
    hidden = {(e.key, c.key) for e, c in pairs if is_inhibited(e, c, entries)}
    assert hidden == {(e.key, c.key) for e, c in pairs if not is_told(e, c)}
    assert len(hidden) > 100


def test_a_critical_on_another_resource_hides_no_warning() -> None:
    """Two disks may be hot at once; each is told."""
    entries = yaml.safe_load(export_inhibition(RULES))["inhibit_rules"]
    warning = alert(State.FIRING, name="disk-overheating", severity=Severity.WARNING, resource=HERE)
    critical = alert(State.FIRING, name="disk-overheating", resource=THERE)
    assert not is_inhibited(warning, critical, entries)
