"""After the reboot: alerts and record are there; then remove, purge, and the same by install.sh."""

import json
import subprocess
import sys
import time
from pathlib import Path

from installed_agent import DATA_DIR, device_health, expect, firing, hardware, say, tell_log, verdict, wait
from life import CONFIG, HOT, OWN_CONFIG, START_SECONDS, dpkg, entries, nothing_left, package, runs, verified

ARCHIVE = "device-health-{0}-linux-x86_64"


def main() -> int:
    hardware("set_temp 1 97")
    rebooted()
    remove_and_purge()
    by_script()
    return verdict()


def rebooted() -> None:
    runs("rebooted", "0.1.1")
    wait("the alert fires on", lambda page: HOT in firing(page), at_most=START_SECONDS)
    alerts = json.loads(device_health("alerts", "--json").stdout)["alerts"]
    fired_at = [alert["fired_at"] for alert in alerts if (alert["rule"], alert["severity"]) == HOT]
    before = Path("fired_at").read_text(encoding="utf-8")
    expect(f"with its beginning from before the reboot: {fired_at}", holds=fired_at == [before])
    kinds = [str(entry.get("kind")) for entry in entries()]
    expect(f"the record has stops and starts: {kinds}", holds=kinds.count("agent_start") >= 4)
    verified("rebooted")
    tell_log()


def remove_and_purge() -> None:
    record = Path(DATA_DIR, "agent.db")
    dpkg("--remove", "device-health")
    left = hardware("find /opt/device-health /usr/bin/device-health -print 2>/dev/null; true").split()
    expect(f"removed: the program is gone: {left}", holds=not left)
    expect(
        "removed: configuration and record are kept",
        holds=record.stat().st_size > 0 and CONFIG.read_text() == OWN_CONFIG,
    )
    dpkg("--install", package("0.1.1"))
    runs("installed again", "0.1.1")
    verified("installed again")
    dpkg("--purge", "device-health")
    nothing_left("purged")


def script(version: str, *arguments: str) -> None:
    begun = time.monotonic()
    done = subprocess.run(
        [f"/root/{ARCHIVE.format(version)}/install.sh", *arguments], check=False, capture_output=True, text=True
    )
    say(f"       $ install.sh {' '.join(arguments)}: exit {done.returncode}, {time.monotonic() - begun:.1f} s")
    expect(f"install.sh says {done.stdout + done.stderr!r}", holds=done.returncode == 0)


def by_script() -> None:
    for version in ("0.1.0", "0.1.1"):
        hardware(f"tar -C /root -xf {ARCHIVE.format(version)}.tar.gz")
    script("0.1.0")
    runs("by install.sh", "0.1.0")
    CONFIG.write_text(OWN_CONFIG, encoding="utf-8")
    before = entries()
    script("0.1.1")
    runs("upgraded by install.sh", "0.1.1")
    expect("the configuration is kept", holds=CONFIG.read_text(encoding="utf-8") == OWN_CONFIG)
    expect("the record is kept", holds=entries()[: len(before)] == before)
    script("0.1.1", "--remove")
    expect("removed: configuration and record are kept", holds=CONFIG.exists() and Path(DATA_DIR, "agent.db").exists())
    script("0.1.1", "--purge")
    hardware("rm -rf /root/device-health-*")
    nothing_left("purged by install.sh")


if __name__ == "__main__":
    sys.exit(main())
