"""deploy/prometheus: what is committed is current, promtool accepts it, its findings are raised when they should be."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.rules.promtool import needs_promtool, promtool
from tests.running_agent import ROOT, device_health

PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTMANAGER = ROOT / "deploy" / "alertmanager"
HIDING = {
    "fleet-network-lost",
    "fleet-server-lost",
    "fleet-site-overheating",
    "fleet-probe-broken",
    "fleet-rules-wrong",
}
"""Findings that hide single alerts, which must therefore be there before those are told."""


def with_options(text: str) -> str:
    """The file with its optional lines switched on, as its first lines say."""
    return re.sub(r"^( *)#\|", r"\1", text, flags=re.MULTILINE)


def alerts_of(name: str) -> list[dict[str, object]]:
    groups = yaml.safe_load((PROMETHEUS / "rules" / name).read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def seconds(duration: str) -> int:
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600}[duration[-1]]


def test_the_exported_rules_are_current(tmp_path: Path) -> None:
    """The committed file is what the command prints without any configuration."""
    (tmp_path / "agent.yaml").write_text("language: zh\n", encoding="utf-8")
    config = ["--config", str(tmp_path / "agent.yaml")]
    printed = device_health("rules", "export", "prometheus", *config, "--beside", "en").stdout
    assert (PROMETHEUS / "rules" / "endpoint.yml").read_text(encoding="utf-8") == printed


@needs_promtool
@pytest.mark.parametrize("options", [False, True], ids=["as committed", "with all options"])
def test_promtool_accepts_the_configuration(tmp_path: Path, options: bool) -> None:
    """As a whole folder: scraping, discovery, rules."""
    folder = Path(shutil.copytree(PROMETHEUS, tmp_path / "prometheus"))
    (folder / "secrets").mkdir()
    for name in ("endpoint-ca.pem", "endpoint-password"):
        (folder / "secrets" / name).write_text("secret\n")
    if options:
        config = folder / "prometheus.yml"
        config.write_text(with_options(config.read_text(encoding="utf-8")), encoding="utf-8")
        assert len(yaml.safe_load(config.read_text(encoding="utf-8"))["scrape_configs"]) == 2
    assert promtool("check", "config", folder / "prometheus.yml") == ""


@needs_promtool
@pytest.mark.parametrize("path", sorted(PROMETHEUS.glob("tests/*.yml")), ids=lambda path: path.stem)
def test_fleet_findings_are_raised_when_they_should_be_and_only_then(path: Path) -> None:
    assert promtool("test", "rules", path) == ""


ESSENTIAL = [
    ("and on (instance) (scrape_duration", "and on (instance) (up", "a laptop that is off would be called silent"),
    ('unless on (instance) probe_success{job="endpoint-icmp"} == 0', "", "a name that is gone would be called silent"),
    (
        "and on (instance) time() - instance:endpoint_agent_seen:timestamp < 7 * 86400",
        "",
        "a mere target would be silent",
    ),
    ("and endpoint_journal_entries > 0", "", "a record that cannot be opened would be called shortened"),
    ('role!="gateway"', 'role!=""', "gateways of one name would be called one server"),
    ("0.8 * max_over_time", "0 * max_over_time", "a site where people go home would be called gone"),
    ('or ALERTS{alertname="fleet-site-gone"}', "", "a site that is gone would be forgotten after ten minutes"),
    (">= 2\n        for: 10m", ">= 1\n        for: 10m", "a hot room would be called a hot model"),
]


@needs_promtool
@pytest.mark.slow
@pytest.mark.parametrize(("part", "instead", "then"), ESSENTIAL, ids=[then for _, _, then in ESSENTIAL])
def test_no_condition_of_a_finding_can_be_left_out(tmp_path: Path, part: str, instead: str, then: str) -> None:
    """The tests notice when one is."""
    folder = Path(shutil.copytree(PROMETHEUS, tmp_path / "prometheus"))
    rules = folder / "rules" / "fleet.yml"
    text = rules.read_text(encoding="utf-8")
    assert part in text
    rules.write_text(text.replace(part, instead), encoding="utf-8")
    assert promtool("check", "rules", rules) == ""
    assert "FAILED" in promtool("test", "rules", folder / "tests" / "fleet.yml"), then


@pytest.mark.parametrize("file", ["endpoint.yml", "fleet.yml"])
def test_every_alert_speaks_two_languages_and_links_to_its_own_runbook(file: str) -> None:
    """And says who it is for, how bad it is, and which clause it serves."""
    words = {f"{name}{language}" for name in ("summary", "description", "action") for language in ("", "_en")}
    for alert in alerts_of(file):
        annotations, labels = alert["annotations"], alert["labels"]
        assert isinstance(annotations, dict)
        assert isinstance(labels, dict)
        assert set(annotations) == {*words, "runbook_url"}
        assert annotations["runbook_url"] == f"https://runbooks.example.com/{alert['alert']}.md"
        assert {"severity", "clause", "audience"} <= set(labels)


def test_a_finding_is_there_before_the_alerts_that_it_hides_are_told() -> None:
    """Alertmanager waits longer for the first message than the finding: its `for`, a scrape and two evaluations.

    A probe's single alerts wait five minutes in the agent themselves.
    """
    route = yaml.safe_load((ALERTMANAGER / "alertmanager.yml").read_text(encoding="utf-8"))["route"]
    settings = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))["global"]
    looks = seconds(settings["scrape_interval"]) + 2 * seconds(settings["evaluation_interval"])
    waits = {str(alert["alert"]): seconds(str(alert.get("for", "0s"))) for alert in alerts_of("fleet.yml")}
    waits["fleet-probe-broken"] -= 300
    late = {name for name in HIDING if waits[name] + looks > seconds(route["group_wait"])}
    assert late == {"fleet-rules-wrong"}
