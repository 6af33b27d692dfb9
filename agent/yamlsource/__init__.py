"""YAML text to values with positions: every fault of a file at once, nothing left to implicit typing.

`parse` turns text into a small tree of our own nodes (`tree`); a `Section` and the `read_…` functions take typed values
out of it (`fields`). All of them put what is wrong into one `Findings` and go on: a file is mended in one round.
Scalars stay the text that was written until a reader asks for a number, a duration or a word, as YAML 1.1 would make
90 of 1:30 and false of no. PyYAML is imported only while a file is parsed.
"""

from agent.yamlsource.fields import (
    Section,
    closest,
    read_boolean,
    read_choice,
    read_duration,
    read_items,
    read_number,
    read_section,
    read_text,
    read_whole,
)
from agent.yamlsource.parse import parse, parse_file, read_file
from agent.yamlsource.tree import Fault, Faults, Findings, Items, Node, Scalar, Table

__all__ = [
    "Fault",
    "Faults",
    "Findings",
    "Items",
    "Node",
    "Scalar",
    "Section",
    "Table",
    "closest",
    "parse",
    "parse_file",
    "read_boolean",
    "read_choice",
    "read_duration",
    "read_file",
    "read_items",
    "read_number",
    "read_section",
    "read_text",
    "read_whole",
]
