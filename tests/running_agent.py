"""Starts the real agent as a process for tests, on free ports and in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.loaded_program import run_loaded

ROOT = Path(__file__).parent.parent
PATIENCE_SECONDS = 15.0
"""A loaded machine may take long; a test that waits this long has failed."""


@dataclass(slots=True, kw_only=True)
class RunningAgent:
    """One agent under test."""

    process: subprocess.Popen[str]
    folder: Path
    port: int

    @property
    def config(self) -> Path:
        return self.folder / "agent.yaml"

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page of the metrics listener."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def series(self) -> dict[str, float]:
        """Every series of the metrics page with its value."""
        lines = (line for line in self.get("/metrics")[1].splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def command(self, *arguments: str, input_text: str = "") -> subprocess.CompletedProcess[str]:
        """Another command of the same program, with the same configuration."""
        return device_health(*arguments, "--config", str(self.config), input_text=input_text)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> float:
        """Send the signal and say how many seconds the process took to end."""
        begun = time.monotonic()
        self.process.send_signal(sign)
        self.process.wait(PATIENCE_SECONDS)
        return time.monotonic() - begun


def device_health(*arguments: str, input_text: str = "") -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return run_loaded(arguments, ROOT, input_text, timeout_seconds=60)


def eventually(holds: Callable[[], bool], patience_seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether the condition comes to hold in time; asks every 20 ms."""
    end = time.monotonic() + patience_seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if holds():
                return True
        time.sleep(0.02)
    return False


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_config(folder: Path, extra: str = "", interval: str = "1s") -> int:
    """An agent.yaml in the folder with everything below it; the metrics port."""
    port, local_port = free_port(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "agent.yaml").write_text(
        f"interval: {interval}\n"
        f"data_dir: {folder}/state\n"
        f"rules_dir: {folder}/rules.d\n"
        f"metrics: {{listen: '127.0.0.1:{port}'}}\n"
        f"local: {{listen: '127.0.0.1:{local_port}', socket: {folder}/agent.sock}}\n"
        "probes: {ping: {enabled: false}}\n" + extra,
        encoding="utf-8",
    )
    return port


@contextmanager
def running(
    folder: Path, *arguments: str, extra: str = "", port: int | None = None, interval: str = "1s"
) -> Iterator[RunningAgent]:
    """The agent, ready; killed at the end where the test has not ended it. With `port` the folder's file is kept."""
    port = write_config(folder, extra, interval) if port is None else port
    log = (folder / "agent.log").open("a")
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", "run", "--config", str(folder / "agent.yaml"), *arguments],
        cwd=ROOT,
        stdout=log,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    agent = RunningAgent(process=process, folder=folder, port=port)
    try:
        is_ready = eventually(lambda: process.poll() is not None or agent.get("/-/ready")[0] == 200)
        assert is_ready, (folder / "agent.log").read_text()
        assert process.poll() is None, (folder / "agent.log").read_text()
        yield agent
    finally:
        log.close()
        if process.poll() is None:
            process.kill()
        process.wait()


def copy_of_host(name: str, folder: Path) -> Path:
    """A fake machine of tests/hosts that a test may change."""
    return Path(shutil.copytree(ROOT / "tests" / "hosts" / name, folder / name, symlinks=True))
