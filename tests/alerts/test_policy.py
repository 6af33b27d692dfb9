"""Who is told what: one cause, no effects; no recoveries of what was never said."""

from collections.abc import Sequence

from agent.alerts.alert import Alert, Change, Silence, State, Transition
from agent.alerts.policy import Policy, causes_of
from agent.rules.rule import Audience, Severity
from tests.alerts.examples import alert, at, render, rule

Said = list[tuple[Change, str, str]]


def said(
    policy: Policy,
    alerts: Sequence[Alert],
    ended: Sequence[Alert] = (),
    *,
    silences: Sequence[Silence] = (),
    elapsed: float = 5,
    now: float = 0,
) -> Said:
    """What the policy announces for these live alerts and these that just ended."""
    ends = [
        Transition(
            alert=one,
            change=Change.RESOLVED,
            before=State.FIRING,
            after=State.INACTIVE,
            at=at(now),
            value=1,
            message=render(rule(one.key.rule), one),
        )
        for one in ended
    ]
    told = policy.announce(alerts, ends, silences, elapsed, at(now))
    return [(t.change, t.alert.key.rule, t.alert.key.severity.value) for t in told]


WARNING = alert(State.FIRING, severity=Severity.WARNING)
CRITICAL = alert(State.FIRING)


def test_a_firing_alert_is_told_once_and_its_end_once() -> None:
    """The beginning is said in one cycle only, and so is the end."""
    policy = Policy([rule()], render)
    assert said(policy, [CRITICAL]) == [(Change.FIRING, "hot", "critical")]
    assert said(policy, [CRITICAL]) == []
    assert said(policy, [], [CRITICAL]) == [(Change.RESOLVED, "hot", "critical")]
    assert said(policy, [], [CRITICAL]) == []


def test_pending_is_never_told() -> None:
    """Nobody hears of what is only pending."""
    assert said(Policy([rule()], render), [alert(State.PENDING)]) == []


def test_a_warning_is_not_told_beside_its_critical() -> None:
    """Critical alone is said; the warning is said when critical ends and it still holds; a joint end is one."""
    policy = Policy([rule()], render)
    assert said(policy, [WARNING, CRITICAL]) == [(Change.FIRING, "hot", "critical")]
    assert said(policy, [WARNING], [CRITICAL]) == [
        (Change.RESOLVED, "hot", "critical"),
        (Change.FIRING, "hot", "warning"),
    ]
    assert said(policy, [WARNING, CRITICAL]) == [(Change.FIRING, "hot", "critical")]
    assert said(policy, [], [WARNING, CRITICAL]) == [(Change.RESOLVED, "hot", "critical")]
    assert policy.told == set()


def test_a_firing_cause_explains_its_effects() -> None:
    """Only the cause is told; an effect that outlives it is told then; an untold end is not said."""
    rules = [rule("cable"), rule("gateway", depends_on=("cable",)), rule("server", depends_on=("gateway",))]
    policy = Policy(rules, render)
    cable, gateway, server = (alert(State.FIRING, name) for name in ("cable", "gateway", "server"))
    assert said(policy, [server, gateway, cable]) == [(Change.FIRING, "cable", "critical")]
    assert said(policy, [server, gateway], [cable]) == [
        (Change.RESOLVED, "cable", "critical"),
        (Change.FIRING, "gateway", "critical"),
    ]
    assert said(policy, [], [server, gateway]) == [(Change.RESOLVED, "gateway", "critical")]


def test_an_effect_waits_a_minute_for_a_pending_cause() -> None:
    """While the cause is pending the effect is held, a minute at most."""
    policy = Policy([rule("cable"), rule("gateway", depends_on=("cable",))], render)
    live = [alert(State.PENDING, "cable"), alert(State.FIRING, "gateway", since=100)]
    assert said(policy, live, now=120) == []
    assert said(policy, live, now=160) == [(Change.FIRING, "gateway", "critical")]


def test_a_silenced_rule_is_told_when_the_silence_is_over() -> None:
    """Silence mutes until its time; what still fires then is told."""
    policy = Policy([rule()], render)
    silence = Silence(rule="hot", until=at(60), reason="fan ordered", by="li", created_at=at(0))
    assert said(policy, [CRITICAL], silences=[silence], now=59) == []
    assert said(policy, [CRITICAL], silences=[silence], now=60) == [(Change.FIRING, "hot", "critical")]


def test_after_a_sleep_operators_are_left_alone_for_a_minute() -> None:
    """Operator alerts wait 60 s of waking time; IT's do not."""
    policy = Policy([rule(), rule("disk", audience=Audience.IT)], render)
    policy.hold()
    disk = alert(State.FIRING, "disk", Severity.WARNING)
    assert said(policy, [CRITICAL, disk]) == [(Change.FIRING, "disk", "warning")]
    assert said(policy, [CRITICAL, disk], elapsed=50) == []
    assert said(policy, [CRITICAL, disk], elapsed=5) == [(Change.FIRING, "hot", "critical")]


def test_what_was_told_before_a_restart_is_not_told_again() -> None:
    """An alert known as told is silent, and its end is said."""
    policy = Policy([rule()], render, told=[CRITICAL.key])
    assert said(policy, [CRITICAL]) == []
    assert said(policy, [], [CRITICAL]) == [(Change.RESOLVED, "hot", "critical")]


def test_causes_are_transitive_and_survive_a_circle() -> None:
    """Causes of causes count; a rule never explains itself."""
    rules = {
        one.name: one
        for one in (rule("a", depends_on=("b",)), rule("b", depends_on=("c",)), rule("c", depends_on=("a",)))
    }
    assert causes_of("a", rules) == {"b", "c"}
