"""Every cell of the state table, and what holds for any series of verdicts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.alerts.alert import Alert, State
from agent.alerts.lifecycle import afresh, step
from agent.rules.rule import Outcome, Verdict
from tests.alerts.examples import alert, at, threshold, verdict

PENDING = alert(State.PENDING)
FIRING = alert(State.FIRING)


def run(
    verdicts: list[Verdict], for_seconds: float = 15, keep: float = 0, every: float = 5, start: Alert | None = None
) -> list[State]:
    """The states after each verdict, one every five seconds."""
    states, current = [], start
    for index, one in enumerate(verdicts):
        current = step(current, one, threshold(for_seconds=for_seconds), keep, every, at(index * every))
        states.append(current.state if current else State.INACTIVE)
    return states


BREACH, OK = verdict(Outcome.BREACH), verdict(Outcome.OK)
UNKNOWN, GONE = verdict(Outcome.UNKNOWN), verdict(Outcome.GONE)
NOT_CLEAR = verdict(Outcome.OK, 7)


@pytest.mark.parametrize(
    ("before", "one", "expected"),
    [
        (None, OK, State.INACTIVE),
        (None, BREACH, State.PENDING),
        (None, UNKNOWN, State.INACTIVE),
        (None, GONE, State.INACTIVE),
        (PENDING, OK, State.INACTIVE),
        (PENDING, NOT_CLEAR, State.INACTIVE),
        (PENDING, BREACH, State.PENDING),
        (PENDING, UNKNOWN, State.PENDING),
        (PENDING, GONE, State.INACTIVE),
        (replace(PENDING, breached_seconds=10.0), BREACH, State.FIRING),
        (FIRING, OK, State.INACTIVE),
        (FIRING, NOT_CLEAR, State.FIRING),
        (FIRING, BREACH, State.FIRING),
        (FIRING, UNKNOWN, State.FIRING),
        (FIRING, GONE, State.INACTIVE),
    ],
)
def test_the_state_table(before: Alert | None, one: Verdict, expected: State) -> None:
    """Each state goes where the table says on each verdict."""
    assert run([one], start=before) == [expected]


def test_a_cycle_that_woke_a_little_early_costs_no_further_cycle() -> None:
    """Fifteen seconds in three cycles are over after three cycles, even if the last woke less late than the first."""
    assert run([BREACH] * 4, for_seconds=15, every=4.99)[-1] is State.FIRING
    assert run([OK] * 4, keep=15, every=4.99, start=FIRING)[-1] is State.INACTIVE
    assert run([BREACH] * 4, for_seconds=15, every=4.9)[-1] is State.PENDING


def test_a_rule_without_for_fires_at_once() -> None:
    """With `for` 0 the first breach fires, and is dated then."""
    fired = step(None, BREACH, threshold(for_seconds=0), 0, 0, at(7))
    assert fired == replace(FIRING, active_at=at(7), fired_at=at(7))


def test_for_is_counted_from_the_first_breach() -> None:
    """With `for` 15 s and a look every 5 s the fourth breach fires."""
    assert run([BREACH] * 4) == [State.PENDING] * 3 + [State.FIRING]


def test_unknown_time_does_not_count_towards_for() -> None:
    """A gap in the middle of pending adds nothing, on either side of it."""
    states = run([BREACH, BREACH, UNKNOWN, UNKNOWN, BREACH, BREACH, BREACH])
    assert states == [State.PENDING] * 6 + [State.FIRING]


def test_keep_firing_for_waits_and_starts_anew() -> None:
    """Clear must last for `keep_firing_for`; one value between limit and clear starts the wait again."""
    states = run([OK, OK, NOT_CLEAR, OK, OK, OK], keep=10, start=FIRING)
    assert states == [State.FIRING] * 5 + [State.INACTIVE]


def test_five_minutes_unknown_cannot_tell() -> None:
    """A firing alert that is unknown for 5 minutes says so, keeps firing, and is known again with the next value."""
    current: Alert | None = FIRING
    marks = []
    for index in range(62):
        current = step(current, UNKNOWN, threshold(), 0, 5, at(index * 5))
        assert current is not None
        marks.append(current.cannot_tell)
    assert marks == [False] * 60 + [True] * 2
    back = step(current, BREACH, threshold(), 0, 5, at(400))
    assert back == FIRING


def test_a_doubt_survives_a_restart() -> None:
    """A mark without its span is neither dropped by the next unknown nor kept by the same value."""
    restored = replace(FIRING, cannot_tell=True)
    unknown = step(restored, UNKNOWN, threshold(), 0, 5, at(5))
    assert unknown is not None
    assert unknown.cannot_tell
    assert step(restored, BREACH, threshold(), 0, 5, at(5)) == FIRING


def test_a_sleep_drops_half_filled_spans() -> None:
    """`for` and `keep_firing_for` begin anew, and the lapse over the sleep counts for neither; the state stays."""
    pending = afresh(replace(PENDING, breached_seconds=10.0))
    assert run([BREACH] * 4, start=pending) == [State.PENDING] * 3 + [State.FIRING]
    clearing = afresh(replace(FIRING, clear_seconds=9.0, unknown_seconds=200.0, cannot_tell=True))
    assert clearing == replace(FIRING, cannot_tell=True)
    assert run([OK, OK, OK], keep=10, start=clearing) == [State.FIRING] * 2 + [State.INACTIVE]


def test_an_alert_that_does_not_change_is_the_same_object() -> None:
    """A cycle that changes nothing makes nothing."""
    assert step(FIRING, BREACH, threshold(), 0, 5, at(5)) is FIRING


@given(st.lists(st.sampled_from([BREACH, OK, NOT_CLEAR, UNKNOWN, GONE]), max_size=40), st.sampled_from([0, 5, 15]))
def test_what_holds_for_any_series(verdicts: list[Verdict], for_seconds: float) -> None:
    """Nothing fires without a breach, nothing ends on unknown or between limit and clear."""
    before = State.INACTIVE
    for one, after in zip(verdicts, run(verdicts, for_seconds), strict=True):
        if after is State.FIRING and before is not State.FIRING:
            assert one is BREACH
        if before is State.FIRING and after is State.INACTIVE:
            assert one in (OK, GONE)
        if one is GONE:
            assert after is State.INACTIVE
        before = after
