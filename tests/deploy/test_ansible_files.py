"""deploy/ansible as far as it can be read without Ansible; test_fleet.py plays it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.running_agent import ROOT

ANSIBLE = ROOT / "deploy" / "ansible"
ROLE = ANSIBLE / "roles" / "device_health"
WITHOUT_DEFAULT = {"device_health_site", "device_health_address"}


def read(path: Path) -> object:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_every_variable_is_specified_and_has_its_default_there() -> None:
    """What a variable is if not set stands in two files; they say the same."""
    specified = {
        name: option.get("default")
        for entry in read(ROLE / "meta" / "argument_specs.yml")["argument_specs"].values()
        for name, option in entry["options"].items()
        if name not in WITHOUT_DEFAULT
    }
    assert specified == read(ROLE / "defaults" / "main.yml")


def test_every_variable_is_in_the_readme() -> None:
    """An administrator finds each in the table, but for those of the discovery, which are rarely changed."""
    table = [
        line for line in (ANSIBLE / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")
    ]
    named = {f"device_health_{word}" for line in table for word in re.findall(r"`(\w+)`", line.split("|")[1])}
    defaults = set(read(ROLE / "defaults" / "main.yml")) | WITHOUT_DEFAULT
    assert defaults - named == {"device_health_group", "device_health_targets_dir"}


def test_one_version_of_ansible_is_named() -> None:
    """The oldest that will do: the role's, the README's and the one that the tests install."""
    meta = read(ROLE / "meta" / "main.yml")
    assert isinstance(meta, dict)
    wanted = f"ansible-core>={meta['galaxy_info']['min_ansible_version']}"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["dependency-groups"]["fleet"] == [wanted]
    assert f"pip install '{wanted}'" in (ANSIBLE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(ROLE.glob("tasks/*.yml")), ids=lambda path: path.stem)
def test_tasks_use_modules_that_come_with_ansible(path: Path) -> None:
    """ansible-core is enough: no collection has to be fetched."""
    modules = set(re.findall(r"(?m)^ +(?:- )?(\w+\.\w+\.\w+):", path.read_text(encoding="utf-8")))
    assert modules
    assert {name for name in modules if not name.startswith("ansible.builtin.")} == set()
