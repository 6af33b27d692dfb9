"""One rule and its parts, for the tests of alerts."""

from datetime import UTC, datetime, timedelta

from agent.alerts.alert import Alert, AlertKey, Message, State
from agent.readings import Labels
from agent.rules.rule import Audience, Outcome, Rule, Severity, Side, Threshold, Verdict

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PACKAGE: Labels = (("chip", "coretemp"), ("sensor", "Package id 0"))


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def threshold(severity: Severity = Severity.CRITICAL, for_seconds: float = 15) -> Threshold:
    return Threshold(severity=severity, side=Side.BELOW, limit=5, clear=10, for_seconds=for_seconds)


def rule(
    name: str = "hot",
    *,
    depends_on: tuple[str, ...] = (),
    audience: Audience = Audience.OPERATOR,
    keep: float = 0,
    severities: tuple[Severity, ...] = (Severity.WARNING, Severity.CRITICAL),
    for_seconds: float = 0,
) -> Rule:
    text = {"zh": name, "en": name}
    return Rule(
        name=name,
        clause="4.1.a.1",
        reading="temperature_headroom_celsius",
        match=(),
        levels=tuple(threshold(severity, for_seconds) for severity in severities),
        keep_firing_seconds=keep,
        depends_on=depends_on,
        audience=audience,
        summary=text,
        problem=text,
        action=text,
        defined_at="test.yaml:1",
    )


def verdict(
    outcome: Outcome,
    value: float | None = None,
    name: str = "hot",
    severity: Severity = Severity.CRITICAL,
    resource: Labels = PACKAGE,
) -> Verdict:
    """A verdict whose value follows its outcome: breach 3, ok 12 and clear."""
    usual = {Outcome.OK: 12.0, Outcome.BREACH: 3.0}.get(outcome)
    value = usual if value is None else value
    return Verdict(
        rule=name,
        severity=severity,
        resource=resource,
        outcome=outcome,
        value=value,
        limit=5,
        is_clear=outcome is Outcome.OK and value is not None and value >= 10,
    )


def alert(
    state: State,
    name: str = "hot",
    severity: Severity = Severity.CRITICAL,
    since: float = 0,
    resource: Labels = PACKAGE,
) -> Alert:
    return Alert(
        key=AlertKey(rule=name, severity=severity, resource=resource),
        state=state,
        value=3.0,
        limit=5,
        active_at=at(since),
        fired_at=at(since) if state is State.FIRING else None,
    )


def render(of_rule: Rule, of_alert: Alert) -> Message:
    return Message(title=f"{of_rule.name} {of_alert.key.severity.value}", problem=f"{of_alert.value}", action="call IT")
