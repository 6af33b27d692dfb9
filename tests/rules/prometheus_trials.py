"""Trials of exported rules: series and the alerts they should raise, put before promtool."""

from pathlib import Path

import yaml

from agent.readings import Labels, resource_name
from agent.rules.reader import Reader
from agent.rules.rule import Rule
from agent.rules.texts import render
from tests.rules.promtool import promtool


def series(metric: str, labels: Labels, values: str) -> dict[str, str]:
    inside = ",".join(f'{name}="{value}"' for name, value in (*labels, ("instance", "seat-7:9847")))
    return {"series": f"endpoint_{metric}{{{inside}}}", "values": values}


def alert_of(rule: Rule, resource: Labels, value: float, labels: Labels, reader: Reader) -> dict[str, object]:
    """The alert that Prometheus is expected to show, its words rendered by the agent."""
    level = rule.levels[-1]
    words = render(
        rule,
        reader.language,
        severity=level.severity,
        spec=reader.catalogue[rule.reading],
        resource=resource,
        value=value,
        limit=level.limit,
        it_contact=reader.it_contact,
    )
    own = {"severity": level.severity.value, "clause": rule.clause, "rule": rule.name, "audience": rule.audience.value}
    return {
        "exp_labels": {**dict(labels), "instance": "seat-7:9847", **own},
        "exp_annotations": {
            "summary": words.title,
            "description": words.problem,
            "action": words.action,
            "runbook_url": f"https://runbooks.example.com/{rule.name}.md",
        },
    }


def trial(inputs: list[dict[str, str]], alert: str, at: str, expected: list[dict[str, object]]) -> dict[str, object]:
    return {
        "interval": "5s",
        "input_series": inputs,
        "alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": expected}],
    }


def tried(tmp_path: Path, exported: str, trials: list[dict[str, object]]) -> str:
    """What promtool objects to in the rules and in the trials."""
    (tmp_path / "rules.yaml").write_text(exported)
    test = {"rule_files": ["rules.yaml"], "evaluation_interval": "5s", "tests": trials}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(test, allow_unicode=True))
    return promtool("check", "rules", tmp_path / "rules.yaml") or promtool("test", "rules", tmp_path / "test.yaml")


def values_of(rule: Rule, value: float) -> str:
    """Five samples that end in the value, or in the growth."""
    return f"7 7 7 7 {7 + value}" if rule.increase_over_seconds else f"{value}x4"


def state_of(rule: Rule, resource: Labels, values: str) -> dict[str, str]:
    severity = rule.levels[-1].severity.value
    own = (("rule", rule.name), ("clause", rule.clause), ("severity", severity))
    return series("alert_state", (*own, *about(resource)), values)


def about(resource: Labels) -> Labels:
    """The state's one label for the resource; Prometheus drops an empty one."""
    return (("resource", resource_name(resource)),) if resource else ()
