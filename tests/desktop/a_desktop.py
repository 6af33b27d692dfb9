"""A desktop of its own for a test: a D-Bus that starts nothing, an X server without a screen, dunst, the companion.

Everything is the real program; each ends with the test.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.running_agent import ROOT, eventually

PROGRAMS = ("dbus-daemon", "Xvfb", "dunst", "dunstctl", "xdotool", "import")
BUS_CONFIG = """\
<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""
DUNST_CONFIG = """\
[global]
    width = 560
    height = 320
    origin = top-right
    offset = 20x20
    font = Noto Sans CJK SC 12
    word_wrap = yes
    markup = full
    dmenu = {folder}/choose
    always_run_script = true
    mouse_left_click = close_current
    mouse_middle_click = do_action
    mouse_right_click = context
[everything]
    summary = *
    script = {folder}/shown
"""
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]


@dataclass(slots=True, kw_only=True)
class Program:
    """One process of the desktop."""

    process: subprocess.Popen[bytes]
    log: Path

    def end(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal, wait for the end; the exit status."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(sign)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")


@dataclass(slots=True, kw_only=True)
class Desktop:
    """The session's folder and environment, and how its programs are started."""

    folder: Path
    environment: dict[str, str]
    started: list[Program]
    user: str | None = None
    """Whose programs these are, where the test may become somebody else."""

    def start(self, *arguments: str, pass_fds: tuple[int, ...] = (), **more: str) -> Program:
        log = self.folder / f"{Path(arguments[0]).name}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                arguments,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env={**self.environment, **more},
                cwd=self.folder,
                pass_fds=pass_fds,
                user=self.user,
            )
        self.started.append(Program(process=process, log=log))
        return self.started[-1]

    def run(self, *arguments: str) -> str:
        """One command of this session, to its end."""
        done = subprocess.run(
            arguments,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            cwd=self.folder,
            user=self.user,
        )
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def bus(self) -> Program:
        """The session's bus; without service folders, so that nothing is started by itself."""
        path = self.folder / "bus"
        path.unlink(missing_ok=True)
        config = self.folder / "bus.conf"
        config.write_text(BUS_CONFIG.format(path=path), encoding="utf-8")
        started = self.start("dbus-daemon", f"--config-file={config}", "--nofork")
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={path}"
        assert eventually(lambda: _listens(path)), started.said()
        return started

    def display(self) -> Program:
        """An X server on the first free number."""
        reading, writing = os.pipe()
        started = self.start(
            "Xvfb", "-displayfd", str(writing), "-screen", "0", "1366x768x24", "-nolisten", "tcp", pass_fds=(writing,)
        )
        os.close(writing)
        with os.fdopen(reading) as number:
            self.environment["DISPLAY"] = f":{number.readline().strip()}"
        return started

    def dunst(self) -> Program:
        """The notification server, which writes down what it shows; its menu takes the first line with `chosen`."""
        line = "$DUNST_URGENCY|$DUNST_SUMMARY|$DUNST_BODY"
        _script(self.folder / "shown", f'printf "%s\\n" "{line}" >>shown.txt')
        _script(self.folder / "choose", 'grep -m1 -F "$(cat chosen)"')
        config = self.folder / "dunstrc"
        config.write_text(DUNST_CONFIG.format(folder=self.folder), encoding="utf-8")
        started = self.start("dunst", "-config", str(config))
        assert eventually(self.is_served), started.said()
        return started

    def is_served(self) -> bool:
        asked = subprocess.run(
            ["dunstctl", "count"], env=self.environment, capture_output=True, check=False, user=self.user
        )
        return asked.returncode == 0

    def companion(self, config: Path) -> Program:
        return self.start(sys.executable, "-m", "agent", "desktop", "--config", str(config), PYTHONPATH=str(ROOT))

    def displayed(self) -> int:
        return int(self.run("dunstctl", "count", "displayed"))

    def shown(self) -> list[str]:
        """Everything that came on the screen, in order: urgency, title and body."""
        path = self.folder / "shown.txt"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def picture(self, name: str) -> Path:
        path = Path(os.environ.get("SCREENSHOTS", str(self.folder))) / name
        self.run("import", "-window", "root", str(path))
        return path

    def click(self, button: int) -> None:
        """A click of the mouse on the notification that stands in the upper right corner."""
        self.run("xdotool", "mousemove", "1100", "70", "click", str(button))


@contextmanager
def desktop(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Desktop]:
    """A session with nothing in it yet."""
    runtime = folder / "runtime"
    runtime.mkdir(parents=True, mode=0o700)
    own = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_RUNTIME_DIR": str(runtime), "LANG": "C.UTF-8"}
    session = Desktop(folder=folder, environment={**own, **(environment or {})}, started=[])
    try:
        yield session
    finally:
        for program in reversed(session.started):
            if program.process.poll() is None:
                program.process.kill()
            program.process.wait()


def browser(session: Desktop) -> Path:
    """An xdg-open of this session that writes down what it was to open."""
    folder = session.folder / "bin"
    folder.mkdir(exist_ok=True)
    opened = session.folder / "opened.txt"
    _script(folder / "xdg-open", f'printf "%s\\n" "$1" >>{opened}')
    session.environment["PATH"] = f"{folder}:{session.environment['PATH']}"
    return opened


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
    return True


def _script(path: Path, line: str) -> None:
    path.write_text(textwrap.dedent(f"#!/bin/sh\n{line}\n"), encoding="utf-8")
    path.chmod(0o755)
