"""Fans: a stop is a fault only by evidence, and so is racing."""

from pathlib import Path

import pytest

from agent.probes.fan import Fans
from agent.probes.fan_evidence import History, advance, full_speed, recall, should_turn
from agent.probes.probe import Context, Sample, Unsupported
from agent.readings import Reading
from tests.probes.sysfs_tree import Machine, write

SPUN = frozenset({"1750|board@board|fan1"})


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def opened(machine: Machine, facts: frozenset[str] = frozenset()) -> Fans:
    return Fans(Context(host=machine.host, facts=facts))


def values(sample: Sample) -> dict[str, float]:
    """Values of the first fan by metric."""
    return {each.metric: each.value for each in sample.readings if dict(each.labels)["fan"] == "fan1"}


def verdicts(probe: Fans, metric: str, looks: int) -> list[float | None]:
    return [values(probe.sample()).get(metric) for _ in range(looks)]


def test_a_fan_that_stops_though_its_duty_says_turn_has_stalled_on_the_third_look(machine: Machine) -> None:
    """And it has not, as soon as it turns again."""
    folder = machine.chip("platform/board", "board", 0, {"fan1_input": 1800, "pwm1": 128, "pwm1_enable": 1})
    probe = opened(machine)
    assert values(probe.sample()) == {"fan_speed_rpm": 1800.0, "fan_stalled": 0.0}
    write(folder, {"fan1_input": 0})
    assert verdicts(probe, "fan_stalled", 4) == [0.0, 0.0, 1.0, 1.0]
    write(folder, {"fan1_input": 1200})
    assert verdicts(probe, "fan_stalled", 1) == [0.0]


@pytest.mark.parametrize(
    ("files", "verdict"),
    [
        pytest.param({"pwm1": 0, "pwm1_enable": 2}, 0.0, id="semi-passive"),
        pytest.param({"pwm1": 40, "pwm1_enable": 2}, 0.0, id="duty too low to turn"),
        pytest.param({"pwm1": 0, "pwm1_enable": 0}, 1.0, id="control off means full speed"),
        pytest.param({"pwm1": 0, "temp1_input": 85000}, 1.0, id="heat"),
        pytest.param({"pwm1": 0, "temp1_input": 127500}, 0.0, id="heat of an unconnected input"),
        pytest.param({"pwm2": 128, "pwm3": 128}, 1.0, id="all duties of the chip"),
        pytest.param({"pwm2": 128, "pwm3": 0}, 0.0, id="some duties of the chip"),
        pytest.param({}, 0.0, id="no evidence"),
    ],
)
def test_standing_still_is_a_fault_only_where_turning_is_asked_for(
    machine: Machine, files: dict[str, int], verdict: float
) -> None:
    machine.chip("platform/board", "board", 0, {"fan1_input": 0, **files})
    assert verdicts(opened(machine, SPUN), "fan_stalled", 3)[-1] == verdict


def test_a_fan_never_seen_turning_has_no_verdict(machine: Machine) -> None:
    """An empty header reads 0 rpm for ever, with every alarm bit set."""
    machine.chip("platform/board", "board", 0, {"fan1_input": 0, "fan1_alarm": 1, "fan1_min": 600, "pwm1": 255})
    probe = opened(machine)
    assert [values(probe.sample()) for _ in range(4)] == [{"fan_speed_rpm": 0.0}] * 4


def test_having_turned_is_remembered_over_restarts(machine: Machine) -> None:
    """The facts of one life are enough for the next; a strange fact is passed over."""
    folder = machine.chip("platform/board", "board", 0, {"fan1_input": 1800, "pwm1": 128})
    facts = opened(machine).sample().facts
    assert facts == SPUN
    write(folder, {"fan1_input": 0})
    assert verdicts(opened(machine, facts | {"odd"}), "fan_stalled", 3) == [0.0, 0.0, 1.0]


def test_a_laptop_driver_that_shows_a_wish_as_duty_needs_heat(machine: Machine) -> None:
    """thinkpad_acpi shows 255 while the firmware rightly keeps the fan off."""
    machine.chip("platform/thinkpad_hwmon", "thinkpad", 0, {"fan1_input": 0, "pwm1": 255, "pwm1_enable": 2})
    folder = machine.chip("platform/coretemp.0", "coretemp", 1, {"temp1_input": 50000, "temp1_crit": 100000})
    probe = opened(machine, frozenset({"3000|thinkpad@thinkpad_hwmon|fan1"}))
    assert verdicts(probe, "fan_stalled", 3) == [0.0, 0.0, 0.0]
    write(folder, {"temp1_input": 92000})
    assert verdicts(probe, "fan_stalled", 3) == [0.0, 0.0, 1.0]


def test_full_speed_without_heat_is_racing(machine: Machine) -> None:
    """Only a fan that was seen at half its speed or slower, and only while all that it cools is cool."""
    folder = machine.chip("platform/board", "board", 0, {"fan1_input": 1800, "temp1_input": 45000, "pwm1": 128})
    probe = opened(machine)
    assert verdicts(probe, "fan_racing", 2) == [None, None]
    write(folder, {"fan1_input": 5000})
    assert verdicts(probe, "fan_racing", 6) == [None, 0.0, 0.0, 0.0, 1.0, 1.0]
    write(folder, {"temp1_input": 70000})
    assert verdicts(probe, "fan_racing", 1) == [0.0]


def test_a_fan_that_knows_only_one_speed_never_races(machine: Machine) -> None:
    machine.chip("platform/board", "board", 0, {"fan1_input": 1800, "temp1_input": 30000})
    assert verdicts(opened(machine), "fan_racing", 5) == [None] * 5


def test_the_chips_own_full_speed_is_enough(machine: Machine) -> None:
    machine.chip("pci0000:00/0000:03:00.0", "amdgpu", 0, {"fan1_input": 3250, "fan1_max": 3300, "temp1_input": 40000})
    assert verdicts(opened(machine), "fan_racing", 3) == [0.0, 0.0, 1.0]


def test_a_faulty_fan_is_absent_with_its_error(machine: Machine) -> None:
    machine.chip("platform/board", "board", 0, {"fan1_input": 0, "fan1_fault": 1, "fan2_input": 900})
    sample = opened(machine, SPUN).sample()
    assert values(sample) == {}
    assert sample.errors == ("board@board fan1: the chip says that this fan's sensor is faulty or not connected",)
    assert len(sample.readings) == 2


def test_a_failing_fan_leaves_the_others_alone(machine: Machine) -> None:
    machine.chip("platform/board", "board", 0, {"fan1_input": "", "fan2_input": 900, "fan3_input": 0, "fan3_enable": 0})
    sample = opened(machine).sample()
    assert sample.errors == ("board@board fan1: fan1_input holds no number",)
    assert [each.value for each in sample.readings] == [900.0, 0.0]


def test_an_impossible_speed_is_suspect_and_teaches_nothing(machine: Machine) -> None:
    machine.chip("platform/board", "board", 0, {"fan1_input": 65535})
    sample = opened(machine).sample()
    assert sample == Sample(
        readings=(
            Reading(
                metric="fan_speed_rpm",
                value=65535.0,
                labels=(("chip", "board@board"), ("fan", "fan1")),
                suspect="no fan turns faster than 20000 rpm",
            ),
        )
    )


def test_the_fan_of_a_sleeping_card_is_not_read(machine: Machine) -> None:
    folder = machine.chip("pci0000:00/0000:03:00.0", "amdgpu", 0, {"fan1_input": ""})
    write(folder / "device", {"power/runtime_status": "suspended"})
    assert opened(machine).sample() == Sample(readings=())


def test_a_fan_keeps_its_history_when_other_chips_come(machine: Machine) -> None:
    folder = machine.chip("platform/board", "board", 0, {"fan1_input": 1800, "pwm1": 128})
    probe = opened(machine)
    probe.sample()
    write(folder, {"fan1_input": 0})
    assert verdicts(probe, "fan_stalled", 2) == [0.0, 0.0]
    machine.chip("platform/coretemp.0", "coretemp", 1, {"temp1_input": 50000})
    assert verdicts(probe, "fan_stalled", 1) == [1.0]


def test_a_machine_without_fans_says_why(machine: Machine) -> None:
    with pytest.raises(Unsupported, match=r"^no fan sensor: the kernel's hwmon chips show no fan; "):
        opened(machine).sample()


def test_one_glitch_is_not_learnt_as_full_speed() -> None:
    """A speed counts when two looks in a row agree on it."""
    history = recall([])
    for rpm in (1000.0, 9000.0, 1000.0):
        history = advance(history, rpm, is_wanted=False, is_needless=False)
    assert (history.lowest_rpm, history.highest_rpm) == (1000, 1000)


def test_what_full_speed_is_known_from() -> None:
    assert recall([1750, 750]) == History(lowest_rpm=750, highest_rpm=1750)
    assert full_speed(History(lowest_rpm=750, highest_rpm=1750), None) == 1750
    assert full_speed(History(lowest_rpm=1000, highest_rpm=1750), None) is None
    assert full_speed(History(), 3300.0) == 3300.0
    assert full_speed(History(), 0.0) is None


def test_duty_or_heat_asks_for_a_turning_fan() -> None:
    asked = [(77, None), (76, None), (None, 80.0), (None, 79.9), (None, None)]
    assert [should_turn(duty, celsius) for duty, celsius in asked] == [True, False, True, False, False]
