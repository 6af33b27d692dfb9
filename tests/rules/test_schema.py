"""The JSON Schema for editors: it takes what ships and refuses what the loader refuses, as far as a schema can."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from jsonschema import Draft202012Validator

from agent.looking import CATALOGUE
from agent.rules.loader import rule_sources, shipped_rules_dir
from agent.rules.rulefile import KEYS, PARTS
from agent.rules.texts import LONGEST

SCHEMA = json.loads((shipped_rules_dir() / "rule.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
BAD = {path.stem: path for path in sorted((Path(__file__).parent / "bad").glob("*.yaml"))}

_ANOTHER_VALUE = "a schema cannot compare a value with another value"
_ANOTHER_RULE = "a schema cannot compare a rule with another rule"
BEYOND: Mapping[str, str] = {
    "circle": _ANOTHER_RULE,
    "clear_on_the_wrong_side": _ANOTHER_VALUE,
    "critical_softer": _ANOTHER_VALUE,
    "depends_on_itself": _ANOTHER_VALUE,
    "octal_limit": "editors read YAML 1.2, in which 015 is the number 15",
    "repeated_key": "the schema sees one of the two; the editor's YAML reader complains by itself",
    "rule_twice": _ANOTHER_RULE,
    "text_is_boolean": "editors read YAML 1.2, in which no is a text",
    "unknown_cause": _ANOTHER_RULE,
    "unknown_label": "the labels of each reading would make the schema a second catalogue",
}
"""What a schema cannot see, and why."""


class EditorLoader(yaml.SafeLoader):
    """YAML 1.2's core schema, which editors read: no `yes`, no 1:30 and no dates (https://yaml.org/spec/1.2.2/#103)."""

    yaml_implicit_resolvers: ClassVar = {}


for tag, pattern, first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+0123456789."),
):
    EditorLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))
EditorLoader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node)))


def complaints(text: str) -> list[str]:
    """What the schema says about a file as an editor reads it."""
    return [error.message for error in VALIDATOR.iter_errors(yaml.load(text, Loader=EditorLoader))]  # noqa: S506


def is_refused(path: Path) -> bool:
    """A file that is no YAML at all is refused before the schema is asked."""
    try:
        return bool(complaints(path.read_text(encoding="utf-8")))
    except yaml.YAMLError:
        return True


def test_the_schema_itself_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("source", rule_sources(None), ids=lambda source: Path(source.path).stem)
def test_every_shipped_rule_file_is_valid(source) -> None:
    assert complaints(Path(source.path).read_text(encoding="utf-8")) == []


def test_an_override_may_name_single_values() -> None:
    assert complaints("rules: [{name: hot, critical: {for: 30s}}, {name: cold, disabled: true}]") == []


@pytest.mark.parametrize("stem", sorted(BAD))
def test_what_the_loader_refuses_is_refused_as_far_as_a_schema_can(stem: str) -> None:
    assert is_refused(BAD[stem]) == (stem not in BEYOND), BEYOND.get(stem, "not refused")


def test_the_schema_knows_every_key_of_the_loader_and_no_other() -> None:
    rule = SCHEMA["$defs"]["rule"]["properties"]
    assert sorted(rule) == sorted(KEYS)
    assert sorted(SCHEMA["$defs"]["level"]["properties"]) == sorted(PARTS["warning"])
    assert sorted(SCHEMA["$defs"]["text"]["properties"]) == sorted(PARTS["summary"])


def test_texts_are_as_long_as_the_loader_allows() -> None:
    rule = SCHEMA["$defs"]["rule"]["properties"]
    lengths = {
        key: {language: part["maxLength"] for language, part in rule[key]["properties"].items()} for key in LONGEST
    }
    assert lengths == LONGEST


def test_the_schema_offers_every_reading_there_is() -> None:
    """Editors complete them; a new metric is added to `reading` in rules/rule.schema.json in alphabetical order."""
    assert SCHEMA["$defs"]["rule"]["properties"]["reading"]["enum"] == sorted(CATALOGUE)
