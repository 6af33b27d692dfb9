"""Which machine this is, from the firmware's own words."""

from pathlib import Path

import pytest

from agent.machine import machine_identity
from agent.probes.hostfs import HostFs

HOSTS = Path(__file__).parent / "hosts"


@pytest.mark.parametrize(
    ("name", "vendor", "model"),
    [
        ("thinkpad-laptop", "LENOVO", "ThinkPad T14 Gen 3"),
        ("eleven-chips", "Dell Inc.", "Precision 7920 Tower"),
        ("virtual-machine", "QEMU", "Standard PC (Q35 + ICH9, 2009)"),
    ],
)
def test_vendor_and_model_are_the_makers_words(name: str, vendor: str, model: str) -> None:
    """Lenovo's model stands where others have a version."""
    host = HostFs(sysfs=str(HOSTS / name / "sys"), procfs="/none")
    assert machine_identity(host) == (("vendor", vendor), ("model", model))


def test_a_makers_filler_is_no_name() -> None:
    """A board whose maker left "To Be Filled By O.E.M." has no model."""
    assert machine_identity(HostFs(sysfs=str(HOSTS / "odd-board" / "sys"), procfs="/none")) == ()


def test_a_device_tree_names_the_model(tmp_path: Path) -> None:
    """Its text ends with a zero byte, which is no part of the name."""
    folder = tmp_path / "firmware/devicetree/base"
    folder.mkdir(parents=True)
    (folder / "model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    expected = (("vendor", ""), ("model", "Raspberry Pi 5 Model B Rev 1.0"))
    assert machine_identity(HostFs(sysfs=str(tmp_path), procfs="/none")) == expected


def test_a_machine_without_firmware_words_has_no_name(tmp_path: Path) -> None:
    assert machine_identity(HostFs(sysfs=str(tmp_path), procfs="/none")) == ()
