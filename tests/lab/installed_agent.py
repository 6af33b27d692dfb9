# ruff: noqa: T201  # what it prints is the record of the run
"""The installed agent inside the lab machine: starts it as a service, asks it, and writes down what was seen.

Copied beside every driver. `expect` and `wait` print one line for each fact; `verdict` is the exit status of the run.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

COMMAND = "/opt/device-health/bin/device-health"
USER = "operator"
METRICS = "http://127.0.0.1:9847"
DATA_DIR = "/var/lib/device-health"
SERVICE = f"""\
[Service]
Type=notify
User={USER}
StateDirectory=device-health
AmbientCapabilities=CAP_NET_RAW
RuntimeDirectory=device-health
ExecStart={COMMAND} run
Restart=on-failure
RestartSec=1s
TimeoutStartSec=90
"""
POLL_SECONDS = 0.5
_SERIES = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

_begun = time.monotonic()
_failures: list[str] = []

Key = tuple[str, frozenset[tuple[str, str]]]


def say(text: str) -> None:
    """One line of the record, with the seconds since the driver's start."""
    print(f"{time.monotonic() - _begun:6.1f}  {text}", flush=True)


def expect(text: str, *, holds: bool) -> None:
    """A fact that the run is about."""
    say(f"{'ok    ' if holds else 'WRONG '} {text}")
    if not holds:
        _failures.append(text)


def verdict() -> int:
    """0 when every fact was as expected."""
    say(f"{len(_failures)} facts are not as expected" if _failures else "all as expected")
    return 1 if _failures else 0


def hardware(command: str) -> str:
    """Call one of hardware.sh's functions, which the job exports."""
    return subprocess.run(["bash", "-c", command], check=True, capture_output=True, text=True).stdout


def device_health(*arguments: str, user: str = USER) -> subprocess.CompletedProcess[str]:
    """One command, by hand, and without root unless it says so."""
    begun = time.monotonic()
    done = subprocess.run(
        ["runuser", "-u", user, "--", COMMAND, *arguments], capture_output=True, text=True, timeout=90, check=False
    )
    say(f"       $ device-health {' '.join(arguments)}: exit {done.returncode}, {time.monotonic() - begun:.1f} s")
    return done


def start_service(config: str) -> float:
    """Install configuration and unit, start it; the seconds until it said READY."""
    Path("/etc/device-health").mkdir(exist_ok=True)
    Path("/etc/device-health/agent.yaml").write_text(config, encoding="utf-8")
    Path("/run/systemd/system/device-health.service").write_text(SERVICE, encoding="utf-8")
    hardware("systemctl daemon-reload")
    begun = time.monotonic()
    hardware("systemctl start device-health || journalctl -u device-health >&2")
    return time.monotonic() - begun


def process() -> int:
    """The service's process, 0 when it does not run."""
    return int(hardware("systemctl show -P MainPID device-health"))


def series() -> dict[Key, float]:
    """Every series of the metrics page."""
    with urllib.request.urlopen(f"{METRICS}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    found = (_SERIES.match(line) for line in lines if not line.startswith("#"))
    return {(one[1], frozenset(_LABEL.findall(one[2] or ""))): float(one[3]) for one in found if one}


def value(page: Mapping[Key, float], name: str, **labels: str) -> float | None:
    """The value of the only series with this name (without prefix) and at least these labels."""
    wanted = frozenset(labels.items())
    return next((found for (full, has), found in page.items() if full == f"endpoint_{name}" and wanted <= has), None)


def firing(page: Mapping[Key, float]) -> set[tuple[str, str]]:
    """Rule and severity of every firing alert."""
    return {
        (dict(labels)["rule"], dict(labels)["severity"])
        for (name, labels), found in page.items()
        if name == "endpoint_alert_state" and found == 2
    }


def wait(text: str, holds: Callable[[Mapping[Key, float]], bool], *, at_most: float, at_least: float = 0.0) -> float:
    """Poll the metrics page until the condition holds: a fact with its bounds in seconds; the seconds it took."""
    begun = time.monotonic()
    while (passed := time.monotonic() - begun) < at_most + POLL_SECONDS:
        try:
            if holds(series()):
                expect(f"{text} after {passed:.1f} s ({at_least:g} to {at_most:g})", holds=passed >= at_least)
                return passed
        except OSError:
            pass  # it is starting
        time.sleep(POLL_SECONDS)
    expect(f"{text} within {at_most:g} s", holds=False)
    return passed


def log() -> str:
    """What the service said so far."""
    return hardware("journalctl -u device-health -o cat --no-pager")


def tell_log() -> None:
    """What the service said, for whoever reads the record."""
    for line in log().splitlines():
        print(f"        | {line}", flush=True)


def is_unprivileged(pid: int) -> bool:
    """Whether the process runs as somebody else than root."""
    return os.stat(f"/proc/{pid}").st_uid != 0
