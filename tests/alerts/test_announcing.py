"""The whole chain, tracker, policy and store, under any course of events: what people hear is true and complete."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from agent.alerts.alert import Alert, AlertKey, Change, Silence, State, Transition
from agent.alerts.policy import CAUSE_PATIENCE_SECONDS, HOLD_SECONDS, Policy
from agent.alerts.store import Store
from agent.alerts.tracker import Tracker
from agent.rules.rule import Audience, Outcome, Rule, Severity
from tests.alerts.examples import PACKAGE, at, render, rule, verdict

CABLE = rule("cable", severities=(Severity.CRITICAL,), for_seconds=10, keep=10)
SERVER = rule("server", depends_on=("cable",), keep=10)
SLOW = rule("slow", depends_on=("server",), audience=Audience.IT, severities=(Severity.WARNING,))
RULES = (CABLE, SERVER, SLOW)
LEVELS = [(one.name, level.severity) for one in RULES for level in one.levels]

OUTCOMES = st.sampled_from([Outcome.BREACH, Outcome.BREACH, Outcome.OK, Outcome.UNKNOWN, Outcome.GONE])
CYCLES = st.tuples(
    st.fixed_dictionaries(dict.fromkeys(LEVELS, OUTCOMES)),
    st.sampled_from(["nothing"] * 6 + ["restart", "sleep", "silence cable", "silence server", "reload"]),
)
Outcomes = Mapping[tuple[str, Severity], Outcome]


@dataclass
class Agent:
    """The parts as the service joins them, on one open file, with what a listener has heard."""

    connection: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(":memory:", isolation_level=None))
    silences: tuple[Silence, ...] = ()
    broken: set[AlertKey] = field(default_factory=set)
    seconds: float = 0

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.store = Store(self.connection)
        alerts, told = self.store.alerts()
        self.tracker = Tracker(RULES, render, alerts)
        self.policy = Policy(RULES, render, told)

    def meet(self, event: str) -> None:
        match event.split():
            case ["restart"]:
                self.start()
            case ["sleep"]:
                self.tracker.forget()
                self.policy.hold()
            case ["reload"]:
                self._reload([CABLE, SLOW])
                self._reload(RULES)
            case ["silence", name]:
                until = at(self.seconds + 20)
                self.silences = (Silence(rule=name, until=until, reason="", by="li", created_at=at(self.seconds)),)

    def _reload(self, rules: Sequence[Rule]) -> None:
        self.tracker.replace_rules(rules)
        self.policy.replace_rules(rules)

    def cycle(self, outcomes: Outcomes) -> tuple[Transition, ...]:
        self.seconds += 5
        verdicts = [verdict(outcome, name=name, severity=level) for (name, level), outcome in outcomes.items()]
        transitions = self.tracker.track(verdicts, 5, at(self.seconds))
        told = self.policy.announce(self.tracker.alerts, transitions, self.silences, 5, at(self.seconds))
        self.store.save(self.tracker.alerts, self.policy.told)
        return told

    def firing(self) -> dict[AlertKey, Alert]:
        return {alert.key: alert for alert in self.tracker.alerts if alert.state is State.FIRING}


@given(st.lists(CYCLES, max_size=30))
def test_nothing_ends_that_was_not_told_and_nothing_is_told_twice(cycles: list[tuple[Outcomes, str]]) -> None:
    """Restarts included: a beginning is news, an end was a beginning, and what is remembered as told does fire."""
    agent = Agent()
    for outcomes, event in cycles:
        agent.meet(event)
        if event == "reload":  # the alerts of the rule that was away ended without a word
            agent.broken = {key for key in agent.broken if key.rule != "server"}
        for transition in agent.cycle(outcomes):
            key = transition.alert.key
            if transition.change is Change.FIRING:
                assert key not in agent.broken
                agent.broken.add(key)
            else:
                assert transition.change in (Change.RESOLVED, Change.GONE)
                assert key in agent.broken
                agent.broken.discard(key)
        # A warning's end beside its critical is not said: critical's is the end of both.
        agent.broken = {k for k in agent.broken if k.severity is Severity.CRITICAL or k in agent.policy.told}
        assert agent.policy.told == agent.broken
        assert agent.policy.told <= agent.firing().keys()


@given(st.lists(CYCLES, max_size=20))
def test_stop_work_is_always_heard(cycles: list[tuple[Outcomes, str]]) -> None:
    """Whatever came before: a breach that lasts beyond hold, silence and patience is told, or its critical cause is."""
    agent = Agent()
    for outcomes, event in cycles:
        agent.meet(event)
        agent.cycle(outcomes)
    broken: Outcomes = {level: Outcome.BREACH if level[0] == "server" else Outcome.OK for level in LEVELS}
    for _ in range(int((HOLD_SECONDS + CAUSE_PATIENCE_SECONDS) / 5)):
        agent.cycle(broken)
    assert agent.policy.told & {critical("server"), critical("cable")} == {critical("server")}


def critical(name: str) -> AlertKey:
    return AlertKey(rule=name, severity=Severity.CRITICAL, resource=PACKAGE)
