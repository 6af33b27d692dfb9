"""Agents push to Debian's Prometheus, which is cut off and comes back."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from agent.outputs.push.request import encode
from agent.outputs.push.sender import Answer, Fate, Sender
from agent.outputs.push.settings import PushSettings
from tests.deploy.servers import DEPLOY, Prometheus, running_server
from tests.protection import hashed, make_certificate, write_web_config
from tests.running_agent import eventually, free_port, running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed (Debian: prometheus)"),
]
PATIENCE_SECONDS = 60.0
HOUR_MILLISECONDS = 3_600_000


@contextmanager
def receiver(folder: Path, port: int, *, has_window: bool = True, web: Path | None = None) -> Iterator[Prometheus]:
    """Prometheus with the committed configuration and its receiver on; started again it knows its past."""
    home = folder / "prometheus"
    if not home.exists():
        shutil.copytree(DEPLOY / "prometheus", home)
        before, alerting, after = (home / "prometheus.yml").read_text(encoding="utf-8").partition("\nalerting:")
        config = yaml.safe_load(before.replace("#|", "") + alerting + after)
        assert config["storage"] == {"tsdb": {"out_of_order_time_window": "3d"}}
        if not has_window:
            del config["storage"]
        config["scrape_configs"] = []
        (home / "prometheus.yml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    options = [f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.path=data", "--config.file=prometheus.yml"]
    options += ["--web.enable-remote-write-receiver", *([f"--web.config.file={web}"] if web else [])]
    with running_server(["prometheus", *options], home, port, ready="" if web else "/-/ready") as process:
        yield Prometheus(port=port, process_id=process)


def stored(server: Prometheus, series: str) -> list[int]:
    """The time of every sample of the one series, in milliseconds."""
    found = server.query(f"{series}[1h]")
    assert len(found) <= 1, found
    values = found[0]["values"] if found else []
    assert isinstance(values, list)
    return [round(at * 1000) for at, _ in values]


def spooled(folder: Path) -> list[int]:
    """The times of the messages that wait on disk."""
    with closing(sqlite3.connect(f"file:{folder}/state/push.db?mode=ro", uri=True)) as spool:
        return [at for (at,) in spool.execute("SELECT at FROM messages ORDER BY id")]


def test_a_laptop_that_was_cut_off_and_killed_delivers_everything_once(tmp_path: Path) -> None:
    """Every message that waited arrives with its own time; all series have the same times, in order, without a gap."""
    port = free_port()
    folder = tmp_path / "laptop"
    push = (
        f"push: {{url: 'http://127.0.0.1:{port}/api/v1/write', every: 5s, labels: {{instance: laptop, site: 上海}}}}\n"
    )
    with running(folder, extra=push) as agent:
        with receiver(tmp_path, port) as server:
            assert eventually(lambda: len(stored(server, "endpoint_agent_info")) >= 2, PATIENCE_SECONDS)
        assert eventually(lambda: len(spooled(folder)) >= 2, PATIENCE_SECONDS)
        agent.stop(signal.SIGKILL)
    killed_at = time.time() * 1000
    with running(folder, port=agent.port) as agent:
        assert eventually(lambda: len(spooled(folder)) >= 5, PATIENCE_SECONDS)
        waited = spooled(folder)
        with receiver(tmp_path, port) as server:
            is_delivered = lambda: len(spooled(folder)) == 0 and len(stored(server, "endpoint_agent_info")) > 8  # noqa: E731
            assert eventually(is_delivered, PATIENCE_SECONDS)
            times = stored(server, "endpoint_agent_info")
            assert set(waited) <= set(times)
            assert times == sorted(set(times))
            assert stored(server, "endpoint_probe_success{probe='cpu'}")[: len(times)] == times
            gaps = [(before, after) for before, after in pairwise(times) if after - before > 6500]
            assert [before < killed_at < after for before, after in gaps] in ([], [True])
            (info,) = server.query("endpoint_agent_info")
            labels = info["metric"]
            assert isinstance(labels, dict)
            assert {key: labels[key] for key in ("job", "instance", "site")} == {
                "job": "endpoint",
                "instance": "laptop",
                "site": "上海",
            }
            series = agent.series()
    dropped = {name: value for name, value in series.items() if name.startswith("endpoint_push_dropped")}
    assert len(dropped) == 4
    assert set(dropped.values()) == {0.0}
    assert series["endpoint_push_samples_total"] > 500
    log = (folder / "agent.log").read_text(encoding="utf-8")
    assert log.count("samples are kept and sent later") == 2  # once in each life
    assert "takes samples again; 0 messages were dropped" in log


def protect(folder: Path, users: dict[str, str]) -> Path:
    """A web configuration with a certificate, `cert.pem` beside it."""
    certificate, key, web = folder / "cert.pem", folder / "key.pem", folder / "web.yml"
    make_certificate(certificate, key, "p")
    write_web_config(web, certificate, key, users)
    return web


def test_tls_and_a_password_are_asked_for_and_may_change(tmp_path: Path) -> None:
    """A certificate that is not trusted and a wrong password cost no sample, and are named."""
    port = free_port()
    web = protect(tmp_path, {"endpoint": hashed("right")})
    password = tmp_path / "password"
    password.write_text("wrong\n")
    url = f"https://127.0.0.1:{port}/api/v1/write"
    settings = PushSettings(url=url, username="endpoint", password_file=password, ca_file=tmp_path / "cert.pem")
    with receiver(tmp_path, port, web=web):
        stranger = post(PushSettings(url=url), now())
        assert (stranger.fate, stranger.reason) == (
            Fate.LATER,
            "the server's certificate is not trusted: self-signed certificate",
        )
        sender = Sender(settings, "test")
        answer = post_with(sender, now())
        assert (answer.fate, answer.reason) == (Fate.LATER, "401 Unauthorized: Unauthorized")
        password.write_text("right\n")
        taken = lambda: post_with(sender, now()).fate is Fate.TAKEN  # noqa: E731  # it says 503 until it has read its past
        assert eventually(taken, PATIENCE_SECONDS)


@pytest.mark.skipif(shutil.which("tinyproxy") is None, reason="tinyproxy is not installed (Debian: tinyproxy-bin)")
def test_a_tunnel_through_a_proxy(tmp_path: Path) -> None:
    """The certificate is the server's own; a proxy that refuses or is not there is named."""
    port, proxy_port = free_port(), free_port()
    settings = PushSettings(
        url=f"https://127.0.0.1:{port}/api/v1/write",
        ca_file=tmp_path / "cert.pem",
        proxy_url=f"http://127.0.0.1:{proxy_port}",
    )
    web = protect(tmp_path, {})
    through = f" (through the proxy 127.0.0.1:{proxy_port})"
    with receiver(tmp_path, port, web=web):
        assert post(settings, now()).reason == f"Connection refused{through}"
        with tinyproxy(tmp_path, proxy_port, lets_through=port):
            assert eventually(lambda: post(settings, now()).fate is Fate.TAKEN, PATIENCE_SECONDS)
            assert f"CONNECT 127.0.0.1:{port}" in (tmp_path / "tinyproxy.log").read_text()
        with tinyproxy(tmp_path, proxy_port, lets_through=443):
            refused = post(settings, now())
    assert (refused.fate, refused.reason) == (Fate.LATER, f"Tunnel connection failed: 403 Access violation{through}")


@contextmanager
def tinyproxy(folder: Path, port: int, *, lets_through: int) -> Iterator[None]:
    """Debian's, which opens tunnels to one port only."""
    settings = f"Port {port}\nListen 127.0.0.1\nConnectPort {lets_through}\nLogLevel Connect\n"
    (folder / "tinyproxy.conf").write_text(settings)
    with running_server(["tinyproxy", "-d", "-c", "tinyproxy.conf"], folder, port, ready=""):
        yield


def test_what_prometheus_takes_and_what_it_never_will(tmp_path: Path) -> None:
    """Old samples need the window; after one from tomorrow it refuses everybody's, which is why none is sent."""
    port = free_port()
    settings = PushSettings(url=f"http://127.0.0.1:{port}/api/v1/write")
    with receiver(tmp_path / "with", port):
        assert abs(post(settings, None).server_at - time.time()) < 5
        assert post(settings, now()).fate is Fate.TAKEN
        assert post(settings, now() - 48 * HOUR_MILLISECONDS, "old").fate is Fate.TAKEN
    with receiver(tmp_path / "without", port, has_window=False):
        assert post(settings, now()).fate is Fate.TAKEN
        old = post(settings, now() - 48 * HOUR_MILLISECONDS, "old")
        assert (old.fate, old.reason) == (Fate.REFUSED, "400 Bad Request: out of bounds")
        assert post(settings, now() + 24 * HOUR_MILLISECONDS, "ahead").fate is Fate.TAKEN
        assert post(settings, now(), "other").fate is Fate.REFUSED


def now() -> int:
    return round(time.time() * 1000)


def body(at_milliseconds: int | None, name: str = "x") -> bytes:
    return encode([((("__name__", name),), 1.0)] if at_milliseconds is not None else (), at_milliseconds or 0)


def post(settings: PushSettings, at_milliseconds: int | None, name: str = "x") -> Answer:
    return post_with(Sender(settings, "test"), at_milliseconds, name)


def post_with(sender: Sender, at_milliseconds: int | None, name: str = "x") -> Answer:
    with sender.connection() as connection:
        return connection.post(body(at_milliseconds, name))


def test_the_example_for_prometheus_own_agent_mode_works(tmp_path: Path) -> None:
    """As committed but for addresses and TLS; what it scrapes arrives with the labels of the file."""
    example = DEPLOY / "prometheus" / "agent-mode.yml"
    subprocess.run(
        ["promtool", "check", "config", "--agent", "--syntax-only", example], check=True, capture_output=True
    )
    port, agent_port = free_port(), free_port()
    with receiver(tmp_path, port) as server, running(tmp_path / "workstation") as workstation:
        config = yaml.safe_load(example.read_text(encoding="utf-8"))
        config["global"]["scrape_interval"] = "1s"
        config["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{workstation.port}"]
        config["remote_write"] = [{"url": f"http://127.0.0.1:{port}/api/v1/write"}]
        (tmp_path / "agent-mode.yml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
        options = ["--enable-feature=agent", "--config.file=agent-mode.yml", "--storage.agent.path=wal"]
        command = ["prometheus", *options, f"--web.listen-address=127.0.0.1:{agent_port}"]
        with running_server(command, tmp_path, agent_port):
            arrived = "endpoint_agent_info{job='endpoint', instance='sh-a12', site='上海'}"
            assert eventually(lambda: bool(server.query(arrived)), PATIENCE_SECONDS)
