"""Who may import whom inside the agent: the stages know only what lies before them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STAGES = {
    "agent.readings": (),
    "agent.yamlsource": (),
    "agent.probes": ("agent.readings",),
    "agent.rules": ("agent.readings", "agent.yamlsource"),
    "agent.alerts": ("agent.rules.rule", "agent.readings", "agent.yamlsource"),
    "agent.outputs": ("agent.alerts.alert", "agent.rules.rule", "agent.readings"),
    "agent.desktop": ("agent.apiclient",),
}
"""What each stage may import of the agent besides itself; modules outside the stages may import anything."""

SHARED = {
    "agent.database": "both the store and the journal live in one file",
    "agent.yamlsource": "the web configuration is YAML too",
}
"""Neutral modules every stage may use, and why."""

OUTSIDE = frozenset({"agent.desktop"})
"""Processes of their own, which know the agent only through its API: nothing neutral either, it would be memory."""

HEAVY = frozenset({"click", "yaml", "psutil", "prometheus_client", "h11", "asyncio", "bcrypt", "pyroute2"})
"""What the companion, which is there all day in every session, does not load."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def stage_of(module: str) -> str | None:
    return next((stage for stage in STAGES if module == stage or module.startswith(f"{stage}.")), None)


def imports_of(path: Path) -> Iterator[str]:
    """Every module of the agent that the file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from _from(node.module, node.names)


def _from(module: str, names: list[ast.alias]) -> Iterator[str]:
    """`from package import module` imports the module, `from module import name` the module itself."""
    for name in names:
        as_module = ROOT.joinpath(*module.split("."), name.name).with_suffix(".py")
        yield f"{module}.{name.name}" if as_module.exists() else module


def is_allowed(stage: str, imported: str) -> bool:
    allowed = (stage, *STAGES[stage], *(() if stage in OUTSIDE else SHARED))
    return any(imported == name or imported.startswith(f"{name}.") for name in allowed)


FILES = sorted(ROOT.glob("agent/**/*.py"))


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_stage_imports_only_what_lies_before_it(path: Path) -> None:
    """No module of a stage imports a later stage, a command or the service."""
    stage = stage_of(module_name(path))
    wrong = [
        name
        for name in imports_of(path)
        if stage is not None and name.split(".")[0] == "agent" and name != "agent" and not is_allowed(stage, name)
    ]
    assert wrong == []


def test_the_check_sees_a_wrong_import() -> None:
    """A probe that imported the alerts would be found."""
    assert not is_allowed("agent.probes", "agent.alerts.alert")
    assert is_allowed("agent.alerts", "agent.rules.rule")
    assert not is_allowed("agent.alerts", "agent.rules.loader")
    assert not is_allowed("agent.desktop", "agent.database")


def test_jeepney_is_imported_by_the_companion_only() -> None:
    """Nobody else speaks D-Bus."""
    found = {module_name(path) for path in FILES if "jeepney" in path.read_text(encoding="utf-8")}
    assert {name for name in found if stage_of(name) != "agent.desktop"} == set()


def test_the_companion_loads_little() -> None:
    """None of the agent's libraries, and of the agent itself only the way to ask it."""
    code = "import sys, agent.desktop.__main__; print(*sys.modules)"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(made.stdout.split())
    assert loaded & HEAVY == set()
    own = {name for name in loaded if name.startswith("agent.") and stage_of(name) != "agent.desktop"}
    assert own == {"agent.apiclient"}


def test_no_file_outgrows_its_room() -> None:
    """No module has more than 300 lines."""
    assert [str(path) for path in FILES if len(path.read_text(encoding="utf-8").splitlines()) > 300] == []


def test_exceptions_are_caught_by_name_but_in_two_places() -> None:
    """The bare `except Exception` stands in the probe runner and in the publisher, once each."""
    found = [
        module_name(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
    ]
    assert found == ["agent.outputs.output", "agent.probes.runner"]
