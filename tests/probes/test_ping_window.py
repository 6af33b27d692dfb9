"""What a window says of a series of outcomes."""

import pytest

from agent.probes.ping_window import CONNECT_PATIENCE, WINDOW_PROBES, Loss, Presence, Window, loss_of


def window(outcomes: str, seconds: float = 0.01) -> Window:
    """A window after these outcomes, oldest first: `.` answered, `x` lost."""
    made = Window()
    for outcome in outcomes:
        if outcome == ".":
            made.add_answer(seconds)
        else:
            made.add_loss()
    return made


@pytest.mark.parametrize(
    ("lost", "settled", "lower", "upper"),
    [
        (0, 20, 0.0, 0.1611),
        (1, 20, 0.0, 0.2361),  # one loss is no evidence
        (2, 20, 0.0279, 0.3010),
        (0, 300, 0.0, 0.0126),
        (7, 300, 0.0113, 0.0474),
        (15, 300, 0.0305, 0.0809),
        (300, 300, 0.9874, 1.0),
    ],
)
def test_the_bounds_are_wilsons(lost: int, settled: int, lower: float, upper: float) -> None:
    """Loss carries its 95 % score interval; the values were computed with another implementation."""
    assert loss_of(lost, settled) == Loss(
        ratio=lost / settled,
        lower_bound=pytest.approx(lower, abs=6e-5),
        upper_bound=pytest.approx(upper, abs=6e-5),
    )


def test_too_few_probes_give_no_loss() -> None:
    """Nineteen probes say nothing of the loss, lost or not."""
    assert [loss_of(0, 0), loss_of(0, 19), loss_of(19, 19), window("." * 19).loss()] == [None] * 4


def test_the_window_slides() -> None:
    """Only the newest 300 outcomes count."""
    assert window("x" * 100 + "." * WINDOW_PROBES).loss() == loss_of(0, WINDOW_PROBES)
    assert window("." * 500 + "x" * 3 + "." * 100).loss() == loss_of(3, WINDOW_PROBES)


@pytest.mark.parametrize(
    ("outcomes", "presence"),
    [
        ("", Presence.UNKNOWN),
        (".", Presence.ANSWERS),
        ("x", Presence.UNKNOWN),
        (".xx", Presence.ANSWERS),
        (".xxx", Presence.UNKNOWN),
        (".xxxxxxx", Presence.UNKNOWN),
        (".xxxxxxxx", Presence.SILENT),
        ("xxxxxxxx", Presence.SILENT),
        ("xxxxxxxx.", Presence.ANSWERS),
    ],
)
def test_presence_needs_evidence(outcomes: str, presence: Presence) -> None:
    """A far end is silent after eight losses in a row, and doubtful after three."""
    assert window(outcomes).presence() is presence


def test_connections_need_fewer_losses() -> None:
    """Three attempts in a row that nobody takes up make a silent far end."""
    made = Window(CONNECT_PATIENCE)
    made.add_answer(0.01)
    seen = []
    for _ in range(3):
        made.add_loss()
        seen.append(made.presence())
    assert seen == [Presence.UNKNOWN, Presence.UNKNOWN, Presence.SILENT]


def test_a_late_reply_is_a_sign_of_life_and_still_a_loss() -> None:
    """A host that answers too late is there, and its loss stays."""
    made = window("x" * 20)
    made.add_sign_of_life()
    assert (made.presence(), made.loss()) == (Presence.ANSWERS, loss_of(20, 20))


def test_the_round_trip_is_the_median_of_recent_answers() -> None:
    """One outlier among the last ten probes does not move it, and without an answer there is none."""
    made = window("." * 9)
    made.add_answer(0.9)
    assert made.round_trip_seconds() == 0.01
    assert window("." * 50 + "x" * 10).round_trip_seconds() is None


def test_jitter_is_rfc_3550s_filter_over_round_trip_differences() -> None:
    """J grows by a sixteenth of |D| - J with each difference, and is published from sixteen differences on."""
    made = Window()
    expected, seen = 0.0, []
    for number in range(20):
        made.add_answer(0.010 if number % 2 else 0.030)
        expected += (0.020 - expected) / 16 if number else 0.0
        seen.append(made.jitter_seconds())
    assert seen[:16] == [None] * 16
    assert seen[-1] == pytest.approx(expected)


def test_restarting_forgets_everything() -> None:
    """After a suspend or on another path nothing old counts."""
    made = window("." * 30 + "x" * 8)
    made.restart()
    assert (made.presence(), made.loss(), made.round_trip_seconds(), made.jitter_seconds()) == (
        Presence.UNKNOWN,
        None,
        None,
        None,
    )


def test_an_outage_that_is_over_is_not_loss() -> None:
    """Eight losses in a row are an outage: counted while it lasts, taken out when the far end is heard again."""
    before = "." * 30 + "x."
    assert window(before + "x" * 20).loss() == loss_of(21, 52)
    assert window(before + "x" * 20 + ".").loss() == loss_of(1, 33)


def test_an_outage_longer_than_the_window_leaves_it_empty() -> None:
    """Nothing older than the window can be taken out of it."""
    assert window("x" * (WINDOW_PROBES + 50) + ".").loss() is None
