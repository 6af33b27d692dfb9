"""Runs the agent beside its peers and prints what each costs this machine.

`python tests/benchmarks/peers.py [--seconds 180] [--scrape-every 5] [--agent COMMAND]` starts the agent (of this
checkout, or an installed `device-health`), Debian's prometheus-node-exporter and glances at the same time, scrapes each
at the same cadence as Prometheus does (one connection kept open, OpenMetrics and gzip asked for), and prints processor
time, resident memory, series and size of an answer for each, then the ratios.
A peer that is not installed is named and left out.

As root everything runs in a network of its own (`gateway_network`), where the agent pings a gateway and one target once
a second. Without root it pings nothing, and the script says so.

Processor time is the kernel's process clock: all threads, ended ones too, in nanoseconds. A span is the time from one
scrape to the next; the median over spans leaves out what other programs on the machine disturbed.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import http.client
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import gateway_network

ROOT = Path(__file__).parents[2]
WARM_UP_SECONDS = 20.0
"""Not counted: the programs' first scrapes fill caches, and the agent's first cycles learn what is there."""


@dataclass(slots=True, kw_only=True)
class Peer:
    """One program under measurement; `cpu_marks` are (monotonic seconds, processor seconds) pairs."""

    name: str
    process: subprocess.Popen[bytes]
    url: str
    ready_seconds: float = 0.0
    cpu_marks: list[tuple[float, float]] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    body: bytes = b""
    connection: http.client.HTTPConnection | None = None

    def scrape(self) -> None:
        """Take the page as Prometheus takes it, or the file of a peer that writes one."""
        if not self.url.startswith("http"):
            self.body = fetch(self.url) or b""
            return
        address, path = self.url.removeprefix("http://").split("/", 1)
        self.connection = self.connection or http.client.HTTPConnection(address, timeout=5)
        self.connection.request("GET", f"/{path}", headers=PROMETHEUS_HEADERS)
        answer = self.connection.getresponse()
        content = answer.read()
        self.body = gzip.decompress(content) if answer.headers["Content-Encoding"] == "gzip" else content


PROMETHEUS_HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "Accept-Encoding": "gzip",
    "User-Agent": "Prometheus/2.42.0",
    "X-Prometheus-Scrape-Timeout-Seconds": "5",
}
"""What Debian 12's Prometheus sends."""

AGENT_YAML = """\
data_dir: {folder}
metrics: {{listen: '127.0.0.1:19847'}}
local: {{listen: '127.0.0.1:19848', socket: {folder}/agent.sock}}
"""
PINGS = "network: {targets: [{name: gate, role: business, address: 192.0.2.2}]}\n"
NO_PINGS = "probes: {ping: {enabled: false}}\n"

PEERS = {
    "node_exporter": (
        "prometheus-node-exporter",
        ["--web.listen-address=127.0.0.1:19100"],
        "http://127.0.0.1:19100/metrics",
    ),
    # Its web server wants packages that Debian only suggests; written to a file it costs less than when served.
    "glances": (
        "glances",
        ["--quiet", "--time", "5", "--export", "json", "--export-json-file", "{folder}/glances.json"],
        "file://{folder}/glances.json",
    ),
}


def agent_command(program: list[str], folder: Path) -> list[str]:
    """The agent as it runs on a workstation, with one named target; its state is in `folder`."""
    config = folder / "agent.yaml"
    config.write_text(AGENT_YAML.format(folder=folder) + (PINGS if gateway_network.is_inside() else NO_PINGS))
    return [*program, "run", "--config", str(config)]


def start_all(program: list[str], folder: Path) -> Iterator[Peer]:
    """Start every program that is here; say which is not."""
    yield _start("agent", agent_command(program, folder), "http://127.0.0.1:19847/metrics")
    for name, (peer, arguments, url) in PEERS.items():
        if shutil.which(peer) is None:
            print(f"{name}: not measured, {peer} is not installed")
            continue
        yield _start(name, [peer, *(word.format(folder=folder) for word in arguments)], url.format(folder=folder))


def _start(name: str, command: list[str], url: str) -> Peer:
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peer = Peer(name=name, process=process, url=url)
    ready_url = url.replace("/metrics", "/-/ready") if name == "agent" else url
    while fetch(ready_url) is None:
        if process.poll() is not None or time.monotonic() - begun > 30:
            process.kill()
            sys.exit(f"{name} did not start: {' '.join(command)}")
        time.sleep(0.01)
    peer.ready_seconds = time.monotonic() - begun
    return peer


def fetch(url: str) -> bytes | None:
    """The answer's body, or nothing when there is no good answer yet."""
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
        return bytes(answer.read())
    return None


def cpu_seconds(pid: int) -> float:
    """Processor time of a process by its clock, as clock_getcpuclockid(3) finds it (CPUCLOCK_SCHED of the kernel)."""
    return time.clock_gettime(~pid << 3 | 2)


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(peers: list[Peer], seconds: float, scrape_every: float) -> None:
    """Scrape every peer at the same cadence and note its processor time and memory."""
    begun = due = time.monotonic()
    while due < begun + WARM_UP_SECONDS + seconds:
        time.sleep(max(0.0, due - time.monotonic()))
        for peer in peers:
            peer.scrape()
            if due >= begun + WARM_UP_SECONDS:
                peer.cpu_marks.append((time.monotonic(), cpu_seconds(peer.process.pid)))
                peer.resident.append(resident_bytes(peer.process.pid))
        due += scrape_every


def row(peer: Peer) -> dict[str, float | str | int | None]:
    """What one peer cost."""
    spans = [
        (after[1] - before[1]) / (after[0] - before[0]) * 3600
        for before, after in zip(peer.cpu_marks, peer.cpu_marks[1:], strict=False)
    ]
    first, last = peer.cpu_marks[0], peer.cpu_marks[-1]
    is_exposition = not peer.body.startswith(b"{")
    return {
        "program": peer.name,
        "cpu_seconds_per_hour": round((last[1] - first[1]) / (last[0] - first[0]) * 3600, 2),
        "cpu_seconds_per_hour_median": round(statistics.median(spans), 2),
        "spans": len(spans),
        "resident_mib": round(statistics.median(peer.resident) / 2**20, 1),
        "resident_mib_highest": round(max(peer.resident) / 2**20, 1),
        "ready_seconds": round(peer.ready_seconds, 2),
        "series": sum(1 for line in peer.body.splitlines() if not line.startswith(b"#")) if is_exposition else None,
        "answer_bytes": len(peer.body),
    }


def compare(arguments: argparse.Namespace) -> None:
    """Run the comparison and print one JSON line per program, then the ratios to node_exporter."""
    peers: list[Peer] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            peers.extend(start_all(arguments.agent or [sys.executable, "-m", "agent"], Path(folder)))
            measure(peers, arguments.seconds, arguments.scrape_every)
        finally:
            for peer in peers:
                peer.process.send_signal(signal.SIGTERM)
                peer.process.wait(10)
    rows = {peer.name: row(peer) for peer in peers}
    for line in rows.values():
        print(json.dumps(line))
    if "node_exporter" in rows:
        for column in ("cpu_seconds_per_hour_median", "resident_mib"):
            ratio = float(rows["agent"][column] or 0) / float(rows["node_exporter"][column] or 1)
            print(f"agent / node_exporter, {column}: {ratio:.2f}")


def main() -> None:
    """Enter the network for benchmarks where that may be, then compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--scrape-every", type=float, default=5)
    parser.add_argument(
        "--agent", nargs="+", metavar="COMMAND", help="an installed agent, such as venv/bin/device-health"
    )
    arguments = parser.parse_args()
    obstacle = gateway_network.why_not()
    if not gateway_network.is_inside() and not obstacle:
        sys.exit(gateway_network.enter())
    if obstacle:
        print(f"pings are not measured: {obstacle}")
    compare(arguments)


if __name__ == "__main__":
    main()
