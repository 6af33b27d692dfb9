"""What both halves of the run ask of the machine and of the agent."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from installed_agent import device_health, expect, hardware, process, say, wait

CONFIG = Path("/etc/device-health/agent.yaml")
OWN_CONFIG = "language: en\nit_contact: IT desk\n"
HOT = ("board-overheating", "critical")
START_SECONDS = 60.0
"""systemd's RestartSec, the interpreter's start and the first cycle, all emulated in software."""
OUTSIDE = "-path /proc -o -path /sys -o -path /lab -o -path /run/systemd -o -path /var/log -o -path /var/lib/dpkg"


def package(version: str) -> str:
    """The .deb of a version."""
    return f"device-health_{version}_amd64.deb"


def dpkg(*arguments: str) -> str:
    """What dpkg says, with the time it took."""
    begun = time.monotonic()
    done = subprocess.run(["dpkg", *arguments], check=False, capture_output=True, text=True)
    said = done.stdout + done.stderr
    say(f"       $ dpkg {' '.join(arguments)}: exit {done.returncode}, {time.monotonic() - begun:.1f} s")
    expect("dpkg ends well" if not done.returncode else said, holds=done.returncode == 0)
    return said


def runs(text: str, version: str) -> None:
    """The service answers, in this version."""
    wait(f"{text}: {version} answers", lambda page: _version(page) == version, at_most=START_SECONDS)
    state = hardware("systemctl show -P ActiveState -P UnitFileState device-health").split()
    expect(f"{text}: systemd says {state}", holds=state in (["active", "enabled"], ["enabled", "active"]))


def _version(page: object) -> str:
    infos = [dict(labels) for name, labels in page if name == "endpoint_agent_info"]
    return infos[0]["version"] if infos else ""


def entries() -> list[dict[str, object]]:
    """The whole record, by its own export."""
    said = device_health("journal", "export", user="root").stdout
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def verified(text: str) -> None:
    """The record's chain is whole."""
    done = device_health("journal", "verify", user="root")
    expect(f"{text}: journal verify: {done.stdout.strip()}", holds=done.returncode == 0)


def nothing_left(text: str) -> None:
    """No file of it is anywhere, no user, no process, no unit."""
    found = hardware(f"find / \\( {OUTSIDE} \\) -prune -o -name '*device-health*' -print").split()
    expect(f"{text}: no file is left: {found}", holds=not found)
    users = hardware("getent passwd device-health; getent group device-health; true").strip()
    expect(f"{text}: no user is left: {users}", holds=not users)
    state = hardware("systemctl show -P LoadState device-health").strip()
    expect(f"{text}: no unit is left: {state}", holds=state == "not-found")
    expect(f"{text}: no process is left", holds=not process())
