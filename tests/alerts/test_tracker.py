"""What the tracker remembers and says."""

from agent.alerts.alert import Alert, AlertKey, Change, State, alert_id
from agent.alerts.tracker import Tracker, worst_firing
from agent.rules.rule import Outcome, Severity
from tests.alerts.examples import PACKAGE, alert, at, render, rule, verdict


def changes(tracker: Tracker, *outcomes: Outcome, name: str = "hot") -> list[list[Change]]:
    """The changes of each cycle, five seconds apart, on the critical level."""
    return [
        [t.change for t in tracker.track([verdict(outcome, name=name)], 5, at(index * 5))]
        for index, outcome in enumerate(outcomes)
    ]


def test_a_healthy_resource_leaves_no_trace() -> None:
    """Good verdicts make no alert and no transition."""
    tracker = Tracker([rule()], render)
    assert changes(tracker, Outcome.OK, Outcome.UNKNOWN, Outcome.GONE) == [[], [], []]
    assert tracker.alerts == ()


def test_the_changes_of_a_life() -> None:
    """Pending, firing and resolved are said once each; a pending one that passes is dismissed."""
    tracker = Tracker([rule(for_seconds=5)], render)
    assert changes(tracker, Outcome.BREACH, Outcome.BREACH, Outcome.BREACH, Outcome.OK) == [
        [Change.PENDING],
        [Change.FIRING],
        [],
        [Change.RESOLVED],
    ]
    assert changes(tracker, Outcome.BREACH, Outcome.OK) == [[Change.PENDING], [Change.DISMISSED]]
    assert changes(tracker, Outcome.BREACH, Outcome.BREACH, Outcome.GONE)[-1] == [Change.GONE]


def test_a_transition_carries_the_rendered_words_and_the_new_value() -> None:
    """The end of an alert names the value that ended it."""
    tracker = Tracker([rule()], render, [alert(State.FIRING)])
    (ended,) = tracker.track([verdict(Outcome.OK, 12)], 5, at(5))
    assert (ended.before, ended.after, ended.value, ended.message.title, ended.message.problem) == (
        State.FIRING,
        State.INACTIVE,
        12,
        "hot critical",
        "12",
    )


def test_a_live_alert_without_a_verdict_is_unknown() -> None:
    """A probe that says nothing does not cure: the alert stays, and after five minutes cannot be told."""
    tracker = Tracker([rule()], render, [alert(State.FIRING)])
    said = [t.change for index in range(70) for t in tracker.track([], 5, at(index * 5))]
    assert said == [Change.CANNOT_TELL]
    assert [one.state for one in tracker.alerts] == [State.FIRING]


def test_new_rules_drop_the_alerts_of_vanished_ones() -> None:
    """After a reload the alert of a removed rule is gone without a word, the others live on."""
    tracker = Tracker([rule(), rule("other")], render, [alert(State.FIRING), alert(State.FIRING, "other")])
    tracker.replace_rules([rule("other")])
    assert [one.key.rule for one in tracker.alerts] == ["other"]


def test_acknowledging_keeps_the_first() -> None:
    """The second person to acknowledge changes nothing; an unknown alert cannot be."""
    tracker = Tracker([rule()], render, [alert(State.FIRING)])
    key = alert(State.FIRING).key
    assert tracker.mark_seen(key, at(5)) == (key,)
    assert tracker.acknowledge(key, "li", at(10)) == (key,)
    assert tracker.acknowledge(key, "wang", at(20)) == ()
    assert tracker.mark_seen(key, at(25)) == ()
    (one,) = tracker.alerts
    assert (one.acknowledged_by, one.acknowledged_at, one.seen_at) == ("li", at(10), at(5))
    assert tracker.acknowledge(AlertKey(rule="hot", severity=Severity.WARNING, resource=()), "li", at(1)) == ()


def test_who_acknowledges_has_seen() -> None:
    tracker = Tracker([rule()], render, [alert(State.FIRING)])
    tracker.acknowledge(alert(State.FIRING).key, "li", at(10))
    assert [one.seen_at for one in tracker.alerts] == [at(10)]


def test_a_critical_that_is_acknowledged_takes_its_warning_along() -> None:
    """Firing, pending or begun later: when it gets better, nothing asks again. A warning says nothing of critical."""
    warning, critical = alert(State.PENDING, severity=Severity.WARNING), alert(State.FIRING)
    tracker = Tracker([rule()], render, [warning, critical])
    assert tracker.acknowledge(critical.key, "li", at(10)) == (critical.key, warning.key)
    assert [one.acknowledged_by for one in tracker.alerts] == ["li", "li"]

    tracker = Tracker([rule()], render, [critical])
    tracker.acknowledge(critical.key, "li", at(10))
    tracker.track([verdict(Outcome.BREACH), verdict(Outcome.BREACH, severity=Severity.WARNING)], 5, at(15))
    assert [(one.key.severity, one.acknowledged_by, one.seen_at) for one in tracker.alerts] == [
        (Severity.CRITICAL, "li", at(10)),
        (Severity.WARNING, "li", at(10)),
    ]

    tracker = Tracker([rule()], render, [warning, critical])
    assert tracker.acknowledge(warning.key, "li", at(10)) == (warning.key,)
    tracker.track([verdict(Outcome.OK), verdict(Outcome.BREACH, severity=Severity.WARNING)], 5, at(15))
    tracker.track([verdict(Outcome.BREACH), verdict(Outcome.BREACH, severity=Severity.WARNING)], 5, at(20))
    assert {one.key.severity: one.acknowledged_by for one in tracker.alerts} == {
        Severity.WARNING: "li",
        Severity.CRITICAL: "",
    }


def test_people_see_the_worst_level() -> None:
    """Of warning and critical on one resource only critical is shown."""
    both = [alert(State.FIRING, severity=Severity.WARNING), alert(State.FIRING)]
    assert worst_firing(both) == (both[1],)
    assert worst_firing([both[0], alert(State.PENDING)]) == (both[0],)


def test_an_alert_is_found_by_its_id_or_by_its_rule_alone() -> None:
    """The id is stable; a rule's name is enough while it has one resource."""
    alerts: list[Alert] = [alert(State.FIRING, severity=Severity.WARNING), alert(State.FIRING)]
    tracker = Tracker([rule()], render, alerts)
    assert tracker.find(alert_id(alerts[1].key)) == alerts[1]
    assert tracker.find("hot") == alerts[1]
    assert tracker.find("cold") is None


def test_live_resources_are_named_for_the_evaluator() -> None:
    """Each live alert's resource is listed under its rule's reading."""
    tracker = Tracker([rule()], render, [alert(State.PENDING)])
    assert tracker.live_resources() == {"temperature_headroom_celsius": {PACKAGE}}
