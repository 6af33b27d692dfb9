"""The remembered standing of the clauses is what working it out anew would give, and is worked out only when needed."""

from collections.abc import Mapping
from dataclasses import replace

from agent.alerts.alert import State, Update
from agent.clausestandings import ClauseStandings
from agent.readings import ProbeResult, ProbeStatus, Reading, Snapshot
from agent.rules.clause import ClauseState, Standing
from agent.rules.rule import Outcome
from tests.alerts.examples import PACKAGE, alert, at, rule, verdict

READING = Reading(metric="temperature_headroom_celsius", value=12.0, labels=PACKAGE)


def update(*readings: Reading, outcome: Outcome = Outcome.OK, value: float = 12, firing: bool = False) -> Update:
    result = ProbeResult(
        probe="temperature", status=ProbeStatus.SUCCESS, readings=readings, started_at=at(0), duration_seconds=0.01
    )
    return Update(
        snapshot=Snapshot(taken_at=at(0), results={"temperature": result}),
        rules={"hot": rule()},
        verdicts=(verdict(outcome, value),),
        alerts=(alert(State.FIRING if firing else State.PENDING),),
    )


def test_only_what_can_change_a_standing_is_worked_out_anew() -> None:
    """Another value is not; another outcome, a firing alert, a reading that goes or is doubted, and other rules are."""
    asked: list[Update] = []

    def states(of: Update) -> Mapping[str, ClauseState]:
        asked.append(of)
        counted = ClauseState(clause="4.1.a.1", standing=Standing.NORMAL, counts=True)
        return {"4.1.a.1": counted, "3.4.a": replace(counted, counts=False)}

    standings = ClauseStandings(states)
    calm = update(READING)
    courses = [
        calm,
        update(READING, outcome=Outcome.BREACH),
        update(READING, outcome=Outcome.BREACH, firing=True),
        update(READING),
        update(),
        update(replace(READING, suspect="stuck")),
        replace(calm, rules={"hot": rule(keep=60)}),
    ]
    for one in courses:
        assert standings.of(one) == {"4.1.a.1": Standing.NORMAL}
        standings.of(update(*one.snapshot.results["temperature"].readings, value=11) if one is calm else one)
    assert asked == [courses[0], courses[1], courses[2], courses[3], courses[4], courses[6]]
