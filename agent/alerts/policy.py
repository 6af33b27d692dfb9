"""Whom to tell what, and when: not what a firing cause explains, not what is silenced, not right after a sleep.

Alerts and this cycle's transitions in, the transitions that people are told about out. What is held back and still
fires when its reason ends is told then; an end is told exactly to those who were told of the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from agent.alerts.alert import Alert, AlertKey, Change, Silence, State, Transition
from agent.alerts.tracker import Render
from agent.rules.rule import Audience, Rule, Severity

HOLD_SECONDS = 60.0
"""After a sleep or a clock step networks and sensors need a while; operators are not called for that."""

CAUSE_PATIENCE_SECONDS = 60.0
"""How long an effect waits for a cause that is still pending, so that people hear the cause and not its effects."""

_ENDS = (Change.RESOLVED, Change.GONE)


class Policy:
    """Decides what is announced, and remembers what was."""

    def __init__(self, rules: Iterable[Rule], render: Render, told: Iterable[AlertKey] = ()) -> None:
        """`told` are the alerts that people had been told of when the agent ended."""
        self.told = set(told)
        self._render = render
        self._held_seconds = 0.0
        self._rules: Mapping[str, Rule] = {}
        self._causes: Mapping[str, frozenset[str]] = {}
        self.replace_rules(rules)

    def replace_rules(self, rules: Iterable[Rule]) -> None:
        """Decide by these rules from now on; what was told about rules that are no more is forgotten."""
        self._rules = {rule.name: rule for rule in rules}
        self._causes = {name: causes_of(name, self._rules) for name in self._rules}
        self.told = {key for key in self.told if key.rule in self._rules}

    def hold(self) -> None:
        """Hold operators' alerts back for a minute; called after a sleep or a clock step."""
        self._held_seconds = HOLD_SECONDS

    def announce(
        self,
        alerts: Sequence[Alert],
        transitions: Sequence[Transition],
        silences: Sequence[Silence],
        elapsed_seconds: float,
        now: datetime,
    ) -> tuple[Transition, ...]:
        """What people are told now, ends first."""
        self._held_seconds = max(0.0, self._held_seconds - elapsed_seconds)
        if not alerts and not self.told:
            return ()
        ends = self._ends(transitions)
        doubts = [t for t in transitions if t.change is Change.CANNOT_TELL and t.alert.key in self.told]
        return (*ends, *doubts, *self._beginnings(alerts, transitions, silences, now))

    def _ends(self, transitions: Sequence[Transition]) -> list[Transition]:
        """The ends of what was told; of two levels that end together only the worse."""
        ended = [t for t in transitions if t.change in _ENDS and t.alert.key in self.told]
        self.told.difference_update(t.alert.key for t in ended)
        criticals = {_matter(t.alert) for t in ended if t.alert.key.severity is Severity.CRITICAL}
        return [t for t in ended if t.alert.key.severity is Severity.CRITICAL or _matter(t.alert) not in criticals]

    def _beginnings(
        self, alerts: Sequence[Alert], transitions: Sequence[Transition], silences: Sequence[Silence], now: datetime
    ) -> Iterable[Transition]:
        firing = [alert for alert in alerts if alert.state is State.FIRING]
        untold = [alert for alert in firing if alert.key not in self.told]
        if not untold:
            return
        muted = {silence.rule for silence in silences if silence.until > now}
        states = _states_by_rule(alerts)
        criticals = {_matter(alert) for alert in firing if alert.key.severity is Severity.CRITICAL}
        fresh = {t.alert.key: t for t in transitions if t.change is Change.FIRING}
        for alert in untold:
            is_shadowed = alert.key.severity is Severity.WARNING and _matter(alert) in criticals
            if is_shadowed or alert.key.rule in muted or self._is_held(alert) or self._is_explained(alert, states, now):
                continue
            self.told.add(alert.key)
            yield fresh.get(alert.key) or self._late(alert, now)

    def _is_held(self, alert: Alert) -> bool:
        return self._held_seconds > 0 and self._rules[alert.key.rule].audience is Audience.OPERATOR

    def _is_explained(self, alert: Alert, states: Mapping[str, set[State]], now: datetime) -> bool:
        """Whether a cause fires, or is pending and the effect has not waited long."""
        found = [states[cause] for cause in self._causes[alert.key.rule] if cause in states]
        if any(State.FIRING in cause for cause in found):
            return True
        waited = (now - alert.fired_at).total_seconds() if alert.fired_at else 0.0
        return bool(found) and 0 <= waited < CAUSE_PATIENCE_SECONDS

    def _late(self, alert: Alert, now: datetime) -> Transition:
        """The beginning of an alert that was held back until now, dated when it fired."""
        return Transition(
            alert=alert,
            change=Change.FIRING,
            before=State.PENDING,
            after=State.FIRING,
            at=alert.fired_at or now,
            value=alert.value,
            message=self._render(self._rules[alert.key.rule], alert),
        )


def causes_of(name: str, rules: Mapping[str, Rule]) -> frozenset[str]:
    """Every rule that can explain this one, causes of causes included; never the rule itself."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        rule = rules.get(waiting.pop())
        new = set(rule.depends_on) - found if rule else set()
        found |= new
        waiting.extend(new)
    return frozenset(found - {name})


def _matter(alert: Alert) -> tuple[str, object]:
    return (alert.key.rule, alert.key.resource)


def _states_by_rule(alerts: Iterable[Alert]) -> dict[str, set[State]]:
    states: dict[str, set[State]] = {}
    for alert in alerts:
        states.setdefault(alert.key.rule, set()).add(alert.state)
    return states
