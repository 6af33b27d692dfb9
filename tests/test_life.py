"""The agent as a process: it starts, serves, remembers and ends as the contract says."""

import json
import signal
from pathlib import Path

from tests.running_agent import RunningAgent, copy_of_host, device_health, eventually, running, write_config


def test_it_is_ready_and_serves_metrics_and_nothing_else(tmp_path: Path) -> None:
    """A started agent answers ready, healthy and metrics; every other page is not there."""
    with running(tmp_path) as agent:
        assert agent.get("/-/healthy")[0] == 200
        status, body = agent.get("/metrics")
        assert (status, "endpoint_agent_info" in body) == (200, True)
        assert [agent.get(path)[0] for path in ("/", "/api/v1/status", "/debug")] == [404, 404, 404]


def test_sigterm_and_ctrl_c_end_it_within_two_seconds(tmp_path: Path) -> None:
    """Either signal ends the process with status 0 in time."""
    for sign in (signal.SIGTERM, signal.SIGINT):
        with running(tmp_path / sign.name) as agent:
            assert agent.stop(sign) < 2
            assert agent.process.returncode == 0, (agent.folder / "agent.log").read_text()


def test_a_second_agent_on_the_same_data_is_refused(tmp_path: Path) -> None:
    """The second process ends at once with a word that names the folder and the first process."""
    with running(tmp_path) as agent:
        second = agent.command("run")
    assert second.returncode == 1
    assert f"{tmp_path}/state" in second.stderr
    assert str(agent.process.pid) in second.stderr


def test_a_wrong_configuration_is_refused_with_every_fault(tmp_path: Path) -> None:
    """Two faults in one file give two positioned lines and status 2."""
    write_config(tmp_path, extra="langauge: zh\ninterval: 5\n")
    result = device_health("run", "--config", str(tmp_path / "agent.yaml"))
    assert result.returncode == 2
    assert "agent.yaml:7:1: " in result.stderr
    assert "agent.yaml:8:1: " in result.stderr


RULE = """\
rules:
  - name: test-hot
    clause: 4.1.a.1
    reading: temperature_celsius
    match: {component: cpu}
    critical: {above: %s, clear: %s, for: 1s}
    audience: operator
    summary: {zh: 测试过热, en: test is hot}
    problem: {zh: "{resource} 现在 {value}，限值 {limit}。", en: "{resource} is at {value}, the limit is {limit}."}
    action: {zh: "停止工作，通知 IT：{it_contact}。", en: "Stop work and notify IT: {it_contact}."}
"""


def hot_machine(folder: Path) -> tuple[list[str], Path]:
    """A captured machine whose processor temperature the test can set."""
    host = copy_of_host("thinkpad-laptop", folder)
    chip = next(path.parent for path in host.glob("sys/class/hwmon/*/name") if path.read_text().strip() == "coretemp")
    return ["--sysfs", str(host / "sys"), "--procfs", str(host / "proc")], chip / "temp1_input"


def site_rule(folder: Path, above: float, clear: float) -> None:
    (folder / "rules.d").mkdir(parents=True, exist_ok=True)
    (folder / "rules.d" / "site.yaml").write_text(RULE % (above, clear), encoding="utf-8")


def alert_state(series: dict[str, float], rule: str) -> float | None:
    return next(
        (value for name, value in series.items() if "endpoint_alert_state{" in name and f'rule="{rule}"' in name), None
    )


def test_an_alert_fires_and_clears_only_past_its_clear(tmp_path: Path) -> None:
    """97 degrees fire; 85 keep it firing, between limit and clear; 79 end it."""
    arguments, sensor = hot_machine(tmp_path)
    site_rule(tmp_path, above=90, clear=80)
    with running(tmp_path, *arguments) as agent:
        assert alert_state(agent.series(), "test-hot") is None
        sensor.write_text("97000\n")
        assert eventually(lambda: alert_state(agent.series(), "test-hot") == 2)
        sensor.write_text("85000\n")
        assert eventually(lambda: 85 in agent.series().values())
        assert alert_state(agent.series(), "test-hot") == 2
        sensor.write_text("79000\n")
        assert eventually(lambda: alert_state(agent.series(), "test-hot") is None)
    assert not (tmp_path / "state").exists(), "a captured machine is not recorded"


def memory_rule(folder: Path, below: float) -> None:
    """A rule that any machine breaches when the limit is above 1."""
    site_rule(folder, above=0, clear=0)
    path = folder / "rules.d" / "site.yaml"
    text = path.read_text().replace("temperature_celsius", "memory_available_ratio").replace("{component: cpu}", "{}")
    path.write_text(text.replace("above: 0, clear: 0", f"below: {below}"), encoding="utf-8")


def test_a_firing_alert_survives_kill_9(tmp_path: Path) -> None:
    """After kill -9 and a restart the alert still fires, since the same moment; it ends when the rule is met again."""
    memory_rule(tmp_path, below=1)
    port = write_config(tmp_path)
    with running(tmp_path, port=port) as agent:
        assert eventually(lambda: alert_state(agent.series(), "test-hot") == 2)
        before = fired_at(agent)
        agent.stop(signal.SIGKILL)
    with running(tmp_path, port=port) as agent:
        assert alert_state(agent.series(), "test-hot") == 2
        assert fired_at(agent) == before
        memory_rule(tmp_path, below=0.0001)
        agent.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: alert_state(agent.series(), "test-hot") is None)


def fired_at(agent: RunningAgent) -> list[str]:
    alerts = json.loads(agent.command("alerts", "--json").stdout)["alerts"]
    return [alert["fired_at"] for alert in alerts if alert["rule"] == "test-hot"]


def test_an_acknowledgement_survives_kill_9_and_ends_with_the_episode(tmp_path: Path) -> None:
    """Unseen is timed until somebody acknowledges; that is in the metrics after a restart, and gone with the alert."""
    memory_rule(tmp_path, below=1)
    port = write_config(tmp_path)

    def of(agent: RunningAgent, metric: str) -> list[float]:
        start = f'endpoint_alert_{metric}{{clause="4.1.a.1",resource="",rule="test-hot",'
        return [value for name, value in agent.series().items() if name.startswith(start)]

    with running(tmp_path, port=port) as agent:
        assert eventually(lambda: of(agent, "unseen_seconds") not in ([], [0.0]))
        assert of(agent, "acknowledged") == []
        assert agent.command("acknowledge", "test-hot").returncode == 0
        assert eventually(lambda: of(agent, "acknowledged") == [1.0])
        assert of(agent, "unseen_seconds") == []
        agent.stop(signal.SIGKILL)
    with running(tmp_path, port=port) as agent:
        assert (of(agent, "acknowledged"), of(agent, "unseen_seconds")) == ([1.0], [])
        memory_rule(tmp_path, below=0.0001)
        agent.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: of(agent, "acknowledged") == [])


def test_sighup_takes_new_rules_and_keeps_the_old_when_they_are_wrong(tmp_path: Path) -> None:
    """After a reload the new limit holds; a wrong file is refused with its place and the old limit stays."""
    arguments, _sensor = hot_machine(tmp_path)
    site_rule(tmp_path, above=140, clear=80)
    limit = 'endpoint_rule_limit{rule="test-hot",severity="critical"}'
    with running(tmp_path, *arguments) as agent:
        assert agent.series()[limit] == 140
        site_rule(tmp_path, above=135, clear=80)
        agent.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: agent.series()[limit] == 135)
        (tmp_path / "rules.d" / "site.yaml").write_text("rules:\n  - nmae: x\n")
        agent.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: "site.yaml:2:5" in (tmp_path / "agent.log").read_text())
        assert agent.series()[limit] == 135


def test_status_asks_the_running_agent(tmp_path: Path) -> None:
    """`status --json` has the contract's keys and an exit status that says the verdict."""
    with running(tmp_path) as agent:
        result = agent.command("status", "--json")
        document = json.loads(result.stdout)
        assert set(document) >= {"verdict", "taken_at", "clauses"}
        assert result.returncode == {"normal": 0, "warning": 1, "critical": 2, "unknown": 3}[document["verdict"]]
    gone = agent.command("status")
    assert (gone.returncode, "device-health run" in gone.stderr) == (3, True)
