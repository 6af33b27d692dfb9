"""Alerts when what they rest on changes: the rules, the hardware, the clock, or a sensor shown twice."""

from dataclasses import replace

from agent.alerts.alert import Change, State
from agent.alerts.tracker import Tracker
from agent.readings import Labels
from agent.rules.rule import Outcome, Severity
from tests.alerts.examples import PACKAGE, alert, at, render, rule, verdict

OTHER: Labels = (("chip", "k10temp"), ("sensor", "Tctl"))
WATCHED = ("temperature_headroom_celsius", PACKAGE)


def test_an_alert_that_the_changed_rule_cannot_judge_ends_silently() -> None:
    """A rule that now matches, or reads, something else would leave its old alert unknown for ever."""
    for changed in (replace(rule(), match=(("chip", "k10temp"),)), replace(rule(), reading="temperature_celsius")):
        tracker = Tracker([rule()], render, [alert(State.FIRING)])
        tracker.replace_rules([changed])
        assert tracker.alerts == ()


def test_an_alert_outlives_a_changed_threshold() -> None:
    """A new `for` or limit ends nothing, and a level that is no more ends only its own alert."""
    both = [alert(State.FIRING, severity=Severity.WARNING), alert(State.FIRING)]
    tracker = Tracker([rule()], render, both)
    tracker.replace_rules([replace(rule(for_seconds=60, keep=60), match=(("chip", "coretemp"),))])
    assert tracker.alerts == tuple(both)
    tracker.replace_rules([rule(severities=(Severity.WARNING,))])
    assert tracker.alerts == (both[0],)


def test_hardware_taken_out_ends_its_alerts_as_gone() -> None:
    """Whatever the evaluator still says of it in that cycle; a pending one is dismissed, others live on."""
    elsewhere = replace(alert(State.FIRING), key=replace(alert(State.FIRING).key, resource=OTHER))
    pending = alert(State.PENDING, severity=Severity.WARNING)
    tracker = Tracker([rule()], render, [alert(State.FIRING), pending, elsewhere])
    tracker.retire([WATCHED])
    ended = tracker.track([verdict(Outcome.UNKNOWN), verdict(Outcome.BREACH, resource=OTHER)], 5, at(5))
    assert [t.change for t in ended] == [Change.GONE, Change.DISMISSED]
    assert tracker.alerts == (elsewhere,)
    assert tracker.track([verdict(Outcome.BREACH, resource=OTHER)], 5, at(10)) == ()


def test_a_sensor_shown_twice_still_fires() -> None:
    """A repeated breach neither hinders the first nor begins another alert."""
    tracker = Tracker([rule(for_seconds=10)], render)
    said = [[t.change for t in tracker.track([verdict(Outcome.BREACH)] * 2, 5, at(i * 5))] for i in range(4)]
    assert said == [[Change.PENDING], [], [Change.FIRING], []]


def test_a_sleep_fires_nothing_by_itself() -> None:
    """A pending alert waits its whole `for` again after waking."""
    tracker = Tracker([rule(for_seconds=10)], render)
    tracker.track([verdict(Outcome.BREACH)], 5, at(0))
    tracker.track([verdict(Outcome.BREACH)], 5, at(5))
    tracker.forget()
    assert [bool(tracker.track([verdict(Outcome.BREACH)], 5, at(3600 + i * 5))) for i in range(3)] == [
        False,
        False,
        True,
    ]


def test_an_alert_that_comes_back_is_a_new_one() -> None:
    """What was seen and acknowledged before it ended says nothing about the next time."""
    tracker = Tracker([rule()], render, [alert(State.FIRING)])
    key = alert(State.FIRING).key
    tracker.mark_seen(key, at(1))
    tracker.acknowledge(key, "li", at(2))
    tracker.track([verdict(Outcome.OK)], 5, at(5))
    tracker.track([verdict(Outcome.BREACH)], 5, at(10))
    assert tracker.alerts == (replace(alert(State.FIRING), active_at=at(10), fired_at=at(10)),)
