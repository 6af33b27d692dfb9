"""What is believed of a temperature and of a limit, and what is not."""

import pytest

from agent.probes.plausibility import Limits, Trace, believable_limits, follow, implausible, suspicion

BEYOND_BOARD = "beyond what can be believed of this component (-20 to 150 °C)"
UNCONNECTED = "a value that inputs with nothing connected show"
CONTRADICTED = "contradicted by the processor's own sensor: far above it and not moving"
STUCK = "has not moved off its limit for an hour"


@pytest.mark.parametrize(
    ("component", "celsius", "reason"),
    [
        ("board", 97.0, None),
        ("board", 120.0, None),
        ("board", 121.0, UNCONNECTED),
        ("board", 127.5, UNCONNECTED),
        ("board", 128.0, UNCONNECTED),
        ("board", 0.0, UNCONNECTED),
        ("board", 153.8, BEYOND_BOARD),
        ("board", -62.0, BEYOND_BOARD),
        ("cpu", 100.0, None),
        ("cpu", 3892314.0, "beyond what can be believed of this component (-20 to 130 °C)"),
        ("disk", 65261.85, "beyond what can be believed of this component (-40 to 150 °C)"),
        ("disk", -5.0, None),
    ],
)
def test_a_value_alone_can_be_impossible_but_never_merely_high(
    component: str, celsius: float, reason: str | None
) -> None:
    assert implausible(component, celsius) == reason


@pytest.mark.parametrize(
    ("trace", "limit", "cpu", "reason"),
    [
        pytest.param(Trace(celsius=97.0, since=1000.0), None, None, None, id="no processor sensor contradicts"),
        pytest.param(Trace(celsius=97.0, since=1000.0), None, 60.0, None, id="within what a load explains"),
        pytest.param(Trace(celsius=97.0, since=1000.0), None, 45.0, CONTRADICTED, id="never seen to move"),
        pytest.param(Trace(celsius=97.0, since=990.0, has_moved=True), None, 45.0, None, id="jumped just now"),
        pytest.param(Trace(celsius=97.0, since=400.0, has_moved=True), None, 45.0, CONTRADICTED, id="frozen"),
        pytest.param(Trace(celsius=80.0, since=-2600.0, has_moved=True), 80.0, 70.0, STUCK, id="at its limit"),
        pytest.param(Trace(celsius=79.0, since=-2600.0, has_moved=True), 80.0, 70.0, None, id="below its limit"),
        pytest.param(Trace(celsius=127.0, since=1000.0), 80.0, 70.0, UNCONNECTED, id="impossible first"),
    ],
)
def test_a_board_sensor_is_held_against_the_processors(
    trace: Trace, limit: float | None, cpu: float | None, reason: str | None
) -> None:
    """Only a board's or zone's value that does not move is doubted for being high."""
    assert suspicion("board", trace, limit, 1000.0, cpu) == reason


def test_a_processor_may_stand_at_its_limit_for_hours() -> None:
    """It throttles there; that is exactly what has to be told."""
    assert suspicion("cpu", Trace(celsius=100.0, since=0.0), 100.0, 90000.0, 100.0) is None


def test_a_trace_knows_since_when_and_whether_it_moved() -> None:
    first = follow(None, 45.0, 10.0)
    same = follow(first, 45.0, 20.0)
    moved = follow(same, 97.0, 30.0)
    assert (first, moved) == (Trace(celsius=45.0, since=10.0), Trace(celsius=97.0, since=30.0, has_moved=True))
    assert same is first


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        ({"critical": 100.0, "maximum": 100.0}, Limits(critical=100.0, maximum=100.0)),
        ({"critical": -64.0, "maximum": 63.0}, Limits(maximum=63.0)),
        ({"critical": -273.15, "maximum": 65261.85, "emergency": 0.0}, Limits()),
        ({"critical": 200.0, "maximum": 127.0}, Limits()),
        ({"critical": 70.0, "maximum": 90.0, "emergency": 65.0}, Limits(critical=70.0)),
        ({"critical": 100.0, "emergency": 105.0}, Limits(critical=100.0, emergency=105.0)),
        ({"critical": 10.0}, Limits()),
        ({}, Limits()),
    ],
)
def test_limits_that_drivers_and_firmware_leave_behind_are_unset(given: dict[str, float], limits: Limits) -> None:
    assert believable_limits(given) == limits


def test_a_limit_is_assumed_only_where_none_is_real() -> None:
    assert believable_limits({"critical": -64.0}, assumed=100.0) == Limits(assumed=100.0)
    assert believable_limits({"maximum": 70.0}, assumed=100.0) == Limits(maximum=70.0)


def test_headroom_is_measured_from_the_critical_limit_first() -> None:
    everything = {"critical": 100.0, "maximum": 80.0, "emergency": 105.0}
    assert believable_limits(everything).best == 100.0
    assert believable_limits({"maximum": 80.0, "emergency": 105.0}).best == 80.0
    assert Limits().best is None
