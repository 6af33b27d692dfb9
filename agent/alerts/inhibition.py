"""What the policy holds back on one computer, as inhibition rules for Alertmanager.

`endpoint_alert_state` shows every alert that fires, effects of a cause included: which of them people are told about is
decided where people are told. These rules decide there as `policy.py` does here, but for what a server cannot see:
causes that are still pending, the minute after a sleep, and silences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml

from agent.alerts.policy import causes_of
from agent.rules.rule import Audience, Rule, Severity

_HEADER = """\
# Written by `device-health rules export alertmanager`; edit the rule files and write it again.
# A cause hides its effects on the same computer, if it is as severe and reaches as many people.
"""

_Inhibition = dict[str, list[str]]


def export_inhibition(rules: Mapping[str, Rule]) -> str:
    """The `inhibit_rules` of an Alertmanager configuration, as YAML."""
    entries = [_WORSE_LEVEL, *_explained(rules)]
    return _HEADER + yaml.safe_dump({"inhibit_rules": entries}, sort_keys=False, allow_unicode=True, width=120)


_WORSE_LEVEL: _Inhibition = {
    "source_matchers": ['severity="critical"'],
    "target_matchers": ['severity="warning"'],
    "equal": ["instance", "rule", "resource"],
}
"""Beside a critical, the same matter's warning says nothing."""


def _explained(rules: Mapping[str, Rule]) -> Iterator[_Inhibition]:
    """One entry for all effects that the same causes explain at the same severity."""
    effects: dict[tuple[tuple[str, ...], Severity], list[str]] = {}
    for rule in rules.values():
        causes = tuple(sorted(name for name in causes_of(rule.name, rules) if _is_heard(name, rule, rules)))
        for severity in {level.severity for level in rule.levels} if causes else ():
            effects.setdefault((causes, severity), []).append(rule.name)
    for (causes, severity), names in sorted(effects.items(), key=lambda item: (item[1], item[0][1].value)):
        cause = [f'rule=~"{"|".join(causes)}"', *(['severity="critical"'] if severity is Severity.CRITICAL else [])]
        effect = [f'rule=~"{"|".join(sorted(names))}"', f'severity="{severity.value}"']
        yield {"source_matchers": cause, "target_matchers": effect, "equal": ["instance"]}


def _is_heard(cause: str, effect: Rule, rules: Mapping[str, Rule]) -> bool:
    """Whether everyone who must hear the effect hears the cause."""
    found = rules.get(cause)
    return found is not None and (found.audience is Audience.OPERATOR or effect.audience is Audience.IT)
