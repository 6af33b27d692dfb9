"""Whole machines beside each other: own systemd, file system and address, on a network that nobody else sees.

Each is this machine's own root under an overlay in memory, run by systemd-nspawn. Mounts and network belong to one
holder process and are gone with it. The holder's network is a machine too: whoever configures the others stands there.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.running_agent import eventually

STARTS_WITHIN_SECONDS = 60.0
PROGRAMS = ("systemd-nspawn", "unshare", "nsenter", "ip", "sshd", "ssh-keygen", "nft", "openssl", "sudo")
CGROUPS = Path("/sys/fs/cgroup")
SYSTEM_PATH = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
NETWORK = """
[Match]
Name=host0
[Network]
Address=10.77.0.{number}/24
Address=fd77::{number}/64
IPv6AcceptRA=no

"""


@dataclass(slots=True, kw_only=True)
class Machine:
    """One running machine; `leader` is its first process as it is seen from here."""

    name: str
    number: int
    root: Path
    leader: int = 0
    nspawn: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"10.77.0.{self.number}"

    @property
    def address6(self) -> str:
        return f"fd77::{self.number}"

    def run(self, *command: str, check: bool = True) -> str:
        """What a command in there prints; with `check` it must succeed."""
        done = _run(["nsenter", "--all", f"--target={self.leader}", "--", *command])
        assert not check or done.returncode == 0, f"{self.name}: {shlex.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def property(self, unit: str, name: str) -> str:
        """What systemd in there says of a unit."""
        return self.run("systemctl", "show", f"--property={name}", "--value", unit)


@dataclass(slots=True, kw_only=True)
class Lab:
    """The machines, and the place from which they are configured."""

    folder: Path
    holder: subprocess.Popen[bytes]
    machines: dict[str, Machine] = field(default_factory=dict)

    def outside(self, *command: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """A command on this side of the machines' network."""
        return _run([*_enter(self.holder), *command], environment)

    def start(self, machine: Machine) -> None:
        """Run the machine and wait until its system is up."""
        cgroups = [str(CGROUPS / name / cgroup_of(machine)) for name in _hierarchies()]
        begin = f'for one in {shlex.join(cgroups)}; do mkdir -p "$one" && echo $$ >"$one/cgroup.procs"; done; exec "$@"'
        options = ["--quiet", "--register=no", "--keep-unit", "--link-journal=no", "--console=pipe", "--boot"]
        options += ["--network-bridge=lab", f"--machine={machine.name}", f"--directory={machine.root}"]
        environment = {**SYSTEM_PATH, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        command = [*_enter(self.holder), "sh", "-euc", begin, "sh", "systemd-nspawn", *options]
        with (self.folder / f"{machine.name}.log").open("ab") as log:
            machine.nspawn = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
        assert eventually(lambda: _is_up(machine), STARTS_WITHIN_SECONDS), self.said(machine)

    def reboot(self, machine: Machine) -> None:
        """Restart it from within; with --keep-unit systemd-nspawn ends with 133 instead of starting it anew."""
        assert machine.nspawn is not None
        machine.run("systemctl", "reboot", check=False)
        assert machine.nspawn.wait(STARTS_WITHIN_SECONDS) == 133, self.said(machine)
        self.start(machine)

    def said(self, machine: Machine) -> str:
        """What systemd-nspawn and the machine said on their console."""
        return (self.folder / f"{machine.name}.log").read_text(errors="replace")[-4000:]


def why_not() -> str:
    """Why no machine can be run here; empty if one can."""
    if os.geteuid() != 0:
        return "needs root"
    if missing := [name for name in PROGRAMS if _run(["sh", "-c", f"command -v {name}"], SYSTEM_PATH).returncode]:
        return f"not installed: {', '.join(missing)}"
    if not _hierarchies():
        return f"there is no cgroup2 below {CGROUPS}"
    trial = (
        "mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir u w r && mount -t overlay x -o lowerdir=/,upperdir=u,workdir=w r"
    )
    done = _run(["unshare", "--mount", "--net", "sh", "-c", f"{trial} && ip link add lab type bridge"], SYSTEM_PATH)
    return f"no overlay or bridge here: {done.stderr.strip()}" if done.returncode else ""


@contextmanager
def laboratory(folder: Path, names: Sequence[str], public_key: str) -> Iterator[Lab]:
    """The machines, running; reached over ssh by who has the key, as root or as `admin`, who may use sudo.

    All is ended and removed afterwards.
    """
    command = ["unshare", "--mount", "--net", "--propagation=private", "sleep", "infinity"]
    lab = Lab(folder=folder, holder=subprocess.Popen(command))
    try:
        (folder / "roots").mkdir()
        assert eventually(lambda: os.readlink(f"/proc/{lab.holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
        network = (
            "ip link add lab type bridge && ip addr add 10.77.0.1/24 dev lab && ip addr add fd77::1/64 dev lab nodad"
        )
        _must(lab, f"{network} && ip link set lab up && ip link set lo up && mount -t tmpfs tmpfs {folder}/roots")
        for number, name in enumerate(names, start=11):
            machine = Machine(name=name, number=number, root=folder / "roots" / name / "root")
            _make(lab, machine, public_key)
            lab.machines[name] = machine
            lab.start(machine)
        yield lab
    finally:
        for machine in lab.machines.values():
            _end(machine)
        lab.holder.kill()
        lab.holder.wait()


def cgroup_of(machine: Machine) -> str:
    return f"device-health-test-{os.getpid()}-{machine.name}"


def _make(lab: Lab, machine: Machine, public_key: str) -> None:
    """The file system: of this machine's own services only ssh is left."""
    base, root = machine.root.parent, shlex.quote(str(machine.root))
    overlay = f"lowerdir=/,upperdir={base}/upper,workdir={base}/work"
    units = "/lib/systemd/system/ssh.service /lib/systemd/system/systemd-networkd.service"
    files = {
        "etc/hostname": machine.name,
        "etc/machine-id": uuid.uuid4().hex,
        "etc/systemd/network/10-host0.network": NETWORK.format(number=machine.number),
        "etc/ssh/sshd_config": "PermitRootLogin prohibit-password\nUsePAM yes\nSubsystem sftp internal-sftp\n",
        "root/.ssh/authorized_keys": public_key,
        "etc/sudoers.d/admin": "admin ALL=(ALL) NOPASSWD: ALL",
    }
    writes = [f"printf '%s\\n' {shlex.quote(text)} >{root}/{name}" for name, text in files.items()]
    steps = [
        f"mkdir -p {base}/upper {base}/work {root} && mount -t overlay overlay -o {overlay} {root}",
        f"rm -rf {root}/etc/systemd/system/*.wants {root}/etc/ssh/sshd_config.d {root}/root/.bashrc",
        f"rm -rf {root}/etc/device-health",
        f"mkdir -p {root}/root/.ssh {root}/etc/systemd/network {root}/etc/systemd/system/multi-user.target.wants",
        f"ln -s {units} {root}/etc/systemd/system/multi-user.target.wants",
        f"for one in {root}/etc/machine-id {root}/root/.ssh/authorized_keys; do rm -f $one; done",
        *writes,
        f"chmod 700 {root}/root/.ssh && chmod 600 {root}/root/.ssh/authorized_keys {root}/etc/sudoers.d/admin",
        f"chroot {root} useradd --create-home --shell /bin/sh admin && cp -r {root}/root/.ssh {root}/home/admin",
        f"chroot {root} chown -R admin: /home/admin/.ssh",
        f"ssh-keygen -A -f {root} >/dev/null",
    ]
    _must(lab, " && ".join(steps))


def _must(lab: Lab, script: str) -> None:
    done = lab.outside("sh", "-c", script, environment=SYSTEM_PATH)
    assert done.returncode == 0, done.stderr


def _is_up(machine: Machine) -> bool:
    assert machine.nspawn is not None
    assert machine.nspawn.poll() is None
    children = psutil.Process(machine.nspawn.pid).children()
    machine.leader = children[0].pid if children else 0
    return bool(children) and machine.run("systemctl", "is-system-running", check=False) in ("running", "degraded")


def _end(machine: Machine) -> None:
    """End everything in the machine at once; nothing in it is needed any more."""
    for signalled in (machine.leader, machine.nspawn.pid if machine.nspawn else 0):
        if signalled and psutil.pid_exists(signalled):
            psutil.Process(signalled).kill()
    if machine.nspawn is not None:
        machine.nspawn.wait()
    for place in (CGROUPS / name / cgroup_of(machine) for name in (*_hierarchies(), "systemd")):
        eventually(lambda place=place: _removed(place))


def _removed(place: Path) -> bool:
    """Whether the cgroup is gone; it cannot be removed while its last process is being ended."""
    _run(["find", str(place), "-depth", "-type", "d", "-exec", "rmdir", "{}", "+"])
    return not place.exists()


def _hierarchies() -> list[str]:
    """Where cgroup2 is mounted: alone, or beside the old hierarchies."""
    return [name for name in (".", "unified") if (CGROUPS / name / "cgroup.controllers").exists()]


def _enter(holder: subprocess.Popen[bytes]) -> list[str]:
    return ["nsenter", "--mount", "--net", f"--target={holder.pid}", "--"]


def _run(command: Sequence[str], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    environment = SYSTEM_PATH if environment is None else environment
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
    )
