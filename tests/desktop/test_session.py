"""What a session can say of its screens: the output of real programs, read."""

from __future__ import annotations

from agent.desktop.session import Mode, mutter_modes, session_readings, xrandr_modes

OFFICE = """\
Screen 0: minimum 320 x 200, current 4480 x 1440, maximum 16384 x 16384
eDP-1 connected primary 1920x1080+0+0 (normal left inverted right x axis y axis) 309mm x 174mm
   1920x1080     60.01*+  48.01
   1680x1050     59.95    59.88
HDMI-1 disconnected (normal left inverted right x axis y axis)
DP-1 connected 2560x1440+1920+0 (normal left inverted right x axis y axis) 597mm x 336mm
   2560x1440     74.97    59.95*+
   1024x768      75.03    60.00
DP-2 connected (normal left inverted right x axis y axis)
   1920x1080     60.00 +
"""
VIRTUAL = """\
Screen 0: minimum 1 x 1, current 1366 x 768, maximum 1366 x 768
screen connected 1366x768+0+0 0mm x 0mm
   1366x768       0.00*
"""
TURNED = """\
DP-1 connected 1080x1920+0+0 left (normal left inverted right x axis y axis) 527mm x 296mm
   1920x1080     60.00*+
"""


def test_each_lit_screen_has_its_mode() -> None:
    """What is connected but dark, and what is not connected, has none; the rate is the one with the star."""
    assert list(xrandr_modes(OFFICE.splitlines())) == [
        Mode(connector="eDP-1", width=1920, height=1080, refresh_hertz=60.01),
        Mode(connector="DP-1", width=2560, height=1440, refresh_hertz=59.95),
    ]


def test_an_unknown_rate_is_not_zero() -> None:
    """Xvfb says 0.00, which is no rate."""
    assert list(xrandr_modes(VIRTUAL.splitlines())) == [
        Mode(connector="screen", width=1366, height=768, refresh_hertz=None)
    ]


def test_a_turned_screen_has_its_turned_size() -> None:
    assert [(mode.width, mode.height) for mode in xrandr_modes(TURNED.splitlines())] == [(1080, 1920)]


def test_noise_is_no_screen() -> None:
    assert list(xrandr_modes(["Can't open display :9", "", "   1x1 60.00*", "x connected 1x1"])) == []


def test_mutter_says_which_mode_is_current() -> None:
    """The form of GetCurrentState's monitors, as jeepney hands it over."""
    modes = [
        ("1920x1080@60.001", 1920, 1080, 60.001, 1.0, [1.0, 2.0], {"is-current": ("b", True)}),
        ("1280x720@60.000", 1280, 720, 60.0, 1.0, [1.0], {"is-preferred": ("b", True)}),
    ]
    dark = ("DP-2", "V", "P", "S"), [("800x600@60", 800, 600, 60.0, 1.0, [1.0], {})], {}
    monitors = [(("eDP-1", "V", "P", "S"), modes, {"is-builtin": ("b", True)}), dark]
    assert list(mutter_modes(monitors)) == [Mode(connector="eDP-1", width=1920, height=1080, refresh_hertz=60.001)]


def test_a_session_without_anything_says_nothing() -> None:
    """No bus and no display, or an X server that only stands in for Wayland: no reading is made up."""
    assert session_readings({}, None) == []
    assert session_readings({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, None) == []
