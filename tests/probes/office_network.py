"""A workstation, its gateway and a business server behind it, as network namespaces; one fault; what the probe says.

Run in namespaces of its own (`unshare --net --mount`), so that nothing outside is touched. The first argument names
the scenario; the findings follow one another in the JSON that is printed, with the last readings.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.getcwd())

from agent.probes.ping import PROBE
from agent.probes.probe import Context, Sample, Target

SETTLE_SECONDS = 5.0
WATCH_SECONDS = 16.0

NETWORK = """
mount -t tmpfs none /run
mount -t sysfs none /sys
ip link set lo up
ip netns add gateway
ip netns add server
ip link add desk type veth peer name lan netns gateway
ip -n gateway link add wan type veth peer name uplink netns server
ip address add 192.0.2.1/24 dev desk
ip link set desk up
ip -n gateway address add 192.0.2.2/24 dev lan
ip -n gateway link set lan up
ip -n gateway address add 198.51.100.1/24 dev wan
ip -n gateway link set wan up
ip -n gateway link set lo up
ip -n server address add 198.51.100.10/24 dev uplink
ip -n server address add 198.51.100.11/24 dev uplink
ip -n server link set uplink up
ip -n server link set lo up
ip -n server route add default via 198.51.100.1
ip route add default via 192.0.2.2
ip netns exec gateway sysctl -qw net.ipv4.ip_forward=1
"""

ONE = (Target(name="crm", role="business", address="198.51.100.10"),)
WITH_PORT = (Target(name="crm", role="business", address="198.51.100.10", port=4433),)
TWO = (*ONE, Target(name="mail", role="business", address="198.51.100.11"))

LISTEN = "import socket,time; s=socket.create_server(('198.51.100.10', 4433)); time.sleep(60)"
DEAF = "ip netns exec {} sysctl -qw net.ipv4.icmp_echo_ignore_all=1"

SCENARIOS: dict[str, tuple[tuple[Target, ...], str, str]] = {
    # name: targets, what is so from the start, what happens later
    "nothing happens": (ONE, "", ""),
    "the cable is pulled": (ONE, "", "ip -n gateway link set lan down"),
    "the default route is lost": (ONE, "", "ip route del default"),
    "the gateway dies": (ONE, "", "ip -n gateway address del 192.0.2.2/24 dev lan"),
    "the gateway dies, two servers": (TWO, "", "ip -n gateway address del 192.0.2.2/24 dev lan"),
    "the server dies": (ONE, "", "ip -n server link set uplink down"),
    "one server of two dies": (TWO, "", "ip -n server address del 198.51.100.11/24 dev uplink"),
    "the line behind the gateway dies": (TWO, "", "ip -n server link set uplink down"),
    "the gateway loses its way": (ONE, "", "ip -n gateway link set wan down"),
    "a gateway that answers no pings": (ONE, DEAF.format("gateway"), ""),
    "a gateway that answers no pings, and no targets": ((), DEAF.format("gateway"), ""),
    "a server that answers no pings": (WITH_PORT, DEAF.format("server"), ""),
    "the service stops": (WITH_PORT, "", "kill listener"),
}


def run(commands: str, listener: subprocess.Popen[bytes]) -> None:
    for command in commands.strip().splitlines():
        if command == "kill listener":
            listener.kill()
            listener.wait()
        else:
            subprocess.run(command.split(), check=True)


def finding(sample: Sample) -> str:
    places = {dict(r.labels)["place"]: r.value for r in sample.readings if r.metric == "network_fault"}
    return next((place for place, value in places.items() if value), "none") if places else "undecided"


def readings(sample: Sample) -> dict[str, float]:
    found = {}
    for reading in sample.readings:
        if reading.metric != "network_fault":
            found[f"{dict(reading.labels)['target']} {reading.metric}"] = reading.value
    return found


def main() -> None:
    targets, before, fault = SCENARIOS[sys.argv[1]]
    for command in NETWORK.strip().splitlines():
        subprocess.run(command.split(), check=True)
    listener = subprocess.Popen(["ip", "netns", "exec", "server", sys.executable, "-c", LISTEN])
    time.sleep(0.5)
    run(before, listener)
    sampler = PROBE.open(Context(targets=targets, burst=True))
    time.sleep(SETTLE_SECONDS)
    sample = sampler.sample()
    findings = [finding(sample)]
    run(fault, listener)
    end = time.monotonic() + (WATCH_SECONDS if fault else 0)
    changed_at = began_at = time.monotonic()
    while time.monotonic() < end:
        time.sleep(0.2)
        sample = sampler.sample()
        if finding(sample) != findings[-1]:
            findings.append(finding(sample))
            changed_at = time.monotonic()
    sampler.close()
    listener.kill()
    listener.wait()
    seconds = round(changed_at - began_at, 1)
    sys.stdout.write(
        json.dumps({"findings": findings, "seconds": seconds, "readings": readings(sample), "errors": sample.errors})
    )


if __name__ == "__main__":
    main()
