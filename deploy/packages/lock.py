#!/usr/bin/env python3
"""Writes requirements.lock: the version and the hash of every package that goes into the packages, for both processors.

Run it when pyproject.toml's dependencies changed, or to take their newest versions; `build` installs nothing else.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK = HERE / "requirements.lock"
MACHINES = ("x86_64", "aarch64")
PYTHON = "3.13"
HEAD = "# Written by deploy/packages/lock.py from pyproject.toml; for {}.\n"


def dependencies() -> list[str]:
    """What pyproject.toml asks for."""
    project = tomllib.loads((HERE.parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return list(project["dependencies"])


def wheels(machine: str, wanted: list[str]) -> list[tuple[str, str]]:
    """Name and version, and the hash, of every wheel for the interpreter and the C library of the packages."""
    platforms = [f"--platform=manylinux{form}_{machine}" for form in ("_2_28", "_2_17", "2014")]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "install", "--dry-run"]
        choice = ["--ignore-installed", "--only-binary=:all:", f"--python-version={PYTHON}", "--implementation=cp"]
        subprocess.run([*pip, *choice, *platforms, f"--target={folder}", f"--report={report}", *wanted], check=True)
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    return [
        (
            f"{one['metadata']['name'].lower().replace('_', '-')}=={one['metadata']['version']}",
            one["download_info"]["archive_info"]["hashes"]["sha256"],
        )
        for one in found
    ]


def main() -> None:
    """Look up both processors' wheels and write them down together."""
    hashes: dict[str, list[str]] = {}
    pinned = dependencies()
    for machine in MACHINES:
        for package, digest in wheels(machine, pinned):
            if digest not in hashes.setdefault(package, []):
                hashes[package].append(digest)
        pinned = list(hashes)  # the second processor gets the first one's versions
    lines = [
        " \\\n".join([package, *(f"    --hash=sha256:{digest}" for digest in hashes[package])])
        for package in sorted(hashes)
    ]
    LOCK.write_text(HEAD.format(", ".join(MACHINES)) + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
