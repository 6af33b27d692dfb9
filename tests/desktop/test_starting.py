"""The two ways the companion is started: the same command, and never both."""

from __future__ import annotations

from configparser import ConfigParser

from tests.running_agent import ROOT

PLACE = ROOT / "deploy" / "desktop"


def _read(name: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read_string((PLACE / name).read_text(encoding="utf-8"))
    return parser


def test_both_start_the_same_command() -> None:
    entry, unit = _read("device-health-desktop.desktop"), _read("device-health-desktop.service")
    assert entry["Desktop Entry"]["Exec"] == unit["Service"]["ExecStart"] == "device-health desktop"


def test_where_systemd_starts_the_desktop_only_the_unit_is_active() -> None:
    """Systemd's generator and GNOME's session leave the autostart file alone; the unit belongs to the desktop."""
    entry, unit = _read("device-health-desktop.desktop"), _read("device-health-desktop.service")
    assert entry["Desktop Entry"]["X-systemd-skip"] == entry["Desktop Entry"]["X-GNOME-HiddenUnderSystemd"] == "true"
    assert unit["Install"]["WantedBy"] == unit["Unit"]["PartOf"] == "graphical-session.target"


def test_a_browser_outlives_the_companion() -> None:
    assert _read("device-health-desktop.service")["Service"]["KillMode"] == "process"
