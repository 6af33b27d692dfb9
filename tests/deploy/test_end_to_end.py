"""A fault in a real agent goes through real Prometheus and Alertmanager to a ticket system: once, with its words."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.servers import Target, WebHook, alertmanager, prometheus, web_hook
from tests.running_agent import eventually, running

PATIENCE_SECONDS = 120.0
SERVERS = ("prometheus", "prometheus-alertmanager")
MISSING = [name for name in SERVERS if shutil.which(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed (Debian has them by these names): {', '.join(MISSING)}"),
]

ALWAYS = "rules:\n  - {name: memory-low, warning: {below: 0.999, clear: 0.9999, for: 0s}, keep_firing_for: 0s}\n"
NEVER = "rules:\n  - {name: memory-low, warning: {below: 0.000001, clear: 0.000002, for: 0s}, keep_firing_for: 0s}\n"
"""A site's override of one threshold, which any machine is below, and one that none is."""


def about(hook: WebHook, name: str) -> list[tuple[str, str]]:
    """Path and status of every message about an alert."""
    return [(path, str(message["status"])) for path, message in hook.messages if alert_in(message, name)]


def alert_in(message: dict[str, object], name: str) -> dict[str, dict[str, str]]:
    alerts = message["alerts"]
    assert isinstance(alerts, list)
    return next((alert for alert in alerts if alert["labels"]["alertname"] == name), {})


def names_in(message: dict[str, object]) -> list[str]:
    """The name of each alert in a message."""
    alerts = message["alerts"]
    assert isinstance(alerts, list)
    return [alert["labels"]["alertname"] for alert in alerts]


def wait_for(holds: Callable[[], object]) -> None:
    assert eventually(lambda: bool(holds()), PATIENCE_SECONDS)


def test_a_fault_is_told_once_with_its_words_and_so_is_its_end(tmp_path: Path) -> None:
    """The ticket opens and is closed, with no message between."""
    rules = tmp_path / "seat" / "rules.d"
    rules.mkdir(parents=True)
    (rules / "site.yaml").write_text(ALWAYS, encoding="utf-8")
    with web_hook() as hook, running(tmp_path / "seat") as agent, alertmanager(tmp_path, hook) as port:
        target = Target(port=agent.port, instance="sh-a12", site="上海")
        with prometheus(tmp_path, [target], port):
            wait_for(lambda: about(hook, "memory-low"))
            alert = alert_in(next(m for _, m in hook.messages if alert_in(m, "memory-low")), "memory-low")
            assert alert["labels"]["site"] == "上海"
            assert alert["labels"]["instance"] == "sh-a12"
            words = alert["annotations"]
            assert words["summary"] == "内存不足"
            assert words["description"].startswith("可用内存只剩 ")
            assert "无读数" not in words["description"]
            assert words["action_en"].startswith("Close programs and browser tabs")
            assert words["runbook_url"] == "https://runbooks.example.com/memory-low.md"

            (rules / "site.yaml").write_text(NEVER, encoding="utf-8")
            agent.process.send_signal(1)
            wait_for(lambda: ("/alerts/normal", "resolved") in about(hook, "memory-low"))
            assert about(hook, "memory-low") == [("/alerts/normal", "firing"), ("/alerts/normal", "resolved")]


def post(port: int, alerts: list[dict[str, str]]) -> None:
    """Hand alerts to Alertmanager as Prometheus does."""
    body = json.dumps([{"labels": labels, "annotations": {"summary": "x"}} for labels in alerts]).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v2/alerts", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def single(
    name: str, number: int, severity: str = "critical", resource: str = "target=crm, role=business"
) -> dict[str, str]:
    own = {"alertname": name, "rule": name, "severity": severity, "audience": "operator", "resource": resource}
    return {**own, "site": "上海", "instance": f"sh-{number}"}


def test_three_hundred_effects_of_one_server_are_one_message(tmp_path: Path) -> None:
    """And what has another cause is told beside it."""
    finding = {"alertname": "fleet-server-lost", "severity": "critical", "target": "crm", "site": "上海"}
    effects = [single("business-unreachable", number) for number in range(300)]
    others = [single("business-unreachable", 1, resource="target=erp, role=business"), single("fan-stalled", 2)]
    with web_hook() as hook, alertmanager(tmp_path, hook) as port:
        post(port, [{**finding, "resource": "target=crm, role=business"}])
        post(port, [*effects, *others])
        wait_for(lambda: {name for _, m in hook.messages for name in names_in(m)} >= {"fan-stalled"})
        wait_for(lambda: about(hook, "business-unreachable"))
        wait_for(lambda: about(hook, "fleet-server-lost"))
        told = sorted((path, *names_in(message)) for path, message in hook.messages)
    assert told == [
        ("/alerts/urgent", "business-unreachable"),
        ("/alerts/urgent", "fan-stalled"),
        ("/alerts/urgent", "fleet-server-lost"),
    ]


def test_on_one_computer_the_cause_is_told_and_its_effects_are_not(tmp_path: Path) -> None:
    """But that nobody has seen it is told, though it has the labels of the alert that it is about."""
    cause = single("network-cable", 1, resource="device=eth0")
    effects = [single("fault-this-computer", 1), single("gateway-loss", 1, severity="warning")]
    unseen = {**cause, "alertname": "stop-unseen"}
    with web_hook() as hook, alertmanager(tmp_path, hook) as port:
        post(port, [cause, *effects, unseen, single("gateway-loss", 2, severity="warning")])
        wait_for(lambda: about(hook, "network-cable") and about(hook, "stop-unseen") and about(hook, "gateway-loss"))
        told = {
            (alert_in(message, name)["labels"]["instance"], name)
            for _, message in hook.messages
            for name in names_in(message)
        }
    assert told == {("sh-1", "network-cable"), ("sh-1", "stop-unseen"), ("sh-2", "gateway-loss")}
