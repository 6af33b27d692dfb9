from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.probes.display import PROBE
from agent.probes.probe import Context, Unsupported
from tests.probes.edids import STANDARD, patched
from tests.probes.tree import captured, values, write_tree

NO_LOG = "no count of graphics resets: a captured machine has no kernel log to follow"


def connector(name: str, status="connected", enabled="enabled", edid: bytes = STANDARD) -> dict[str, str | bytes]:
    folder = f"sys/class/drm/{name}"
    return {
        f"{folder}/status": f"{status}\n",
        f"{folder}/enabled": f"{enabled}\n",
        f"{folder}/edid": edid if status == "connected" else b"",
    }


def card(root: Path, name: str, address: str, driver: str) -> None:
    device = root / "sys/devices" / address
    device.mkdir(parents=True)
    (device / "driver").symlink_to(f"../../bus/pci/drivers/{driver}")
    (root / "sys/class/drm" / name).mkdir(parents=True)
    (root / "sys/class/drm" / name / "device").symlink_to(device)


def shown(name: str, *, enabled: float = 1.0, drops: float = 0.0) -> dict[tuple[str, ...], float]:
    return {
        ("display_connected", name): 1.0,
        ("display_drops_total", name): drops,
        ("display_enabled", name): enabled,
        ("display_edid_valid", name): 1.0,
        ("display_info", name, "DEL", "DELL UR111", "962b5dfc3253", "1280x1024@85"): 1.0,
    }


def gone(name: str, *, drops: float) -> dict[tuple[str, ...], float]:
    return {
        ("display_connected", name): 0.0,
        ("display_drops_total", name): drops,
        ("display_enabled", name): 0.0,
    }


def test_only_a_connector_in_use_gives_readings(tmp_path):
    """An unused connector and a writeback one give none; that there is no kernel log to follow is named."""
    write_tree(
        tmp_path,
        connector("card0-HDMI-A-1")
        | connector("card0-DP-1", "disconnected", "disabled")
        | connector("card0-Writeback-1", "unknown")
        | {"sys/class/drm/version": "drm 1.1.0\n"},
    )
    sample = PROBE.open(captured(tmp_path)).sample()
    assert values(sample) == shown("HDMI-A-1")
    assert sample.errors == (NO_LOG,)


def test_a_display_that_went_away_is_a_drop(tmp_path):
    """Its connector goes on giving readings, keeps its count when the display is back, and counts each time once."""
    write_tree(tmp_path, connector("card0-DP-1"))
    displays = PROBE.open(captured(tmp_path))
    displays.sample()
    write_tree(tmp_path, connector("card0-DP-1", "disconnected", "disabled"))
    assert values(displays.sample()) == gone("DP-1", drops=1.0)
    assert values(displays.sample()) == gone("DP-1", drops=1.0)
    write_tree(tmp_path, connector("card0-DP-1"))
    assert values(displays.sample()) == shown("DP-1", drops=1.0)


def test_a_dock_takes_its_connectors_along(tmp_path):
    """A connector whose folder vanishes had its display pulled; the others do not notice."""
    write_tree(tmp_path, connector("card0-eDP-1") | connector("card0-DP-3"))
    displays = PROBE.open(captured(tmp_path))
    displays.sample()
    for file in (tmp_path / "sys/class/drm/card0-DP-3").iterdir():
        file.unlink()
    (tmp_path / "sys/class/drm/card0-DP-3").rmdir()
    assert values(displays.sample()) == shown("eDP-1") | gone("DP-3", drops=1.0)


def test_a_dock_that_renames_its_connectors_does_not_fill_the_memory(tmp_path):
    """Sixteen connectors are remembered; those gone longest are forgotten first."""
    displays = PROBE.open(captured(tmp_path))
    for number in range(20):
        write_tree(tmp_path, connector(f"card0-DP-{number}"))
        displays.sample()
        write_tree(tmp_path, connector(f"card0-DP-{number}", "disconnected", "disabled"))
        displays.sample()
    assert [name for metric, name in values(displays.sample()) if metric == "display_connected"] == [
        f"DP-{number}" for number in range(4, 20)
    ]


def test_the_same_connector_of_two_cards(tmp_path):
    """The first keeps its plain name; the other gets its card's address, which no reboot changes."""
    card(tmp_path, "card0", "0000:00:02.0", "i915")
    card(tmp_path, "card1", "0000:01:00.0", "amdgpu")
    write_tree(tmp_path, connector("card0-DP-1") | connector("card1-DP-1"))
    assert values(PROBE.open(captured(tmp_path)).sample()) == shown("DP-1") | shown("DP-1@0000:01:00.0")


def test_nvidias_driver_does_not_say_what_is_lit(tmp_path):
    """It calls lit displays disabled, so nothing is said; all the rest is."""
    card(tmp_path, "card0", "0000:01:00.0", "nvidia")
    write_tree(tmp_path, connector("card0-DP-1", enabled="disabled"))
    found = values(PROBE.open(captured(tmp_path)).sample())
    assert found.keys() == shown("DP-1").keys() - {("display_enabled", "DP-1")}


@pytest.mark.parametrize(
    ("name", "edid", "valid"),
    [
        ("HDMI-A-1", b"", 0.0),
        ("VGA-1", b"", 0.0),
        ("eDP-1", b"", None),
        ("Virtual-1", b"", None),
        ("eDP-1", b"\0" * 128, 0.0),
        ("DP-1", STANDARD[:-1] + b"\0", 0.0),
        ("DP-1", patched(at_126=b"\1"), 0.0),
    ],
)
def test_a_missing_or_damaged_edid(tmp_path, name, edid, valid):
    """On a plug with a wire for it a missing EDID is a fault, on a built-in or virtual display it is none."""
    write_tree(tmp_path, connector(f"card0-{name}", edid=edid))
    found = values(PROBE.open(captured(tmp_path)).sample())
    assert found.get(("display_edid_valid", name)) == valid


def test_a_status_that_cannot_be_told(tmp_path):
    """A connector that had a display and answers `unknown` keeps its state, and that is named."""
    write_tree(tmp_path, connector("card0-VGA-1"))
    displays = PROBE.open(captured(tmp_path))
    displays.sample()
    write_tree(tmp_path, {"sys/class/drm/card0-VGA-1/status": "unknown\n"})
    sample = displays.sample()
    assert values(sample) == shown("VGA-1")
    assert sample.errors == (
        "the driver cannot tell whether a display is connected: card0-VGA-1",
        NO_LOG,
    )


def test_a_file_that_cannot_be_read_costs_one_connectors_readings(tmp_path):
    """A dock that goes away in the middle of a look breaks its own connector only."""
    write_tree(tmp_path, connector("card0-DP-1") | connector("card0-DP-2"))
    os.unlink(tmp_path / "sys/class/drm/card0-DP-1/enabled")
    sample = PROBE.open(captured(tmp_path)).sample()
    assert values(sample) == shown("DP-2") | {
        ("display_connected", "DP-1"): 1.0,
        ("display_drops_total", "DP-1"): 0.0,
    }
    assert sample.errors == ("DP-1: No such file or directory", NO_LOG)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "no displays: no graphics driver shows any in /sys/class/drm"),
        (
            {"sys/class/drm/card0/uevent": ""},
            f"no graphics driver here has a connector for a display; {NO_LOG}",
        ),
    ],
    ids=["no driver", "no connector"],
)
def test_a_machine_without_displays_is_unsupported(tmp_path, files, reason):
    """A server without a graphics driver, or with one that drives no display, has no such probe."""
    write_tree(tmp_path, files)
    with pytest.raises(Unsupported) as unsupported:
        PROBE.open(captured(tmp_path)).sample()
    assert str(unsupported.value) == reason


def test_opening_writes_nothing_and_leaves_no_handle_behind(tmp_path):
    """On this machine the probe gives back what it holds, the kernel log included."""
    handles = set(os.listdir("/proc/self/fd"))
    PROBE.open(Context()).close()
    assert set(os.listdir("/proc/self/fd")) == handles
