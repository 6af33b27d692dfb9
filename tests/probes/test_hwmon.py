"""Chips: their names stay the same over reboots, and their coming and going is seen."""

import errno
import os
from pathlib import Path

import pytest

from agent.probes.buspath import natural_order, place_of
from agent.probes.hwmon import Chips, attribute, channels, describe, is_asleep, is_off, is_set
from tests.probes.sysfs_tree import Machine, write


def ids(machine: Machine) -> list[str]:
    chips = Chips(machine.host)
    chips.have_changed()
    return [chip.id for chip in chips.present]


@pytest.mark.parametrize(
    ("device", "place"),
    [
        ("platform/coretemp.0/hwmon/hwmon4", "coretemp.0"),
        ("pci0000:00/0000:00:1d.0/0000:04:00.0/nvme/nvme0/hwmon1", "0000:04:00.0"),
        ("pci0000:00/0000:00:14.3/ieee80211/phy0/hwmon6", "0000:00:14.3"),
        ("pci0000:00/0000:00:1f.4/i2c-7/7-0018/hwmon/hwmon2", "0000:00:1f.4/0018"),
        ("i2c-0/0-002e/hwmon/hwmon0", "002e"),
        ("pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/hwmon/hwmon1", "0000:00:17.0/ata3"),
        ("LNXSYSTM:00/PNP0C0A:00/power_supply/BAT0/hwmon3", "BAT0"),
        ("virtual/thermal/thermal_zone0/hwmon0", ""),
        ("virtual/hwmon/hwmon5", ""),
    ],
)
def test_a_place_holds_no_number_given_in_the_order_of_discovery(device: str, place: str) -> None:
    """The innermost address that the hardware fixes is the place; a virtual device has none."""
    assert place_of(f"/sys/devices/{device}", "/sys") == place


def test_a_folder_outside_the_devices_has_no_place() -> None:
    assert place_of("/elsewhere/coretemp.0", "/sys") == ""


def test_an_id_survives_another_order_of_loading(tmp_path: Path) -> None:
    """The same chips under other numbers have the same ids."""
    before, after = Machine(tmp_path / "before"), Machine(tmp_path / "after")
    for machine, numbers in ((before, (0, 1, 2)), (after, (12, 3, 0))):
        machine.chip("pci0000:00/0000:01:00.0/nvme/nvme0", "nvme", numbers[0], {})
        machine.chip("pci0000:00/0000:02:00.0/nvme/nvme1", "nvme", numbers[1], {})
        machine.chip("platform/coretemp.0", "coretemp", numbers[2], {})
    expected = ["coretemp@coretemp.0", "nvme@0000:01:00.0", "nvme@0000:02:00.0"]
    assert sorted(ids(before)) == sorted(ids(after)) == expected


def test_equal_clients_on_two_buses_of_one_controller_differ(tmp_path: Path) -> None:
    """Buses of one controller are told apart by their order, not by their numbers."""
    machine = Machine(tmp_path)
    machine.chip("pci0000:00/0000:00:14.0/i2c-9/9-0018", "jc42", 0, {})
    machine.chip("pci0000:00/0000:00:14.0/i2c-10/10-0018", "jc42", 1, {})
    assert ids(machine) == ["jc42@0000:00:14.0/bus0/0018", "jc42@0000:00:14.0/bus1/0018"]


def test_the_kernels_number_is_the_last_resort(tmp_path: Path) -> None:
    """Only equal chips without a place carry it."""
    machine = Machine(tmp_path)
    for number, name in ((0, "same"), (1, "same"), (2, "single")):
        write(tmp_path / f"class/hwmon/hwmon{number}", {"name": name})
    assert ids(machine) == ["same#hwmon0", "same#hwmon1", "single"]


def test_chips_that_come_and_go_are_seen(tmp_path: Path) -> None:
    """The list is only read anew when the kernel's has changed; a number taken over by another chip is a change."""
    machine = Machine(tmp_path)
    chips = Chips(machine.host)
    assert (chips.have_changed(), chips.have_changed(), chips.present) == (True, False, ())
    machine.chip("platform/one", "one", 0, {})
    assert (chips.have_changed(), chips.have_changed(), [chip.name for chip in chips.present]) == (True, False, ["one"])
    keeps_the_inode = tmp_path / "class/hwmon/hwmon0"
    keeps_the_inode.rename(tmp_path / "class/taken")
    machine.chip("platform/two", "two", 0, {})
    assert (chips.have_changed(), [chip.name for chip in chips.present]) == (True, ["two"])


def test_a_chip_without_a_name_is_an_error_and_looked_at_again(tmp_path: Path) -> None:
    """The other chips are there; the nameless one is when its name is."""
    machine = Machine(tmp_path)
    folder = machine.chip("platform/half", "half", 0, {})
    machine.chip("platform/whole", "whole", 1, {})
    (folder / "name").unlink()
    chips = Chips(machine.host)
    chips.have_changed()
    assert [chip.name for chip in chips.present] == ["whole"]
    assert chips.errors == ("hwmon0: name cannot be read: ENOENT (No such file or directory)",)
    write(folder, {"name": "half"})
    assert chips.have_changed()
    assert ([chip.name for chip in chips.present], chips.errors) == (["half", "whole"], ())


def test_channel_names_are_unique_and_readable(tmp_path: Path) -> None:
    """Repeated labels get their channel, bytes that are not UTF-8 are replaced, missing and empty labels too."""
    machine = Machine(tmp_path)
    machine.chip(
        "platform/board",
        "board",
        0,
        {f"temp{number}_input": 1 for number in (1, 2, 3, 4, 10)}
        | {"temp1_label": "Temp", "temp2_label": "Temp", "temp3_label": b"A\xff\x01B\n", "temp4_label": " "}
        | {"temp_input": 1, "temp1_max": 1, "fan1_input": 1},
    )
    chips = Chips(machine.host)
    chips.have_changed()
    assert channels(chips.present[0], "temp") == {
        "temp1": "Temp (temp1)",
        "temp2": "Temp (temp2)",
        "temp3": "A\N{REPLACEMENT CHARACTER}B",
        "temp4": "temp4",
        "temp10": "temp10",
    }
    assert attribute(chips.present[0], "temp2_max") is None


def test_numbered_names_sort_as_people_count() -> None:
    assert sorted(["hwmon10", "hwmon2", "hwmon"], key=natural_order) == ["hwmon", "hwmon2", "hwmon10"]


@pytest.mark.parametrize(("status", "asleep"), [("suspended", True), ("suspending", True), ("active", False)])
def test_sleep_is_what_the_kernel_says(tmp_path: Path, status: str, asleep: bool) -> None:
    write(tmp_path, {"power/runtime_status": status})
    assert is_asleep(str(tmp_path)) is asleep


def test_without_power_management_nothing_sleeps(tmp_path: Path) -> None:
    assert is_asleep(str(tmp_path)) is False


def test_a_flag_that_cannot_be_read_is_as_said(tmp_path: Path) -> None:
    write(tmp_path, {"set": 1, "unset": 0, "odd": "x"})
    paths = [None, *(str(tmp_path / name) for name in ("missing", "odd"))]
    assert [is_set(path, otherwise=True) for path in paths] == [True, True, True]
    assert [is_set(str(tmp_path / name), otherwise=False) for name in ("set", "unset", "odd")] == [True, False, False]


def test_errors_are_named_and_being_off_is_none() -> None:
    """ENODATA and ENXIO say that there is nothing to measure; every other error has its name and its words."""
    codes = (errno.EIO, errno.ENODEV, errno.EINVAL, errno.EAGAIN, errno.ENODATA, errno.ENXIO)
    errors = [OSError(code, os.strerror(code)) for code in codes]
    assert [is_off(error) for error in errors] == [False, False, False, False, True, True]
    assert describe(errors[0], "/x/temp1_input") == "temp1_input cannot be read: EIO (Input/output error)"
    assert describe(ValueError(), "/x/temp1_input") == "temp1_input holds no number"
    assert not is_off(ValueError())
