"""The commands that ask a running agent: status, alerts, acknowledge, silence."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_agent import ROOT, RunningAgent, device_health, eventually, running

RULE = """\
rules:
  - name: test-memory
    clause: 4.1.a.3
    reading: memory_available_ratio
    critical: {below: 1, clear: 1, for: 0s}
    audience: operator
    summary: {zh: 测试用的告警, en: an alert for the test}
    problem: {zh: "现在 {value}，限值 {limit}。", en: "It is {value}, the limit is {limit}."}
    action: {zh: "通知 IT：{it_contact}。", en: "Notify IT: {it_contact}."}
"""
AS_NOBODY = """\
import os, sys
from agent.apiclient import AgentError, ask
os.chdir(sys.argv[1])  # while it may: the folders above are closed to others
os.setgid(65534)
os.setuid(65534)
try:
    ask("agent.sock", "POST", "/api/v1/silence", {"rule": "x", "seconds": 9, "reason": "x"})
except AgentError as error:
    print(error.status, error)
"""
ALERT_KEYS = {"alert", "rule", "severity", "resource", "state", "value", "limit", "acknowledged_by"}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    """A running agent with one critical alert."""
    folder = tmp_path_factory.mktemp("agent")
    (folder / "rules.d").mkdir()
    (folder / "rules.d" / "site.yaml").write_text(RULE, encoding="utf-8")
    with running(folder, extra="language: en\n") as started:
        assert eventually(lambda: _alert(started)["state"] == "firing")
        yield started


def _alert(agent: RunningAgent) -> dict[str, object]:
    document = json.loads(agent.command("alerts", "--json").stdout)
    return next((alert for alert in document["alerts"] if alert["rule"] == "test-memory"), {"state": "none"})


def test_status_says_what_fires_last(agent: RunningAgent) -> None:
    """The fault stands once with its number and action; status 2, and the verdict is the last line."""
    made = agent.command("status")
    assert made.returncode == 2
    assert made.stdout.splitlines()[-1] == "critical: Stop work and notify IT. Reason: an alert for the test"
    assert made.stdout.count("      an alert for the test\n") == 1
    assert re.search(r"It is [\d.]+ %, the limit is 100 %\.\n +→ Stop work now\. Notify IT:", made.stdout)


def test_alerts_are_a_table_and_json(agent: RunningAgent) -> None:
    """A header, the rule's words and the id that `acknowledge` takes; the JSON has every field."""
    made = agent.command("alerts")
    alert = _alert(agent)
    assert made.stdout.split()[:6] == ["Id", "Level", "State", "What", "Where", "Since"]
    assert "an alert for the test" in made.stdout
    assert str(alert["alert"]) in made.stdout
    assert alert.keys() >= ALERT_KEYS


def test_an_alert_is_acknowledged_once(agent: RunningAgent) -> None:
    """The first word stands and is recorded with the user; the second says so; an unknown id is refused."""
    first, second = agent.command("acknowledge", "test-memory"), agent.command("acknowledge", "test-memory")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout.endswith(" is acknowledged.\n")
    assert second.stdout.endswith(" was acknowledged before; the first one stands.\n")
    assert _alert(agent)["acknowledged_by"]
    unknown = agent.command("acknowledge", "no-such")
    assert (unknown.returncode, "there is no one alert called no-such" in unknown.stderr) == (1, True)
    listed = device_health("journal", "list", "--kind", "acknowledged", "--config", str(agent.config))
    assert len(listed.stdout.splitlines()) == 1


def test_a_rule_is_silenced_and_speaks_again(agent: RunningAgent) -> None:
    """A silence is listed with its reason, ends when asked, and neither an unknown rule nor a month and a day goes."""
    made = agent.command("silence", "test-memory", "--for", "2h", "--reason", "being replaced")
    assert (made.returncode, made.stdout.startswith("Rule test-memory is silenced until ")) == (0, True)
    assert "(being replaced)" in agent.command("alerts").stdout
    assert agent.command("silence", "test-memory", "--end").stdout == "Rule test-memory is no longer silenced.\n"
    for words, message in (
        (("no-such", "--for", "1h", "--reason", "x"), "there is no rule no-such"),
        (("test-memory", "--for", "31d", "--reason", "x"), "expected a number above 0 and up to"),
        (("test-memory", "--end"), "is not silenced"),
    ):
        refused = agent.command("silence", *words)
        assert (refused.returncode, message in refused.stderr) == (1, True), refused


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_silence_is_for_administrators(agent: RunningAgent) -> None:
    """Another user may look and acknowledge; silencing is refused."""
    agent.folder.chmod(0o711)
    asked = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(agent.folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert asked.stdout == "403 The agent refused: only an administrator may silence a rule.\n"


def test_watching_ends_quietly_with_ctrl_c(agent: RunningAgent) -> None:
    """`status --watch` shows the standing again and again; Ctrl-C ends it with 130 and no word."""
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", "status", "--watch", "--config", str(agent.config)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    shown = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _out, error = process.communicate(timeout=30)
    assert (process.returncode, shown.strip(), error.strip()) == (130, "Computer", "")


def test_chinese_comes_first_when_the_agent_is_gone(tmp_path: Path) -> None:
    """The operator reads that nothing answered in Chinese; IT's line follows."""
    (tmp_path / "agent.yaml").write_text(f"local: {{socket: {tmp_path}/agent.sock}}\n", encoding="utf-8")
    begun = time.monotonic()
    asked = device_health("status", "--config", str(tmp_path / "agent.yaml"))
    assert time.monotonic() - begun < 5
    assert (asked.returncode, asked.stderr.splitlines()[0]) == (3, "监测程序没有应答，可能没有运行。")
