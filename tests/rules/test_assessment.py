"""How findings, readings and answers become the state of a clause."""

from datetime import UTC, datetime

import pytest

from agent.readings import Labels, ProbeResult, ProbeStatus, Reading, Snapshot
from agent.rules.assessment import answered, assess, findings, overall
from agent.rules.clause import (
    AnsweredBy,
    Clause,
    ClauseState,
    Evidence,
    Finding,
    Need,
    Procedure,
    Question,
    Reason,
    Standing,
)
from agent.rules.rule import Audience, Outcome, Rule, Severity, Side, Threshold, Verdict

NOW = datetime(2025, 3, 4, 8, 30, tzinfo=UTC)
TEXT = {"zh": "文", "en": "text"}
CPU: Labels = (("component", "cpu"),)
GPU: Labels = (("component", "gpu"),)


def rule(name: str, clause: str, reading: str) -> Rule:
    return Rule(
        name=name,
        clause=clause,
        reading=reading,
        match=(),
        levels=(Threshold(severity=Severity.CRITICAL, side=Side.BELOW, limit=5, clear=10, for_seconds=15),),
        audience=Audience.OPERATOR,
        summary=TEXT,
        problem=TEXT,
        action=TEXT,
        defined_at="computer.yaml:1",
    )


RULES = {
    "hot": rule("hot", "heat", "headroom_celsius"),
    "stalled": rule("stalled", "heat", "fan_stalled"),
    "lost": rule("lost", "net", "loss_ratio"),
}


def clause(name: str, by: AnsweredBy = AnsweredBy.RULES, **fields: object) -> Clause:
    return Clause(name=name, section="computer", statement=TEXT, by=by, defined_at="procedure.yaml:1", **fields)  # type: ignore[arg-type]


PROCEDURE = Procedure(
    sections={"computer": TEXT},
    questions={"noise": Question(name="noise", ask=TEXT, denied=TEXT)},
    denied_action=TEXT,
    clauses={
        one.name: one
        for one in (
            clause("all", of=("heat", "net", "sound")),
            clause(
                "heat",
                needs=(Need(reading="headroom_celsius", match=CPU),),
                optional=(Need(reading="fan_stalled"),),
                ask=("noise",),
            ),
            clause("net", also=("hot",)),
            clause("sound", AnsweredBy.PERSON, ask=("noise",)),
            clause("log", AnsweredBy.RECORD, answer=TEXT),
            clause("backup", AnsweredBy.NONE, answer=TEXT),
        )
    },
)


def snapshot(*readings: Reading, status: ProbeStatus = ProbeStatus.SUCCESS, reason: str = "") -> Snapshot:
    result = ProbeResult(
        probe="temperature", status=status, readings=readings, reason=reason, started_at=NOW, duration_seconds=0.01
    )
    return Snapshot(taken_at=NOW, results={"temperature": result})


HEADROOM = Reading(metric="headroom_celsius", value=40, labels=CPU)


def finding(name: str, standing: Standing, resource: Labels = CPU) -> Finding:
    return Finding(rule=name, resource=resource, standing=standing, value=40, limit=5)


def judged(found: tuple[Finding, ...], **evidence: object) -> dict[str, ClauseState]:
    return assess(PROCEDURE, RULES, Evidence(**{"snapshot": snapshot(HEADROOM), "findings": found, **evidence}))  # type: ignore[arg-type]


def standings(*found: Finding, seen: Snapshot | None = None) -> dict[str, Standing]:
    states = judged(found, snapshot=seen or snapshot(HEADROOM))
    return {name: state.standing for name, state in states.items()}


HEALTHY = (finding("hot", Standing.NORMAL), finding("lost", Standing.NORMAL))


def test_every_clause_has_a_state_in_the_procedures_order() -> None:
    assert standings(*HEALTHY) == {
        "all": Standing.NORMAL,
        "heat": Standing.NORMAL,
        "net": Standing.NORMAL,
        "sound": Standing.UNKNOWN,
        "log": Standing.NORMAL,
        "backup": Standing.UNKNOWN,
    }


def test_what_nobody_was_asked_and_nothing_answers_does_not_count() -> None:
    states = judged(HEALTHY)
    assert {name for name, state in states.items() if state.counts} == {"all", "heat", "net"}
    assert overall(states) is Standing.NORMAL


def test_a_clause_without_a_needed_reading_cannot_be_told_and_says_why_in_the_probes_words() -> None:
    seen = snapshot(status=ProbeStatus.UNSUPPORTED, reason="no hwmon chips")
    states = judged(HEALTHY, snapshot=seen, providers={"headroom_celsius": "temperature"})
    assert states["heat"] == ClauseState(
        clause="heat",
        standing=Standing.UNKNOWN,
        counts=True,
        findings=(HEALTHY[0],),
        reasons=(
            Reason(
                text={"zh": "headroom_celsius：本机无法测量", "en": "headroom_celsius: cannot be measured here"},
                detail="headroom_celsius (component=cpu): no hwmon chips",
            ),
        ),
    )
    assert overall(states) is Standing.UNKNOWN


@pytest.mark.parametrize(
    "reading",
    [
        Reading(metric="headroom_celsius", value=40, labels=GPU),
        Reading(metric="headroom_celsius", value=40, labels=CPU, suspect="stuck"),
    ],
    ids=["of another component", "suspect"],
)
def test_a_need_is_not_met_by_a_reading(reading: Reading) -> None:
    assert standings(*HEALTHY, seen=snapshot(reading))["heat"] is Standing.UNKNOWN


def test_an_optional_reading_that_cannot_be_told_leaves_the_clause_normal() -> None:
    assert standings(*HEALTHY, finding("stalled", Standing.UNKNOWN))["heat"] is Standing.NORMAL
    assert standings(*HEALTHY, finding("hot", Standing.UNKNOWN, GPU))["heat"] is Standing.NORMAL


def test_a_needed_reading_that_cannot_be_told_on_one_resource_makes_the_clause_unknown() -> None:
    other: Labels = (("chip", "second"), *CPU)
    states = judged(
        (*HEALTHY, Finding(rule="hot", resource=other, standing=Standing.UNKNOWN, reason="lost")),
    )
    assert states["heat"].standing is Standing.UNKNOWN
    assert states["heat"].reasons == (
        Reason(
            text={"zh": "headroom_celsius：读数不足以判断", "en": "headroom_celsius: the readings do not tell"},
            detail="headroom_celsius (chip=second, component=cpu): lost",
        ),
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((Standing.CRITICAL, Standing.WARNING), Standing.CRITICAL),
        ((Standing.WARNING, Standing.UNKNOWN), Standing.WARNING),
        ((Standing.UNKNOWN, Standing.NORMAL), Standing.UNKNOWN),
    ],
)
def test_critical_comes_before_warning_before_unknown_before_normal(
    found: tuple[Standing, Standing], expected: Standing
) -> None:
    both = (finding("hot", found[0]), finding("hot", found[1], (("chip", "second"), *CPU)))
    assert standings(*both, HEALTHY[1])["heat"] is expected


def test_a_fault_is_shown_even_where_a_needed_reading_is_missing() -> None:
    assert standings(finding("stalled", Standing.WARNING), seen=snapshot())["heat"] is Standing.WARNING


def test_a_rule_also_serves_the_clauses_that_name_it() -> None:
    assert standings(finding("hot", Standing.CRITICAL), HEALTHY[1])["net"] is Standing.CRITICAL


def test_a_summing_clause_takes_the_worst_of_its_parts_and_shows_their_faults() -> None:
    hot = finding("hot", Standing.CRITICAL)
    states = judged((hot, HEALTHY[1]))
    assert states["all"] == ClauseState(clause="all", standing=Standing.CRITICAL, counts=True, findings=(hot,))


def test_a_clause_whose_rules_have_nothing_to_judge_is_unknown() -> None:
    assert standings()["net"] is Standing.UNKNOWN


@pytest.mark.parametrize(
    ("answer", "expected"), [(True, Standing.NORMAL), (False, Standing.CRITICAL), (None, Standing.UNKNOWN)]
)
def test_an_answer_counts_for_every_clause_that_asks_it(answer: bool | None, expected: Standing) -> None:
    found = (*HEALTHY, *answered(PROCEDURE, {"noise": answer}))
    states = judged(found)
    assert states["sound"].standing is expected
    assert states["heat"].standing is expected
    assert states["sound"].counts
    assert overall(states) is expected


def test_a_question_that_was_skipped_is_a_reason_of_its_own() -> None:
    """Beside what cannot be measured, and for a clause that only a person answers."""
    skipped = answered(PROCEDURE, {"noise": None})
    states = judged(skipped, snapshot=snapshot(status=ProbeStatus.UNSUPPORTED, reason="no sensor"))
    said = {name: [reason.text["en"] for reason in states[name].reasons] for name in ("heat", "sound")}
    assert said["sound"] == ["the operator gave no answer"]
    assert said["heat"][-1] == "the operator gave no answer"
    assert len(said["heat"]) == 2


def test_the_record_is_unknown_with_the_reason_while_nothing_is_recorded() -> None:
    fault = {"zh": "未记录", "en": "not recorded"}
    state = judged(HEALTHY, record_fault=fault)["log"]
    assert state == ClauseState(clause="log", standing=Standing.UNKNOWN, counts=False, reasons=(Reason(text=fault),))


def verdict(outcome: Outcome, severity: Severity = Severity.CRITICAL) -> Verdict:
    return Verdict(rule="hot", severity=severity, resource=CPU, outcome=outcome, value=3, limit=5)


def test_one_look_takes_the_worst_level_that_is_breached() -> None:
    found = findings([verdict(Outcome.BREACH, Severity.WARNING), verdict(Outcome.BREACH, Severity.CRITICAL)])
    assert found == (Finding(rule="hot", resource=CPU, standing=Standing.CRITICAL, value=3, limit=5),)


def test_the_running_agent_counts_only_what_fires() -> None:
    """A breach that still waits for its `for` is not a fault yet; a firing one stays while the reading is unknown."""
    assert findings([verdict(Outcome.BREACH)], firing=())[0].standing is Standing.NORMAL
    firing = finding("hot", Standing.CRITICAL)
    assert findings([verdict(Outcome.UNKNOWN)], firing=[firing]) == (firing,)


def test_a_resource_that_is_gone_has_no_finding() -> None:
    assert findings([verdict(Outcome.GONE)]) == ()
