"""The curves of the status page: bounded, honest about holes, and gone after a long sleep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agent.alerts.alert import Update
from agent.readings import Labels, Snapshot
from agent.rules.rule import Outcome, Severity, Verdict
from agent.trends import MOST_CURVES, SLOT_SECONDS, SLOTS, Trends

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
GPU: Labels = (("component", "gpu"),)


def update(seconds: float, *values: tuple[str, float | None]) -> Update:
    verdicts = tuple(
        Verdict(rule=rule, severity=Severity.WARNING, resource=GPU, outcome=Outcome.OK, value=value, limit=5)
        for rule, value in values
    )
    snapshot = Snapshot(taken_at=NOON + timedelta(seconds=seconds), results={})
    return Update(snapshot=snapshot, rules={}, verdicts=verdicts, alerts=())


def curve_after(*updates: Update, rule: str = "hot") -> list[float | None]:
    trends = Trends()
    for one in updates:
        trends.publish(one)
    return trends.curve((rule, GPU))


def test_the_last_value_of_each_slot_is_kept_and_what_was_not_measured_is_a_hole() -> None:
    """40 then 41 in one slot give 41; a slot without a value stays empty; the newest stands last."""
    curve = curve_after(
        update(0, ("hot", 40)), update(5, ("hot", 41)), update(10, ("hot", None)), update(20, ("hot", 42))
    )
    assert len(curve) == SLOTS
    assert curve[-4:] == [None, 41, None, 42]


def test_a_curve_is_no_longer_than_a_quarter_of_an_hour() -> None:
    """What is older falls out, and a resource that is gone is forgotten with its last point."""
    trends = Trends()
    for slot in range(2 * SLOTS):
        trends.publish(update(slot * SLOT_SECONDS, ("hot", slot)))
    assert trends.curve(("hot", GPU)) == list(range(SLOTS, 2 * SLOTS))
    for slot in range(2 * SLOTS, 3 * SLOTS):
        trends.publish(update(slot * SLOT_SECONDS))
    assert trends.curve(("hot", GPU)) == []


def test_a_clock_set_back_and_a_long_sleep_begin_anew() -> None:
    """A curve never joins what does not belong together."""
    for later in (-60.0, 3600.0):
        curve = curve_after(update(0, ("hot", 40)), update(later, ("hot", 41)))
        assert [value for value in curve if value is not None] == [41]


def test_the_number_of_curves_is_bounded() -> None:
    """Names that come and go for ever cost no more memory than the cap."""
    first = update(0, *((f"rule{number}", 1.0) for number in range(MOST_CURVES + 1)))
    assert len(curve_after(first, rule=f"rule{MOST_CURVES - 1}")) == SLOTS
    assert curve_after(first, rule=f"rule{MOST_CURVES}") == []
