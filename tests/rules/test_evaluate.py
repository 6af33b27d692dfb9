"""Readings to verdicts: breach, clear, unknown with its reason, gone; and how counters grow."""

import time
from datetime import UTC, datetime
from statistics import median

import pytest

from agent.readings import MetricKind, MetricSpec, ProbeResult, ProbeStatus, Reading, Snapshot
from agent.rules.evaluate import NOT_NOW, NOT_YET, ONE_LOOK, SENSOR_LOST, Known, compile_rules, evaluate, remembered
from agent.rules.growth import Growth
from agent.rules.loader import load_rules, rule_sources
from agent.rules.rule import Audience, Outcome, Rule, Severity, Side, Threshold, Verdict

NOW = datetime(2025, 1, 6, 8, tzinfo=UTC)
A = (("disk", "a"), ("kind", "x"))
B = (("disk", "b"), ("kind", "y"))
NOTHING = Growth({})


def spec(name, **more):
    return MetricSpec(name=name, help="", source="", labels=("disk", "kind"), **more)


SPECS = {
    "heat_celsius": spec("heat_celsius"),
    "space_ratio": spec("space_ratio", removable=True),
    "other_ratio": spec("other_ratio", removable=True),
    "errors_total": spec("errors_total", kind=MetricKind.COUNTER),
}


def rule(reading="heat_celsius", match=(), over=None, name="hot"):
    levels = (
        Threshold(severity=Severity.WARNING, side=Side.ABOVE, limit=50, clear=40, for_seconds=0),
        Threshold(severity=Severity.CRITICAL, side=Side.ABOVE, limit=70, clear=60, for_seconds=0),
    )
    words = {"zh": "", "en": ""}
    return Rule(
        name=name,
        clause="4.1.a.1",
        reading=reading,
        match=match,
        levels=levels,
        increase_over_seconds=over,
        audience=Audience.IT,
        summary=words,
        problem=words,
        action=words,
        defined_at="x:1",
    )


def look(*readings, status=ProbeStatus.SUCCESS, reason="", errors=()):
    result = ProbeResult(
        probe="disk",
        status=status,
        readings=tuple(Reading(metric=m, labels=ls, value=v) if s is None else s for m, ls, v, s in readings),
        reason=reason,
        errors=errors,
        started_at=NOW,
        duration_seconds=0,
    )
    return Snapshot(taken_at=NOW, results={"disk": result})


def at(value, labels=A, metric="heat_celsius"):
    return (metric, labels, value, None)


def compiled(*rules):
    return compile_rules(rules, SPECS, dict.fromkeys(SPECS, "disk"))


def outcomes(verdicts):
    return [(v.severity.value, v.resource, v.outcome, v.value, v.is_clear, v.reason) for v in verdicts]


def both(resource, outcome, reason):
    return [(severity, resource, outcome, None, False, reason) for severity in ("warning", "critical")]


@pytest.mark.parametrize(
    ("value", "warning", "critical"),
    [
        (40, (Outcome.OK, True), (Outcome.OK, True)),
        (45, (Outcome.OK, False), (Outcome.OK, True)),
        (50, (Outcome.OK, False), (Outcome.OK, True)),
        (65, (Outcome.BREACH, False), (Outcome.OK, False)),
        (71, (Outcome.BREACH, False), (Outcome.BREACH, False)),
    ],
)
def test_a_value_is_judged_by_every_level(value, warning, critical):
    """Strictly beyond the limit is a breach; at `clear` or better it is clear; between them neither."""
    verdicts = evaluate(compiled(rule()), look(at(value)), {}, NOTHING)
    assert verdicts == tuple(
        Verdict(rule="hot", severity=s, resource=A, outcome=o, value=value, limit=limit, is_clear=c)
        for s, limit, (o, c) in ((Severity.WARNING, 50, warning), (Severity.CRITICAL, 70, critical))
    )


def test_each_resource_has_its_own_verdicts():
    """Only what matches is judged."""
    verdicts = evaluate(compiled(rule(match=(("kind", "y"),))), look(at(60), at(20, B)), {}, NOTHING)
    assert {v.resource for v in verdicts} == {B}


def test_a_suspect_reading_is_unknown_for_every_level():
    """Its reason is passed on; its value is not."""
    suspect = Reading(metric="heat_celsius", labels=A, value=3e6, suspect="not believable")
    verdicts = evaluate(compiled(rule()), look(("", (), 0, suspect)), {}, NOTHING)
    assert outcomes(verdicts) == both(A, Outcome.UNKNOWN, "not believable")


def test_a_value_after_a_suspect_one_is_trusted_again():
    """The kept verdicts follow the reading in both directions."""
    rules = compiled(rule())
    suspect = Reading(metric="heat_celsius", labels=A, value=60, suspect="stuck")
    for _ in range(2):
        assert evaluate(rules, look(at(60)), {}, NOTHING)[0].outcome is Outcome.BREACH
        assert evaluate(rules, look(("", (), 0, suspect)), {}, NOTHING)[0].outcome is Outcome.UNKNOWN


def test_a_sensor_that_a_working_probe_no_longer_shows_is_lost():
    """It belongs to the machine, so it is unknown and not gone."""
    verdicts = evaluate(compiled(rule()), look(at(20, B)), {"heat_celsius": frozenset({A, B})}, NOTHING)
    assert outcomes(verdicts)[2:] == both(A, Outcome.UNKNOWN, SENSOR_LOST)


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (look(), both(A, Outcome.GONE, "")),
        (look(at(0.5, A, "other_ratio")), both(A, Outcome.UNKNOWN, NOT_NOW)),
        (look(errors=("disk a: EIO",)), both(A, Outcome.UNKNOWN, "disk a: EIO")),
        (look(status=ProbeStatus.FAILED, reason="EIO"), both(A, Outcome.UNKNOWN, "EIO")),
        (look(status=ProbeStatus.UNSUPPORTED, reason="none here"), both(A, Outcome.UNKNOWN, "none here")),
        (look(status=ProbeStatus.TIMED_OUT), both(A, Outcome.UNKNOWN, "the probe disk timed out")),
        (Snapshot(taken_at=NOW, results={}), both(A, Outcome.UNKNOWN, NOT_YET)),
    ],
)
def test_a_removable_resource_is_gone_only_when_nothing_else_explains_it(snapshot, expected):
    """Not when its probe cannot answer, not when an error names it, not when other readings of it are there."""
    known = {"space_ratio": frozenset({A})}
    assert outcomes(evaluate(compiled(rule("space_ratio")), snapshot, known, NOTHING)) == expected


def test_a_probe_that_cannot_answer_leaves_its_rules_unknown():
    """One verdict for each level, about no resource."""
    verdicts = evaluate(compiled(rule()), look(status=ProbeStatus.FAILED, reason="EIO"), {}, NOTHING)
    assert outcomes(verdicts) == both((), Outcome.UNKNOWN, "EIO")


def test_what_a_working_probe_never_showed_has_no_verdict():
    """A machine without such hardware is not unknown."""
    assert evaluate(compiled(rule()), look(), {}, NOTHING) == ()


def test_a_cycle_that_shows_nothing_new_keeps_what_is_known():
    """The same object comes back; new resources are added, unwatched metrics are not."""
    rules = compiled(rule())
    known = remembered(rules, {}, look(at(20), at(1, A, "space_ratio")))
    assert known == {"heat_celsius": frozenset({A})}
    assert remembered(rules, known, look(at(30))) is known
    assert remembered(rules, known, look(at(30, B))) == {"heat_celsius": frozenset({A, B})}


def test_a_steady_reading_makes_no_new_verdicts():
    """The same objects are handed out while nothing moves."""
    rules = compiled(rule())
    first, second = (evaluate(rules, look(at(20)), {}, NOTHING) for _ in range(2))
    assert all(one is other for one, other in zip(first, second, strict=True))


def test_a_counter_is_judged_by_its_growth():
    """Unknown at the first look, then the growth over the window."""
    rules = compiled(rule("errors_total", over=60.0))
    growth = Growth(rules.windows)
    seen = []
    for seconds, value in ((0, 1000), (5, 1000), (10, 1055), (65, 1055), (70, 1055)):
        snapshot = look(at(value, A, "errors_total"))
        growth.observe(snapshot, seconds)
        seen.append(evaluate(rules, snapshot, {}, growth)[0])
    assert [(v.outcome, v.value) for v in seen] == [
        (Outcome.UNKNOWN, None),
        (Outcome.OK, 0.0),
        (Outcome.BREACH, 55.0),
        (Outcome.BREACH, 55.0),
        (Outcome.OK, 0.0),
    ]
    assert seen[0].reason == ONE_LOOK


def test_growth_starts_anew_after_a_reset():
    """A counter that falls has begun again; what it had before is not counted backwards."""
    growth = Growth({"errors_total": (60.0,)})
    seen = []
    for seconds, value in enumerate((100, 160, 5, 8)):
        growth.observe(look(at(value, A, "errors_total")), seconds)
        seen.append(growth.increase("errors_total", A, 60.0))
    assert seen == [None, 60.0, None, 3.0]


def test_growth_keeps_windows_apart_and_forgets_what_left():
    """Each window sees its own span; a series unseen for the longest one is dropped."""
    growth = Growth({"errors_total": (10.0, 60.0)})
    for seconds in range(0, 65, 5):
        growth.observe(look(at(seconds, A, "errors_total")), seconds)
    assert [growth.increase("errors_total", A, window) for window in (10.0, 60.0)] == [10.0, 60.0]
    growth.observe(look(), 125)
    assert growth.increase("errors_total", A, 10.0) is None


def test_growth_is_unknown_again_after_a_suspend():
    """Half-filled windows say nothing."""
    growth = Growth({"errors_total": (60.0,)})
    for seconds in (0, 5):
        growth.observe(look(at(seconds, A, "errors_total")), seconds)
    growth.forget()
    assert growth.increase("errors_total", A, 60.0) is None


@pytest.mark.slow
def test_judging_a_busy_machine_costs_less_than_counting_to_fifteen_thousand(catalogue, owners):
    """The shipped rules on 60 sensors, a third of which move at every look; counting tells how fast this machine is."""
    rules = compile_rules(load_rules(rule_sources(None), catalogue), catalogue, owners)
    growth = Growth(rules.windows)
    known: Known = {}
    judging, counting = [], []
    for cycle in range(500):
        snapshot = _sixty_sensors(cycle)
        begun = time.process_time()
        growth.observe(snapshot, cycle * 5.0)
        evaluate(rules, snapshot, known, growth)
        known = remembered(rules, known, snapshot)
        judged = time.process_time()
        for _ in range(15_000):
            pass
        judging.append(judged - begun)
        counting.append(time.process_time() - judged)
    assert median(judging) < median(counting)


def _sixty_sensors(cycle):
    readings = tuple(
        Reading(
            metric="temperature_headroom_celsius",
            labels=(("chip", f"chip{n % 11}"), ("sensor", f"s{n}"), ("component", "cpu" if n % 2 else "disk")),
            value=30.0 + (cycle % 7 if n % 3 == 0 else 0),
        )
        for n in range(60)
    )
    result = ProbeResult(
        probe="temperature", status=ProbeStatus.SUCCESS, readings=readings, started_at=NOW, duration_seconds=0
    )
    return Snapshot(taken_at=NOW, results={"temperature": result})
