"""Reads a small YAML file of mappings and strings with the position of every fault."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import yaml

Choice = TypeVar("Choice")


class WebConfigError(Exception):
    """The file is wrong; the message has one line per fault, `file:line:column: what; what was expected`."""


@dataclass(slots=True)
class Faults:
    """The faults of one file, gathered so that all can be shown at once."""

    path: str
    found: list[str] = field(default_factory=list)

    def raise_if_any(self) -> None:
        """End the reading.

        Raises:
            WebConfigError: there were faults.
        """
        if self.found:
            raise WebConfigError("\n".join(self.found))


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a mapping, with its key and its place."""

    key: str
    node: yaml.Node

    def fault(self, faults: Faults, message: str) -> None:
        """Note what is wrong with this entry."""
        mark = self.node.start_mark
        faults.found.append(f"{faults.path}:{mark.line + 1}:{mark.column + 1}: {self.key}: {message}")

    def text(self, faults: Faults) -> str:
        """The value as it is written, whatever YAML would make of it."""
        if isinstance(self.node, yaml.ScalarNode):
            return str(self.node.value)
        self.fault(faults, "expected a text")
        return ""

    def path(self, faults: Faults) -> str:
        """A file's name, relative to the file it stands in."""
        return os.path.join(os.path.dirname(faults.path), self.text(faults))

    def choice(self, faults: Faults, choices: Mapping[str, Choice]) -> Choice | None:
        """What the written word stands for."""
        word = self.text(faults)
        if word not in choices:
            self.fault(faults, f"{word!r} is not possible here; expected {', '.join(choices)}")
        return choices.get(word)

    def mapping(self, faults: Faults, keys: Sequence[str] | None = None) -> dict[str, Entry]:
        """The entries below; `keys` are those allowed, all if not given."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fault(faults, "expected a mapping")
            return {}
        entries: dict[str, Entry] = {}
        for key_node, value_node in self.node.value:
            name = Entry(self.key, key_node).text(faults)
            entry = Entry(name, key_node)
            if name in entries:
                entry.fault(faults, "this key is here twice; expected once")
            elif keys is not None and name not in keys:
                entry.fault(faults, f"this is not supported here; expected {', '.join(keys)}")
            else:
                entries[name] = Entry(name, value_node)
        return entries


def read_mapping(text: str, faults: Faults, keys: Sequence[str]) -> dict[str, Entry]:
    """The entries of a file; an empty file has none.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    return {} if node is None else Entry("file", node).mapping(faults, keys)
