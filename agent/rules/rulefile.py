"""One rule file to drafts, and the drafts of all files to one per rule: a later file replaces single values of a rule.

A draft keeps every value as a node with its own file, so that `rulebuild` can say of each where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from agent.rules.texts import LANGUAGES
from agent.yamlsource import Findings, Node, Scalar, parse, read_file, read_section

T = TypeVar("T")

LEVEL_KEYS = ("above", "below", "clear", "for")
PARTS = {
    "warning": LEVEL_KEYS,
    "critical": LEVEL_KEYS,
    "summary": LANGUAGES,
    "problem": LANGUAGES,
    "action": LANGUAGES,
}
"""The keys that hold keys; an override replaces what it names inside them and leaves the rest."""

KEYS = (
    "name",
    "clause",
    "reading",
    "match",
    "warning",
    "critical",
    "increase_over",
    "keep_firing_for",
    "depends_on",
    "audience",
    "summary",
    "problem",
    "action",
    "disabled",
)

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSource:
    """One rule file: the path shown in messages, and its text, which is read from the path when it is not given."""

    path: str
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value of a draft, and the findings of the file it stands in."""

    findings: Findings
    key: Scalar
    node: Node

    def read(self, reader: Callable[[Findings, Node], T | None]) -> T | None:
        """The value as the reader gives it."""
        return reader(self.findings, self.node)

    def add(self, message: str) -> None:
        """Note a fault at the value."""
        self.findings.add(self.node, message)


KeyPath = tuple[str, str]
"""A key and the key inside it; the latter is empty for a key's own value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rule as it is written; `cells` by key and inner key, `start` where its newest part begins."""

    name: str
    cells: dict[KeyPath, Cell]
    findings: Findings
    start: Node

    def cell(self, key: str, inner: str = "") -> Cell | None:
        """The value of a key, or of a key inside it."""
        return self.cells.get((key, inner))

    @property
    def defined_at(self) -> str:
        """`file:line` of the newest part."""
        return f"{self.findings.path}:{self.start.line}"


def read_drafts(source: RuleSource, findings: Findings) -> list[Draft]:
    """The rules of one file in its order; faults go to the findings, a rule without a usable name is left out."""
    text = source.text if source.text is not None else read_file(Path(source.path), findings)
    node = parse(text, findings) if text is not None else None
    top = read_section(findings, node, ("rules",)) if node is not None else None
    drafts: dict[str, Draft] = {}
    for item in top.items("rules") if top is not None else ():
        draft = _draft(findings, item)
        if draft is None:
            continue
        if draft.name in drafts:
            first = drafts[draft.name].start.line
            findings.add(item, f"the rule `{draft.name}` is already in line {first}; expected each name once in a file")
        else:
            drafts[draft.name] = draft
    return list(drafts.values())


def merged(drafts: list[Draft]) -> dict[str, Draft]:
    """One draft per rule, in the order of first mention; later values replace earlier ones."""
    rules: dict[str, Draft] = {}
    for draft in drafts:
        before = rules.get(draft.name)
        cells = draft.cells if before is None else before.cells | draft.cells
        rules[draft.name] = Draft(name=draft.name, cells=cells, findings=draft.findings, start=draft.start)
    return rules


def _draft(findings: Findings, item: Node) -> Draft | None:
    section = read_section(findings, item, KEYS)
    if section is None or not section.require("name"):
        return None
    name = section.text("name")
    if name is None:
        return None
    if not NAME.fullmatch(name):
        node = section.node("name") or item
        findings.add(node, f"`{name}` is not a rule's name; expected lower-case words with hyphens")
        return None
    cells: dict[KeyPath, Cell] = {}
    for key, node in section.table.entries:
        cells[key.text, ""] = Cell(findings=findings, key=key, node=node)
        inner = read_section(findings, node, PARTS[key.text]) if key.text in PARTS else None
        for inner_key, inner_node in inner.table.entries if inner is not None else ():
            cells[key.text, inner_key.text] = Cell(findings=findings, key=inner_key, node=inner_node)
    return Draft(name=name, cells=cells, findings=findings, start=item)
