"""Debian's Prometheus and Alertmanager with the committed configuration, on free ports, looking every second."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

from tests.running_agent import ROOT, eventually, free_port

DEPLOY = ROOT / "deploy"
STARTS_WITHIN_SECONDS = 60.0
COMMON_NAME = "workstation.test"
"""In the one certificate that simulated workstations share; real ones have their own, for their own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One workstation as discovery names it."""

    port: int
    instance: str
    site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """A running server, or one that answers as it does."""

    port: int
    process_id: int

    def query(self, expression: str) -> list[dict[str, object]]:
        """The result of an instant query; an error in it fails the test."""
        return list(self._get("query", query=expression)["result"])

    def alerts(self, name: str) -> list[dict[str, object]]:
        return [alert for alert in self._get("alerts")["alerts"] if alert["labels"]["alertname"] == name]

    def _get(self, path: str, **parameters: str) -> dict[str, list[dict[str, dict[str, str]]]]:
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                document = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error
        assert document["status"] == "success", document
        return dict(document["data"])


@dataclass(slots=True, kw_only=True)
class WebHook:
    """What a ticket system was sent: the path and the message."""

    port: int = 0
    messages: list[tuple[str, dict[str, object]]] = field(default_factory=list)


@contextmanager
def prometheus(
    folder: Path, targets: Sequence[Target], alertmanager_port: int | None = None, timeout: str = "1s"
) -> Iterator[Prometheus]:
    """Prometheus with deploy/prometheus; changed are only addresses, intervals, and TLS, which the agents lack."""
    groups = [
        {"targets": [f"127.0.0.1:{one.port}"], "labels": {"site": one.site, "instance": one.instance}}
        for one in targets
    ]
    home = prometheus_folder(folder, yaml.safe_dump(groups, allow_unicode=True), alertmanager_port)
    set_intervals(home, scrape=timeout, timeout=timeout, evaluation="1s")
    with running_prometheus(home) as server:
        yield server


def prometheus_folder(
    folder: Path, targets: str, alertmanager_port: int | None = None, secrets: Path | None = None
) -> Path:
    """A copy of deploy/prometheus for these targets, as it is but for addresses and the name in the certificate.

    Without secrets (a CA and a password, as its README names them) the agents have no TLS and ask for no password.
    """
    home = Path(shutil.copytree(DEPLOY / "prometheus", folder / "prometheus"))
    shutil.rmtree(home / "targets")
    (home / "targets").mkdir()
    (home / "targets" / "site.yml").write_text(targets, encoding="utf-8")
    config = yaml.safe_load((home / "prometheus.yml").read_text(encoding="utf-8"))
    config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = (
        [f"127.0.0.1:{alertmanager_port}"] if alertmanager_port else []
    )
    job = config["scrape_configs"][0]
    if secrets is None:
        for name in ("tls_config", "basic_auth"):
            del job[name]
        job["scheme"] = "http"
    else:
        shutil.copytree(secrets, home / "secrets")
        job["tls_config"]["server_name"] = COMMON_NAME
    (home / "prometheus.yml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    return home


def set_intervals(home: Path, *, scrape: str, timeout: str, evaluation: str) -> None:
    """Let it look more often than it is deployed to."""
    path = home / "prometheus.yml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": scrape, "scrape_timeout": timeout, "evaluation_interval": evaluation}
    path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")


@contextmanager
def running_prometheus(home: Path) -> Iterator[Prometheus]:
    """The server over such a folder."""
    port = free_port()
    options = [f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.path=data", "--config.file=prometheus.yml"]
    with running_server(["prometheus", *options], home, port) as process:
        yield Prometheus(port=port, process_id=process)


@contextmanager
def alertmanager(folder: Path, hook: WebHook) -> Iterator[int]:
    """Alertmanager with deploy/alertmanager, sending to the hook; changed are only the hook's address and the waits."""
    home = Path(shutil.copytree(DEPLOY / "alertmanager", folder / "alertmanager"))
    path = home / "alertmanager.yml"
    text = path.read_text(encoding="utf-8").replace("http://127.0.0.1:8080", f"http://127.0.0.1:{hook.port}")
    for wait, shorter in (("group_wait: 2m", "group_wait: 5s"), ("group_interval: 5m", "group_interval: 1s")):
        assert wait in text
        text = text.replace(wait, shorter)
    path.write_text(text, encoding="utf-8")
    port = free_port()
    options = [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--storage.path=data"]
    with running_server(["prometheus-alertmanager", *options, "--config.file=alertmanager.yml"], home, port):
        yield port


@contextmanager
def web_hook() -> Iterator[WebHook]:
    """A ticket system that keeps what it is sent."""
    hook = WebHook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.messages.append((self.path, json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running_server(command: list[str], folder: Path, port: int, ready: str = "/-/ready") -> Iterator[int]:
    """The server, ready; its process id. Ended afterwards. `ready` is the page that says so; empty: an open port."""
    log_path = folder / f"{command[0]}.log"
    with log_path.open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        is_ready = eventually(lambda: process.poll() is not None or _answers(port, ready), STARTS_WITHIN_SECONDS)
        assert is_ready, log_path.read_text()
        assert process.poll() is None, log_path.read_text()
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _answers(port: int, path: str) -> bool:
    if not path:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return bool(answer.status == 200)
