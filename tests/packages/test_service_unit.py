"""The systemd unit: how exposed it is, and that its files fit each other."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parent.parent.parent / "deploy" / "systemd"
UNIT = SYSTEMD / "device-health.service"
MOST_EXPOSURE = 1.5


def settings(name: str) -> list[str]:
    """Every value of a setting, in its order."""
    return re.findall(rf"(?m)^{name}=(.*)$", UNIT.read_text(encoding="utf-8"))


def test_the_service_is_hardly_exposed() -> None:
    """systemd's own judgement of the unit is at most 1.5 of 10."""  # noqa: D403
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    analyse = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(UNIT)]
    done = subprocess.run(analyse, capture_output=True, text=True, check=False)
    if "Unknown" in done.stderr or "unrecognized option" in done.stderr:
        pytest.skip(f"this systemd-analyze is too old: {done.stderr.strip()}")
    found = re.search(r"Overall exposure level for device-health.service: ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= MOST_EXPOSURE


def test_nothing_is_hidden_that_a_probe_reads() -> None:
    """Homes, /proc and other users' identities are seen as they are; a stricter value would falsify readings."""
    assert settings("ProtectHome") == ["read-only"]
    assert settings("ProcSubset") == []
    assert settings("PrivateUsers") == []
    assert settings("SupplementaryGroups") == ["systemd-journal"]
    assert set(settings("RestrictAddressFamilies")[0].split()) == {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK"}


def test_the_watchdog_waits_longer_than_a_usual_cycle() -> None:
    """It is on, restarts the agent, and leaves room for a cycle with a hung probe."""
    assert settings("Type") == ["notify"]
    assert settings("Restart") == ["on-failure"]
    assert settings("WatchdogSec") == ["60s"]


def test_the_user_is_the_one_that_is_made() -> None:
    """sysusers.d makes the user that the unit runs as."""
    made = re.findall(r"(?m)^u (\S+) ", (SYSTEMD / "sysusers.conf").read_text(encoding="utf-8"))
    assert settings("User") == settings("Group") == made
