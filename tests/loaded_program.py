"""Runs the program's commands in processes forked off one that has it loaded: a fresh start takes a third of a second.

Each is a process of its own with the caller's environment, and ends with the same status and the same words as
`python -m agent`; what they share is the interpreter's start and the imports.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.cli import COMMANDS, main

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["__main__", __name__, *(module for module, _ in COMMANDS.values())])


def run_loaded(
    arguments: Sequence[str], folder: Path, input_text: str, timeout_seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end in the folder; may be called from several threads.

    Raises subprocess.TimeoutExpired: it did not end in time, and was killed.
    """
    with tempfile.TemporaryDirectory() as streams:
        given, out, error = (Path(streams) / name for name in ("in", "out", "error"))
        given.write_text(input_text, encoding="utf-8")
        process = _FORKING.Process(target=_run, args=(list(arguments), folder, dict(os.environ), (given, out, error)))
        process.start()
        process.join(timeout_seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(arguments), timeout_seconds)
        return subprocess.CompletedProcess(
            list(arguments), process.exitcode, out.read_text(encoding="utf-8"), error.read_text(encoding="utf-8")
        )


def _run(arguments: list[str], folder: Path, environment: Mapping[str, str], streams: tuple[Path, Path, Path]) -> None:
    """In the new process: become the command."""
    for number, path in enumerate(streams):
        opened = os.open(path, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, number)
    sys.stdin = os.fdopen(0, closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    main(arguments)
