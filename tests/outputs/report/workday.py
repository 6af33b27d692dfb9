"""A working day recorded through the real output: what the report's tests and a look in the browser are made from."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

from agent.alerts.alert import Alert, AlertKey, Change, Message, Silence, State, Transition, Update
from agent.outputs.journal.retention import Retention
from agent.outputs.journal_output import JournalOutput
from agent.readings import ProbeResult, ProbeStatus, Reading, Snapshot
from agent.rules.rule import Audience, Outcome, Rule, Severity, Verdict

RETENTION = Retention(days=730, size_bytes=100_000_000)
ZONE = timezone(timedelta(hours=8))
MORNING = datetime(2025, 3, 3, 8, 0, tzinfo=ZONE)
CLAUSES = {
    "cpu-overheating": "4.1.a.1",
    "display-lost": "4.1.a.2",
    "memory-short": "4.1.a.3",
    "gateway-loss": "4.1.a.4",
    "phone-quality": "4.1.b.1",
    "server-unreachable": "4.1.c.2",
}
STATEMENTS = {
    "4.1.a.1": "电脑硬件：无过热、无异响",
    "4.1.a.2": "显示器：画面稳定，颜色正常",
    "4.1.a.3": "系统：运行流畅，不卡顿",
    "4.1.a.4": "网络连接稳定，信号满足工作需要",
    "4.1.b.1": "电话：无杂音，通话清晰",
    "4.1.c.2": "网络设备：不中断、不延迟",
}
_HOT = AlertKey(rule="cpu-overheating", severity=Severity.CRITICAL, resource=(("chip", "k10temp"), ("sensor", "Tctl")))
_WARM = AlertKey(rule="cpu-overheating", severity=Severity.WARNING, resource=_HOT.resource)
_LOSS = AlertKey(rule="gateway-loss", severity=Severity.WARNING, resource=(("target", "gateway"), ("role", "gateway")))
_MESSAGES = {
    _HOT: Message(
        title="处理器过热",
        problem="处理器距极限温度只剩 3.2 °C，限值 5 °C。",
        action="停止工作，通知 IT（分机 8600）。",
    ),
    _WARM: Message(title="处理器偏热", problem="处理器距极限温度只剩 11.5 °C，限值 15 °C。", action="请告知 IT。"),
    _LOSS: Message(title="到网关的丢包偏高", problem="丢包率 6.3 %，限值 2 %。", action="请告知 IT。"),
}
_RULES = {
    name: Rule(
        name=name,
        clause=clause,
        reading="x",
        match=(),
        levels=(),
        audience=Audience.OPERATOR,
        summary={},
        problem={},
        action={},
        defined_at="r.yaml:1",
    )
    for name, clause in CLAUSES.items()
}
_ALERTS = (
    # key, fired, ended in minutes after eight; the loss is still there in the evening
    (_WARM, 118, 171),
    (_HOT, 125, 139),
    (_LOSS, 492, None),
)


def at(minutes: float) -> datetime:
    return MORNING + timedelta(minutes=minutes)


def record_day(path: str) -> None:
    """From eight to half past five, with lunch asleep, an unclean end, two checks and three alerts."""
    output = JournalOutput(path, now=at(0), clause_states=_clause_states, retention=RETENTION)
    _start(output, 0, "boot-1")
    output.publish(_update(0.1))
    _check(output, 3, "normal", closing=False)
    for question, answer in (("电脑有异常噪音吗？", "没有"), ("画面稳定、颜色正常吗？", "是")):
        output.record_answer(at=at(4), question=question, answer=answer, user="王小明", clause="4.1.a.1")
    _run(output, 1, 240)
    output.record_suspend(at=at(285), seconds=45 * 60)
    _run(output, 285, 380)
    crashed, output = output, JournalOutput(path, now=at(402), clause_states=_clause_states, retention=RETENTION)
    _start(output, 402, "boot-2")
    _run(output, 402, 566)
    output.record_silenced(
        Silence(rule="display-lost", until=at(560), reason="更换显示器线 <b>", by="李工", created_at=at(470))
    )
    output.record_rules(at=at(475), rules_hash="9f2c51d0", user="root")
    _check(output, 566, "warning", closing=True)
    output.record_correction(3, at=at(567), reason="口误", user="王小明", right="有轻微噪音")
    _run(output, 567, 569)
    output.record_stop(at=at(570), reason="SIGTERM")
    output.close()
    crashed.close()


def _start(output: JournalOutput, minutes: float, boot_id: str) -> None:
    output.record_start(at=at(minutes), version="0.1.0", boot_id=boot_id, config_hash="c1", rules_hash="r1")


def _check(output: JournalOutput, minutes: float, verdict: str, *, closing: bool) -> None:
    found = {"rule": "gateway-loss", "verdict": verdict, "summary": "到网关的丢包偏高", "problem": "丢包率 6.3 %。"}
    reasons = [] if verdict == "normal" else [{"text": "风扇：本机无法测量", "detail": "fan_stalled: no fan sensor"}]
    clauses = [{"clause": "4.1.a.4", "verdict": verdict, "rules": [found], "reasons": reasons}]
    output.record_check(at=at(minutes), result={"verdict": verdict, "clauses": clauses}, user="王小明", closing=closing)


def _run(output: JournalOutput, first: float, last: float) -> None:
    for half_minute in range(int(first * 2), int(last * 2)):
        minutes = half_minute / 2
        output.publish(_update(minutes))
        if minutes == 127:
            output.record_seen(_HOT, at=at(minutes), user="王小明")
            output.record_acknowledged(_HOT, at=at(minutes + 0.4), user="王小明")
            output.record_acknowledged(_WARM, at=at(minutes + 0.4), user="王小明")


def _update(minutes: float) -> Update:
    begun = [_transition(key, Change.FIRING, minutes) for key, fired, _ in _ALERTS if fired == minutes]
    ended = [_transition(key, Change.RESOLVED, minutes) for key, _, end in _ALERTS if end == minutes]
    firing = [key for key, fired, end in _ALERTS if fired <= minutes and (end is None or minutes < end)]
    return Update(
        snapshot=_snapshot(minutes),
        rules=_RULES,
        verdicts=tuple(_verdict(name, minutes) for name in CLAUSES),
        alerts=tuple(_alert(key, minutes) for key in firing),
        transitions=(*begun, *ended),
        announced=(*begun, *ended),
    )


def _clause_states(update: Update) -> dict[str, str]:
    """The rulebook's part, for a procedure of one rule a clause."""
    unknown = {verdict.rule for verdict in update.verdicts if verdict.outcome is Outcome.UNKNOWN}
    states = {clause: "unknown" if rule in unknown else "normal" for rule, clause in CLAUSES.items()}
    for alert in sorted(update.alerts, key=lambda alert: alert.key.severity is Severity.CRITICAL):
        states[CLAUSES[alert.key.rule]] = alert.key.severity.value
    return states


def _verdict(rule: str, minutes: float) -> Verdict:
    is_unknown = rule == "phone-quality" and minutes < 60
    outcome = Outcome.UNKNOWN if is_unknown else Outcome.OK
    return Verdict(rule=rule, severity=Severity.WARNING, resource=(), outcome=outcome, limit=1)


def _alert(key: AlertKey, minutes: float) -> Alert:
    return Alert(key=key, state=State.FIRING, value=3.2, limit=5, active_at=at(minutes), fired_at=at(minutes))


def _transition(key: AlertKey, change: Change, minutes: float) -> Transition:
    return Transition(
        alert=_alert(key, minutes),
        change=change,
        before=State.PENDING,
        after=State.FIRING,
        at=at(minutes),
        value=3.2,
        message=_MESSAGES[key],
    )


def _snapshot(minutes: float) -> Snapshot:
    wave = math.sin(minutes / 40) + 0.4 * math.sin(minutes * 1.7)
    heat = 33 * math.exp(-(((minutes - 132) / 14) ** 2))
    loss = 0.063 if minutes >= 492 else 0.0
    temperature = _reading("temperature_celsius", 55 + 4 * wave + heat, chip="k10temp", sensor="Tctl", component="cpu")
    paths = [
        reading
        for target, base in (("gateway", 0.002), ("crm", 0.024))
        for reading in (
            _reading("ping_round_trip_seconds", base * (1 + 0.2 * wave) + loss / 2, target=target, role="business"),
            _reading("ping_loss_ratio", loss if target == "gateway" else loss * 0.8, target=target, role="business"),
        )
    ]
    results = {"temperature": _result(minutes, (temperature,)), "ping": _result(minutes, tuple(paths))}
    return Snapshot(taken_at=at(minutes), results=results)


def _reading(metric: str, value: float, **labels: str) -> Reading:
    return Reading(metric=metric, value=value, labels=tuple(labels.items()))


def _result(minutes: float, readings: tuple[Reading, ...]) -> ProbeResult:
    return ProbeResult(
        probe="", status=ProbeStatus.SUCCESS, readings=readings, started_at=at(minutes), duration_seconds=0.0
    )
