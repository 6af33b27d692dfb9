"""What goes into the packages, as far as it can be told without building them: the lab builds and installs them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from agent.cli import COMMANDS
from agent.config import load_config

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ROOT / "deploy" / "packages"
SCRIPTS = [ROOT / "deploy" / "install.sh", *(PACKAGES / name for name in ("build", "copyright", "interpreter"))]


def test_the_shipped_configuration_is_valid_and_sets_nothing(tmp_path: Path) -> None:
    """As a package installs it, the annotated example has every value as a comment and decides nothing."""
    example = (ROOT / "deploy" / "agent.yaml").read_text(encoding="utf-8")
    shipped = tmp_path / "agent.yaml"
    shipped.write_text(re.sub(r"(?m)^([^#\n].*)$", r"# \1", example), encoding="utf-8")
    empty = tmp_path / "empty.yaml"
    empty.write_text("", encoding="utf-8")
    assert load_config(shipped, {}) == load_config(empty, {})


def test_every_dependency_is_locked() -> None:
    """requirements.lock has a version and a hash for each; `deploy/packages/lock.py` writes it anew."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (PACKAGES / "requirements.lock").read_text(encoding="utf-8")
    names = [re.split(r"[^\w.-]", one)[0].lower().replace("_", "-") for one in project["dependencies"]]
    locked = re.findall(r"(?m)^(\S+)==\S+ \\\n +--hash=sha256:[0-9a-f]{64}", lock)
    assert [name for name in names if name not in locked] == []


@pytest.fixture(scope="module")
def page() -> str:
    """The manual page, made from this source."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    command = [sys.executable, str(PACKAGES / "manual.py"), str(ROOT / "README.md"), packages]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_the_manual_page_has_every_command(page: str) -> None:
    """Each with its usage line, and the README's Chinese and English summary beside it."""
    told = [name for name in COMMANDS if re.search(rf"(?m)^\.SS {name}\b", page)]
    assert told == list(COMMANDS)
    assert ".B check [\\-\\-ask] [\\-\\-closing] [\\-\\-json]\n上岗前检查" in page


def test_the_manual_page_has_the_commands_below_commands(page: str) -> None:
    """With their options, as `--help` has them."""
    assert ".SS journal export [OPTIONS]\n" in page
    assert ".B \\-\\-format [jsonl|csv]\n" in page


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_read_by_their_shell(script: Path) -> None:
    """No shell stumbles over them."""
    shell = script.read_text(encoding="utf-8").splitlines()[0].split()[-1].rpartition("/")[2]
    done = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_maintainer_scripts_do_nothing_on_their_own(tmp_path: Path) -> None:
    """The functions that every package shares only define: reading them changes nothing and fails nowhere."""
    done = subprocess.run(
        ["sh", "-euc", f". {PACKAGES}/scripts/functions.sh; echo read"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("read\n", "")
