"""Installs the .deb, compares the probes inside and outside the sandbox, hangs and kills the agent; judges all that."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from hung_thread import hung_main_thread
from installed_agent import (
    DATA_DIR,
    Key,
    device_health,
    expect,
    firing,
    hardware,
    is_unprivileged,
    log,
    process,
    say,
    series,
    tell_log,
    value,
    verdict,
    wait,
)

CONFIG = "/etc/device-health/agent.yaml"
UNIT = Path("/usr/lib/systemd/system/device-health.service")
MOST_EXPOSURE = 1.5
CYCLE_SECONDS = 5.0
WATCHDOG_SECONDS = 60.0
START_SECONDS = 40.0
"""systemd's RestartSec, the interpreter's start and the first cycle, all emulated in software."""
HOT = ("board-overheating", "critical")
STALLED = ("fan-stalled", "critical")
STEADY = ("temperature_", "fan_", "display_", "gpu_resets", "storage_available", "storage_inodes", "storage_read_only")
"""Readings that do not move between two looks; of the others only the presence is compared."""
FLEETING = ("storage_io_seconds",)
"""There only when a disk had something to do between two looks."""
TOLERANCE = 0.02
"""Of steady values: the machine writes logs meanwhile."""
_OF_A_DAEMON = re.compile(
    r"(?m)^(Type|NotifyAccess|ExecStart|ExecReload|WatchdogSec|Restart|RestartSec|RuntimeDirectory\w*)=.*$"
)
"""Settings that a command has no use for; all others of the unit, the whole sandbox among them, stay."""
FEIGNED_HANG = "radeon GPU lockup"
"""What the kernel says itself when a module is given this as a parameter: a real message of the kernel's own."""


def main() -> int:
    install()
    exposure()
    compare_with_outside()
    kernel_messages()
    who_may_read()
    hardware("set_temp 1 97")
    wait("97 °C gives a critical alert", lambda page: HOT in firing(page), at_most=40)
    hung_cycle()
    kill()
    full_disk()
    reload_and_stop()
    tell_log()
    return verdict()


def install() -> None:
    begun = time.monotonic()
    hardware("dpkg -i device-health_0.1.0_amd64.deb")
    say(f"       dpkg -i took {time.monotonic() - begun:.1f} s")
    Path(CONFIG).write_text("language: en\nit_contact: IT desk\n", encoding="utf-8")
    hardware("systemctl restart device-health")
    state = hardware("systemctl show -P ActiveState -P UnitFileState -P User device-health").split()
    expect(f"systemd says {state}", holds=sorted(state) == ["active", "device-health", "enabled"])
    expect("it does not run as root", holds=is_unprivileged(process()))
    read = device_health("config", "check", CONFIG)
    expect(f"config check: {read.stdout.strip()}", holds=read.returncode == 0)


def exposure() -> None:
    said = hardware("systemd-analyze security --no-pager device-health | tail -1")
    found = re.search(r"([0-9.]+)", said.partition(":")[2])
    expect(f"{said.strip()}", holds=found is not None and float(found[1]) <= MOST_EXPOSURE)


def compare_with_outside() -> None:
    """The same command as root without a sandbox, and in the unit's own sandbox."""
    free = json.loads(hardware("/usr/bin/device-health readings --json"))
    unit = f"{_OF_A_DAEMON.sub('', UNIT.read_text())}\n[Service]\nType=oneshot\n"
    unit += "ExecStart=/usr/bin/device-health readings --json\nStandardOutput=truncate:/run/inside.json\n"
    Path("/run/systemd/system/inside.service").write_text(unit, encoding="utf-8")
    hardware("systemctl daemon-reload; systemctl start inside || journalctl -u inside -o cat >&2")
    shut = json.loads(Path("/run/inside.json").read_text())
    outside, inside = _statuses(free), _statuses(shut)
    for name in sorted(outside | inside):
        same = outside.get(name) == inside.get(name)
        expect(f"{name}: {inside.get(name)}" + ("" if same else f", outside {outside.get(name)}"), holds=same)
    there, here = _values(free), _values(shut)
    missing, only = (
        sorted(key for key in more if not key[0].startswith(FLEETING))
        for more in (there.keys() - here.keys(), here.keys() - there.keys())
    )
    expect(
        f"{len(there)} readings outside, all of them inside: missing {missing}, only inside {only}",
        holds=not missing and not only,
    )
    steady = {key for key in there.keys() & here.keys() if key[0].startswith(STEADY)}
    wrong = [
        (key, there[key], here[key])
        for key in steady
        if abs(there[key] - here[key]) > TOLERANCE * max(1, abs(there[key]))
    ]
    expect(f"{len(steady)} steady values are the same inside: {wrong}", holds=not wrong and len(steady) > 10)


def _statuses(document: dict) -> dict[str, tuple[str, str]]:
    return {one["probe"]: (one["status"], one["reason"] or "") for one in document["probes"]}


def _values(document: dict) -> dict[tuple[str, str], float]:
    return {(one["name"], json.dumps(one["labels"], sort_keys=True)): one["value"] for one in document["readings"]}


def kernel_messages() -> None:
    """What the kernel says itself reaches the agent through the journal; what a program writes there does not."""
    Path("/dev/kmsg").write_text(f"<3>{FEIGNED_HANG}\n")
    time.sleep(2 * CYCLE_SECONDS)
    expect("a program's line is no reset", holds=value(series(), "gpu_resets_total") == 0)
    subprocess.run(["modprobe", "dummy", f'"{FEIGNED_HANG}"=1'], check=False)
    say(f"       {hardware('dmesg | tail -1').strip()}")
    wait("the kernel's line is counted", lambda page: value(page, "gpu_resets_total") == 1, at_most=2 * CYCLE_SECONDS)
    child = hardware("pgrep -u device-health journalctl").split()
    expect(f"by one child of {_own_memory(child[0])}, beside {_own_memory(str(process()))}", holds=len(child) == 1)


def _own_memory(pid: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return ", ".join(" ".join(line.split()) for line in lines if line.startswith(("VmRSS", "RssAnon")))


def who_may_read() -> None:
    for path in (DATA_DIR, f"{DATA_DIR}/agent.db", "/run/device-health/agent.sock", CONFIG):
        say(f"       {hardware(f'stat -c %A:%U:%G {path}').strip()} {path}")
    modes = {path.name: path.stat().st_mode & 0o077 for path in Path(DATA_DIR).iterdir()}
    expect(f"nobody else may read the record: {modes}", holds=not any(modes.values()))
    looked = subprocess.run(["runuser", "-u", "operator", "--", "ls", DATA_DIR], capture_output=True, check=False)
    expect("a user may not even look into its folder", holds=looked.returncode != 0)
    status = device_health("status")
    expect(f"a user asks the agent: {status.stdout.splitlines()[:1]}", holds=status.returncode in (0, 1, 3))
    record = device_health("journal", "verify", user="root")
    expect(f"the administrator verifies the record: {record.stdout.strip()}", holds=record.returncode == 0)


def hung_cycle() -> None:
    """The main thread hangs, the listener's thread does not: the watchdog is not fed, and systemd starts it again."""
    pid, before = process(), _fired_at()
    time.sleep(WATCHDOG_SECONDS + CYCLE_SECONDS)
    expect("a cycle that goes on feeds it", holds=process() == pid)
    begun = time.monotonic()
    with hung_main_thread(pid):
        page = _page()
        expect(f"while it hangs the listener answers: {len(page)} series", holds=bool(page))
        while process() == pid and time.monotonic() - begun < 2 * WATCHDOG_SECONDS:
            time.sleep(1)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG | 0x40000000)
        took = time.monotonic() - begun
        expect(f"the watchdog ended it after {took:.0f} s", holds=took <= WATCHDOG_SECONDS + 20)
    wait("after it the first page fires on", lambda page: HOT in firing(page), at_most=START_SECONDS)
    expect(f"fired at is kept: {before}", holds=_fired_at() == before)
    said = [
        line
        for line in hardware("journalctl -u device-health -o cat --no-pager").splitlines()
        if "atchdog" in line or "Fatal Python" in line
    ]
    expect(
        f"the log says why, and where it hung: {said}",
        holds=any("Watchdog" in line for line in said) and "agent/service.py" in log(),
    )


def kill() -> None:
    pid, before = process(), _fired_at()
    os.kill(pid, signal.SIGKILL)
    wait("after kill -9 the first page fires on", lambda page: HOT in firing(page), at_most=START_SECONDS)
    expect(f"by another process, fired at is kept: {before}", holds=process() not in (0, pid) and _fired_at() == before)
    expect("no journalctl is left behind", holds=len(hardware("pgrep -u device-health journalctl").split()) == 1)


def full_disk() -> None:
    """A user fills the disk: the agent goes on, comes back after kill -9, and records again when there is space."""
    fill("/home/operator/filler", user="operator")
    pid = process()
    hardware("set_fan 1 0")
    wait("a fault is told", lambda page: STALLED in firing(page), at_most=40)
    expect("by the same process", holds=process() == pid)
    os.kill(pid, signal.SIGKILL)
    wait("after kill -9 the alert from before fires on", lambda page: HOT in firing(page), at_most=START_SECONDS)
    wait("and what fell into the full disk is told anew", lambda page: STALLED in firing(page), at_most=40)
    root_fills_the_rest()
    hardware("rm -f /filler /home/operator/filler")
    wait("with space again it is there", lambda page: {HOT, STALLED} <= firing(page), at_most=2 * START_SECONDS)
    time.sleep(2 * CYCLE_SECONDS)
    record = device_health("journal", "list", "--rule", STALLED[0], user="root").stdout.splitlines()
    expect(f"and it is recorded: {record}", holds=bool(record))
    verified = device_health("journal", "verify", user="root")
    expect(f"journal verify: {verified.stdout.strip()}", holds=verified.returncode == 0)


def fill(path: str, *, user: str) -> None:
    """Take every block that this user may still have: nearly all at once, then the rest."""
    status = os.statvfs("/")
    blocks = status.f_bfree if user == "root" else status.f_bavail
    take = f"fallocate -l {max(1, blocks * status.f_frsize - 2_000_000)} {path}; cat /dev/zero >>{path}"
    subprocess.run(["runuser", "-u", user, "--", "sh", "-c", take], capture_output=True, check=False)
    status = os.statvfs("/")
    expect(
        f"the disk is full for users: {status.f_bavail} blocks, for root {status.f_bfree}", holds=status.f_bavail == 0
    )


def root_fills_the_rest() -> None:
    """Without a block for systemd itself the sandbox cannot be made; it tries until there is space."""
    fill("/filler", user="root")
    os.kill(process(), signal.SIGKILL)
    time.sleep(2 * START_SECONDS)
    state = hardware("systemctl show -P ActiveState device-health").strip()
    expect(f"with nothing left for root either systemd still tries: {state}", holds=state != "failed")


def reload_and_stop() -> None:
    pid = process()
    hardware("systemctl reload device-health")
    time.sleep(CYCLE_SECONDS)
    expect("reload reads the rules again, in the same process", holds="rules read again" in log() and process() == pid)
    begun = time.monotonic()
    hardware("systemctl stop device-health")
    took = time.monotonic() - begun
    result = hardware("systemctl show -P Result device-health").strip()
    expect(f"stop takes {took:.1f} s: {result}", holds=took < 10 and result == "success")
    expect("nothing is left in /run", holds=not Path("/run/device-health").exists())


def _page() -> Mapping[Key, float]:
    try:
        return series()
    except OSError:
        return {}


def _fired_at() -> dict[str, str]:
    alerts = json.loads(device_health("alerts", "--json").stdout)["alerts"]
    return {alert["rule"]: alert["fired_at"] for alert in alerts if (alert["rule"], alert["severity"]) == HOT}


if __name__ == "__main__":
    sys.exit(main())
