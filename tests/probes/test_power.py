"""Power: every battery of the machine, none of a mouse, nothing filled in."""

from pathlib import Path

import pytest

from agent.probes.power import Power
from agent.probes.probe import Context, Sample, Unsupported
from tests.probes.sysfs_tree import Machine

BATTERY = {"type": "Battery", "status": "Discharging", "capacity": 80}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def look(machine: Machine) -> Sample:
    return Power(Context(host=machine.host)).sample()


def values(sample: Sample) -> dict[str, float]:
    """Values by metric without its prefix, and resource."""
    return {f"{each.metric.removeprefix('power_')} {each.labels[0][1]}": each.value for each in sample.readings}


def test_every_battery_of_the_machine_is_read(machine: Machine) -> None:
    """In units of energy or of charge; a device's own battery is not the machine's."""
    machine.supply("AC", {"type": "Mains", "online": 0})
    machine.supply("BAT0", BATTERY | {"energy_full": 40, "energy_full_design": 50})
    machine.supply("CMB1", {"type": "Battery", "status": "Full", "charge_now": 30, "charge_full": 40})
    machine.supply("hidpp_battery_0", BATTERY | {"scope": "Device"})
    machine.supply("hid-00-battery", BATTERY)
    assert values(look(machine)) == {
        "mains_online AC": 0.0,
        "battery_charge_ratio BAT0": 0.8,
        "battery_health_ratio BAT0": 0.8,
        "battery_discharging BAT0": 1.0,
        "battery_charge_ratio CMB1": 0.75,
        "battery_discharging CMB1": 0.0,
    }


@pytest.mark.parametrize(
    ("files", "error"),
    [
        ({"capacity": 255}, "BAT0: capacity is 255 of 100, which cannot be"),
        ({"capacity": -1}, "BAT0: capacity is -1 of 100, which cannot be"),
        ({"capacity": "many"}, "BAT0: capacity holds no number"),
        ({"energy_now": 50, "energy_full": 40}, "BAT0: energy_now is 50 of 40, which cannot be"),
        (
            {"energy_full": 80, "energy_full_design": 40},
            "BAT0: energy_full is 80 of 40, which cannot be",
        ),
    ],
)
def test_a_value_beyond_its_range_is_an_error_and_never_clamped(
    machine: Machine, files: dict[str, object], error: str
) -> None:
    machine.supply("BAT0", {"type": "Battery", **files})
    assert look(machine) == Sample(readings=(), errors=(error,))


@pytest.mark.parametrize(
    ("status", "verdict"), [("Unknown", 0.0), ("Not charging", 0.0), ("Charging", 0.0), ("", None)]
)
def test_a_battery_held_at_its_threshold_is_not_discharging(
    machine: Machine, status: str, verdict: float | None
) -> None:
    machine.supply("AC", {"type": "Mains", "online": 1})
    machine.supply("BAT0", {"type": "Battery", "status": status})
    assert values(look(machine)).get("battery_discharging BAT0") == verdict


def test_unknown_off_the_mains_says_nothing(machine: Machine) -> None:
    machine.supply("AC", {"type": "Mains", "online": 0})
    machine.supply("BAT0", {"type": "Battery", "status": "Unknown"})
    assert values(look(machine)) == {"mains_online AC": 0.0}


def test_an_empty_bay_is_no_battery(machine: Machine) -> None:
    machine.supply("AC", {"type": "Mains", "online": 1})
    machine.supply("BAT1", BATTERY | {"present": 0})
    assert values(look(machine)) == {"mains_online AC": 1.0}


def test_a_design_of_zero_is_unknown(machine: Machine) -> None:
    machine.supply("BAT0", {"type": "Battery", "energy_full": 40, "energy_full_design": 0, "capacity": 50})
    assert values(look(machine)) == {"battery_charge_ratio BAT0": 0.5}


def test_sockets_count_together_where_there_is_no_adapter(machine: Machine) -> None:
    """One of two USB sockets feeds the machine; beside an adapter they do not count."""
    machine.supply("ucsi1", {"type": "USB", "online": 0})
    machine.supply("ucsi2", {"type": "USB", "online": 1})
    assert values(look(machine)) == {"mains_online usb": 1.0}
    machine.supply("ADP1", {"type": "Mains", "online": 1})
    assert values(look(machine)) == {"mains_online ADP1": 1.0}


def test_a_machine_without_supplies_says_why(machine: Machine) -> None:
    """The battery of a mouse changes nothing."""
    machine.supply("hidpp_battery_0", BATTERY | {"scope": "Device"})
    with pytest.raises(
        Unsupported, match=r"^no power supply: the kernel shows neither mains nor a battery of this machine"
    ):
        look(machine)
