"""The procedure and the rules as they ship: nothing is left without an answer."""

import re
from collections.abc import Mapping

import pytest

from agent.looking import CATALOGUE
from agent.rules.clause import AnsweredBy, Procedure
from agent.rules.coverage import uncovered
from agent.rules.listing import rule_table
from agent.rules.loader import RuleSource, load_rules, rule_sources, shipped_rules_dir
from agent.rules.procedure import load_procedure
from agent.rules.reader import Reader
from agent.rules.rule import Rule

CLAUSES = [
    *("2.2.a", "2.2.b", "2.2.c", "2.4.a", "2.4.b", "2.4.c"),
    *("3.1.c", "3.2.d", "3.3.a", "3.3.c", "3.3.e", "3.4.a", "3.4.b", "3.4.c", "3.5.a", "3.5.c"),
    *("4.1.a.1", "4.1.a.2", "4.1.a.3", "4.1.a.4", "4.1.b.1", "4.1.b.2", "4.1.c.1", "4.1.c.2", "4.2.a"),
]
"""Every clause of the written procedure that concerns devices, in its order."""


@pytest.fixture(name="procedure", scope="module")
def shipped_procedure() -> Procedure:
    """Loading it has checked that every reading it names exists."""
    return load_procedure(RuleSource(path=str(shipped_rules_dir() / "procedure.yaml")), CATALOGUE)


@pytest.fixture(name="rules", scope="module")
def shipped_rules() -> Mapping[str, Rule]:
    return {rule.name: rule for rule in load_rules(rule_sources(None), CATALOGUE)}


def test_every_clause_of_the_written_procedure_is_there(procedure: Procedure) -> None:
    assert list(procedure.clauses) == CLAUSES


def test_every_clause_has_an_answer_and_every_rule_a_clause(procedure: Procedure, rules: Mapping[str, Rule]) -> None:
    assert uncovered(procedure, rules) == ()


def test_what_this_version_cannot_tell_is_said(procedure: Procedure) -> None:
    unanswered = [name for name, clause in procedure.clauses.items() if clause.by is AnsweredBy.NONE]
    assert unanswered == ["2.2.b", "2.2.c", "2.4.a", "2.4.b", "3.2.d"]
    assert [part.part["en"] for part in procedure.clauses["4.1.a.3"].cannot_tell] == [
        "Crashes of programs and of the system"
    ]


def test_every_question_is_asked_by_a_clause(procedure: Procedure) -> None:
    assert {name for clause in procedure.clauses.values() for name in clause.ask} == set(procedure.questions)


@pytest.mark.parametrize(("language", "said"), [("zh", "为“是”，持续 30 秒"), ("en", "is yes for 30 s")])
def test_a_yes_or_no_reading_is_listed_by_the_answer_that_is_wrong(
    rules: Mapping[str, Rule], language: str, said: str
) -> None:
    """Nothing is above a no or below a yes in what a manager signs."""
    table = rule_table(rules, Reader(catalogue=CATALOGUE, language=language, it_contact=""), 400)
    assert said in next(line for line in table.splitlines() if "storage-read-only" in line)
    assert re.search("高于 否|低于 是|above no|below yes", table) is None


def test_a_no_asks_for_what_every_critical_rule_asks_for(procedure: Procedure) -> None:
    """The same words as the agent puts before a critical rule's action."""
    said = procedure.denied_action
    assert (said["zh"].startswith("请立即停止操作。"), said["en"].startswith("Stop work now. ")) == (True, True)
