"""Three workstations at two sites and a Prometheus server, configured by deploy/ansible from a place of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.machines import SYSTEM_PATH, Lab, Machine, laboratory
from tests.deploy.servers import DEPLOY
from tests.protection import CURVE, hashed
from tests.running_agent import ROOT

ANSIBLE = DEPLOY / "ansible"
PASSWORD = "scrape me"
RECAP = re.compile(r"(?m)^(\S+) +: +ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a run: by machine what changed and what failed, and all that was printed."""

    changed: dict[str, int]
    failed: dict[str, int]
    said: str


@dataclass(slots=True, kw_only=True)
class Fleet:
    """The machines with their inventory; `hosts` are its variables of single machines."""

    lab: Lab
    folder: Path
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def workstation(self, name: str) -> Machine:
        return self.lab.machines[name]

    @property
    def server(self) -> Machine:
        return self.lab.machines["metrics"]

    def play(self, *options: str) -> Played:
        """Run the playbook with the inventory as it is now."""
        write_inventory(self)
        program = str(Path(sys.executable).parent / "ansible-playbook")
        command = [
            program,
            "site.yml",
            "--diff",
            "--vault-password-file",
            str(self.folder / "vault-password"),
            *options,
        ]
        done = self.lab.outside("env", f"--chdir={self.folder / 'ansible'}", *command, environment=environment(self))
        found = RECAP.findall(done.stdout)
        return Played(
            changed={name: int(changed) for name, changed, _, _ in found},
            failed={name: int(unreachable) + int(failed) for name, _, unreachable, failed in found},
            said=done.stdout + done.stderr,
        )

    def written(self, name: str) -> str:
        """When and as what each file of the agent's configuration was written on a workstation, and by whom it runs."""
        machine = self.workstation(name)
        files = machine.run("find", "/etc/device-health", "/etc/systemd/system", "-printf", "%p %T@ %i %m %u:%g\n")
        return f"{files}\n{machine.property('device-health', 'MainPID')}\n{machine.run('nft', 'list', 'ruleset')}"

    def query(self, expression: str) -> str:
        """What the Prometheus server answers."""
        return self.server.run("promtool", "query", "instant", "http://127.0.0.1:9090", expression)

    def up(self) -> dict[str, tuple[str, int]]:
        """The site of each workstation that Prometheus knows, and whether its last scrape succeeded."""
        answer = self.query('up{job="endpoint"}')
        found = re.findall(r'instance="([^"]+)".*site="([^"]+)"\} => (\d)', answer)
        return {instance: (site, int(value)) for instance, site, value in found}


@contextmanager
def fleet(folder: Path, package: Path) -> Iterator[Fleet]:
    """Machines without the agent, a Prometheus server as its README says, and an inventory."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "ssh-key")], check=True)
    with laboratory(folder, ("ws1", "ws2", "ws3", "metrics"), (folder / "ssh-key.pub").read_text()) as lab:
        made = Fleet(lab=lab, folder=folder)
        shutil.copytree(ANSIBLE, folder / "ansible", ignore=shutil.ignore_patterns("inventory"))
        (folder / "vault-password").write_text("for the test only\n")
        make_authority(folder)
        for name in ("ws1", "ws2", "ws3"):
            make_certificate(made, name)
            made.hosts[name] = variables(made, name, package)
        run_prometheus(made)
        yield made


def variables(made: Fleet, name: str, package: Path) -> dict[str, Any]:
    """A workstation's part of the inventory. ws2 is asked over IPv6, and configured by a user with sudo."""
    machine = made.workstation(name)
    return {
        "ansible_host": machine.address,
        "device_health_site": "北京" if name == "ws3" else "上海",
        "device_health_package": str(package),
        "device_health_it_contact": f"分机 {machine.number}: “IT”",
        "device_health_labels": {"seat": f"A-{machine.number}"},
        "device_health_targets": [
            {"name": "metrics", "role": "business", "address": made.server.address, "port": 9090}
        ],
        "device_health_rules": [str(made.folder / "site.yaml")],
        "device_health_certificate": str(made.folder / f"{name}.pem"),
        "device_health_key": str(made.folder / f"{name}.key"),
        "device_health_users": {"prometheus": hashed(PASSWORD)},
        "device_health_prometheus_addresses": [made.server.address, made.server.address6],
        **(another_way(machine) if name == "ws2" else {}),
        **(pushing(made) if name == "ws3" else {}),
    }


def another_way(machine: Machine) -> dict[str, Any]:
    """What a workstation has that differs from the others in how it is reached."""
    return {
        "ansible_user": "admin",
        "device_health_listen": "[::]:9847",
        "device_health_address": machine.address6,
    }


def pushing(made: Fleet) -> dict[str, Any]:
    """What sends a workstation's samples to the server too, under a name of its own; there without TLS, and ws3 may."""
    push = {
        "url": f"http://{made.server.address}:9090/api/v1/write",
        "every": "5s",
        "labels": {"instance": "ws3-pushed", "site": "北京"},
        "basic_auth": {"username": "endpoint", "password_file": "/etc/device-health/push-password"},
        "allow_unprotected": True,
    }
    return {"device_health_settings": {"push": push}, "device_health_push_password": PASSWORD}


def write_inventory(made: Fleet) -> None:
    (made.folder / "site.yaml").write_text("rules:\n  - {name: cpu-overheating, warning: {for: 90s}}\n")
    inventory = {
        "workstations": {"hosts": made.hosts},
        "prometheus": {"hosts": {"metrics": {"ansible_host": made.server.address}}},
    }
    (made.folder / "hosts.yml").write_text(yaml.safe_dump(inventory, allow_unicode=True), encoding="utf-8")


def environment(made: Fleet) -> dict[str, str]:
    """The committed ansible.cfg; of the test are the key, the known hosts and where Ansible keeps its own files."""
    ssh = f"-F /dev/null -i {made.folder}/ssh-key -o UserKnownHostsFile={made.folder}/known -o ControlPersist=20s"
    return {
        **SYSTEM_PATH,
        "LANG": "C.UTF-8",
        "HOME": str(made.folder),
        "ANSIBLE_INVENTORY": str(made.folder / "hosts.yml"),
        "ANSIBLE_HOME": str(made.folder / "ansible-home"),
        "ANSIBLE_REMOTE_USER": "root",
        "ANSIBLE_SSH_ARGS": f"{ssh} -o StrictHostKeyChecking=accept-new -o ControlMaster=auto",
        "ANSIBLE_CACHE_PLUGIN": "memory",
    }


def make_authority(folder: Path) -> None:
    openssl("req", "-x509", *CURVE, "-subj", "/CN=test CA", "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem")


def make_certificate(made: Fleet, name: str) -> str:
    """A certificate of our CA for the workstation's addresses, its key encrypted by the vault; its serial number."""
    machine, pem, key = made.workstation(name), str(made.folder / f"{name}.pem"), str(made.folder / f"{name}.key")
    names = f"subjectAltName=IP:{machine.address},IP:{machine.address6}"
    authority = ["-CA", str(made.folder / "ca.pem"), "-CAkey", str(made.folder / "ca.key")]
    openssl("req", "-x509", *CURVE, *authority, "-subj", f"/CN={name}", "-addext", names, "-keyout", key, "-out", pem)
    vault = str(Path(sys.executable).parent / "ansible-vault")
    done = subprocess.run(
        [vault, "encrypt", "--vault-password-file", str(made.folder / "vault-password"), key],
        capture_output=True,
        text=True,
        check=False,
        env=environment(made),
    )
    assert done.returncode == 0, done.stderr
    return openssl("x509", "-noout", "-serial", "-in", pem)


def openssl(*arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def run_prometheus(made: Fleet) -> None:
    """Debian's own service with deploy/prometheus; changed is only how often it looks."""
    home = made.folder / "prometheus"
    shutil.copytree(DEPLOY / "prometheus", home, ignore=shutil.ignore_patterns("tests", "*.md", "shanghai.yml"))
    text = (home / "prometheus.yml").read_text(encoding="utf-8")
    shorter, places = re.subn(r"(?m)^  scrape_(interval|timeout): \S+", r"  scrape_\1: 1s", text)
    assert places == 2
    (home / "prometheus.yml").write_text(shorter, encoding="utf-8")
    (home / "secrets").mkdir()
    shutil.copy(made.folder / "ca.pem", home / "secrets" / "endpoint-ca.pem")
    (home / "secrets" / "endpoint-password").write_text(PASSWORD)
    root = made.server.root
    script = (
        f"rm -rf {root}/etc/prometheus {root}/var/lib/prometheus {root}/etc/default/prometheus"
        f" && cp -r {home} {root}/etc/prometheus && mkdir -p {root}/etc/prometheus/targets"
        f" && echo ARGS=--web.enable-remote-write-receiver >{root}/etc/default/prometheus"
        f" && chmod -R a+rX {root}/etc/prometheus"
        f" && install -d -o prometheus -g prometheus {root}/var/lib/prometheus {root}/var/lib/prometheus/metrics2"
    )
    done = made.lab.outside("sh", "-c", script)
    assert done.returncode == 0, done.stderr
    made.server.run("systemctl", "start", "prometheus")


def package_for_test() -> Path:
    """DEVICE_HEALTH_PACKAGE, else one that is built now."""
    if named := os.environ.get("DEVICE_HEALTH_PACKAGE"):
        return Path(named).resolve()
    subprocess.run([str(ROOT / "deploy" / "packages" / "build")], check=True, stdout=subprocess.DEVNULL)
    return max((ROOT / "dist").glob("device-health_*_amd64.deb"), key=lambda path: path.stat().st_mtime)
