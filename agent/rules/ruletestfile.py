"""The file of a rule test, in the shape of promtool's, to frozen values; faults are told with their places.

    rule_files: [../computer.yaml]
    interval: 5s
    tests:
      - name: a hot processor stops the work
        input_series:
          - series: 'temperature_headroom_celsius{chip="coretemp", sensor="Core 0", component="cpu"}'
            values: 40x12 3x20
        alert_rule_test:
          - eval_time: 80s
            alertname: cpu-overheating
            exp_alerts:
              - severity: critical
                resource: {chip: coretemp, sensor: Core 0, component: cpu}
                exp_summary: {en: Processor is too hot}

An `eval_time` without `exp_alerts` expects none. Firing alerts are compared; pending ones too where one is expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.readings import Labels, MetricSpec
from agent.rules.rule import Severity
from agent.rules.series import Look, parse_series, parse_values
from agent.rules.texts import LANGUAGES
from agent.yamlsource import Findings, Node, Section, parse, read_file, read_section, read_text

TEXT_KEYS = {"exp_summary": "title", "exp_problem": "problem", "exp_action": "action"}
"""What a test may expect people to read, and where `Words` has it."""

STATES = ("firing", "pending")


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSeries:
    """What one reading shows, look by look."""

    metric: str
    labels: Labels
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAlert:
    """An alert that must be there. `texts`: (field of `Words`, language, text)."""

    severity: str
    resource: Labels
    state: str
    texts: tuple[tuple[str, str, str], ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What one rule must show at a time since the first look."""

    eval_seconds: float
    alertname: str
    alerts: tuple[ExpectedAlert, ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest:
    """Readings and what must come of them."""

    name: str
    series: tuple[InputSeries, ...]
    expectations: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTestFile:
    """One test file; `rule_files` are resolved against its own folder."""

    path: str
    rule_files: tuple[Path, ...]
    interval_seconds: float
    tests: tuple[RuleTest, ...]


def load_tests(path: Path, catalogue: Mapping[str, MetricSpec], text: str | None = None) -> RuleTestFile:
    """The tests of one file, or of the text in its place.

    Raises:
        Faults: everything that is wrong in it.
    """
    findings = Findings(str(path))
    if text is None:
        text = read_file(path, findings)
    node = parse(text, findings) if text is not None else None
    top = read_section(findings, node, ("rule_files", "interval", "tests")) if node is not None else None
    if node is None:
        findings.raise_if_any()
        findings.at(1, 1, "the file is empty; expected `rule_files` and `tests`")
    file = RuleTestFile(path=str(path), rule_files=(), interval_seconds=5.0, tests=())
    if top is not None and top.require("rule_files", "tests"):
        names = (read_text(findings, item) for item in top.items("rule_files"))
        file = RuleTestFile(
            path=str(path),
            rule_files=tuple(path.parent / name for name in names if name is not None),
            interval_seconds=_interval(top),
            tests=tuple(_test(findings, item, catalogue) for item in top.items("tests")),
        )
    findings.raise_if_any()
    return file


def _interval(top: Section) -> float:
    seconds = top.duration("interval")
    if seconds is None:
        return 5.0
    if seconds == 0 and (node := top.node("interval")) is not None:
        top.findings.add(node, "no time between two looks; expected the like of 5s")
    return seconds


def _test(findings: Findings, item: Node, catalogue: Mapping[str, MetricSpec]) -> RuleTest:
    section = read_section(findings, item, ("name", "input_series", "alert_rule_test"))
    if section is None or not section.require("name", "input_series", "alert_rule_test"):
        return RuleTest(name="", series=(), expectations=())
    series = (_series(findings, node, catalogue) for node in section.items("input_series"))
    expectations = (_expectation(findings, node) for node in section.items("alert_rule_test"))
    return RuleTest(
        name=section.text("name") or "",
        series=tuple(one for one in series if one is not None),
        expectations=tuple(one for one in expectations if one is not None),
    )


def _series(findings: Findings, item: Node, catalogue: Mapping[str, MetricSpec]) -> InputSeries | None:
    section = read_section(findings, item, ("series", "values"))
    if section is None or not section.require("series", "values"):
        return None
    name, values = section.text("series"), _values(section)
    named = parse_series(name, catalogue) if name is not None else None
    looks = parse_values(values) if values is not None else None
    for key, outcome in (("series", named), ("values", looks)):
        node = section.node(key)
        if isinstance(outcome, str) and node is not None:
            findings.add(node, outcome)
    if named is None or looks is None or isinstance(named, str) or isinstance(looks, str):
        return None
    return InputSeries(metric=named[0], labels=named[1], looks=tuple(looks))


def _values(section: Section) -> str | None:
    """The notation, which may look like a number: `values: 3` is one look."""
    node = section.node("values")
    return getattr(node, "text", None) or section.text("values")


def _expectation(findings: Findings, item: Node) -> Expectation | None:
    section = read_section(findings, item, ("eval_time", "alertname", "exp_alerts"))
    if section is None or not section.require("eval_time", "alertname"):
        return None
    alerts = (_alert(findings, node) for node in section.items("exp_alerts"))
    return Expectation(
        eval_seconds=section.duration("eval_time") or 0.0,
        alertname=section.text("alertname") or "",
        alerts=tuple(alert for alert in alerts if alert is not None),
        line=item.line,
    )


def _alert(findings: Findings, item: Node) -> ExpectedAlert | None:
    section = read_section(findings, item, ("severity", "resource", "state", *TEXT_KEYS))
    if section is None or not section.require("severity"):
        return None
    return ExpectedAlert(
        severity=section.choice("severity", tuple(severity.value for severity in Severity)) or "",
        resource=tuple(_pairs(section.section("resource", None))),
        state=section.choice("state", STATES) or STATES[0],
        texts=tuple(
            (field, language, text)
            for key, field in TEXT_KEYS.items()
            for language, text in _pairs(section.section(key, LANGUAGES))
        ),
        line=item.line,
    )


def _pairs(section: Section | None) -> list[tuple[str, str]]:
    """Keys and texts; an empty text is allowed here, as labels may be."""
    if section is None:
        return []
    pairs = ((key.text, section.text(key.text)) for key, _ in section.table.entries)
    return [(key, text) for key, text in pairs if text is not None]
