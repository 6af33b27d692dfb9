"""Heats the board in front of a logged-in user, answers on the screen, takes the screen away; judges what was told."""

import os
import pwd
import shutil
import subprocess
import sys
import time
from pathlib import Path

from installed_agent import (
    DATA_DIR,
    USER,
    device_health,
    expect,
    hardware,
    say,
    start_service,
    tell_log,
    verdict,
    wait,
)

CYCLE_SECONDS = 5.0
FOR_SECONDS = 15.0
"""Of the shipped rule board-overheating, as it is."""
CONFIG = f"""\
language: en
it_contact: IT desk
data_dir: {DATA_DIR}
local: {{socket: /run/device-health/agent.sock}}
probes: {{ping: {{enabled: false}}, network: {{enabled: false}}}}
"""
"""The machine has no network, which is another story."""
ACCOUNT = pwd.getpwnam(USER)
RUNTIME = f"/run/user/{ACCOUNT.pw_uid}"
SESSION = {
    "XDG_RUNTIME_DIR": RUNTIME,
    "DBUS_SESSION_BUS_ADDRESS": f"unix:path={RUNTIME}/bus",
    "DISPLAY": ":5",
    "HOME": ACCOUNT.pw_dir,
}
DESK = Path(ACCOUNT.pw_dir) / "desk"
SHOWN = DESK / "shown"
DUNST = f"""\
[global]
    width = 560
    height = 300
    origin = top-right
    font = DejaVu Sans 12
    markup = full
    always_run_script = true
    dmenu = {DESK}/choose
[everything]
    summary = *
    script = {DESK}/note
"""
TERMINAL = "tty9"


def main() -> int:
    log_in()
    expect_one_starter()
    start_service(CONFIG)
    in_session("systemctl", "--user", "start", "device-health-desktop")
    wait("45 °C is read", lambda page: 45 in page.values(), at_most=4 * CYCLE_SECONDS)
    tell_size()
    heat()
    acknowledge()
    without_a_screen()
    cool_down()
    end()
    tell_log()
    return verdict()


def in_session(*command: str) -> str:
    """One command of the logged-in user."""
    done = subprocess.run(
        ["runuser", "-u", USER, "--", *command],
        env={"PATH": os.environ["PATH"], **SESSION},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    if done.returncode != 0:
        say(f"       {' '.join(command)}: {done.returncode} {done.stderr.strip()}")
    return done.stdout


def log_in() -> None:
    """The user's systemd and bus as a log-in makes them, an X server without a screen, and dunst."""
    DESK.mkdir()
    script("note", f'printf "%s|%s\\n" "$DUNST_URGENCY" "$DUNST_SUMMARY" >>{SHOWN}; date +%s.%N >>{DESK}/times')
    script("choose", 'grep -m1 "I have told IT"')
    settings = Path(ACCOUNT.pw_dir) / ".config" / "dunst" / "dunstrc"
    settings.parent.mkdir(parents=True)
    settings.write_text(DUNST, encoding="utf-8")
    hardware(f"chown -R {USER}: {ACCOUNT.pw_dir}; loginctl enable-linger {USER}")
    until("the user's bus is there", lambda: Path(f"{RUNTIME}/bus").exists(), 60)
    screen_up("screen")
    dunst_up()


def screen_up(unit: str) -> None:
    """An X server that writes its picture to a file, as a program of the user's session."""
    run = ("systemd-run", "--user", "-q", f"--unit={unit}")
    in_session(*run, "Xvfb", ":5", "-screen", "0", "1366x768x24", "-fbdir", str(DESK))
    until("the screen is there", Path("/tmp/.X11-unix/X5").exists, 60)  # where X puts its socket


def dunst_up() -> None:
    in_session("systemctl", "--user", "set-environment", "DISPLAY=:5")
    in_session("systemctl", "--user", "start", "dunst")
    until("dunst serves", lambda: "Waiting" in in_session("dunstctl", "count"), 60)


def script(name: str, line: str) -> None:
    path = DESK / name
    path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    path.chmod(0o755)


def until(text: str, holds: object, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not holds():  # type: ignore[operator]
        time.sleep(0.1)
    expect(text, holds=holds())  # type: ignore[operator]


def expect_one_starter() -> None:
    """The unit is well formed, and systemd makes no second one of the autostart file."""
    said = in_session("systemd-analyze", "--user", "verify", "/etc/systemd/user/device-health-desktop.service")
    expect(f"systemd-analyze verify: {said.strip() or 'nothing'}", holds=not said.strip())
    made = DESK / "generated"
    made.mkdir()
    generator = "/usr/lib/systemd/user-generators/systemd-xdg-autostart-generator"
    subprocess.run(
        [generator, str(made), str(made), str(made)], check=False, env={**os.environ, "XDG_CURRENT_DESKTOP": "GNOME"}
    )
    units = [path.name for path in made.rglob("*device*")]
    expect(f"units made of the autostart file: {units}", holds=not units)


def companion() -> int:
    return int(in_session("systemctl", "--user", "show", "-P", "MainPID", "device-health-desktop") or 0)


def tell_size() -> None:
    time.sleep(5)
    lines = Path(f"/proc/{companion()}/smaps_rollup").read_text().splitlines()
    resident = next(int(line.split()[1]) for line in lines if line.startswith("Rss:")) / 1024
    expect(f"the companion, process {companion()}, has {resident:.1f} MiB resident", holds=resident < 25)


def heat() -> None:
    """From 97 °C to the screen: the rule's time, two cycles, one second."""
    allowed = FOR_SECONDS + 2 * CYCLE_SECONDS + 1
    begun = time.monotonic()
    hardware("set_temp 1 97")
    while time.monotonic() < begun + 2 * allowed and not (SHOWN.exists() and SHOWN.read_text()):
        time.sleep(0.05)
    passed = time.monotonic() - begun
    lines = SHOWN.read_text().splitlines() if SHOWN.exists() else []
    expect(
        f"on the screen {passed:.1f} s after the heat ({FOR_SECONDS:g} to {allowed:g}): {lines}",
        holds=FOR_SECONDS <= passed <= allowed,
    )
    expect("with critical urgency", holds=bool(lines) and lines[0].startswith("CRITICAL|CRITICAL: "))
    time.sleep(2)
    shutil.copy(DESK / "Xvfb_screen0", "screen.xwd")


def acknowledge() -> None:
    """The action on the screen, chosen in dunst's menu, is in the journal with the user's name."""
    in_session("dunstctl", "context")
    until("the notification went", lambda: "displayed: 0" in in_session("dunstctl", "count").lower(), 30)
    entries = device_health("journal", "list", "--kind", "acknowledged").stdout.splitlines()
    expect(f"acknowledged: {entries}", holds=bool(entries) and all(f"[{USER}]" in entry for entry in entries))


def without_a_screen() -> None:
    """No notification server and no browser: the message stands on the terminal where the user is logged in."""
    login = ["-p", "PAMName=login", "-p", f"TTYPath=/dev/{TERMINAL}", "-p", "StandardInput=tty", "-p", "TTYReset=yes"]
    record = ["-p", f"UtmpIdentifier={TERMINAL}", "-p", "UtmpMode=user", "-p", f"User={USER}"]
    hardware(" ".join(["systemd-run", "-q", "--unit=console", *login, *record, "sleep", "600"]))
    until("the user is logged in on the terminal", lambda: TERMINAL in hardware("who"), 20)
    in_session("systemctl", "--user", "stop", "dunst", "screen")
    in_session("systemctl", "--user", "mask", "--runtime", "dunst")
    in_session("systemctl", "--user", "unset-environment", "DISPLAY")
    in_session("systemctl", "--user", "restart", "device-health-desktop")
    hardware("set_fan 1 0")
    until("the stopped fan is told on the terminal", lambda: "fan1" in terminal(), 90)
    for line in filter(None, (line.strip() for line in terminal().splitlines())):
        say(f"       | {line}")
    time.sleep(1)
    for line in device_health("journal", "list").stdout.splitlines():
        say(f"       {line}")


def terminal() -> str:
    """What stands on the virtual terminal: 80 columns a line in most modes (kernel, vcs(4))."""
    columns = Path(f"/dev/vcsa{TERMINAL[3:]}").read_bytes()[1]
    text = Path(f"/dev/vcs{TERMINAL[3:]}").read_text("latin-1")
    return "\n".join(text[start : start + columns] for start in range(0, len(text), columns))


def cool_down() -> None:
    """The screen is back: what is still wrong comes up on it, and its end too."""
    in_session("systemctl", "--user", "unmask", "--runtime", "dunst")
    screen_up("screen2")
    before = len(SHOWN.read_text().splitlines())
    dunst_up()
    until("the stopped fan is on the new screen", lambda: len(SHOWN.read_text().splitlines()) > before, 60)
    hardware("set_temp 1 45; set_fan 1 1800")
    until("both ends are told", lambda: SHOWN.read_text().count("|Over: ") == 2, 150)
    for line in SHOWN.read_text().splitlines():
        say(f"       {line}")


def end() -> None:
    begun = time.monotonic()
    in_session("systemctl", "--user", "stop", "device-health-desktop")
    state = in_session(
        "systemctl", "--user", "show", "-P", "Result", "-P", "ExecMainStatus", "device-health-desktop"
    ).split()
    expect(f"the companion ends in {time.monotonic() - begun:.1f} s: {state}", holds=state == ["success", "0"])
    said = hardware(f"journalctl -o cat --no-pager _UID={ACCOUNT.pw_uid} --user-unit device-health-desktop || true")
    for line in said.splitlines():
        say(f"       | {line}")


if __name__ == "__main__":
    sys.exit(main())
