"""Who is told what: one cause, no effects; no recoveries of what was never said."""

from collections.abc import Sequence
from dataclasses import replace

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
    assert said(policy, [CRITICAL, disk], elapsed=55) == []
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


def test_a_warning_never_hides_stop_work() -> None:
    """A cause that is only a warning explains warnings; a critical effect is told, and the critical cause hides it."""
    rules = [rule("gpu"), rule("resets", depends_on=("gpu",))]
    warm, hot = alert(State.FIRING, "gpu", Severity.WARNING), alert(State.FIRING, "gpu")
    odd, reset = alert(State.FIRING, "resets", Severity.WARNING), alert(State.FIRING, "resets")
    assert said(Policy(rules, render), [warm, odd]) == [(Change.FIRING, "gpu", "warning")]
    assert said(Policy(rules, render), [warm, reset]) == [
        (Change.FIRING, "gpu", "warning"),
        (Change.FIRING, "resets", "critical"),
    ]
    assert said(Policy(rules, render), [hot, reset]) == [(Change.FIRING, "gpu", "critical")]


def test_what_only_it_hears_explains_nothing_to_operators() -> None:
    """An operator's warning is told beside its cause that is for IT; the other way round it is hidden."""
    for cause, effect, expected in (
        (Audience.IT, Audience.OPERATOR, ["cause", "effect"]),
        (Audience.OPERATOR, Audience.IT, ["cause"]),
        (Audience.IT, Audience.IT, ["cause"]),
    ):
        policy = Policy([rule("cause", audience=cause), rule("effect", audience=effect, depends_on=("cause",))], render)
        both = [alert(State.FIRING, name, Severity.WARNING) for name in ("cause", "effect")]
        assert [name for _, name, _ in said(policy, both)] == expected


def test_an_effect_that_is_already_clear_is_not_told() -> None:
    """When the cause is mended its effects are only kept firing; one that breaches again is told."""
    policy = Policy([rule("cable"), rule("gateway", depends_on=("cable",), keep=60)], render)
    cable, gateway = alert(State.FIRING, "cable"), alert(State.FIRING, "gateway")
    clearing = replace(gateway, clear_seconds=5.0)
    assert said(policy, [cable, clearing]) == [(Change.FIRING, "cable", "critical")]
    assert said(policy, [clearing], [cable]) == [(Change.RESOLVED, "cable", "critical")]
    assert said(policy, [gateway]) == [(Change.FIRING, "gateway", "critical")]


def test_a_level_that_a_reload_took_away_is_told_again() -> None:
    """An alert that ended without a word is no longer told; when its level is back it is news."""
    policy = Policy([rule()], render)
    assert said(policy, [CRITICAL]) == [(Change.FIRING, "hot", "critical")]
    policy.replace_rules([rule(severities=(Severity.WARNING,))])
    assert said(policy, []) == []
    policy.replace_rules([rule()])
    assert said(policy, [CRITICAL]) == [(Change.FIRING, "hot", "critical")]


def test_the_cycle_that_ends_a_sleep_spends_none_of_the_hold() -> None:
    """However long that cycle was awake before the sleep, operators are left alone after it."""
    policy = Policy([rule()], render)
    policy.hold()
    assert said(policy, [CRITICAL], elapsed=600) == []
    assert said(policy, [CRITICAL], elapsed=60) == [(Change.FIRING, "hot", "critical")]


def test_a_doubt_is_told_once_and_not_under_a_silence() -> None:
    """Of two levels the worse one says that it cannot be told; a silenced rule says nothing."""
    silence = Silence(rule="hot", until=at(60), reason="fan ordered", by="li", created_at=at(0))
    for silences, expected in (([], [Severity.CRITICAL]), ([silence], [])):
        policy = Policy([rule()], render, told=[WARNING.key, CRITICAL.key])
        doubts = [doubt(one) for one in (WARNING, CRITICAL)]
        told = policy.announce([t.alert for t in doubts], doubts, silences, 5, at(0))
        assert [t.alert.key.severity for t in told] == expected


def test_a_warning_does_not_end_beside_its_critical() -> None:
    """While critical is told and fires, nobody hears that its warning ended; critical's end is the end of both."""
    policy = Policy([rule()], render, told=[WARNING.key, CRITICAL.key])
    assert said(policy, [CRITICAL], [WARNING]) == []
    assert said(policy, [], [CRITICAL]) == [(Change.RESOLVED, "hot", "critical")]


def doubt(about: Alert) -> Transition:
    marked = replace(about, cannot_tell=True)
    return Transition(
        alert=marked,
        change=Change.CANNOT_TELL,
        before=State.FIRING,
        after=State.FIRING,
        at=at(0),
        value=marked.value,
        message=render(rule(), marked),
    )
