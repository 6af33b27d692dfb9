"""A real Prometheus scrapes the agent over TLS with a password."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import bcrypt
import pytest

from agent.alerts.alert import Update
from agent.outputs.exchange import application
from agent.outputs.http import Listener, Listeners
from agent.outputs.metrics import MetricsOutput
from agent.outputs.metrics_pages import metrics_pages
from agent.outputs.sockets import Tcp
from agent.outputs.webauth import protected
from agent.outputs.webconfig import WebConfigFile
from agent.readings import MetricSpec

CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: agent
    scheme: https
    tls_config: {{ca_file: {folder}/server.pem}}
    basic_auth: {{username: prometheus, password: right}}
    static_configs: [{{targets: ["{target}"]}}]
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed")
@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_prometheus_reads_every_series(
    serve: Callable[..., Listeners], example: Update, catalogue: dict[str, MetricSpec], tmp_path: Path
) -> None:
    """The target is up, and what Prometheus stored is what the page has."""
    files = ["-keyout", str(tmp_path / "server.key"), "-out", str(tmp_path / "server.pem")]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-nodes", "-days", "2"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", *names, *files], check=True, capture_output=True)
    (tmp_path / "web.yaml").write_text(
        "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
        f"basic_auth_users:\n  prometheus: {bcrypt.hashpw(b'right', bcrypt.gensalt(10)).decode()}\n"
    )
    web = WebConfigFile(str(tmp_path / "web.yaml"))
    output = MetricsOutput(catalogue, {"site": "hq"}, "0.1.0", clause_status=lambda _: {"4.1.a.1": 2})
    output.publish(example)
    handler = protected(metrics_pages(output.render, lambda: True), lambda: web.current().users)
    address = Tcp(host="127.0.0.1", port=0)
    listener = Listener(name="metrics", address=address, app=application(handler), tls=lambda: web.current().tls)
    target = serve(listener).addresses["metrics"]
    (tmp_path / "prometheus.yml").write_text(CONFIGURATION.format(folder=tmp_path, target=target))
    stored = series_in_prometheus(tmp_path)
    lines = output.render(None)[0].decode().splitlines()
    on_the_page = {line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")}
    assert stored >= on_the_page


def series_in_prometheus(folder: Path) -> set[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        own = f"127.0.0.1:{free.getsockname()[1]}"
    settings = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address={own}"]
    prometheus = subprocess.Popen(["prometheus", *settings], cwd=folder, stderr=subprocess.DEVNULL)
    url = f"http://{own}/api/v1/query?query=%7Bjob=%22agent%22%7D"
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(url, timeout=2) as response:
                    found = {series["metric"]["__name__"] for series in json.load(response)["data"]["result"]}
            except OSError:
                found = set()
            if "endpoint_agent_info" in found:
                return found
            time.sleep(0.2)
    finally:
        prometheus.terminate()
        prometheus.wait(10)
    return set()
