"""One agent per data directory, and a data directory that cannot be used."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running_agent import ROOT, device_health

_ON_A_READ_ONLY_DISK = """
import sys
from agent.lock_posix import AlreadyRunning, lock_directory
first = lock_directory(sys.argv[1])
try:
    lock_directory(sys.argv[1])
except AlreadyRunning:
    print("one agent")
"""


@pytest.mark.parametrize("before", ["true", "touch $0/agent.lock"])
@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="a file system of its own needs root and unshare",
)
def test_a_disk_that_turned_read_only_is_locked_too(tmp_path: Path, before: str) -> None:
    """The agent runs there, once: a disk that takes nothing is when the operator must be told."""
    mount = (
        f"mount -t tmpfs tmpfs $0 && {before} && mount -o remount,ro $0 && "
        f"exec {sys.executable} -c '{_ON_A_READ_ONLY_DISK}' $0"
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mount, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip("this root may not mount")
    assert (done.stdout, done.stderr) == ("one agent\n", "")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "File exists。请让运行监测程序的用户能写这个目录，或在配置里换一个 data_dir。"),
        (
            "en",
            "File exists. Let the user who runs the agent write there, or give another data_dir in the configuration.",
        ),
    ],
)
def test_a_data_directory_that_cannot_be_made_is_named_with_what_to_do(
    tmp_path: Path, language: str, said: str
) -> None:
    """Status 2, one line, no code."""
    (tmp_path / "agent.yaml").write_text(f"language: {language}\ndata_dir: {tmp_path}/agent.yaml\n", encoding="utf-8")
    made = device_health("run", "--config", str(tmp_path / "agent.yaml"))
    colon = {"zh": "：", "en": ": "}[language]
    assert (made.returncode, made.stderr) == (2, f"{tmp_path}/agent.yaml{colon}{said}\n")
