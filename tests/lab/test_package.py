"""Runs the jobs that install the packages in the lab machine: two versions, built from this source.

The first build compiles the interpreter, ten minutes; it is kept in ~/.cache/device-health or $DEVICE_HEALTH_BUILD.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
JOBS = sorted(path.parent.name for path in HERE.glob("package_*/job.sh"))
TOOLS = ("apt-get", "autoreconf", "dpkg-source", "gcc", "libtoolize", "make", "patch", "perl", "rpmbuild", "tclsh")
VERSIONS = ("0.1.0", "0.1.1")
LIMIT_SECONDS = 1200
"""The machine is emulated in software, and the watchdog is waited for."""


@pytest.fixture(scope="session")
def lab() -> Path:
    """The lab's folder."""
    found = os.environ.get("LAB")
    if not found:
        pytest.skip("LAB does not name the lab's folder")
    return Path(found).resolve()


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each version's packages in one folder."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"the packages cannot be built here: {', '.join(missing)} missing")
    folder = tmp_path_factory.mktemp("packages")
    for version in VERSIONS:
        subprocess.run([ROOT / "deploy" / "packages" / "build", "--version", version, folder], check=True)
    return folder


@pytest.mark.lab
def test_a_package_is_the_same_when_it_is_built_again(packages: Path, tmp_path: Path) -> None:
    """The same source gives the same bytes, so that anybody can check what was published."""
    subprocess.run([ROOT / "deploy" / "packages" / "build", "--version", VERSIONS[0], tmp_path], check=True)
    built = sorted(tmp_path.iterdir())
    assert len(built) == 3
    assert [path.name for path in built if path.read_bytes() != (packages / path.name).read_bytes()] == []


@pytest.mark.lab
@pytest.mark.parametrize("job", JOBS)
def test_job(job: str, lab: Path, packages: Path, tmp_path: Path) -> None:
    """The installed package does on the real systemd what it should; its output is the record of what was seen."""
    folder = tmp_path / "lab"
    shutil.copytree(HERE / job, folder)
    for shared in (*HERE.glob("*.py"), *HERE.glob("*.sh"), lab / "hardware.sh", *packages.iterdir()):
        shutil.copy(shared, folder)
    run = [str(lab / "run"), str(folder), str(LIMIT_SECONDS)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr, sep="\n")  # noqa: T201  # the record; pytest shows it with -s or on failure
    assert done.returncode == 0


def lived(script: str, files: list[Path]) -> tuple[list[str], list[str]]:
    """What a script said of both versions in a copy of this machine's file system, and what was left there."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root may try packages in a copy of the file system")
    command = ["unshare", "--mount", str(ROOT / "tests" / "packages" / script), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told, left = done.stdout.split("left:\n")
    return told.splitlines(), left.splitlines()


@pytest.mark.lab
def test_the_rpm_is_installed_upgraded_and_erased(packages: Path) -> None:
    """With its scripts; configuration and record are kept, and the erased program leaves nothing else."""
    lines, left = lived("rpm_life.sh", [packages / f"device-health-{version}-1.x86_64.rpm" for version in VERSIONS])
    user = lines.pop(1)
    assert user.endswith(":Device health agent:/var/lib/device-health:/usr/sbin/nologin")
    assert lines == [
        "device-health, version 0.1.0",
        "enabled",
        "device-health, version 0.1.1",
        "language: en",
        "kept",
        "enabled",
    ]
    assert left == ["./etc/device-health", "./var/lib/device-health"]


@pytest.mark.lab
def test_the_deb_keeps_what_the_administrator_chose(packages: Path) -> None:
    """A disabled service stays so over an upgrade, one that is installed anew is enabled, a purge leaves nothing."""
    lines, left = lived("deb_life.sh", [packages / f"device-health_{version}_amd64.deb" for version in VERSIONS])
    assert lines == [
        "installed: enabled, device-health, version 0.1.0",
        "upgraded: enabled, device-health, version 0.1.1",
        "upgraded while disabled: disabled, device-health, version 0.1.1",
        "installed again: enabled, device-health, version 0.1.1",
        "no user",
    ]
    assert left == []


@pytest.mark.lab
def test_the_programs_need_no_newer_c_library_than_promised(packages: Path, tmp_path: Path) -> None:
    """No program or module inside asks for a symbol after glibc 2.28."""
    subprocess.run(["dpkg-deb", "-x", packages / "device-health_0.1.0_amd64.deb", tmp_path], check=True)
    programs = [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    dumped = subprocess.run(["objdump", "-T", *programs], capture_output=True, text=True, check=True).stdout
    asked = {tuple(map(int, version.split("."))) for version in re.findall(r"GLIBC_([0-9.]+)", dumped)}
    assert len(programs) >= 3
    assert max(asked) == (2, 28)
