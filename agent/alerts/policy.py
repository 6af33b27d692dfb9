"""Whom to tell what, and when: not what a firing cause explains, not what is silenced, not right after a sleep.

Alerts and this cycle's transitions in, the transitions that people are told about out. What is held back and still
fires when its reason ends is told then, unless it is already clear and only kept firing; an end is told exactly to
those who were told of the beginning.
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
        self._is_hold_new = False
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
        self._is_hold_new = True

    def announce(
        self,
        alerts: Sequence[Alert],
        transitions: Sequence[Transition],
        silences: Sequence[Silence],
        elapsed_seconds: float,
        now: datetime,
    ) -> tuple[Transition, ...]:
        """What people are told now, ends first."""
        self._pass_hold(elapsed_seconds)
        if not alerts and not self.told:
            return ()
        ends = self._ends(transitions)
        firing = [alert for alert in alerts if alert.state is State.FIRING]
        # An alert that a reload took away without a word must be told when it comes back.
        self.told.intersection_update(alert.key for alert in firing)
        muted = {silence.rule for silence in silences if silence.until > now}
        criticals = _criticals(firing)
        by_rule = _by_rule(alerts)

        def is_quiet(alert: Alert) -> bool:
            is_shadowed = alert.key.severity is Severity.WARNING and _matter(alert) in criticals
            return is_shadowed or alert.key.rule in muted or self._is_explained(alert, by_rule, now)

        doubts = [t for t in transitions if t.change is Change.CANNOT_TELL and t.alert.key in self.told]
        untold = [a for a in firing if a.key not in self.told and not a.clear_seconds and not self._is_held(a)]
        begun = [alert for alert in untold if not is_quiet(alert)]
        self.told.update(alert.key for alert in begun)
        return (*ends, *(t for t in doubts if not is_quiet(t.alert)), *self._beginnings(begun, transitions, now))

    def _pass_hold(self, elapsed_seconds: float) -> None:
        """Spend the hold; the cycle that began it spends nothing, its time went by before."""
        if not self._is_hold_new:
            self._held_seconds = max(0.0, self._held_seconds - elapsed_seconds)
        self._is_hold_new = False

    def _ends(self, transitions: Sequence[Transition]) -> list[Transition]:
        """The ends of what was told; beside a critical that was told, its warning's end says nothing."""
        ended = [t for t in transitions if t.change in _ENDS and t.alert.key in self.told]
        criticals = {(key.rule, key.resource) for key in self.told if key.severity is Severity.CRITICAL}
        self.told.difference_update(t.alert.key for t in ended)
        return [t for t in ended if t.alert.key.severity is Severity.CRITICAL or _matter(t.alert) not in criticals]

    def _beginnings(
        self, begun: Sequence[Alert], transitions: Sequence[Transition], now: datetime
    ) -> Iterable[Transition]:
        fresh = {t.alert.key: t for t in transitions if t.change is Change.FIRING} if begun else {}
        return [fresh.get(alert.key) or self._late(alert, now) for alert in begun]

    def _is_held(self, alert: Alert) -> bool:
        return self._held_seconds > 0 and self._rules[alert.key.rule].audience is Audience.OPERATOR

    def _is_explained(self, alert: Alert, by_rule: Mapping[str, Sequence[Alert]], now: datetime) -> bool:
        """Whether a cause fires that is said as loudly, or is pending and the effect has not waited long."""
        causes = [
            cause.state
            for name in self._causes[alert.key.rule]
            for cause in by_rule.get(name, ())
            if self._is_as_loud(cause, alert)
        ]
        if State.FIRING in causes:
            return True
        waited = (now - alert.fired_at).total_seconds() if alert.fired_at else 0.0
        return bool(causes) and 0 <= waited < CAUSE_PATIENCE_SECONDS

    def _is_as_loud(self, cause: Alert, effect: Alert) -> bool:
        """Whether those who had to hear the effect hear the cause: a warning must not keep "stop work" from anyone."""
        is_as_severe = Severity.CRITICAL is cause.key.severity or Severity.WARNING is effect.key.severity
        reaches_operator = self._rules[cause.key.rule].audience is Audience.OPERATOR
        return is_as_severe and (reaches_operator or self._rules[effect.key.rule].audience is Audience.IT)

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


def _criticals(alerts: Iterable[Alert]) -> set[tuple[str, object]]:
    return {_matter(alert) for alert in alerts if alert.key.severity is Severity.CRITICAL}


def _by_rule(alerts: Iterable[Alert]) -> dict[str, list[Alert]]:
    found: dict[str, list[Alert]] = {}
    for alert in alerts:
        found.setdefault(alert.key.rule, []).append(alert)
    return found
