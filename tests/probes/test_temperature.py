"""The temperature probe over time: errors contained, slow and sleeping devices spared, sensors judged."""

import os
from pathlib import Path

import pytest

from agent.probes.probe import Context, Sample, Unsupported
from agent.probes.temperature import PROBE, Temperatures
from agent.readings import Reading
from tests.probes.sysfs_tree import Machine, write

CPU = {"temp1_label": "Package id 0", "temp1_input": 45000, "temp1_crit": 100000}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def opened(machine: Machine) -> Temperatures:
    return Temperatures(Context(host=machine.host, now=machine.clock))


def celsius(sample: Sample) -> dict[str, float]:
    """Values by sensor."""
    found = (each for each in sample.readings if each.metric == "temperature_celsius")
    return {dict(each.labels)["sensor"]: each.value for each in found}


def doubts(sample: Sample) -> dict[str, str | None]:
    found = (each for each in sample.readings if each.metric == "temperature_celsius")
    return {dict(each.labels)["sensor"]: each.suspect for each in found}


def test_one_failing_sensor_leaves_the_others_alone(machine: Machine) -> None:
    """Each kind of failure is named once, with its sensor; FIFO and memory give the kernel's real EAGAIN and EIO."""
    folder = machine.chip("platform/board", "board", 0, {"temp1_input": 30000, "temp2_input": "", "temp3_input": "x"})
    (folder / "temp4_input").symlink_to("/proc/self/mem")
    os.mkfifo(folder / "temp5_input")
    writer = os.open(folder / "temp5_input", os.O_RDWR)
    sample = opened(machine).sample()
    os.close(writer)
    assert celsius(sample) == {"temp1": 30.0}
    assert sample.errors == (
        "board@board temp2: temp2_input holds no number",
        "board@board temp3: temp3_input holds no number",
        "board@board temp4: temp4_input cannot be read: EIO (Input/output error)",
        "board@board temp5: temp5_input cannot be read: EAGAIN (Resource temporarily unavailable)",
    )


def test_a_sensor_that_recovers_has_no_error_any_more(machine: Machine) -> None:
    folder = machine.chip("platform/board", "board", 0, {"temp1_input": ""})
    probe = opened(machine)
    assert len(probe.sample().errors) == 1
    write(folder, {"temp1_input": 31000})
    assert (celsius(sample := probe.sample()), sample.errors) == ({"temp1": 31.0}, ())


def test_a_disabled_sensor_is_neither_read_nor_an_error(machine: Machine) -> None:
    machine.chip("platform/board", "board", 0, {"temp1_input": 30000, "temp2_input": "", "temp2_enable": 0})
    sample = opened(machine).sample()
    assert (celsius(sample), sample.errors) == ({"temp1": 30.0}, ())


def test_a_faulty_sensor_is_suspect(machine: Machine) -> None:
    machine.chip("platform/board", "board", 0, {"temp1_input": 30000, "temp1_fault": 1})
    labels = (("chip", "board@board"), ("sensor", "temp1"), ("component", "board"))
    assert opened(machine).sample().readings == (
        Reading(
            metric="temperature_celsius", value=30.0, labels=labels, suspect="the chip says that this sensor is faulty"
        ),
        Reading(metric="temperature_sensor_fault", value=1.0, labels=labels),
    )


def test_a_jump_is_believed_and_a_frozen_contradiction_is_not(machine: Machine) -> None:
    """A board sensor may jump from 45 to 97 °C; ten still minutes there beside a cool processor are too long."""
    machine.chip("platform/coretemp.0", "coretemp", 0, CPU)
    folder = machine.chip("i2c-0/0-002e", "adt7475", 1, {"temp1_input": 45000, "temp1_crit": -64000})
    probe = opened(machine)
    probe.sample()
    write(folder, {"temp1_input": 97000})
    machine.now += 5
    assert doubts(probe.sample()) == {"Package id 0": None, "temp1": None}
    machine.now += 600
    assert doubts(probe.sample()) == {
        "Package id 0": None,
        "temp1": "contradicted by the processor's own sensor: far above it and not moving",
    }


def test_an_unset_limit_gives_neither_limit_nor_headroom(machine: Machine) -> None:
    """The adt7475's power-on critical limit of -64 °C is none."""
    machine.chip("i2c-0/0-002e", "adt7475", 0, {"temp1_input": 97000, "temp1_crit": -64000, "temp1_max": -64000})
    assert [each.metric for each in opened(machine).sample().readings] == ["temperature_celsius"]


def test_limits_set_later_are_found(machine: Machine) -> None:
    """Within the hour, because `sensors -s` may run after the agent has started."""
    folder = machine.chip("platform/board", "board", 0, {"temp1_input": 40000, "temp1_max": 0})
    probe = opened(machine)
    assert len(probe.sample().readings) == 1
    write(folder, {"temp1_max": 80000})
    machine.now += 3600
    assert [each.value for each in probe.sample().readings] == [40.0, 40.0, 80.0]


def test_a_disk_is_asked_once_a_minute(machine: Machine) -> None:
    """In between its last answer stands; its limits are asked for once."""
    folder = machine.chip("pci0000:00/0000:01:00.0/nvme/nvme0", "nvme", 0, {"temp1_input": 40000, "temp1_crit": 85000})
    probe = opened(machine)
    seen = [probe.sample().readings]
    write(folder, {"temp1_input": 50000, "temp1_crit": 60000})
    machine.now += 55
    seen.append(probe.sample().readings)
    machine.now += 5
    seen.append(probe.sample().readings)
    assert [[each.value for each in readings] for readings in seen] == [
        [40.0, 45.0, 85.0],
        [40.0, 45.0, 85.0],
        [50.0, 35.0, 85.0],
    ]


def test_an_unused_hard_disk_is_left_to_spin_down(machine: Machine) -> None:
    """It is asked again when it was used since the last look."""
    device = "pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0"
    folder = machine.chip(device, "drivetemp", 0, {"temp1_input": 36000})
    block = machine.root / "devices" / device / "block/sda"
    write(block, {"queue/rotational": 1, "stat": "10 0 80"})
    probe = opened(machine)
    assert celsius(probe.sample()) == {"temp1": 36.0}
    machine.now += 60
    assert probe.sample() == Sample(readings=())
    write(block, {"stat": "11 0 88"})
    write(folder, {"temp1_input": 37000})
    machine.now += 60
    assert celsius(probe.sample()) == {"temp1": 37.0}


def test_a_sleeping_graphics_card_is_not_woken(machine: Machine) -> None:
    """Not one of its attributes is read while it sleeps, and that is no error."""
    folder = machine.chip("pci0000:00/0000:03:00.0", "amdgpu", 0, {"temp1_input": ""})
    write(folder / "device", {"power/runtime_status": "suspended"})
    probe = opened(machine)
    assert probe.sample() == Sample(readings=())
    write(folder, {"temp1_input": 50000})
    write(folder / "device", {"power/runtime_status": "active"})
    assert celsius(probe.sample()) == {"temp1": 50.0}


def test_a_processor_without_limits_is_judged_by_an_assumed_one(machine: Machine) -> None:
    """Tctl is not where Tdie stands beside it, because it carries an offset there."""
    files = {"temp1_label": "Tctl", "temp1_input": 87000, "temp2_label": "Tdie", "temp2_input": 60000}
    machine.chip("pci0000:00/0000:00:18.3", "k10temp", 0, files)
    found = [(each.metric, dict(each.labels)["sensor"], each.value) for each in opened(machine).sample().readings]
    assert found == [
        ("temperature_celsius", "Tctl", 87.0),
        ("temperature_celsius", "Tdie", 60.0),
        ("temperature_headroom_celsius", "Tdie", 40.0),
        ("temperature_limit_celsius", "Tdie", 100.0),
    ]


def test_a_zone_is_shown_only_where_no_chip_shows_it(machine: Machine) -> None:
    """The package zone repeats coretemp, acpitz its own chip; without coretemp the package zone is the processor."""
    machine.zone(0, {"type": "x86_pkg_temp", "temp": 61000, "trip_point_0_type": "passive", "trip_point_0_temp": 0})
    machine.zone(1, {"type": "acpitz", "temp": 40000, "trip_point_0_type": "critical", "trip_point_0_temp": 105000})
    alone = opened(machine).sample()
    machine.chip("platform/coretemp.0", "coretemp", 0, CPU)
    machine.chip("virtual/thermal/thermal_zone1", "acpitz", 1, {"temp1_input": 40000})
    beside = opened(machine).sample()
    assert [(dict(each.labels)["chip"], each.value) for each in alone.readings] == [
        ("x86_pkg_temp", 61.0),
        ("x86_pkg_temp", 39.0),
        ("x86_pkg_temp", 100.0),
        ("acpitz", 40.0),
        ("acpitz", 65.0),
        ("acpitz", 105.0),
    ]
    assert celsius(beside) == {"Package id 0": 45.0, "temp1": 40.0}


def test_a_chip_that_comes_and_goes_is_followed(machine: Machine) -> None:
    """The sensors that stay keep their past."""
    machine.chip("platform/coretemp.0", "coretemp", 0, CPU)
    probe = opened(machine)
    probe.sample()
    machine.chip("platform/board", "board", 1, {"temp1_input": 30000})
    assert celsius(probe.sample()) == {"Package id 0": 45.0, "temp1": 30.0}
    (machine.root / "class/hwmon/hwmon1").unlink()
    assert celsius(probe.sample()) == {"Package id 0": 45.0}


def test_a_machine_without_thermometers_says_why(machine: Machine) -> None:
    """Chips that measure something else are named."""
    with pytest.raises(
        Unsupported, match=r"^no temperature sensor: the kernel shows no hwmon chip and no thermal zone; "
    ):
        opened(machine).sample()
    machine.chip("platform/power", "ucsi", 0, {"in0_input": 5000})
    with pytest.raises(
        Unsupported, match=r"the kernel's hwmon chips \(ucsi\) measure none, and there is no thermal zone"
    ):
        opened(machine).sample()


def test_values_that_do_not_change_cost_no_new_readings(machine: Machine) -> None:
    """The very same values come back, so that a quiet machine makes no garbage."""
    machine.chip("platform/coretemp.0", "coretemp", 0, CPU)
    probe = opened(machine)
    first, second = probe.sample(), probe.sample()
    assert [a is b for a, b in zip(first.readings, second.readings, strict=True)] == [True, True, True]


def test_the_probe_can_be_redirected() -> None:
    assert (PROBE.name, PROBE.redirectable) == ("temperature", True)
