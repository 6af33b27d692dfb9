"""Installs the .deb, configures, heats and upgrades; the reboot comes next."""

import json
import subprocess
import sys
from pathlib import Path

from installed_agent import device_health, expect, firing, hardware, say, verdict, wait
from life import CONFIG, HOT, OWN_CONFIG, dpkg, entries, package, runs, verified


def main() -> int:
    dpkg("--install", package("0.1.0"))
    runs("installed", "0.1.0")
    shipped = CONFIG.read_text(encoding="utf-8")
    checked = device_health("config", "check", str(CONFIG))
    expect(f"the shipped example is valid: {checked.stdout.strip()}", holds=checked.returncode == 0)
    active = [line for line in shipped.splitlines() if line.strip() and not line.startswith("#")]
    expect(f"and sets nothing by itself: {active}", holds=not active)
    on_path()
    CONFIG.write_text(OWN_CONFIG, encoding="utf-8")
    Path("/etc/device-health/rules.d/site.yaml").write_text(
        "rules:\n  - name: battery-worn\n    disabled: true\n", encoding="utf-8"
    )
    hardware("systemctl restart device-health; set_temp 1 97")
    wait("97 °C gives a critical alert", lambda page: HOT in firing(page), at_most=60)
    before = entries()
    Path("fired_at").write_text(_fired_at(), encoding="utf-8")
    dpkg("--force-confold", "--install", package("0.1.1"))
    runs("upgraded", "0.1.1")
    expect("the configuration is kept", holds=CONFIG.read_text(encoding="utf-8") == OWN_CONFIG)
    wait("the alert fires on", lambda page: HOT in firing(page), at_most=30)
    after = entries()
    expect(f"the record is kept: {len(before)} entries, now {len(after)}", holds=after[: len(before)] == before)
    expect("the alert's beginning is kept", holds=_fired_at() == Path("fired_at").read_text(encoding="utf-8"))
    verified("upgraded")
    return verdict()


def _fired_at() -> str:
    alerts = json.loads(device_health("alerts", "--json").stdout)["alerts"]
    return next(alert["fired_at"] for alert in alerts if alert["rule"] == HOT[0] and alert["severity"] == HOT[1])


def on_path() -> None:
    """The command, its page and its completion are where people look."""
    where = hardware("runuser -u operator -- sh -lc 'command -v device-health'").strip()
    expect(f"on the path: {where}", holds=where == "/usr/bin/device-health")
    page = subprocess.run(["gzip", "-t", "/usr/share/man/man1/device-health.1.gz"], check=False)
    expect("the manual page is there", holds=page.returncode == 0)
    words = "COMP_WORDS='device-health jour' COMP_CWORD=1 _DEVICE_HEALTH_COMPLETE=bash_complete device-health"
    said = hardware(words).split()
    expect(f"completion of `jour`: {said}", holds=said == ["plain,journal"])
    say(f"       {hardware('du -sh /opt/device-health').strip()}")


if __name__ == "__main__":
    sys.exit(main())
