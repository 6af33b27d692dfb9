"""The simulated fleet as a process, and Debian's VictoriaMetrics with deploy/victoriametrics."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.deploy.servers import COMMON_NAME, DEPLOY, Prometheus, running_server
from tests.protection import hashed, make_certificate, write_web_config
from tests.running_agent import ROOT, eventually, free_port

VICTORIA = DEPLOY / "victoriametrics"
FLEET_READY_SECONDS = 60.0
SECRETS, PASSWORD = "secrets", "scrape me"
LONG_WAITS = {"for: 10m": "for: 30s", "for: 5m": "for: 30s"}
"""In the copy of the findings, so that a short run sees all of them; what is evaluated is the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFleet:
    """A running fleet: its process, its file for discovery, and what a Prometheus needs to be let in."""

    process_id: int
    targets: str
    secrets: Path


@contextmanager
def simulated_fleet(folder: Path, endpoints: int, port: int) -> Iterator[SimulatedFleet]:
    """The fleet, every page answering; ended afterwards."""
    path = folder / "fleet.yml"
    script = str(ROOT / "tests" / "benchmarks" / "fleet.py")
    options = ["--endpoints", str(endpoints), "--targets", str(path), "--port", str(port)]
    options += ["--web-config", str(_protect(folder))]
    process = subprocess.Popen([sys.executable, script, *options], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        assert eventually(lambda: path.exists() or process.poll() is not None, FLEET_READY_SECONDS)
        assert process.poll() is None, f"the fleet ended with status {process.returncode}"
        targets = path.read_text(encoding="utf-8")
        yield SimulatedFleet(process_id=process.pid, targets=targets, secrets=folder / SECRETS)
    finally:
        process.terminate()
        process.wait(60)


def _protect(folder: Path) -> Path:
    """The web configuration of every workstation, and beside it the secrets of the server.

    The password's hash is the cheapest: two thousand agents would check theirs on two thousand processors.
    """
    secrets = folder / SECRETS
    secrets.mkdir()
    certificate, key = secrets / "endpoint-ca.pem", folder / "workstation.key"
    make_certificate(certificate, key, COMMON_NAME, f"DNS:{COMMON_NAME}")
    (secrets / "endpoint-password").write_text(PASSWORD)
    path = folder / "web.yaml"
    write_web_config(path, certificate, key, {"prometheus": hashed(PASSWORD)})
    return path


def shorten_findings(home: Path) -> None:
    """Let the findings that wait minutes wait half of one."""
    rules = home / "rules" / "fleet.yml"
    text = rules.read_text(encoding="utf-8")
    for wait, shorter in LONG_WAITS.items():
        assert wait in text
        text = text.replace(wait, shorter)
    rules.write_text(text, encoding="utf-8")


@contextmanager
def victoria_metrics(home: Path, hidden_seconds: int | None = None) -> Iterator[Prometheus]:
    """VictoriaMetrics as deployed, over a copy of deploy/prometheus; changed are only addresses and folders.

    `hidden_seconds` is how long the newest samples stay out of answers, where a short run cannot wait for it.
    """
    port = free_port()
    text = (VICTORIA / "victoria-metrics.default").read_text(encoding="utf-8")
    found = re.search(r'^ARGS="(.*?)"$', text, re.MULTILINE | re.DOTALL)
    assert found is not None
    options = shlex.split(found[1].replace("\\\n", " "))
    moved = {"-storageDataPath": "data", "-httpListenAddr": f"127.0.0.1:{port}", "-promscrape.config": "prometheus.yml"}
    extra = [] if hidden_seconds is None else [f"-search.latencyOffset={hidden_seconds}s"]
    with running_server(["victoria-metrics", *_moved(options, moved), *extra], home, port, "/health") as process:
        yield Prometheus(port=port, process_id=process)


@contextmanager
def vmalert(home: Path, server: Prometheus, alertmanager_port: int) -> Iterator[Prometheus]:
    """Debian's vmalert as deployed, over this server, at the interval of the folder's configuration."""
    port = free_port()
    interval = yaml.safe_load((home / "prometheus.yml").read_text(encoding="utf-8"))["global"]["evaluation_interval"]
    storage, notifier = f"http://127.0.0.1:{server.port}", f"http://127.0.0.1:{alertmanager_port}"
    moved = {
        "-httpListenAddr": f"127.0.0.1:{port}",
        "-rule": "rules/*.yml",
        "-evaluationInterval": interval,
        "-datasource.url": storage,
        "-remoteWrite.url": storage,
        "-remoteRead.url": storage,
        "-notifier.url": notifier,
    }
    with running_server(["vmalert", *_moved(vmalert_options(), moved)], home, port, "/health") as process:
        yield Prometheus(port=port, process_id=process)


def vmalert_options() -> list[str]:
    """What the unit starts vmalert with."""
    text = (VICTORIA / "vmalert.service").read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(r"^ExecStart=/usr/bin/vmalert (.*)$", text, re.MULTILINE)
    assert found is not None
    return shlex.split(found[1])


def own_metrics(server: Prometheus) -> list[tuple[str, float]]:
    """Every series of the server's own metrics page, in its order."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as answer:
        lines = [line for line in answer.read().decode().splitlines() if line and not line.startswith("#")]
    return [(name, float(value)) for name, value in (line.rsplit(" ", 1) for line in lines)]


def own_total(server: Prometheus, name: str) -> float:
    """The sum of one metric over its labels; the metric must be there."""
    values = [value for series, value in own_metrics(server) if series.split("{")[0] == name]
    assert values, name
    return sum(values)


def _moved(options: list[str], moved: dict[str, str]) -> list[str]:
    """The options with other values for some, each of which must be there."""
    names = [option.split("=")[0] for option in options]
    assert set(moved) <= set(names), set(moved) - set(names)
    return [f"{name}={moved[name]}" if name in moved else option for name, option in zip(names, options, strict=True)]
