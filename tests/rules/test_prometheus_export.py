"""The rules as Prometheus alerting rules, tried in Prometheus' own rule tester."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from agent.readings import Labels, MetricKind, MetricSpec
from agent.rules.loader import RuleSource, load_rules
from agent.rules.prometheus_export import Extras, export_readings, export_state
from agent.rules.promql import duration
from agent.rules.reader import Reader
from tests.rules.prometheus_trials import about, alert_of, series, state_of, trial, tried, values_of
from tests.rules.promtool import needs_promtool


def spec(name: str, *labels: str, kind: MetricKind = MetricKind.GAUGE, **bounds: float) -> MetricSpec:
    return MetricSpec(name=name, help="Help", source="test", labels=labels, kind=kind, **bounds)


CATALOGUE = {
    one.name: one
    for one in (
        spec("temperature_headroom_celsius", "chip", "sensor", "component"),
        spec("display_drops_total", "connector", kind=MetricKind.COUNTER),
        spec("ping_round_trip_seconds", "target", "role"),
        spec("ping_loss_ratio", "target", "role"),
        spec("network_speed_bytes_per_second", "device"),
        spec("network_carrier", "device", lowest=0, highest=1),
        spec("cpu_load_per_core"),
    )
}
TEXTS = """
    summary: {zh: "{resource} 有问题", en: "Trouble with {resource}"}
    problem: {zh: "现在 {value}，限值 {limit}，50%", en: "Now {value}, limit {limit}, 50%"}
    action: {zh: "请通知 {it_contact}", en: "Notify {it_contact}"}
"""
RULES_TEXT = f"""
rules:
  - name: hot
    clause: 4.1.a.1
    reading: temperature_headroom_celsius
    match: {{component: cpu}}
    warning: {{below: 15, clear: 20, for: 10s}}
    critical: {{below: 5, clear: 10}}
    keep_firing_for: 15s
    audience: operator{TEXTS}
  - name: drops
    clause: 4.1.a.2
    reading: display_drops_total
    increase_over: 20s
    warning: {{above: 0}}
    audience: it{TEXTS}
  - name: slow
    clause: 4.1.c.2
    reading: ping_round_trip_seconds
    match: {{role: gateway}}
    warning: {{above: 0.15}}
    audience: it{TEXTS}
  - name: loss
    clause: 4.1.c.2
    reading: ping_loss_ratio
    warning: {{above: 0.03}}
    audience: it{TEXTS}
  - name: speed
    clause: 4.1.c.1
    reading: network_speed_bytes_per_second
    warning: {{below: 12500000}}
    audience: it{TEXTS}
  - name: link
    clause: 4.1.c.1
    reading: network_carrier
    warning: {{below: 1}}
    audience: it{TEXTS}
  - name: load
    clause: 4.1.a.3
    reading: cpu_load_per_core
    warning: {{above: 2}}
    audience: it{TEXTS}
"""
RULES = {rule.name: rule for rule in load_rules([RuleSource(path="test.yaml", text=RULES_TEXT)], CATALOGUE)}
CPU: Labels = (("chip", "k10temp"), ("sensor", "Tctl"), ("component", "cpu"))
CASES = [
    ("hot", CPU, 3.04),
    ("hot", CPU, -0.125),
    ("drops", (("connector", "DP-1"),), 1),
    ("drops", (("connector", "DP-1"),), 4),
    ("slow", (("target", "gateway"), ("role", "gateway")), 0.3456),
    ("loss", (("target", "crm"), ("role", "business")), 0.0417),
    ("loss", (("target", "crm"), ("role", "business")), 1),
    ("speed", (("device", "enp3s0"),), 1_250_000),
    ("link", (("device", "enp3s0"),), 0),
    ("load", (), 12.34),
]


def another(resource: Labels) -> Labels:
    """A neighbour, which no text may speak of."""
    return (*((name, f"other {value}") for name, value in resource[:1]), *resource[1:])


@needs_promtool
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_alert_on_the_state_says_what_the_agent_says(tmp_path: Path, language: str) -> None:
    reader = Reader(catalogue=CATALOGUE, language=language, it_contact="1234")
    trials = []
    for name, resource, value in CASES:
        rule = RULES[name]
        inputs = [state_of(rule, resource, "1 1 2 2 2"), series(rule.reading, resource, values_of(rule, value))]
        if resource:
            inputs.append(series(rule.reading, another(resource), values_of(rule, value + 99)))
        trials.append(trial(inputs, name, "20s", [alert_of(rule, resource, value, about(resource), reader)]))
    assert tried(tmp_path, export_state(RULES, reader), trials) == ""


@needs_promtool
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_alert_on_the_reading_says_what_the_agent_says(tmp_path: Path, language: str) -> None:
    reader = Reader(catalogue=CATALOGUE, language=language, it_contact="1234")
    trials = []
    for name, resource, value in CASES:
        rule = RULES[name]
        alerts = [alert_of(rule, resource, value, resource, reader)]
        if len(rule.levels) > 1:  # the warning holds as well, with its own limit in the text
            softer = replace(rule, levels=rule.levels[:1])
            alerts.append(alert_of(softer, resource, value, resource, reader))
        trials.append(trial([series(rule.reading, resource, values_of(rule, value))], name, "20s", alerts))
    assert tried(tmp_path, export_readings(RULES, reader), trials) == ""


@needs_promtool
def test_an_alert_on_the_state_without_its_reading_says_so(tmp_path: Path) -> None:
    """A firing alert is kept while its sensor is lost; the text must not show a neighbour's value."""
    rule, reader = RULES["hot"], Reader(catalogue=CATALOGUE, language="en")
    inputs = [state_of(rule, CPU, "2x4"), series(rule.reading, another(CPU), "40x4")]
    expected = alert_of(rule, CPU, 0, about(CPU), reader)
    expected["exp_annotations"] = {
        "summary": "Trouble with k10temp Tctl",
        "description": "Now no reading, limit 5 °C, 50%",
        "action": "Stop work now. Notify your IT department",
        "runbook_url": "https://runbooks.example.com/hot.md",
    }
    assert tried(tmp_path, export_state(RULES, reader), [trial(inputs, "hot", "20s", [expected])]) == ""


@needs_promtool
@pytest.mark.parametrize("export", [export_state, export_readings], ids=lambda export: export.__name__)
def test_an_alert_speaks_a_second_language_and_links_to_its_runbook(tmp_path: Path, export: Callable[..., str]) -> None:
    """The first language keeps the plain names; the runbook's address is made of the rule's name."""
    rule, (zh, en) = RULES["slow"], (Reader(catalogue=CATALOGUE, language=name) for name in ("zh", "en"))
    resource: Labels = (("target", "gateway"), ("role", "gateway"))
    inputs = [state_of(rule, resource, "2x4"), series(rule.reading, resource, "0.3x4")]
    expected = alert_of(rule, resource, 0.3, about(resource) if export is export_state else resource, zh)
    expected["exp_annotations"] = {
        "summary": "gateway 有问题",
        "description": "现在 300 ms，限值 150 ms，50%",
        "action": "请通知 IT 部门",
        "summary_en": "Trouble with gateway",
        "description_en": "Now 300 ms, limit 150 ms, 50%",
        "action_en": "Notify your IT department",
        "runbook_url": "https://it.example.org/slow/how",
    }
    exported = export({"slow": rule}, zh, Extras(runbooks="https://it.example.org/{rule}/how", beside=en))
    assert tried(tmp_path, exported, [trial(inputs, "slow", "20s", [expected])]) == ""


@needs_promtool
def test_a_pending_state_raises_no_alert(tmp_path: Path) -> None:
    exported = export_state(RULES, Reader(catalogue=CATALOGUE, language="en"))
    inputs = [state_of(RULES["hot"], CPU, "1x4")]
    assert tried(tmp_path, exported, [trial(inputs, "hot", "20s", [])]) == ""


def test_the_form_on_readings_carries_limits_and_waiting_times() -> None:
    exported = export_readings(RULES, Reader(catalogue=CATALOGUE, language="en"))
    entries = [
        {key: rule[key] for key in ("alert", "expr", "for", "keep_firing_for") if key in rule}
        for group in yaml.safe_load(exported)["groups"][:2]
        for rule in group["rules"]
    ]
    drops = "endpoint_display_drops_total"
    assert entries == [
        {
            "alert": "hot",
            "expr": 'endpoint_temperature_headroom_celsius{component="cpu"} < 15.0',
            "for": "10s",
            "keep_firing_for": "15s",
        },
        {
            "alert": "hot",
            "expr": 'endpoint_temperature_headroom_celsius{component="cpu"} < 5.0',
            "keep_firing_for": "15s",
        },
        {"alert": "drops", "expr": f"({drops} - min_over_time({drops}[20s])) > 0.0"},
    ]


@pytest.mark.parametrize(("seconds", "written"), [(90, "90s"), (1.5, "1500ms"), (0.25, "250ms")])
def test_a_duration_is_written_in_whole_units(seconds: float, written: str) -> None:
    assert duration(seconds) == written
