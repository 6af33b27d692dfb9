"""Text to a tree of nodes, or to the faults that keep it from being one.

PyYAML's events are used and not its nodes: composing recurses, and resolves `1:30` to 90 before anyone could object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agent.yamlsource.tree import Findings, Items, Node, Scalar, Table

if TYPE_CHECKING:
    from yaml import Event

DEEPEST = 20
"""Our formats nest six deep at most; far more is a mistake or an attack."""

LONGEST_CHARACTERS = 1_000_000
"""Thirty times the shipped rules; a larger file was named by mistake."""

_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_file(path: Path, findings: Findings) -> str | None:
    """The file's text; nothing, with a fault, when it cannot be read or is not UTF-8."""
    try:
        content = path.read_bytes()
    except OSError as error:
        findings.at(1, 1, f"the file cannot be read: {error.strerror}; expected a readable file")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        findings.at(
            *_place(before, len(before)), f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        )
        return None


def parse(text: str, findings: Findings) -> Node | None:
    """The one document in the text; nothing when it is empty or cannot be parsed, the latter with a fault."""
    if len(text) > LONGEST_CHARACTERS:
        findings.at(1, 1, f"the file has {len(text)} characters; expected at most {LONGEST_CHARACTERS}")
        return None
    if found := _CONTROL.search(text):
        code = f"U+{ord(found.group()):04X}"
        findings.at(*_place(text, found.start()), f"the character {code} is not allowed in YAML; remove it")
        return None
    return _document(text, findings)


def parse_file(path: Path, findings: Findings) -> Node | None:
    """As `read_file`, then `parse`."""
    text = read_file(path, findings)
    return None if text is None else parse(text, findings)


def _place(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _document(text: str, findings: Findings) -> Node | None:
    import yaml  # noqa: PLC0415  # 1.5 MiB that the agent needs only while it reads its files

    try:
        return _build(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), findings)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        lines = text.splitlines()
        is_tab = line <= len(lines) and lines[line - 1][column - 1 : column] == "\t"
        findings.at(line, column, "a tab cannot indent; use spaces" if is_tab else f"not valid YAML: {error.problem}")
    except _Stopped:
        pass
    return None


class _Stopped(Exception):
    """A fault after which the rest of the text says nothing."""


@dataclass(slots=True)
class _Frame:
    """A list or mapping whose end has not been seen yet."""

    line: int
    column: int
    is_table: bool
    nodes: list[Node] = field(default_factory=list)


def _start(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _build(events: Iterator[Event], findings: Findings) -> Node | None:
    """The tree of the one document; refuses a second one, aliases, tags, and deep nesting."""
    top = _Frame(1, 1, is_table=False)
    frames = [top]
    for event in events:
        kind = type(event).__name__
        if kind == "DocumentStartEvent" and top.nodes:
            findings.at(*_start(event), "a second document starts here; expected one in a file")
            raise _Stopped
        if kind in ("SequenceStartEvent", "MappingStartEvent"):
            frames.append(_opened(event, kind, len(frames), findings))
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            ended = frames.pop()
            frames[-1].nodes.append(_finished(ended, findings))
        elif kind in ("ScalarEvent", "AliasEvent"):
            frames[-1].nodes.append(_scalar(event, findings))
    return top.nodes[0] if top.nodes else None


def _opened(event: Event, kind: str, depth: int, findings: Findings) -> _Frame:
    _refuse_extras(event, findings)
    if depth >= DEEPEST:
        findings.at(*_start(event), f"nested more than {DEEPEST} deep; expected a flatter file")
        raise _Stopped
    return _Frame(*_start(event), is_table=kind == "MappingStartEvent")


def _scalar(event: Event, findings: Findings) -> Scalar:
    line, column = _start(event)
    return Scalar(
        line=line,
        column=column,
        is_unusable=_refuse_extras(event, findings),
        text=getattr(event, "value", ""),
        is_plain=getattr(event, "style", None) in (None, ""),
    )


def _refuse_extras(event: Event, findings: Findings) -> bool:
    """Note an alias, an anchor or a tag; says whether there was one."""
    if type(event).__name__ == "AliasEvent":
        message = "an alias (*) is not allowed here; write the value out"
    elif getattr(event, "anchor", None) is not None:
        message = "an anchor (&) is not allowed here; write the value out where it is needed"
    elif getattr(event, "tag", None) is not None:
        message = "a tag (!) is not allowed here; expected a plain value"
    else:
        return False
    findings.at(*_start(event), message)
    return True


def _finished(frame: _Frame, findings: Findings) -> Node:
    if not frame.is_table:
        return Items(line=frame.line, column=frame.column, nodes=tuple(frame.nodes))
    entries: dict[str, tuple[Scalar, Node]] = {}
    for key, value in zip(frame.nodes[::2], frame.nodes[1::2], strict=True):
        if not isinstance(key, Scalar):
            findings.add(key, "a list or mapping cannot be a key; expected a word")
        elif key.text in entries:
            first = entries[key.text][0].line
            findings.add(key, f"`{key.text}` is given twice, first in line {first}; keep one")
        else:
            entries[key.text] = (key, value)
    return Table(line=frame.line, column=frame.column, entries=tuple(entries.values()))
