"""Every panel's query, asked of a real Prometheus that scraped real agents, has data."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agent.apiclient import ask
from agent.looking import CATALOGUE
from agent.outputs.exposition import Encoder, Series
from agent.readings import PREFIX
from tests.deploy.dashboards import PanelQuery, panel_queries
from tests.deploy.servers import Target, prometheus
from tests.running_agent import ROOT, RunningAgent, eventually, free_port, running

PATIENCE_SECONDS = 120.0
CAPTURED = ("thinkpad-laptop", "amd-desktop", "eleven-chips", "odd-board")
NOT_ON_A_TEST_MACHINE = {
    "fan_racing": "a fan whose duty changes",
    "gpu_temperature_celsius": "NVIDIA's driver and card",
    "gpu_temperature_margin_celsius": "NVIDIA's driver and card",
    "gpu_fan_speed_ratio": "NVIDIA's driver and card",
    "gpu_usage_ratio": "NVIDIA's driver and card",
    "gpu_memory_available_ratio": "NVIDIA's driver and card",
    "gpu_throttled": "NVIDIA's driver and card",
    "gpu_resets_total": "the kernel's log of a graphics driver",
    "wifi_signal_dbm": "a Wi-Fi card",
    "wifi_transmit_retries_total": "a Wi-Fi card",
    "wifi_transmit_failures_total": "a Wi-Fi card",
    "wifi_beacon_losses_total": "a Wi-Fi card",
    "wifi_transmit_rate_bytes_per_second": "a Wi-Fi card",
    "wifi_connected": "a Wi-Fi card",
    "wifi_radio_on": "a Wi-Fi card",
}
"""What a reading needs that machines in tests have not; the agent's own encoder writes a page with these."""
RULE = "rules:\n  - {name: memory-low, warning: {below: 0.999, clear: 0.9999, for: 0s}, keep_firing_for: 0s}\n"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed"),
]


def substitutes() -> Iterator[Series]:
    """The readings that no test machine has, and a server whose port three workstations cannot reach."""
    for name in NOT_ON_A_TEST_MACHINE:
        spec = CATALOGUE[name]
        yield spec, tuple((label, f"some {label}") for label in spec.labels), 1.0
    yield CATALOGUE["ping_service_reachable"], (("target", "erp"), ("role", "business")), 0.0


@contextmanager
def substitute_page() -> Iterator[int]:
    """Serves the page; its port."""
    body = Encoder().page(substitutes(), in_openmetrics=False)[0]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def live_agent(folder: Path) -> Iterator[RunningAgent]:
    """An agent of this machine that pings, and has an alert that somebody is to see."""
    port, local = free_port(), free_port()
    (folder / "rules.d").mkdir(parents=True)
    (folder / "rules.d" / "site.yaml").write_text(RULE, encoding="utf-8")
    (folder / "agent.yaml").write_text(
        f"interval: 1s\ndata_dir: {folder}/state\nrules_dir: {folder}/rules.d\n"
        f"metrics: {{listen: '127.0.0.1:{port}'}}\nlabels: {{seat: A-12}}\n"
        f"local: {{listen: '127.0.0.1:{local}', socket: {folder}/agent.sock}}\n"
        f"network: {{targets: [{{name: crm, role: business, address: localhost, port: {port}}}]}}\n",
        encoding="utf-8",
    )
    with running(folder, port=port) as agent:
        yield agent


def test_every_panel_has_data(tmp_path: Path) -> None:
    """With all variables set, on one of the workstations at least; and no metric is left to a substitute in silence."""
    with ExitStack() as stack:
        seat = stack.enter_context(live_agent(tmp_path / "live"))
        agents = {"live": seat.port}
        for name in CAPTURED:
            host = ROOT / "tests" / "hosts" / name
            folders = ("--sysfs", str(host / "sys"), "--procfs", str(host / "proc"))
            agents[name] = stack.enter_context(running(tmp_path / name, *folders)).port
        page = stack.enter_context(substitute_page())
        ports = {**agents, **dict.fromkeys(("page-1", "page-2", "page-3"), page)}
        targets = [Target(port=port, instance=name, site="上海") for name, port in ports.items()]
        server = stack.enter_context(prometheus(tmp_path, targets))

        def has_data(query: PanelQuery) -> bool:
            seats = ports if "$instance" in query.expression else ("live",)
            return any(server.query(query.with_variables(name)) for name in seats)

        assert eventually(
            lambda: bool(server.query('endpoint_alert_unseen_seconds{rule="memory-low"}')), PATIENCE_SECONDS
        )
        waiting = [query for query in panel_queries() if "acknowledged" not in query.expression]
        missing = without_data(waiting, has_data)
        assert missing == []

        alert = server.query('endpoint_alert_state{rule="memory-low"}')
        assert alert
        assert seat.command("acknowledge", "memory-low").returncode == 0
        assert without_data([q for q in panel_queries() if "acknowledged" in q.expression], has_data) == []
        socket_path = str(seat.folder / "agent.sock")
        assert ask(socket_path, "POST", "/api/v1/session-readings", {"readings": OF_A_SESSION}) == {"taken": 4}
        expected = {PREFIX + name for name in set(CATALOGUE) - set(NOT_ON_A_TEST_MACHINE)}
        seen: set[str] = set()

        def all_seen() -> bool:
            for series in server.query('{__name__=~"endpoint_.*",instance!~"page-.*"}'):
                seen.add(str(series["metric"]["__name__"]))  # type: ignore[index]
            return seen >= expected

        assert eventually(all_seen, PATIENCE_SECONDS), expected - seen
    substituted = {PREFIX + name for name in NOT_ON_A_TEST_MACHINE}
    assert not seen & substituted


OF_A_SESSION = [
    {"name": "display_resolution_pixels", "labels": {"connector": "HDMI-1", "dimension": "width"}, "value": 1920},
    {"name": "display_resolution_pixels", "labels": {"connector": "HDMI-1", "dimension": "height"}, "value": 1080},
    {"name": "display_refresh_hertz", "labels": {"connector": "HDMI-1"}, "value": 60},
    {"name": "night_light_enabled", "labels": {}, "value": 0},
]
"""What a user's companion sends."""


def without_data(queries: Iterable[PanelQuery], has_data: Callable[[PanelQuery], bool]) -> list[PanelQuery]:
    """Asks until every query has data; those that still have none when patience ends."""
    left = list(queries)

    def all_answered() -> bool:
        left[:] = [query for query in left if not has_data(query)]
        return not left

    eventually(all_answered, PATIENCE_SECONDS)
    return left
