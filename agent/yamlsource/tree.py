"""What a file of YAML is to the agent: a small tree of nodes that know their place, and the faults found in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One thing that is wrong in a file; line and column count from 1."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class Faults(Exception):
    """Everything that is wrong, in the order of the files' lines."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value as it was written. `is_plain`: without quotes; `is_unusable`: already reported, to be passed over."""

    line: int
    column: int
    text: str
    is_plain: bool = True
    is_unusable: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether YAML reads it as null."""
        return self.is_plain and self.text in _NULLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list."""

    line: int
    column: int
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A mapping with text keys, each once."""

    line: int
    column: int
    entries: tuple[tuple[Scalar, Node], ...]


Node = Scalar | Items | Table


class Findings:
    """Gathers the faults of one file while it is read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.faults: list[Fault] = []

    def add(self, node: Node, message: str) -> None:
        """Note a fault at the node."""
        self.at(node.line, node.column, message)

    def at(self, line: int, column: int, message: str) -> None:
        """Note a fault at a place, counted from 1."""
        self.faults.append(Fault(path=self.path, line=line, column=column, message=message))

    def raise_if_any(self) -> None:
        """Raise everything noted so far.

        Raises:
            Faults: there was something.
        """
        if self.faults:
            raise Faults(self.faults)
