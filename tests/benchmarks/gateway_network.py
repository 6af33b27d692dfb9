"""A network for benchmarks: this computer and its gateway as two namespaces, so that no real network is touched.

`enter` starts the running script again inside the first namespace; there the default route leads to a gateway that
answers pings from the second one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

DESK = "device-health-bench"
GATEWAY = "device-health-bench-gateway"
_INSIDE = "DEVICE_HEALTH_BENCH_NETWORK"

_BUILD = f"""
ip netns add {GATEWAY}
ip -n {DESK} link add bench0 type veth peer name lan0 netns {GATEWAY}
ip -n {DESK} address add 192.0.2.1/24 dev bench0
ip -n {DESK} link set lo up
ip -n {DESK} link set bench0 up
ip -n {GATEWAY} address add 192.0.2.2/24 dev lan0
ip -n {GATEWAY} link set lan0 up
ip -n {DESK} route add default via 192.0.2.2
"""


def is_inside() -> bool:
    """Whether this process runs in the benchmark's network."""
    return _INSIDE in os.environ


def why_not() -> str:
    """Why this user cannot have such a network; empty if nothing speaks against it."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need root on Linux"
    return "" if shutil.which("ip") else "the command ip is not installed"


def enter() -> int:
    """Run this script with its arguments inside a new network; its exit status.

    Raises:
        subprocess.CalledProcessError: the network cannot be made, or another benchmark is using it.
    """
    with _network():
        command = ["ip", "netns", "exec", DESK, sys.executable, *sys.argv]
        return subprocess.run(command, env={**os.environ, _INSIDE: "1"}, check=False).returncode


@contextlib.contextmanager
def _network() -> Iterator[None]:
    subprocess.run(["ip", "netns", "add", DESK], check=True)  # before `try`: another benchmark's network is left alone
    try:
        for command in _BUILD.strip().splitlines():
            subprocess.run(command.split(), check=True)
        yield
    finally:
        for name in (DESK, GATEWAY):
            subprocess.run(["ip", "netns", "delete", name], check=False)
