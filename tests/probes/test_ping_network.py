"""The ping probe on networks made of namespaces, in which hosts lose, delay, double and forge replies, and die.

Each case runs a script in namespaces of its own; nothing outside them is touched.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


def why_not() -> str:
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need root on Linux"
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        return "needs the commands ip and unshare"
    if not Path("/dev/net/tun").exists():
        return "needs /dev/net/tun"
    trial = ["unshare", "--net", "--mount", "mount", "-t", "sysfs", "none", "/sys"]
    return "" if subprocess.run(trial, check=False, capture_output=True).returncode == 0 else "may not make namespaces"


pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can")]


def run(script: str, *arguments: str) -> dict:
    done = subprocess.run(
        ["unshare", "--net", "--mount", sys.executable, HERE / script, *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    return json.loads(done.stdout)


SILENT = {"ping_reachable": 0.0, "ping_loss_ratio": 1.0}
HOSTS = {
    "10.9.0.10": {"ping_reachable": 1.0, "ping_loss_ratio": 0.0, "ping_late_replies_total": 0.0},
    "10.9.0.12": {"ping_reachable": 1.0, "ping_loss_ratio": 1.0, "ping_duplicate_replies_total": 0.0},
    "10.9.0.13": {"ping_reachable": 1.0, "ping_loss_ratio": 0.0, "ping_late_replies_total": 0.0},
    "10.9.0.14": SILENT,
    "10.9.0.15": SILENT,
    "10.9.0.16": SILENT,
    "10.9.0.17": SILENT,
    "10.9.0.19": SILENT,
    "10.9.0.20": {"ping_reachable": 1.0},
}
ERRORS = [
    "10.9.0.16: echo requests to 10.9.0.16 come back: a router reports the host unreachable",
    "10.9.0.17: echo requests to 10.9.0.17 come back: a router reports the network unreachable",
    "10.9.0.18: echo requests to 10.9.0.18 come back: a filter forbids it",
    "10.9.0.20: echo requests to 10.9.0.20 come back: the host itself refused it",
]
VARYING = {
    "ping_round_trip_seconds",
    "ping_jitter_seconds",
    "ping_loss_ratio_lower_bound",
    "ping_loss_ratio_upper_bound",
    "ping_duplicate_replies_total",
    "ping_late_replies_total",
}


@pytest.mark.parametrize("kind", ["raw", "datagram"])
def test_every_kind_of_reply_is_told_apart(kind: str) -> None:
    """Both kinds of socket see late, double, foreign, altered and refused for what they are."""
    found = run("scripted_network.py", kind, "5")
    hosts = found["readings"]
    for host, expected in HOSTS.items():
        kept = {name: value for name, value in hosts[host].items() if name in expected or name not in VARYING}
        assert (host, kept) == (host, expected)
    assert "10.9.0.18" not in hosts, "a filter's refusal says neither lost nor reachable"
    assert found["errors"] == ERRORS

    # the answering script sleeps 20 ms, and longer on a busy machine
    assert 0.02 <= hosts["10.9.0.10"]["ping_round_trip_seconds"] < 0.2
    loss = hosts["10.9.0.11"]
    assert loss["ping_loss_ratio_lower_bound"] < 0.2 < loss["ping_loss_ratio_upper_bound"]
    assert hosts["10.9.0.12"]["ping_late_replies_total"] >= 20
    assert "ping_round_trip_seconds" not in hosts["10.9.0.12"]
    assert hosts["10.9.0.13"]["ping_duplicate_replies_total"] >= 20


@pytest.mark.parametrize(
    ("scenario", "findings"),
    [
        ("the cable is pulled", ["none", "this_computer"]),
        ("the default route is lost", ["none", "this_computer"]),
        ("the gateway dies", ["none", "local_network"]),
        ("the gateway dies, two servers", ["none", "local_network"]),
        ("the server dies", ["none", "server"]),
        ("one server of two dies", ["none", "server"]),
        ("the line behind the gateway dies", ["none", "beyond"]),
        ("the gateway loses its way", ["none", "beyond"]),
        ("the service stops", ["none", "server"]),
    ],
)
def test_the_place_of_a_fault_is_found(scenario: str, findings: list[str]) -> None:
    """The finding goes from none to the right place at once, within twelve seconds, and stays there."""
    found = run("office_network.py", scenario)
    assert (found["findings"], found["seconds"] < 12) == (findings, True)


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        ("a gateway that answers no pings", {"gateway ping_reachable": 1.0}),
        ("a gateway that answers no pings, and no targets", {"gateway ping_reachable": 1.0}),
        ("a server that answers no pings", {"crm ping_reachable": 1.0, "crm ping_service_reachable": 1.0}),
    ],
)
def test_a_filter_is_no_outage(scenario: str, expected: dict[str, float]) -> None:
    """A host that answers no pings and does its work is reachable, and no loss is claimed of it."""
    found = run("office_network.py", scenario)
    assert found["findings"] == ["none"]
    subject = next(iter(expected)).split()[0]
    seen = {name: value for name, value in found["readings"].items() if name.startswith(subject)}
    assert {name: value for name, value in seen.items() if name in expected} == expected
    assert f"{subject} ping_loss_ratio" not in seen
