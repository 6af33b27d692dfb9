"""Runs the agent beside its peers and prints what each costs this machine.

`python tests/benchmarks/peers.py [--seconds 120] [--scrape-every 5]` starts the agent of this checkout (pinging the
gateway and one target at 1 Hz), Debian's prometheus-node-exporter and glances, all at the same time, scrapes each at
the same cadence, and prints processor time, resident memory, series and scrape size for each. A peer that is not
installed is named and left out. Processor time is what the kernel's scheduler counted for all threads of the process
(/proc/PID/task/*/schedstat, in nanoseconds).
"""

from __future__ import annotations

import argparse
import contextlib
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

ROOT = Path(__file__).parents[2]


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


def agent_command(folder: Path) -> list[str]:
    """The agent as it runs on a workstation, with one named target; its state is in `folder`."""
    config = folder / "agent.yaml"
    config.write_text(
        f"data_dir: {folder}\n"
        "metrics: {listen: '127.0.0.1:19847'}\n"
        f"local: {{listen: '127.0.0.1:19848', socket: {folder}/agent.sock}}\n"
        "network: {targets: [{name: here, role: business, address: 127.0.0.1}]}\n"
    )
    return [sys.executable, "-m", "agent", "run", "--config", str(config)]


PEERS = {
    "node_exporter": (
        "prometheus-node-exporter",
        ["--web.listen-address=127.0.0.1:19100"],
        "http://127.0.0.1:19100/metrics",
    ),
    "glances": (
        "glances",
        ["--webserver", "--disable-webui", "--bind", "127.0.0.1", "--port", "19061", "--time", "5", "--quiet"],
        "http://127.0.0.1:19061/api/3/all",
    ),
}


def start_all(folder: Path) -> Iterator[Peer]:
    """Start every program that is here; say which is not."""
    yield _start("agent", agent_command(folder), "http://127.0.0.1:19847/metrics")
    for name, (program, arguments, url) in PEERS.items():
        if shutil.which(program) is None:
            print(f"{name}: not measured, {program} is not installed")
            continue
        yield _start(name, [program, *arguments], url)


def _start(name: str, command: list[str], url: str) -> Peer:
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peer = Peer(name=name, process=process, url=url)
    ready_url = url.replace("/metrics", "/-/ready") if name == "agent" else url
    while fetch(ready_url) is None:
        if process.poll() is not None or time.monotonic() - begun > 30:
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
    """Processor time of all live threads of a process."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(peers: list[Peer], seconds: float, scrape_every: float) -> None:
    """Scrape every peer at the same cadence and note its processor time and memory."""
    end = time.monotonic() + seconds
    due = time.monotonic()
    while due < end:
        time.sleep(max(0.0, due - time.monotonic()))
        for peer in peers:
            peer.body = fetch(peer.url) or b""
            peer.cpu_marks.append((time.monotonic(), cpu_seconds(peer.process.pid)))
            peer.resident.append(resident_bytes(peer.process.pid))
        due += scrape_every


def row(peer: Peer) -> dict[str, float | str | int]:
    """What one peer cost: medians over the scrape intervals."""
    spans = [
        (after[1] - before[1]) / (after[0] - before[0]) * 3600
        for before, after in zip(peer.cpu_marks[1:], peer.cpu_marks[2:], strict=False)
    ]
    first, last = peer.cpu_marks[1], peer.cpu_marks[-1]
    return {
        "program": peer.name,
        "cpu_seconds_per_hour": round((last[1] - first[1]) / (last[0] - first[0]) * 3600, 2),
        "cpu_seconds_per_hour_median": round(statistics.median(spans), 2),
        "resident_mib": round(peer.resident[-1] / 2**20, 1),
        "resident_mib_highest": round(max(peer.resident) / 2**20, 1),
        "ready_seconds": round(peer.ready_seconds, 2),
        "series": sum(1 for line in peer.body.splitlines() if line and not line.startswith((b"#", b"{"))),
        "answer_bytes": len(peer.body),
    }


def main() -> None:
    """Run the comparison and print one JSON line per program, then the ratios to node_exporter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--scrape-every", type=float, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        peers: list[Peer] = []
        try:
            peers.extend(start_all(Path(folder)))
            measure(peers, arguments.seconds, arguments.scrape_every)
            rows = {peer.name: row(peer) for peer in peers}
        finally:
            for peer in peers:
                peer.process.send_signal(signal.SIGTERM)
                peer.process.wait(10)
    for line in rows.values():
        print(json.dumps(line))
    if "node_exporter" in rows:
        for column in ("cpu_seconds_per_hour", "resident_mib"):
            ratio = float(rows["agent"][column]) / float(rows["node_exporter"][column])
            print(f"agent / node_exporter, {column}: {ratio:.2f}")


if __name__ == "__main__":
    main()
