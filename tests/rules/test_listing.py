"""Rules and coverage as people read them."""

from dataclasses import replace
from pathlib import Path

from agent.rules.assessment import assess
from agent.rules.coverage import coverage, coverage_json, coverage_table, uncovered
from agent.rules.listing import procedure_document, rule_table
from tests.rules.small_procedure import CHINESE, ENGLISH, EVIDENCE, PROCEDURE, RULES, STEADY

GOLDEN = Path(__file__).parent / "golden"
STATES = assess(PROCEDURE, RULES, EVIDENCE)


def test_the_rules_are_listed_with_their_levels_in_words() -> None:
    assert (
        rule_table(RULES, ENGLISH, 90)
        == """\
Rule         Clause   Reading       Warning       Critical      Tells         Says
───────────  ───────  ────────────  ────────────  ────────────  ────────────  ────────────
cpu-hot      4.1.a.1  temperature_  below 15 °C   below 5 °C    operator and  Processor
                      headroom_     for 60 s      for 15 s      IT            too hot
                      celsius
                      (component=c
                      pu)
display-     4.1.a.2  display_      above 2       –             IT            Screen …
drops                 drops_total   times in 10                               dropped out
                                    min
"""
    )


def test_columns_line_up_in_chinese() -> None:
    assert (
        rule_table(RULES, CHINESE, 110)
        == """\
规则           条款     读数                警告                 严重                 通知         说明
─────────────  ───────  ──────────────────  ───────────────────  ───────────────────  ───────────  ───────────
cpu-hot        4.1.a.1  temperature_        低于 15 °C，持续 60  低于 5 °C，持续 15   操作员和 IT  处理器过热
                        headroom_celsius    秒                   秒
                        (component=cpu)
display-drops  4.1.a.2  display_drops_      10 分钟内高于 2 次   –                    IT           屏幕 … 断开
                        total
"""
    )


def test_the_document_for_signing_holds_every_clause_and_what_answers_it() -> None:
    golden = (GOLDEN / "procedure.en.md").read_text(encoding="utf-8")
    assert procedure_document(PROCEDURE, RULES, ENGLISH) == golden


def test_the_document_for_signing_in_chinese_names_somebody_to_call() -> None:
    golden = (GOLDEN / "procedure.zh.md").read_text(encoding="utf-8")
    assert procedure_document(PROCEDURE, RULES, CHINESE) == golden


def test_the_coverage_table_shows_what_answers_each_clause_and_how_it_stands() -> None:
    assert (
        coverage_table(coverage(PROCEDURE, RULES, STATES, "en"), "en", 100)
        == """\
Clause   Asks                        Answered by             State        Remarks
───────  ──────────────────────────  ──────────────────────  ───────────  ──────────────────────────
2.2.a    All is well                 rules                   critical     sums up 4.1.a.1, 4.1.a.2
2.2.b    Up to date                  nothing                 –            Not yet by this version
4.1.a.1  No odd noise and no         rules and the operator  critical
         overheating                 cpu-hot
4.1.a.2  A steady picture            rules                   normal       The backlight: no sensor
                                     display-drops
4.1.b.2  Normal indicator lights     the operator            cannot tell  only a person can say, and
                                                                          nobody was asked
"""
    )


def test_the_coverage_as_json_keeps_the_words_of_the_contract() -> None:
    assert coverage_json(coverage(PROCEDURE, RULES, STATES, "zh"))[2] == {
        "clause": "4.1.a.1",
        "section": "电脑",
        "statement": "没有异响、没有过热",
        "answered_by": "rules",
        "rules": ["cpu-hot"],
        "questions": ["没有异响吗？"],
        "of": [],
        "verdict": "critical",
        "counts": True,
        "remarks": [],
    }


def test_a_reason_is_given_at_the_clause_that_it_is_about_and_not_where_it_is_summed_up() -> None:
    blind = replace(EVIDENCE, snapshot=replace(EVIDENCE.snapshot, results={}), findings=(STEADY,))
    rows = coverage(PROCEDURE, RULES, assess(PROCEDURE, RULES, blind), "en")
    assert {row.clause: row.remarks for row in rows if row.clause in ("2.2.a", "4.1.a.1")} == {
        "2.2.a": ("sums up 4.1.a.1, 4.1.a.2",),
        "4.1.a.1": ("processor temperature: not measured yet",),
    }


def test_everything_is_connected_in_a_sound_procedure() -> None:
    assert uncovered(PROCEDURE, RULES) == ()


def test_what_is_not_connected_is_named_with_its_place() -> None:
    heat, screen = PROCEDURE.clauses["4.1.a.1"], PROCEDURE.clauses["4.1.a.2"]
    procedure = replace(
        PROCEDURE,
        clauses=PROCEDURE.clauses | {"4.1.a.2": replace(screen, also=("no-such",)), "4.1.a.1": replace(heat, needs=())},
    )
    rules = {
        "cpu-hot": RULES["cpu-hot"],
        "homeless": replace(RULES["cpu-hot"], name="homeless", clause="4.1.a.9"),
        "phone": replace(RULES["cpu-hot"], name="phone", clause="4.1.b.2"),
    }
    assert uncovered(procedure, rules) == (
        "procedure.yaml:19: clause 4.1.a.2 is answered by rules, and no rule names it",
        "procedure.yaml:19: clause 4.1.a.2 names the rule no-such, which does not exist",
        (
            "computer.yaml:2: rule cpu-hot judges temperature_headroom_celsius, "
            "which clause 4.1.a.1 neither needs nor calls optional"
        ),
        "computer.yaml:2: rule homeless names the clause 4.1.a.9, which is not in the procedure",
        "computer.yaml:2: rule phone names the clause 4.1.b.2, which rules do not answer",
    )


def test_a_need_that_no_rule_judges_is_found() -> None:
    """Otherwise a clause would be normal although nothing looked at the reading."""
    assert uncovered(PROCEDURE, {"display-drops": RULES["display-drops"]}) == (
        "procedure.yaml:13: clause 4.1.a.1 is answered by rules, and no rule names it",
        "procedure.yaml:13: clause 4.1.a.1 needs temperature_headroom_celsius, which none of its rules judges",
    )
