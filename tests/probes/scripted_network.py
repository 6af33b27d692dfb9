"""A network made of one TUN device and this script, which answers echo requests as a test wants.

Run in a network namespace of its own (`unshare --net`); prints what the ping probe says of each host, as JSON. Every
host behaves by the last part of its address; `BEHAVIOURS` is the table.
"""

from __future__ import annotations

import fcntl
import heapq
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable

sys.path.insert(0, os.getcwd())

from agent.probes.hostfs import HostFs
from agent.probes.ping import PROBE
from agent.probes.probe import Context, Target

Answers = list[tuple[float, bytes]]
"""Packets to send, each with the delay in seconds."""

ROUTER = "10.9.0.254"


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def icmp(kind: int, code: int, rest: bytes) -> bytes:
    draft = struct.pack("!BBH", kind, code, 0) + rest
    return struct.pack("!BBH", kind, code, checksum(draft)) + rest


def ip(source: str, destination: bytes, body: bytes) -> bytes:
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, 1, 0) + socket.inet_aton(source) + destination
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + body


def echo_reply(packet: bytes, *, source: str | None = None, alter: bool = False) -> bytes:
    rest = packet[24:-1] + b"!" if alter else packet[24:]
    return ip(source or socket.inet_ntoa(packet[16:20]), packet[12:16], icmp(0, 0, rest))


def unreachable(packet: bytes, code: int, source: str) -> bytes:
    return ip(source, packet[12:16], icmp(3, code, bytes(4) + packet[:28]))


def sequence(packet: bytes) -> int:
    return int.from_bytes(packet[26:28])


BEHAVIOURS: dict[str, Callable[[bytes], Answers]] = {
    "10.9.0.10": lambda packet: [(0.02, echo_reply(packet))],
    "10.9.0.11": lambda packet: [] if sequence(packet) % 5 == 0 else [(0.0, echo_reply(packet))],
    "10.9.0.12": lambda packet: [(1.2, echo_reply(packet))],
    "10.9.0.13": lambda packet: [(0.0, echo_reply(packet)), (0.01, echo_reply(packet))],
    "10.9.0.14": lambda packet: [(0.0, echo_reply(packet, source="10.9.0.99"))],
    "10.9.0.15": lambda packet: [(0.0, echo_reply(packet, alter=True))],
    "10.9.0.16": lambda packet: [(0.0, unreachable(packet, 1, ROUTER))],
    "10.9.0.17": lambda packet: [(0.0, unreachable(packet, 0, ROUTER))],
    "10.9.0.18": lambda packet: [(0.0, unreachable(packet, 13, ROUTER))],
    "10.9.0.19": lambda packet: [],
    "10.9.0.20": lambda packet: [(0.0, unreachable(packet, 3, "10.9.0.20"))],
}


def open_tun() -> int:
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH", b"t0", 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
    for command in ("link set lo up", "address add 10.9.0.1/24 dev t0", "link set t0 up"):
        subprocess.run(["ip", *command.split()], check=True)
    return tun


def respond(tun: int) -> None:
    waiting: list[tuple[float, int, bytes]] = []
    count = 0
    while True:
        timeout = max(waiting[0][0] - time.monotonic(), 0) if waiting else None
        if select.select([tun], [], [], timeout)[0]:
            packet = os.read(tun, 2048)
            behave = BEHAVIOURS.get(socket.inet_ntoa(packet[16:20])) if packet[0] == 0x45 and packet[9] == 1 else None
            for delay, answer in behave(packet) if behave else []:
                count += 1
                heapq.heappush(waiting, (time.monotonic() + delay, count, answer))
        while waiting and waiting[0][0] <= time.monotonic():
            os.write(tun, heapq.heappop(waiting)[2])


def main() -> None:
    kind, seconds = sys.argv[1], float(sys.argv[2])
    if kind == "datagram":
        with open("/proc/sys/net/ipv4/ping_group_range", "w") as group_range:
            group_range.write("0 0")
    threading.Thread(target=respond, args=(open_tun(),), daemon=True).start()
    targets = tuple(Target(name=host, role="business", address=host) for host in BEHAVIOURS)
    sampler = PROBE.open(Context(host=HostFs(), targets=targets, burst=True))
    time.sleep(seconds)
    sample = sampler.sample()
    sampler.close()
    found: dict[str, dict[str, float]] = {}
    for reading in sample.readings:
        labels = dict(reading.labels)
        if "target" in labels:
            found.setdefault(labels["target"], {})[reading.metric] = reading.value
    sys.stdout.write(json.dumps({"readings": found, "errors": sample.errors}))


if __name__ == "__main__":
    main()
