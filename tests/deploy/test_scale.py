"""Scale: what a workstation's page weighs, that the simulated fleet is like real agents, and that servers carry it."""

from __future__ import annotations

import functools
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.probes import PROBES
from agent.probes.hostfs import HostFs
from agent.probes.probe import Context
from tests.benchmarks.fleet import live_page, switched_off
from tests.benchmarks.fleet_motion import template
from tests.benchmarks.fleet_office import in_the_office
from tests.benchmarks.fleet_plan import FINDINGS, LOST_SITE, NEW_VERSION, SITES, answering, discovery, fleet
from tests.benchmarks.fleet_servers import (
    SimulatedFleet,
    own_metrics,
    own_total,
    shorten_findings,
    simulated_fleet,
    victoria_metrics,
    vmalert,
    vmalert_options,
)
from tests.benchmarks.fleet_workstation import MACHINE, Condition, Pages, workstation_pages
from tests.deploy.servers import (
    Prometheus,
    WebHook,
    alertmanager,
    prometheus_folder,
    running_prometheus,
    set_intervals,
    web_hook,
)
from tests.running_agent import ROOT, eventually, free_port

MOST_SERIES = 250
"""Of a typical workstation; deploy/prometheus counts on it."""
NOW = 1_800_000_000.0
ENDPOINTS = 150
PATIENCE_SECONDS = 60.0

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 as its own")
SERVERS = ("prometheus", "prometheus-alertmanager", "openssl")
VICTORIA = ("victoria-metrics", "vmalert")


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed (Debian has them): {', '.join(missing)}")


@functools.cache
def recorded(condition: Condition) -> Pages:
    return workstation_pages(condition)


def series(page: str) -> list[str]:
    return [line for line in page.splitlines() if not line.startswith("#")]


def comments(page: str) -> list[str]:
    return [line for line in page.splitlines() if line.startswith("#")]


def names(line: str) -> tuple[str, ...]:
    """The metric and its labels' names."""
    metric, _, labels = line.rsplit(" ", 1)[0].partition("{")
    return (metric, *re.findall(r'(\w+)="', labels))


def alert_states(page: str) -> set[tuple[str, str]]:
    """Rule and severity of everything that fires."""
    lines = [line for line in series(page) if line.startswith("endpoint_alert_state{") and line.endswith(" 2.0")]
    return {(re.findall(r'rule="(.*?)"', line)[0], re.findall(r'severity="(.*?)"', line)[0]) for line in lines}


def test_a_typical_workstation_has_at_most_250_series() -> None:
    """A laptop at a dock: two displays, Wi-Fi, a companion, a gateway and one server, as a real agent exports it."""
    count = len(series(recorded(Condition.WELL).plain))
    assert 200 < count <= MOST_SERIES


@pytest.mark.parametrize("condition", Condition, ids=lambda condition: condition.value)
def test_a_simulated_page_is_a_real_agents_but_for_its_words_and_values(condition: Condition) -> None:
    """Comments, names, label names and their order, in both formats; and some values are not as recorded."""
    pages = recorded(condition)
    one = next(one for one in fleet(500) if one.condition is condition)
    live = live_page(one, {condition: template(pages)}, NOW)
    for minute in range(10):
        live.lines(NOW + 60 * minute)
    for text, in_openmetrics in ((pages.plain, False), (pages.openmetrics, True)):
        simulated = live.render(NOW + 600, in_openmetrics=in_openmetrics)
        assert comments(simulated) == comments(text)
        assert [names(line) for line in series(simulated)] == [names(line) for line in series(text)]
        moved = {names(line)[0] for line, old in zip(series(simulated), series(text), strict=True) if line != old}
        assert {"endpoint_cpu_usage_ratio", "endpoint_journal_head_info", "endpoint_temperature_celsius"} <= moved


def test_a_value_that_moves_stays_believable() -> None:
    """For a day: nothing negative, no share above one, and no counter that falls."""
    one = next(one for one in fleet(100) if one.condition is Condition.WELL)
    live = live_page(one, {Condition.WELL: template(recorded(Condition.WELL))}, NOW)
    before: dict[str, float] = {}
    for minute in range(0, 24 * 60, 10):
        values = {name: float(value) for name, value in (line.rsplit(" ", 1) for line in live.lines(NOW + 60 * minute))}
        for name, value in values.items():
            metric = name.split("{")[0]
            assert value >= 0 or metric in {"endpoint_wifi_signal_dbm", "endpoint_rule_limit"}, name
            assert value <= 1 or not metric.endswith("_ratio"), name
            assert not metric.endswith("_total") or value >= before.get(name, 0), name
        before = values


FIRING = {
    Condition.WELL: set(),
    Condition.OVERHEATING: {("cpu-overheating", "warning"), ("cpu-overheating", "critical")},
    Condition.SERVER_LOST: {
        ("business-loss", "warning"),
        ("business-loss", "critical"),
        ("business-unreachable", "critical"),
        ("fault-server", "critical"),
    },
    Condition.PROBE_BROKEN: {("probe-failing", "warning")},
    Condition.RULES_WRONG: {("memory-low", "warning")},
}


@pytest.mark.parametrize("condition", Condition, ids=lambda condition: condition.value)
def test_a_condition_makes_the_shipped_rules_fire(condition: Condition) -> None:
    """Those that it is about, and no others."""
    assert alert_states(recorded(condition).plain) == FIRING[condition]


@pytest.mark.parametrize("spec", PROBES, ids=lambda spec: spec.name)
@pytest.mark.parametrize("loses_server", [False, True], ids=["well", "server lost"])
def test_what_the_office_adds_is_declared_by_its_probe(spec: object, loses_server: bool) -> None:
    """The page would leave out an unknown metric, and the fleet would be lighter than real agents."""
    folder = ROOT / "tests" / "hosts" / MACHINE
    host = HostFs(sysfs=str(folder / "sys"), procfs=str(folder / "proc"))
    probe = in_the_office(spec, loses_server=loses_server)
    if not probe.redirectable:
        assert probe.name == "gpu"  # this laptop has no card of NVIDIA's
        return
    declared = {metric.name: metric.labels for metric in probe.metrics}
    sampler = probe.open(Context(host=host))
    readings = sampler.sample().readings
    sampler.close()
    assert readings
    assert [one for one in readings if declared[one.metric] != tuple(name for name, _ in one.labels)] == []


@pytest.mark.parametrize("endpoints", [100, 150, 500, 1000, 2000])
def test_the_fleets_faults_are_those_that_its_findings_are_about(endpoints: int) -> None:
    """One site without its server, a model that is hot at several sites, and no site that is hot as a whole."""
    there = answering(fleet(endpoints))
    for site in SITES:
        here = [one for one in there if one.site == site]
        hot = [one for one in here if one.condition is Condition.OVERHEATING]
        lost = [one for one in here if one.condition is Condition.SERVER_LOST]
        assert len(hot) <= 0.2 * len(here) or len(hot) < 3
        assert (len(lost) > 0.5 * len(here)) == (site == SITES[LOST_SITE])
    hot = [one for one in there if one.condition is Condition.OVERHEATING]
    assert len({one.model for one in hot}) == 1
    assert len(hot) > 0.2 * len([one for one in there if one.model == hot[0].model])
    new = [one for one in there if one.version == NEW_VERSION]
    assert len([one for one in new if one.condition is Condition.PROBE_BROKEN]) > 0.2 * len(new)
    assert len({one.address for one in fleet(endpoints)}) == endpoints


@only_linux
def test_a_workstation_that_is_off_neither_answers_nor_refuses() -> None:
    port, address = free_port(), "127.1.251.1"
    with switched_off([address], port), pytest.raises(TimeoutError):
        socket.create_connection((address, port), timeout=0.3)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """deploy/prometheus for a few workstations."""
    return prometheus_folder(tmp_path, discovery(fleet(3)))


@needs(*VICTORIA)
def test_victoriametrics_takes_prometheus_own_configuration(home: Path) -> None:
    """Only what is not its business is skipped: strictly read, it names these fields and no others."""
    command = ["victoria-metrics", "-promscrape.config=prometheus.yml", "-promscrape.config.dryRun"]
    strict = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=60, check=False)
    assert strict.returncode != 0
    assert set(re.findall(r"field (\w+) not found", strict.stderr)) == {
        "alerting",
        "body_size_limit",
        "evaluation_interval",
        "rule_files",
    }
    with victoria_metrics(home) as server:
        assert eventually(lambda: found_targets(server) == 3)
        assert own_total(server, "vm_promscrape_config_reloads_total") == 0


def found_targets(server: Prometheus) -> float:
    """None before it has read its configuration, which is a moment after it answers."""
    return sum(value for name, value in own_metrics(server) if name.split("{")[0] == "vm_promscrape_targets")


@needs(*VICTORIA)
def test_vmalert_takes_prometheus_rules(home: Path) -> None:
    """All of them, with the options of the unit."""
    options = [option for option in vmalert_options() if not option.startswith("-rule=")]
    command = ["vmalert", "-dryRun", "-rule=rules/*.yml", *options]
    checked = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "error" not in checked.stderr


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedFleet]:
    with simulated_fleet(tmp_path_factory.mktemp("fleet"), ENDPOINTS, free_port()) as running:
        yield running


def folder_for(simulated: SimulatedFleet, folder: Path, alertmanager_port: int) -> Path:
    home = prometheus_folder(folder, simulated.targets, alertmanager_port, simulated.secrets)
    shorten_findings(home)
    set_intervals(home, scrape="5s", timeout="3s", evaluation="5s")
    return home


def wait_for_findings(server: Prometheus, hook: WebHook) -> None:
    """Each finding is raised as one alert and told once, and no other finding is."""
    assert eventually(lambda: all(states(server, name) == ["firing"] for name in FINDINGS), PATIENCE_SECONDS)
    assert eventually(lambda: set(told(hook)) == set(FINDINGS), PATIENCE_SECONDS)
    assert sorted(told(hook)) == sorted(FINDINGS)


def states(server: Prometheus, name: str) -> list[object]:
    return [alert["state"] for alert in server.alerts(name)]


def told(hook: WebHook) -> list[str]:
    """The findings in the messages so far, as often as they were told."""
    alerts = [alert for _, message in hook.messages for alert in message["alerts"]]  # type: ignore[attr-defined]
    return [name for name in (alert["labels"]["alertname"] for alert in alerts) if name.startswith("fleet-")]


def all_are_up(server: Prometheus) -> bool:
    result = server.query("sum(up)")
    return bool(result) and result[0]["value"][1] == str(len(answering(fleet(ENDPOINTS))))  # type: ignore[index]


@only_linux
@needs(*SERVERS)
@pytest.mark.slow
def test_prometheus_carries_the_fleet_and_tells_its_faults_once(tmp_path: Path, simulated: SimulatedFleet) -> None:
    """Nothing is missed: no workstation, no evaluation."""
    with (
        web_hook() as hook,
        alertmanager(tmp_path, hook) as port,
        running_prometheus(folder_for(simulated, tmp_path, port)) as server,
    ):
        assert eventually(lambda: all_are_up(server), PATIENCE_SECONDS)
        wait_for_findings(server, hook)
        assert own_total(server, "prometheus_rule_group_iterations_missed_total") == 0
        assert own_total(server, "prometheus_rule_evaluation_failures_total") == 0
        assert all_are_up(server)


@only_linux
@needs(*SERVERS, *VICTORIA)
@pytest.mark.slow
def test_victoriametrics_carries_the_fleet_and_tells_its_faults_once(tmp_path: Path, simulated: SimulatedFleet) -> None:
    """With the same rules, and in the same words."""
    with web_hook() as hook, alertmanager(tmp_path, hook) as port:
        home = folder_for(simulated, tmp_path, port)
        with victoria_metrics(home, hidden_seconds=1) as server, vmalert(home, server, port) as rules:
            assert eventually(lambda: all_are_up(server), PATIENCE_SECONDS)
            wait_for_findings(rules, hook)
            missed = [value for name, value in own_metrics(rules) if name.startswith("vmalert_iteration_missed_total")]
            assert set(missed) == {0.0}
            assert own_total(rules, "vmalert_execution_errors_total") == 0
            hot = rules.alerts("cpu-overheating")
            assert hot
            assert all(re.search(r" has -?\d+ °C left ", alert["annotations"]["description_en"]) for alert in hot)  # type: ignore[index]
