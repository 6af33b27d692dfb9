"""Runs each job of this folder in the lab machine: real kernel drivers, a real systemd, the installed agent.

The folder of the lab is named by the environment variable LAB; it has `run` and `hardware.sh`, and the machine has
been built. A job gets its own folder's files, those beside this file, what is deployed with it, and all wheels.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
JOBS = sorted(path.parent.name for path in HERE.glob("*/job.sh") if not path.parent.name.startswith("package_"))
"""The packages have a file of their own beside this one."""
LIMIT_SECONDS = 600
"""The machine is emulated in software; on a busy computer all takes several times as long."""
LAB_PYTHON = "3.11"
"""Debian 12's, in the machine."""


@pytest.fixture(scope="session")
def lab() -> Path:
    """The lab's folder."""
    found = os.environ.get("LAB")
    if not found:
        pytest.skip("LAB does not name the lab's folder")
    return Path(found).resolve()


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The agent's wheel and, for the machine's Python, those of all that it needs."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(folder), str(ROOT)], check=True)
    agent = next(folder.glob("device_health_agent-*.whl"))
    wanted = ["--only-binary=:all:", "--python-version", LAB_PYTHON, "-d", str(folder), str(agent)]
    subprocess.run([*pip, "download", *wanted], check=True)
    return folder


@pytest.mark.lab
@pytest.mark.parametrize("job", JOBS)
def test_job(job: str, lab: Path, wheels: Path, tmp_path: Path) -> None:
    """The job sees what it expects on the real kernel; its output is the record of what was seen."""
    folder = tmp_path / "lab"
    shutil.copytree(HERE / job, folder)
    for shared in (*HERE.glob("*.py"), *HERE.glob("*.sh"), lab / "hardware.sh"):
        shutil.copy(shared, folder)
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    shutil.copytree(wheels, folder / "wheels")
    done = subprocess.run(
        [str(lab / "run"), str(folder), str(LIMIT_SECONDS)], capture_output=True, text=True, check=False
    )
    print(done.stdout, done.stderr, sep="\n")  # noqa: T201  # the record; pytest shows it with -s or on failure
    assert done.returncode == 0
