"""A procedure of five clauses with two rules, loaded by the agent's own loaders."""

from datetime import UTC, datetime

from agent.readings import Labels, MetricKind, MetricSpec, ProbeResult, ProbeStatus, Reading, Snapshot
from agent.rules.clause import Evidence, Finding, Standing
from agent.rules.loader import RuleSource, load_rules
from agent.rules.procedure import load_procedure
from agent.rules.reader import Reader

CATALOGUE = {
    "temperature_headroom_celsius": MetricSpec(
        name="temperature_headroom_celsius", help="Headroom", source="test", labels=("chip", "component")
    ),
    "display_drops_total": MetricSpec(
        name="display_drops_total", help="Drops", source="test", labels=("connector",), kind=MetricKind.COUNTER
    ),
}

PROCEDURE = load_procedure(
    RuleSource(
        path="procedure.yaml",
        text="""\
sections: {readiness: {zh: 上岗前, en: Before work}, computer: {zh: 电脑, en: Computer}, phone: {zh: 电话, en: Phone}}
questions:
  noise: {ask: {zh: 没有异响吗？, en: No odd noise?}, denied: {zh: 电脑有异响, en: The computer makes odd noise}}
  lights: {ask: {zh: 指示灯正常吗？, en: Lights normal?}, denied: {zh: 指示灯异常, en: Odd lights}}
denied_action: {zh: "请停止工作并通知 IT：{it_contact}", en: "Stop work and notify IT: {it_contact}"}
clauses:
  - {clause: 2.2.a, section: readiness, statement: {zh: 一切正常, en: All is well}, by: rules, of: [4.1.a.1, 4.1.a.2]}
  - clause: 2.2.b
    section: readiness
    statement: {zh: 已更新, en: Up to date}
    by: none
    answer: {zh: 本版本尚不能, en: Not yet by this version}
  - clause: 4.1.a.1
    section: computer
    statement: {zh: 没有异响、没有过热, en: No odd noise and no overheating}
    by: rules
    needs: [{reading: temperature_headroom_celsius, match: {component: cpu}}]
    ask: [noise]
  - clause: 4.1.a.2
    section: computer
    statement: {zh: 画面稳定, en: A steady picture}
    by: rules
    optional: [display_drops_total]
    cannot_tell: [{part: {zh: 背光, en: The backlight}, reason: {zh: 没有传感器, en: no sensor}}]
  - clause: 4.1.b.2
    section: phone
    statement: {zh: 指示灯正常, en: Normal indicator lights}
    by: person
    ask: [lights]
""",
    ),
    CATALOGUE,
)

RULES = {
    rule.name: rule
    for rule in load_rules(
        [
            RuleSource(
                path="computer.yaml",
                text="""\
rules:
  - name: cpu-hot
    clause: 4.1.a.1
    reading: temperature_headroom_celsius
    match: {component: cpu}
    warning: {below: 15, clear: 20, for: 60s}
    critical: {below: 5, clear: 10, for: 15s}
    audience: operator
    summary: {zh: 处理器过热, en: Processor too hot}
    problem: {zh: "{resource} 离上限只有 {value}", en: "{resource} is {value} below its limit"}
    action: {zh: "保存文件，通知 {it_contact}", en: "Save your work and notify {it_contact}"}
  - name: display-drops
    clause: 4.1.a.2
    reading: display_drops_total
    increase_over: 10m
    warning: {above: 2}
    audience: it
    summary: {zh: "屏幕 {resource} 断开", en: "Screen {resource} dropped out"}
    problem: {zh: "断开 {value}", en: "Dropped out {value}"}
    action: {zh: 检查线缆, en: Check the cable}
""",
            )
        ],
        CATALOGUE,
    )
}

NOW = datetime(2025, 3, 4, 8, 30, tzinfo=UTC)
CPU: Labels = (("chip", "k10temp"), ("component", "cpu"))
SNAPSHOT = Snapshot(
    taken_at=NOW,
    results={
        "temperature": ProbeResult(
            probe="temperature",
            status=ProbeStatus.SUCCESS,
            readings=(Reading(metric="temperature_headroom_celsius", value=3, labels=CPU),),
            started_at=NOW,
            duration_seconds=0.01,
        )
    },
)
HOT = Finding(rule="cpu-hot", resource=CPU, standing=Standing.CRITICAL, value=3, limit=5)
STEADY = Finding(rule="display-drops", resource=(("connector", "DP-1"),), standing=Standing.NORMAL, value=0, limit=2)
EVIDENCE = Evidence(snapshot=SNAPSHOT, findings=(HOT, STEADY))
ENGLISH = Reader(catalogue=CATALOGUE, language="en", it_contact="ext. 1234")
CHINESE = Reader(catalogue=CATALOGUE, language="zh")
