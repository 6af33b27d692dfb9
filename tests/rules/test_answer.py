"""The JSON of `check` and `status`."""

from dataclasses import replace

from agent.rules.answer import answer
from agent.rules.assessment import answered, assess
from agent.rules.clause import Finding, Standing
from tests.rules.small_procedure import CHINESE, CPU, ENGLISH, EVIDENCE, NOW, PROCEDURE, RULES, STEADY

HOT_ENTRY = {
    "rule": "cpu-hot",
    "resource": "chip=k10temp, component=cpu",
    "verdict": "critical",
    "value": 3,
    "limit": 5,
    "summary": "Processor too hot",
    "problem": "k10temp is 3 °C below its limit",
    "action": "Stop work now. Save your work and notify ext. 1234",
}
STEADY_ENTRY = {
    "rule": "display-drops",
    "resource": "connector=DP-1",
    "verdict": "normal",
    "value": 0,
    "limit": 2,
    "summary": "",
    "problem": "",
    "action": "",
}


def test_the_answer_holds_every_clause_that_counts_with_what_stands_behind_it() -> None:
    assert answer(assess(PROCEDURE, RULES, EVIDENCE), NOW, PROCEDURE, RULES, ENGLISH) == {
        "verdict": "critical",
        "taken_at": "2025-03-04T08:30:00+00:00",
        "clauses": [
            {"clause": "2.2.a", "verdict": "critical", "rules": [HOT_ENTRY], "reasons": []},
            {"clause": "4.1.a.1", "verdict": "critical", "rules": [HOT_ENTRY], "reasons": []},
            {"clause": "4.1.a.2", "verdict": "normal", "rules": [STEADY_ENTRY], "reasons": []},
        ],
    }


def test_a_denied_question_is_answered_in_its_own_words_and_asks_to_stop() -> None:
    denied = answered(PROCEDURE, {"lights": False})
    states = assess(PROCEDURE, RULES, replace(EVIDENCE, findings=(STEADY, *denied)))
    clauses = answer(states, NOW, PROCEDURE, RULES, CHINESE)["clauses"]
    assert isinstance(clauses, list)
    assert clauses[-1] == {
        "clause": "4.1.b.2",
        "verdict": "critical",
        "rules": [
            {
                "rule": "lights",
                "resource": "",
                "verdict": "critical",
                "value": None,
                "limit": None,
                "summary": "指示灯异常",
                "problem": "指示灯异常",
                "action": "请停止工作并通知 IT：IT 部门",
            }
        ],
        "reasons": [],
    }


def test_what_cannot_be_told_has_its_reason_and_no_action() -> None:
    lost = Finding(rule="cpu-hot", resource=CPU, standing=Standing.UNKNOWN, limit=5, reason="sensor lost")
    states = assess(PROCEDURE, RULES, replace(EVIDENCE, findings=(lost, STEADY)))
    clauses = answer(states, NOW, PROCEDURE, RULES, ENGLISH)["clauses"]
    assert isinstance(clauses, list)
    assert clauses[1] == {
        "clause": "4.1.a.1",
        "verdict": "unknown",
        "rules": [
            HOT_ENTRY | {"verdict": "unknown", "value": None, "summary": "sensor lost", "problem": "", "action": ""}
        ],
        "reasons": [
            {
                "text": "processor temperature: the readings do not tell",
                "detail": "temperature_headroom_celsius (chip=k10temp, component=cpu): sensor lost",
            }
        ],
    }
