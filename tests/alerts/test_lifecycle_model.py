"""The life of an alert against a slow model that reads the whole history anew at each verdict."""

from itertools import pairwise, product

from hypothesis import given
from hypothesis import strategies as st

from agent.alerts.alert import State
from agent.alerts.lifecycle import CANNOT_TELL_SECONDS, WAKING_SECONDS, step
from agent.rules.rule import Outcome, Verdict
from tests.alerts.examples import at, threshold, verdict

Look = tuple[float, Verdict]
"""The seconds since the look before, and what it showed."""

Seen = tuple[State, bool]
"""The state, and whether it cannot be told."""

BREACH, CLEAR, NOT_CLEAR = verdict(Outcome.BREACH), verdict(Outcome.OK), verdict(Outcome.OK, 7)
KINDS = (BREACH, CLEAR, NOT_CLEAR, verdict(Outcome.UNKNOWN), verdict(Outcome.GONE))

PAUSES = (0.0, 1.0, 4.98, 5.0, 60.0, 299.0, 300.0)


def stepped(looks: list[Look], for_seconds: float, keep: float) -> list[Seen]:
    """What the lifecycle says after each look."""
    seen, alert = [], None
    for elapsed, one in looks:
        alert = step(alert, one, threshold(for_seconds=for_seconds), keep, elapsed, at(0))
        seen.append((alert.state, alert.cannot_tell) if alert else (State.INACTIVE, False))
    return seen


def modelled(looks: list[Look], for_seconds: float, keep: float) -> list[Seen]:
    """The same from the words of the table: `since` is where the present state began."""
    seen: list[Seen] = []
    state, since = State.INACTIVE, 0
    for_seconds, keep = for_seconds - WAKING_SECONDS, keep - WAKING_SECONDS
    for end in range(1, len(looks) + 1):
        one = looks[end - 1][1]
        if state is State.INACTIVE and one is BREACH:
            state, since = State.PENDING, end - 1
        elif one.outcome is Outcome.GONE or (state is State.PENDING and one.outcome is Outcome.OK):
            state = State.INACTIVE
        if state is State.PENDING and one is BREACH and spent_in_breach(looks[since:end]) >= for_seconds:
            state, since = State.FIRING, end
        elif state is State.FIRING and one is CLEAR and lasted(looks[since:end], Outcome.OK) >= keep:
            state = State.INACTIVE
        is_in_doubt = state is State.FIRING and lasted(looks[since:end], Outcome.UNKNOWN) >= CANNOT_TELL_SECONDS
        seen.append((state, is_in_doubt))
    return seen


def spent_in_breach(looks: list[Look]) -> float:
    """Seconds with a breach at both ends."""
    return sum(after[0] for before, after in pairwise(looks) if before[1] is after[1] is BREACH)


def lasted(looks: list[Look], outcome: Outcome) -> float:
    """Seconds from the first to the last of the looks at the end that show this: clear, or unknown."""
    run = []
    for look in reversed(looks):
        if look[1].outcome is not outcome or look[1] is NOT_CLEAR:
            break
        run.append(look)
    return sum(elapsed for elapsed, _ in run[:-1])


def test_every_series_of_five_verdicts() -> None:
    """All 3125 series, with and without `for` and `keep_firing_for`, are as the model says."""
    for series, for_seconds, keep in product(product(KINDS, repeat=5), (0, 10), (0, 10)):
        looks = [(5.0, one) for one in series]
        assert stepped(looks, for_seconds, keep) == modelled(looks, for_seconds, keep)


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, 4.98, 5.0, 60.0, 299.0, 300.0]), st.sampled_from(KINDS)), max_size=60
    ),
    st.sampled_from([0.0, 5.0, 15.0, 300.0]),
    st.sampled_from([0.0, 5.0, 60.0]),
)
def test_any_series_with_any_pauses(looks: list[Look], for_seconds: float, keep: float) -> None:
    """Long series with uneven looks, repeated and late ones among them, are as the model says."""
    assert stepped(looks, for_seconds, keep) == modelled(looks, for_seconds, keep)
