"""deploy/alertmanager: amtool accepts it, alerts go where they should, and words come in both languages."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.test_prometheus_files import ALERTMANAGER, alerts_of, with_options
from tests.running_agent import device_health

AMTOOL = shutil.which("amtool")
needs_amtool = pytest.mark.skipif(AMTOOL is None, reason="amtool is not installed (Debian: prometheus-alertmanager)")
CONFIG = ALERTMANAGER / "alertmanager.yml"


def amtool(*arguments: str) -> str:
    assert AMTOOL is not None
    done = subprocess.run([AMTOOL, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_amtool
@pytest.mark.parametrize("options", [False, True], ids=["as committed", "with all options"])
def test_amtool_accepts_the_configuration(tmp_path: Path, options: bool) -> None:
    """With its templates."""
    folder = Path(shutil.copytree(ALERTMANAGER, tmp_path / "alertmanager"))
    if options:
        (folder / CONFIG.name).write_text(with_options(CONFIG.read_text(encoding="utf-8")), encoding="utf-8")
    assert "SUCCESS" in amtool("check-config", str(folder / CONFIG.name))


@needs_amtool
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("alertname=cpu-busy site=上海 severity=warning", "ticket"),
        ("alertname=fan-stalled site=上海 severity=critical", "ticket-urgent"),
        ("alertname=fan-stalled site=北京 severity=critical", "ticket-beijing"),
        ("alertname=cpu-busy site=北京 severity=warning", "ticket-beijing"),
        ("alertname=fleet-server-lost site=北京 severity=critical", "ticket-urgent"),
        ("alertname=fleet-model-overheating severity=warning", "ticket"),
    ],
)
def test_an_alert_goes_to_its_desk(labels: str, receiver: str) -> None:
    """By severity and site; what concerns a whole site goes to the central desk."""
    assert amtool("config", "routes", "test", f"--config.file={CONFIG}", *labels.split()).strip() == receiver


def test_the_inhibition_on_one_computer_is_current() -> None:
    """The file ends with what the command prints."""
    printed = yaml.safe_load(device_health("rules", "export", "alertmanager").stdout)["inhibit_rules"]
    written = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["inhibit_rules"]
    assert written[-len(printed) :] == printed


def test_no_inhibition_and_no_route_names_an_alert_that_does_not_exist() -> None:
    """A renamed alert would be told three hundred times again."""
    names = {str(alert["alert"]) for file in ("endpoint.yml", "fleet.yml") for alert in alerts_of(file)}
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    matchers = [
        matcher
        for entry in config["inhibit_rules"]
        for matcher in (*entry["source_matchers"], *entry["target_matchers"])
        if matcher.startswith("alertname=")
    ]
    named = {
        name
        for matcher in matchers
        for name in matcher.removeprefix("alertname=").removeprefix("~").strip('"').split("|")
        if "*" not in name
    }
    assert named <= names
    assert "fleet-server-lost" in named


@needs_amtool
def test_words_come_in_chinese_with_english_beside_them(tmp_path: Path) -> None:
    """As a mail shows one alert."""
    alert = {
        "status": "firing",
        "labels": {"severity": "critical", "site": "上海", "instance": "sh-a12", "resource": "chip=x, fan=fan1"},
        "annotations": {
            "summary": "风扇停转",
            "description": "风扇 x fan1 停了。",
            "action": "请关闭电脑。",
            "summary_en": "A fan has stopped",
            "description_en": "Fan x fan1 stands still.",
            "action_en": "Shut the computer down.",
            "runbook_url": "https://runbooks.example.com/fan-stalled.md",
        },
    }
    data = {"status": "firing", "commonLabels": alert["labels"], "alerts": [alert]}
    (tmp_path / "alerts.json").write_text(json.dumps(data), encoding="utf-8")
    text = amtool(
        "template",
        "render",
        f"--template.glob={ALERTMANAGER}/templates/*.tmpl",
        f"--template.data={tmp_path}/alerts.json",
        '--template.text={{ template "endpoint.subject" . }}\n{{ template "endpoint.text" . }}',
    )
    assert text.split("\n")[:6] == [
        "[严重 · critical] 上海 风扇停转 · A fan has stopped",
        "严重 · critical",
        "上海 sh-a12 chip=x, fan=fan1",
        "风扇停转：风扇 x fan1 停了。 请关闭电脑。",
        "A fan has stopped: Fan x fan1 stands still. Shut the computer down.",
        "https://runbooks.example.com/fan-stalled.md",
    ]
