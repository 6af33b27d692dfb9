"""What only a process of the session can know: resolution and refresh rate of the screens, and the night light.

GNOME says it on the session's bus (Mutter's DisplayConfig, on X11 and Wayland alike), an X server through `xrandr`.
On other Wayland desktops an X program would be told scaled sizes: then nothing is said. Nothing is started to be asked.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jeepney import DBusAddress, new_method_call

from agent.desktop.notifier import CannotNotify, Notifier

XRANDR_SECONDS = 5.0
MOST_SCREENS = 10
"""More than any desk has; three readings of each and the night light are what the agent takes at once."""
NEUTRAL_KELVIN = 6500
"""Daylight, D65: the colour temperature at which KWin changes nothing (kwin, nightlight/constants.h)."""

_MUTTER = DBusAddress(
    "/org/gnome/Mutter/DisplayConfig",
    bus_name="org.gnome.Mutter.DisplayConfig",
    interface="org.gnome.Mutter.DisplayConfig",
)
_GNOME_COLOUR = DBusAddress(
    "/org/gnome/SettingsDaemon/Color",
    bus_name="org.gnome.SettingsDaemon.Color",
    interface="org.gnome.SettingsDaemon.Color",
)
_KDE_COLOURS = (
    DBusAddress("/org/kde/KWin/NightLight", bus_name="org.kde.KWin", interface="org.kde.KWin.NightLight"),
    DBusAddress("/ColorCorrect", bus_name="org.kde.KWin", interface="org.kde.kwin.ColorCorrect"),
)
"""Plasma 6, and 5."""
_OUTPUT = re.compile(r"(\S+) connected (?:primary )?(\d+)x(\d+)\+")
_CURRENT = re.compile(r"\s.*?([\d.]+)\*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """What a screen shows now; the refresh rate is missing where the driver does not know it."""

    connector: str
    width: int
    height: int
    refresh_hertz: float | None


def session_readings(environment: Mapping[str, str], notifier: Notifier | None) -> list[dict[str, object]]:
    """Everything that can be read here, in the form of the API; what cannot is not there."""
    modes = (_mutter_modes(notifier) if notifier else []) or _x11_modes(environment)
    is_lit = _night_light(notifier) if notifier else None
    night = [] if is_lit is None else [_reading("night_light_enabled", {}, float(is_lit))]
    return [*(one for mode in modes[:MOST_SCREENS] for one in _of_mode(mode)), *night]


def xrandr_modes(lines: Iterable[str]) -> Iterator[Mode]:
    """The screens in the output of `xrandr --current` (xrandr(1)).

    An output's line with its size, then its modes, the current rate marked with a star. Of a turned screen the size is
    the turned one.
    """
    output: tuple[str, int, int] | None = None
    for line in lines:
        if not line[:1].isspace():
            found = _OUTPUT.match(line)
            output = (found[1], int(found[2]), int(found[3])) if found else None
        elif output is not None and (current := _CURRENT.match(line)):
            rate = float(current[1])
            yield Mode(connector=output[0], width=output[1], height=output[2], refresh_hertz=rate or None)
            output = None


def mutter_modes(monitors: Sequence[Any]) -> Iterator[Mode]:
    """The screens in the monitors of Mutter's GetCurrentState: connector first, and the mode with `is-current`.

    `a((ssss)a(siiddada{sv})a{sv})`, org.gnome.Mutter.DisplayConfig.xml.
    """
    for (connector, *_names), modes, _properties in monitors:
        for _id, width, height, rate, *_scales, properties in modes:
            if properties.get("is-current", ("b", False))[1]:
                yield Mode(connector=connector, width=width, height=height, refresh_hertz=rate or None)


def _x11_modes(environment: Mapping[str, str]) -> list[Mode]:
    is_wayland = environment.get("WAYLAND_DISPLAY") or environment.get("XDG_SESSION_TYPE") == "wayland"
    if is_wayland or not environment.get("DISPLAY"):
        return []
    try:
        done = subprocess.run(
            [
                "xrandr",
                "--current",
            ],  # what the server knows; without --current it would ask the monitors, which flicker
            capture_output=True,
            timeout=XRANDR_SECONDS,
            check=False,
            env={**environment, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return list(xrandr_modes(done.stdout.decode("utf-8", "replace").splitlines()))


def _mutter_modes(notifier: Notifier) -> list[Mode]:
    try:
        monitors = notifier.ask_running(new_method_call(_MUTTER, "GetCurrentState"), position=1)
    except (CannotNotify, OSError):
        return []
    return list(mutter_modes(monitors)) if isinstance(monitors, list) else []


def _night_light(notifier: Notifier) -> bool | None:
    """Whether the session changes the screen's colours now."""
    try:
        active = _property(notifier, _GNOME_COLOUR, "NightLightActive")
        if isinstance(active, bool):
            return active
        for address in _KDE_COLOURS:
            kelvin = _property(notifier, address, "currentTemperature")
            if isinstance(kelvin, int):
                return kelvin < NEUTRAL_KELVIN
    except (CannotNotify, OSError):
        return None
    return None


def _property(notifier: Notifier, address: DBusAddress, name: str) -> object:
    found = notifier.property_of(address, name)
    return found[1] if isinstance(found, tuple) else None


def _of_mode(mode: Mode) -> Iterator[dict[str, object]]:
    for dimension, pixels in (("width", mode.width), ("height", mode.height)):
        labels = {"connector": mode.connector, "dimension": dimension}
        yield _reading("display_resolution_pixels", labels, float(pixels))
    if mode.refresh_hertz is not None:
        yield _reading("display_refresh_hertz", {"connector": mode.connector}, mode.refresh_hertz)


def _reading(name: str, labels: Mapping[str, str], value: float) -> dict[str, object]:
    return {"name": name, "labels": labels, "value": value}
