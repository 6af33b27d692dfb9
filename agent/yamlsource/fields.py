"""Typed values out of a tree of nodes; what cannot be read is noted with its place, and answered with nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from agent.yamlsource.tree import Findings, Items, Node, Scalar, Table

T = TypeVar("T")

UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?")
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)")
_SEXAGESIMAL = re.compile(r"([-+]?)([1-9][0-9]{0,8})((?::[0-5]?[0-9])+)")
_OCTAL = re.compile(r"[-+]?0[0-9_]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")
_ANY_NUMBER = re.compile(
    r"[-+]?(0x[0-9a-f_]+|0b[01_]+|[0-9][0-9_]*(\.[0-9_]*)?(e[-+]?[0-9]+)?|\.[0-9]+|\.inf|\.nan)", re.I
)
_BOOLEANS = {"yes": "true", "on": "true", "true": "true", "y": "true"}
_BOOLEANS |= {"no": "false", "off": "false", "false": "false", "n": "false"}


def read_text(findings: Findings, node: Node) -> str | None:
    """A scalar as text. Refuses what YAML 1.1 would silently turn into something else, unless it is in quotes."""
    scalar = _scalar(findings, node, "text")
    if scalar is None:
        return None
    if meaning := _implicit_meaning(scalar):
        findings.add(scalar, f"`{scalar.text}` is {meaning} in YAML; put it in quotes to make it text")
        return None
    if not scalar.text.strip():
        findings.add(scalar, "this text is empty; expected some words")
        return None
    return scalar.text


def read_number(findings: Findings, node: Node) -> float | None:
    """A finite decimal number, written without quotes."""
    scalar = _scalar(findings, node, "a number")
    if scalar is None:
        return None
    if scalar.is_plain and _NUMBER.fullmatch(scalar.text):
        return float(scalar.text)
    findings.add(scalar, _not_a_number(scalar))
    return None


def read_whole(findings: Findings, node: Node, lowest: int, highest: int) -> int | None:
    """A whole number within the bounds, both included."""
    number = read_number(findings, node)
    if number is None:
        return None
    if number != int(number) or not lowest <= number <= highest:
        findings.add(node, f"{number:g} does not fit; expected a whole number from {lowest} to {highest}")
        return None
    return int(number)


def read_boolean(findings: Findings, node: Node) -> bool | None:
    """`true` or `false`, in these words only."""
    scalar = _scalar(findings, node, "true or false")
    if scalar is None:
        return None
    if scalar.is_plain and scalar.text in ("true", "false"):
        return scalar.text == "true"
    meant = _BOOLEANS.get(scalar.text.lower())
    findings.add(scalar, f"`{scalar.text}` is not a yes or no here; write {meant or 'true or false'}")
    return None


def read_duration(findings: Findings, node: Node) -> float | None:
    """A span in seconds, written as a number with ms, s, m, h or d."""
    scalar = _scalar(findings, node, "a duration such as 90s")
    if scalar is None:
        return None
    if found := _DURATION.fullmatch(scalar.text):
        return float(found[1]) * UNIT_SECONDS[found[2]]
    findings.add(scalar, _not_a_duration(scalar))
    return None


def read_choice(findings: Findings, node: Node, choices: Collection[str]) -> str | None:
    """One of a few words."""
    scalar = _scalar(findings, node, " or ".join(choices))
    if scalar is None:
        return None
    if scalar.text in choices:
        return scalar.text
    findings.add(scalar, f"`{scalar.text}` is not known here; {closest(scalar.text, choices)}")
    return None


def read_items(findings: Findings, node: Node) -> tuple[Node, ...]:
    """The nodes of a list; nothing written is an empty list."""
    if isinstance(node, Items):
        return node.nodes
    if not (isinstance(node, Scalar) and (node.is_nothing or node.is_unusable)):
        findings.add(node, f"{_kind(node)} stands here; expected a list")
    return ()


def read_section(findings: Findings, node: Node, known: Collection[str] | None) -> Section | None:
    """A mapping with some of the known keys, or with any keys when `known` is nothing; nothing written is empty."""
    if isinstance(node, Scalar) and node.is_nothing:
        return Section(findings=findings, table=Table(line=node.line, column=node.column, entries=()))
    if not isinstance(node, Table):
        if not (isinstance(node, Scalar) and node.is_unusable):
            findings.add(node, f"{_kind(node)} stands here; expected keys with values")
        return None
    for key, _ in node.entries if known is not None else ():
        if key.text not in (known or ()) and not key.is_unusable:
            findings.add(key, f"unknown key `{key.text}`; {closest(key.text, known or ())}")
    return Section(findings=findings, table=node)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A mapping, key by key. A value that is absent or faulty is nothing; only the latter is a fault."""

    findings: Findings
    table: Table

    def node(self, key: str) -> Node | None:
        """The value's node."""
        return next((value for name, value in self.table.entries if name.text == key), None)

    def key(self, key: str) -> Scalar | None:
        """The key's own node, for faults about the key."""
        return next((name for name, _ in self.table.entries if name.text == key), None)

    def refuse(self, key: str, message: str) -> None:
        """Note a fault at the key's value, if the key is there."""
        node = self.node(key)
        if node is not None:
            self.findings.add(node, message)

    def read(self, key: str, reader: Callable[[Findings, Node], T | None]) -> T | None:
        """The value as the reader gives it."""
        node = self.node(key)
        return None if node is None else reader(self.findings, node)

    def text(self, key: str) -> str | None:
        """The value by `read_text`."""
        return self.read(key, read_text)

    def number(self, key: str) -> float | None:
        """The value by `read_number`."""
        return self.read(key, read_number)

    def boolean(self, key: str) -> bool | None:
        """The value by `read_boolean`."""
        return self.read(key, read_boolean)

    def duration(self, key: str) -> float | None:
        """The value by `read_duration`, in seconds."""
        return self.read(key, read_duration)

    def choice(self, key: str, choices: Collection[str]) -> str | None:
        """The value by `read_choice`."""
        return self.read(key, lambda findings, node: read_choice(findings, node, choices))

    def items(self, key: str) -> tuple[Node, ...]:
        """The value by `read_items`; empty when absent."""
        return self.read(key, read_items) or ()

    def section(self, key: str, known: Collection[str] | None) -> Section | None:
        """The value by `read_section`."""
        return self.read(key, lambda findings, node: read_section(findings, node, known))

    def require(self, *keys: str) -> bool:
        """Whether all the keys are there; notes the missing ones."""
        missing = [key for key in keys if self.node(key) is None]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            expected = _listed(keys) if len(keys) > 1 else "a value for it"
            self.findings.add(self.table, f"{_listed(missing)} {verb} missing here; expected {expected}")
        return not missing


def closest(word: str, words: Collection[str]) -> str:
    """What to expect instead of a wrong word: the one it resembles, else all of them when they are few."""
    from difflib import get_close_matches  # noqa: PLC0415  # a right file needs no advice

    if near := get_close_matches(word, words, n=1):
        return f"did you mean `{near[0]}`?"
    if not words:
        return "expected nothing"
    shown = list(words) if len(words) <= 15 else [*list(words)[:12], "…"]
    return f"expected {'one of ' if len(shown) > 1 else ''}{', '.join(shown)}"


def _listed(keys: Collection[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _scalar(findings: Findings, node: Node, expected: str) -> Scalar | None:
    """The node as a scalar with something in it."""
    if not isinstance(node, Scalar) or node.is_nothing:
        if not (isinstance(node, Scalar) and node.is_unusable):
            findings.add(node, f"{_kind(node)} stands here; expected {expected}")
        return None
    return None if node.is_unusable else node


def _kind(node: Node) -> str:
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Table):
        return "a mapping"
    return "nothing" if node.is_nothing else f"`{node.text}`"


def _implicit_meaning(scalar: Scalar) -> str | None:
    """What YAML 1.1 makes of a plain scalar that was meant as text."""
    text = scalar.text
    if not scalar.is_plain:
        return None
    if text.lower() in _BOOLEANS:
        return f"the boolean {_BOOLEANS[text.lower()]}"
    if found := _SEXAGESIMAL.fullmatch(text):
        return f"the number {_sexagesimal(found):g}"
    if _DATE.fullmatch(text):
        return "a date"
    return "a number" if _ANY_NUMBER.fullmatch(text) else None


def _sexagesimal(found: re.Match[str]) -> float:
    value = float(found[2])
    for part in found[3].split(":")[1:]:
        value = value * 60 + float(part)
    return -value if found[1] == "-" else value


def _not_a_number(scalar: Scalar) -> str:
    text = scalar.text
    if found := _SEXAGESIMAL.fullmatch(text):
        return f"`{text}` is {_sexagesimal(found):g} in YAML; write the number that is meant"
    if _OCTAL.fullmatch(text):
        return f"`{text}` is octal in YAML; write it without the leading zero"
    if not scalar.is_plain and _NUMBER.fullmatch(text):
        return f'"{text}" is text; write the number without quotes'
    if _DURATION.fullmatch(text):
        return f"`{text}` carries a unit; expected a plain number"
    return f"`{text}` is not a number; expected digits such as 15 or 0.2"


def _not_a_duration(scalar: Scalar) -> str:
    text = scalar.text
    if found := _SEXAGESIMAL.fullmatch(text):
        return f"`{text}` is {_sexagesimal(found):g} in YAML; write {_sexagesimal(found):g}s if seconds are meant"
    if _NUMBER.fullmatch(text):
        return f"`{text}` has no unit; write {text}s if seconds are meant"
    return f"`{text}` is not a duration; expected a number with ms, s, m, h or d, such as 90s"
