"""Heats a board, stops a fan, takes a display away, and troubles the agent meanwhile; judges what the agent said."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from hung_folder import hung_folder
from installed_agent import (
    DATA_DIR,
    POLL_SECONDS,
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
    start_service,
    tell_log,
    value,
    verdict,
    wait,
)

CYCLE_SECONDS = 5.0
CONFIG = f"language: en\nit_contact: IT desk\ndata_dir: {DATA_DIR}\nlocal: {{socket: /run/device-health/agent.sock}}\n"
HOT = ("board-overheating", "critical")
STALLED = ("fan-stalled", "critical")
FOR_SECONDS, KEEP_SECONDS = 15.0, 60.0
"""Of the shipped rule board-overheating, as it is: above 90 °C, clear below 80 °C."""


def main() -> int:
    Path(DATA_DIR).mkdir(parents=True, exist_ok=True)
    hardware(f"mount -t tmpfs -o size=4m tmpfs {DATA_DIR}")
    look_by_hand()
    start()
    at_rest()
    with_full_disk(heat_and_stop_a_fan)
    two_commands()
    pull_the_display()
    with hung_folder("/sys/class/power_supply"):
        hung_probe()
        kill_and_restart()
    cool_down()
    end()
    tell_log()
    return verdict()


def look_by_hand() -> None:
    """`readings` needs neither root nor configuration, and says of all that is missing why."""
    document = json.loads(device_health("readings", "--json").stdout)
    probes = {probe["probe"]: probe for probe in document["probes"]}
    for name, probe in probes.items():
        say(f"       {name}: {probe['status']} {probe['reason'] or ''}")
    wrong = [name for name, probe in probes.items() if probe["status"] in ("failed", "timed_out")]
    expect(f"without root no probe fails: {wrong}", holds=not wrong)
    silent = [name for name, one in probes.items() if one["status"] == "unsupported" and not one["reason"]]
    expect(f"every unsupported probe has its reason: {silent}", holds=not silent)


def start() -> None:
    seconds = start_service(CONFIG)
    expect(f"READY after {seconds:.1f} s as {process()}, not root", holds=is_unprivileged(process()))
    names = {dict(labels).get("rule") for name, labels in series() if name == "endpoint_rule_limit"}
    expect(f"{len(names)} rules came inside the wheel", holds={HOT[0], STALLED[0]} <= names)


def at_rest() -> None:
    wait("45 °C and 1800 rpm are read", _is_at_rest, at_most=2 * CYCLE_SECONDS)
    raw = [path.read_text().strip() for path in sorted(Path("/sys/class/hwmon").glob("hwmon*/temp*_crit"))]
    page = series()
    limits = {found for (name, _), found in page.items() if name == "endpoint_temperature_limit_celsius"}
    expect(
        f"the driver's crit {raw} is taken as unset, limits are {sorted(limits)}",
        holds="-64000" in raw and -64 not in limits,
    )
    headroom = value(page, "temperature_headroom_celsius", sensor="temp1", component="board")
    expect(f"headroom without a limit: {headroom}", holds=headroom is None or headroom > 0)
    shown = {name.removeprefix("endpoint_"): found for (name, _), found in page.items() if "display_" in name}
    expect(f"display: {shown}", holds=shown.get("display_connected") == shown.get("display_edid_valid") == 1)
    expect(f"nothing critical at rest: {sorted(firing(page))}", holds=not _criticals(page))


def _is_at_rest(page: Mapping[Key, float]) -> bool:
    return value(page, "temperature_celsius", sensor="temp1") == 45 and (value(page, "fan_speed_rpm") or 0) > 1700


def with_full_disk(scenario: Callable[[], None]) -> None:
    """The scenario while the data directory takes nothing, and what of it is recorded later."""
    subprocess.run(["dd", "if=/dev/zero", f"of={DATA_DIR}/filler", "bs=64k"], check=False, capture_output=True)
    subprocess.run(["dd", "if=/dev/zero", f"of={DATA_DIR}/filler2", "bs=1"], check=False, capture_output=True)
    say(f"       the disk is full: {os.statvfs(DATA_DIR).f_bavail} blocks free")
    scenario()
    said = [line for line in log().splitlines() if "disk is full" in line or "failed" in line]
    say(f"       what the log said of the disk: {said}")
    hardware(f"rm {DATA_DIR}/filler*")
    time.sleep(3 * CYCLE_SECONDS)
    record = device_health("journal", "list", "--rule", HOT[0]).stdout.splitlines()
    expect(f"what fell into the full disk is in the record afterwards: {record}", holds=len(record) == 1)


def heat_and_stop_a_fan() -> None:
    hardware("set_temp 1 97; set_fan 1 0")
    wait(
        "97 °C gives a critical alert",
        lambda page: HOT in firing(page),
        at_least=FOR_SECONDS,
        at_most=FOR_SECONDS + 2 * CYCLE_SECONDS,
    )
    wait("the stopped fan gives a critical alert", lambda page: STALLED in firing(page), at_most=25)
    page = series()
    hot = {dict(has)["sensor"] for (name, has), found in page.items() if name.endswith("_celsius") and found == 97}
    still = {dict(has)["fan"] for (name, has), found in page.items() if name == "endpoint_fan_stalled" and found == 1}
    expect(f"hot: {sorted(hot)}, stalled: {sorted(still)}", holds=(hot, still) == ({"temp1"}, {"fan1"}))


def two_commands() -> None:
    """`status` asks the agent, `check` looks by itself; both say critical."""
    status = device_health("status", "--json")
    clauses = {clause["clause"]: clause["verdict"] for clause in json.loads(status.stdout)["clauses"]}
    expect(f"status: {clauses}", holds=(status.returncode, clauses["4.1.a.1"]) == (2, "critical"))
    check = device_health("check", "--json")
    rules = [rule for clause in json.loads(check.stdout)["clauses"] for rule in clause["rules"]]
    said = [rule["summary"] for rule in rules if rule["rule"] == HOT[0] and rule["verdict"] == "critical"]
    expect(f"check: {said}", holds=check.returncode == 2 and bool(said))


def pull_the_display() -> None:
    status = Path("/sys/class/drm/card0-Virtual-1/status")
    say(f"       {status}: {status.read_text().strip()}")
    status.write_text("off\n")
    wait(
        "the display that went is counted and told to IT",
        lambda page: value(page, "display_drops_total") == 1 and ("display-lost", "warning") in firing(page),
        at_most=2 * CYCLE_SECONDS,
    )
    expect("display_connected is 0", holds=value(series(), "display_connected", connector="Virtual-1") == 0)
    status.write_text("detect\n")
    wait(
        "it is seen when it is back",
        lambda page: value(page, "display_connected", connector="Virtual-1") == 1,
        at_most=2 * CYCLE_SECONDS,
    )


def hung_probe() -> None:
    """A driver that hangs costs its own probe only."""
    wait(
        "the hung probe power is told",
        lambda page: value(page, "probe_success", probe="power") == 0,
        at_most=2 + 2 * CYCLE_SECONDS,
    )
    name = "probe_last_success_timestamp_seconds"
    before = value(series(), name, probe="temperature") or 0
    wait(
        "the temperature is read on beside it",
        lambda page: (value(page, name, probe="temperature") or 0) > before,
        at_most=2 * CYCLE_SECONDS,
    )


def kill_and_restart() -> None:
    """After kill -9 with a hung probe systemd starts the agent again: ready all the same, and it knows its alerts."""
    before = _fired_at()
    pid = process()
    begun = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    wait("after kill -9 the first page fires on", lambda page: {HOT, STALLED} <= firing(page), at_most=40)
    expect(f"by another process, {time.monotonic() - begun:.1f} s later", holds=process() not in (0, pid))
    expect(f"fired at is kept: {before}", holds=_fired_at() == before)
    expect("the hung probe is still told", holds=value(series(), "probe_success", probe="power") in (0, None))


def _fired_at() -> dict[str, str]:
    alerts = json.loads(device_health("alerts", "--json").stdout)["alerts"]
    return {
        alert["rule"]: alert["fired_at"] for alert in alerts if (alert["rule"], alert["severity"]) in (HOT, STALLED)
    }


def cool_down() -> None:
    """85 °C is between limit and clear; 79 °C is past clear. Meanwhile the clock is set by an hour, and back."""
    hardware("set_temp 1 85; set_fan 1 1800")
    wait("85 °C is read", lambda page: 85 in page.values(), at_most=2 * CYCLE_SECONDS)
    time.sleep(2 * CYCLE_SECONDS)
    expect("at 85 °C, not past clear, it fires on", holds=HOT in firing(series()))
    before = firing(series())
    hardware("set_temp 1 79")
    for step in ("+1 hour", "-1 hour"):
        time.sleep(2 * CYCLE_SECONDS)
        hardware(f"date -s '{step}'")
        begun = time.monotonic()
        time.sleep(2 * CYCLE_SECONDS)
        new = firing(series()) - before
        expect(f"clock {step}: no alert begins {sorted(new)}, the firing one stays", holds=not new and _is_hot())
    said = [line for line in log().splitlines() if "clock set by" in line]
    expect(f"the log has both steps: {said}", holds=len(said) == 2)
    longest = KEEP_SECONDS + 4 * CYCLE_SECONDS  # the emulated machine is slow, and the commands beside it cost cycles
    passed = time.monotonic() - begun
    rest = wait("at 79 °C it ends", lambda page: HOT not in firing(page), at_most=longest - passed)
    expect(
        f"{passed + rest:.1f} s after the last step, when keep_firing_for began anew: it and four cycles at most",
        holds=KEEP_SECONDS <= passed + rest <= longest + POLL_SECONDS,
    )
    expect(f"still firing: {sorted(firing(series()))}", holds=STALLED not in firing(series()))


def _is_hot() -> bool:
    return HOT in firing(series())


def end() -> None:
    """SIGTERM with a hung probe, and the record of all this."""
    pid = process()
    with hung_folder("/sys/class/power_supply"):
        wait("power hangs again", lambda page: value(page, "probe_success", probe="power") == 0, at_most=15)
        begun = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        _until_gone(pid)
        expect(f"SIGTERM ends it in {time.monotonic() - begun:.2f} s", holds=time.monotonic() - begun < 2)
    state = hardware("systemctl show -P Result -P ExecMainStatus device-health").split()
    expect(f"systemd says {state}", holds=state == ["success", "0"])
    verified = device_health("journal", "verify")
    expect(f"journal verify: {verified.stdout.strip()}", holds=verified.returncode == 0)
    for line in device_health("journal", "list").stdout.splitlines():
        say(f"       {line}")


def _until_gone(pid: int) -> None:
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.01)


def _criticals(page: Mapping[Key, float]) -> set[str]:
    return {rule for rule, severity in firing(page) if severity == "critical"}


if __name__ == "__main__":
    sys.exit(main())
