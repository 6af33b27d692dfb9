"""Opens the status page in the person's browser, where the session has a display."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

OPENER = "xdg-open"
START_SECONDS = 10.0
"""xdg-open says so when it knows no browser, on a slow computer after some seconds; one that still runs by then is the
browser itself."""


class CannotOpen(Exception):
    """No page was opened; the message says why."""


def has_display(environment: Mapping[str, str]) -> bool:
    """Whether a browser could show itself."""
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def open_in_browser(url: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Open it, and hand back the process, which may be the browser itself: somebody has to see it end.

    Raises:
        CannotOpen: there is no display, no xdg-open, or it knows no browser.
    """
    if not has_display(environment):
        raise CannotOpen("this session has no display")
    try:
        process = subprocess.Popen(
            [OPENER, url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=dict(environment),
        )
    except OSError as error:
        raise CannotOpen(f"{OPENER} cannot be started: {error.strerror}") from error
    try:
        status = process.wait(START_SECONDS)
    except subprocess.TimeoutExpired:
        return process
    if status != 0:
        raise CannotOpen(f"{OPENER} ended with status {status}: no browser?")
    return process
