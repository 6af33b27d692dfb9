"""A fleet configured by deploy/ansible: real machines, systemd, ssh, nftables, Prometheus and the package.

One set of machines for all tests, each of which leaves them configured; what it changes is on a workstation of its own.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import yaml

from tests.deploy.machines import Machine, why_not
from tests.deploy.rollout import (
    PASSWORD,
    Fleet,
    Played,
    fleet,
    make_certificate,
    package_for_test,
)
from tests.deploy.servers import DEPLOY
from tests.protection import hashed
from tests.running_agent import eventually

pytestmark = pytest.mark.slow
CONFIGURED = {"ws1": ("上海", 1), "ws2": ("上海", 1), "ws3": ("北京", 1)}
SCRAPED_WITHIN_SECONDS = 60.0
STORED_WITHIN_SECONDS = 120.0
"""VictoriaMetrics answers without the newest 30 s, and vmalert looks every 30 s at that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The fleet after its first run, what a rehearsal said before it, and what the machines had then."""

    fleet: Fleet
    rehearsed: Played
    before: str
    played: Played


@pytest.fixture(scope="module")
def rollout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rollout]:
    if reason := _why_not():
        pytest.skip(reason)
    with fleet(tmp_path_factory.mktemp("fleet"), package_for_test()) as made:
        rehearsed = made.play("--check")
        before = made.workstation("ws1").run(
            "sh", "-c", "ls /etc/device-health /opt/device-health 2>&1; nft list ruleset"
        )
        yield Rollout(fleet=made, rehearsed=rehearsed, before=before, played=made.play())


@pytest.fixture
def configured(rollout: Rollout) -> Fleet:
    """The fleet in order; that the run before it went well is asked here, so that no test judges a broken one."""
    assert set(rollout.played.failed.values()) == {0}, rollout.played.said
    return rollout.fleet


def test_a_rehearsal_changes_nothing_on_new_machines(rollout: Rollout) -> None:
    """`--check` goes through, says that the package would be installed, and leaves no file and no table."""
    assert rollout.rehearsed.failed == dict.fromkeys(("ws1", "ws2", "ws3", "metrics"), 0), rollout.rehearsed.said
    assert min(rollout.rehearsed.changed.values()) >= 1
    assert rollout.before.splitlines() == [
        "ls: cannot access '/etc/device-health': No such file or directory",
        "ls: cannot access '/opt/device-health': No such file or directory",
    ]


def test_every_workstation_runs_with_what_the_inventory_says(configured: Fleet) -> None:
    """Its own labels, contact, target and rules, in the agent's own words; readable by whom it may be."""
    for name in ("ws1", "ws2", "ws3"):
        machine = configured.workstation(name)
        shown = yaml.safe_load(machine.run("device-health", "config", "show"))
        assert shown["labels"] == {"seat": f"A-{machine.number}"}
        assert shown["it_contact"] == f"分机 {machine.number}: “IT”"
        assert [target["name"] for target in shown["network"]["targets"]] == ["metrics"]
        assert machine.run("device-health", "rules", "check").endswith("rules: ok")
        assert machine.run("ls", "/etc/device-health/rules.d") == "fleet-site.yaml"
        assert machine.run("stat", "-c", "%a %U:%G", "/etc/device-health/tls.pem", "/etc/device-health/web.yaml") == (
            "640 root:device-health\n640 root:device-health"
        )
        assert machine.run("sh", "-c", "ls -d /run/device-health-ansible-* 2>/dev/null || true") == ""


def test_prometheus_finds_and_scrapes_all(configured: Fleet) -> None:
    """Over TLS with the password, IPv4 and IPv6, under name and site from discovery."""
    assert eventually(lambda: configured.up() == CONFIGURED, SCRAPED_WITHIN_SECONDS), configured.up()


def test_a_workstation_that_is_told_to_pushes(configured: Fleet) -> None:
    """Its password is a file that only the agent and root can read, and its samples are there under their own name."""
    ws3 = configured.workstation("ws3")
    assert ws3.run("stat", "-c", "%a %U:%G", "/etc/device-health/push-password") == "640 root:device-health"
    assert ws3.run("cat", "/etc/device-health/push-password") == PASSWORD
    pushed = 'endpoint_push_samples_total{instance="ws3-pushed", site="北京"}'
    assert eventually(lambda: "=>" in configured.query(pushed), SCRAPED_WITHIN_SECONDS), configured.query(pushed)


def test_a_strangers_connection_is_dropped(configured: Fleet) -> None:
    """Where ssh is answered the agent's port is not, over IPv4 and IPv6; this computer itself may still ask."""
    ws1, ws2 = configured.workstation("ws1"), configured.workstation("ws2")
    for address in (ws1.address, ws2.address6):
        assert _connects(configured, address, 22) == "connected"
        assert _connects(configured, address, 9847) == "timed out"
    asked = (
        "curl",
        "--silent",
        "--insecure",
        "--user",
        f"prometheus:{PASSWORD}",
        f"https://{ws1.address}:9847/-/ready",
    )
    assert ws1.run(*asked, "--fail") != ""


def test_the_second_run_changes_nothing(configured: Fleet) -> None:
    """Neither by its own count nor by the files, the process and the tables."""
    before = configured.written("ws1")
    played = configured.play()
    assert played.changed == dict.fromkeys(("ws1", "ws2", "ws3", "metrics"), 0), played.said
    assert configured.written("ws1") == before


def test_a_wrong_target_is_refused_and_nothing_changes(configured: Fleet) -> None:
    """Faults of every file are told with their places, and a good value beside them is not taken either."""
    before = configured.written("ws2")
    own = configured.hosts["ws2"]
    right = {**own}
    own["device_health_targets"] = [{"name": "crm", "role": "sales", "address": "10.77.0.14"}]
    own["device_health_users"] = {"prometheus": "plain"}
    own["device_health_it_contact"] = "someone else"
    played = configured.play("--limit", "ws2")
    configured.hosts["ws2"] = right
    assert played.failed == {"ws2": 1}, played.said
    said = " ".join(played.said.split()).replace("''", "'")  # it is printed as YAML, in short lines
    assert "agent.yaml:14:15: `sales` is not known here; expected one of gateway, dns, business, phone" in said
    assert "web.yaml:6:17: prometheus: the password of 'prometheus' is no bcrypt hash" in said
    assert configured.written("ws2") == before
    assert configured.up()["ws2"] == ("上海", 1)


def test_a_certificate_and_a_password_change_without_a_restart(configured: Fleet) -> None:
    """The running agent shows the new certificate and takes the new password, and not the old one."""
    ws1 = configured.workstation("ws1")
    process = ws1.property("device-health", "MainPID")
    serial = make_certificate(configured, "ws1")
    users = {"prometheus": hashed(PASSWORD), "second": hashed("another")}
    configured.hosts["ws1"]["device_health_users"] = users
    played = configured.play("--limit", "ws1")
    assert (played.failed, played.changed) == ({"ws1": 0}, {"ws1": 1}), played.said
    assert hashed(PASSWORD)[:7] not in played.said
    asked = (
        "curl",
        "--silent",
        "--insecure",
        "--user",
        "second:another",
        f"https://{ws1.address}:9847/-/ready",
        "--fail",
    )
    assert eventually(lambda: ws1.run(*asked, check=False) != "")
    shown = ws1.run(
        "sh", "-c", f"openssl s_client -connect {ws1.address}:9847 </dev/null 2>/dev/null | openssl x509 -noout -serial"
    )
    assert shown == serial
    assert ws1.property("device-health", "MainPID") == process
    assert eventually(lambda: configured.up()["ws1"] == ("上海", 1), SCRAPED_WITHIN_SECONDS)


def test_a_rehearsal_checks_and_changes_nothing(configured: Fleet) -> None:
    """`--check --diff` shows what would change on a configured machine, and leaves it as it is."""
    before = configured.written("ws3")
    own = configured.hosts["ws3"]
    right = {**own}
    own["device_health_it_contact"] = "a rehearsed contact"
    played = configured.play("--check", "--limit", "ws3")
    configured.hosts["ws3"] = right
    assert (played.failed, played.changed) == ({"ws3": 0}, {"ws3": 2}), played.said
    assert "+it_contact: a rehearsed contact" in played.said
    assert configured.written("ws3") == before


def test_the_firewall_is_there_after_a_reboot_and_a_reload(configured: Fleet) -> None:
    """At each start, and after the system's own rules were loaded anew, which flushes everything."""
    ws1 = configured.workstation("ws1")
    table = _rules(ws1.run("nft", "list", "table", "inet", "device_health"))
    configured.lab.reboot(ws1)
    assert _rules(ws1.run("nft", "list", "table", "inet", "device_health")) == table
    ws1.run("systemctl", "start", "nftables")
    for change in ("reload", "restart"):
        ws1.run("systemctl", change, "nftables")
        assert eventually(lambda: "device_health" in ws1.run("nft", "list", "tables")), change
    assert eventually(lambda: configured.up().get("ws1") == ("上海", 1), SCRAPED_WITHIN_SECONDS)
    assert _connects(configured, ws1.address, 9847) == "timed out"


def test_a_workstation_that_leaves_keeps_its_record_only(configured: Fleet) -> None:
    """Program, secrets and firewall go, and so does the last one of its site from discovery; the record stays."""
    ws3 = configured.workstation("ws3")
    record = ws3.run("stat", "-c", "%i", "/var/lib/device-health/agent.db")
    configured.hosts["ws3"]["device_health_state"] = "absent"
    played = configured.play("--limit", "ws3,metrics")
    assert played.failed == {"ws3": 0, "metrics": 0}, played.said
    assert eventually(lambda: set(configured.up()) == {"ws1", "ws2"}, SCRAPED_WITHIN_SECONDS), configured.up()
    assert configured.server.run("ls", "/etc/prometheus/targets") == "上海.yml"
    assert ws3.run("stat", "-c", "%i", "/var/lib/device-health/agent.db") == record
    assert ws3.run("find", "/etc/device-health", "-type", "f", check=False) == ""
    assert ws3.run("nft", "list", "ruleset") == ""
    assert ws3.run("sh", "-c", "command -v device-health || true") == ""
    again = configured.play("--limit", "ws3,metrics")
    assert again.changed == {"ws3": 0, "metrics": 0}, again.said


def test_victoriametrics_takes_prometheus_place(configured: Fleet) -> None:
    """As its README says, from the second command on: the units run, scrape over TLS, evaluate, reload and remember.

    The last test: it ends the Prometheus of the others.
    """
    server, workstations = configured.server, set(configured.up())
    assert {"ws1", "ws2"} <= workstations
    text = (DEPLOY / "victoriametrics" / "README.md").read_text(encoding="utf-8")
    first, *commands = re.findall(r"(?s)```sh\n(.*?)```", text)[0].strip().splitlines()
    assert first.startswith("cp -r ../prometheus/"), "here the playbook and the fixture have put these files there"
    for command in commands:
        server.run("sh", "-euc", f"cd {DEPLOY / 'victoriametrics'}; {command}")
    all_up = dict.fromkeys(workstations, "1")
    up = 'up{job="endpoint"}'
    assert eventually(lambda: _stored(server, up) == all_up, STORED_WITHIN_SECONDS), _stored(server, up)
    recorded = "instance:endpoint_agent_seen:timestamp"
    assert eventually(lambda: set(_stored(server, recorded)) == workstations, STORED_WITHIN_SECONDS)
    server.run("systemctl", "reload", "vmalert")
    first_seen = "tfirst_over_time(up[1h])"
    since = _stored(server, first_seen)
    server.run("systemctl", "restart", "victoria-metrics")
    assert eventually(lambda: _stored(server, first_seen) == since, STORED_WITHIN_SECONDS)
    for unit in ("victoria-metrics", "vmalert"):
        assert [server.property(unit, name) for name in ("ActiveState", "NRestarts")] == ["active", "0"], unit
    assert server.property("vmalert", "UnitFileState") == "enabled"
    assert server.property("prometheus", "ActiveState") == "inactive"


def _stored(server: Machine, expression: str) -> dict[str, str]:
    """What VictoriaMetrics answers for each workstation; nothing while it starts."""
    url = "http://127.0.0.1:8428/api/v1/query"
    said = server.run("curl", "--silent", "--get", url, "--data-urlencode", f"query={expression}", check=False)
    found = json.loads(said)["data"]["result"] if said.startswith("{") else []
    return {one["metric"]["instance"]: one["value"][1] for one in found}


def _why_not() -> str:
    """Why this cannot be tried here; empty if it can."""
    if importlib.util.find_spec("ansible") is None:
        return "Ansible is not installed (dependency group fleet)"
    if missing := [
        name for name in ("prometheus", "promtool", "victoria-metrics", "curl") if shutil.which(name) is None
    ]:
        return f"not installed: {', '.join(missing)}"
    if subprocess.run(["/usr/bin/python3", "-c", "import apt"], capture_output=True, check=False).returncode:
        return "python3-apt is not installed"
    return why_not()


def _connects(configured: Fleet, address: str, port: int) -> str:
    """What comes of a connection from beside the Prometheus server: a drop is silence, not a refusal."""
    program = f"import socket; socket.create_connection(({address!r}, {port}), timeout=2); print('connected')"
    done = configured.lab.outside(sys.executable, "-c", program)
    return done.stdout.strip() or done.stderr.strip().rpartition(": ")[2]


def _rules(table: str) -> list[str]:
    """The table without what its counter has counted."""
    return [line.partition(" packets ")[0] for line in table.splitlines()]
