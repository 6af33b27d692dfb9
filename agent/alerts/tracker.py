"""Remembers every alert between cycles: verdicts in, the alerts that live and what changed out.

A verdict on a healthy resource that has no alert, which is nearly every verdict, costs one look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from agent.alerts.alert import Alert, AlertKey, Change, Message, State, Transition, alert_id
from agent.alerts.lifecycle import afresh, step
from agent.readings import Labels
from agent.rules.rule import Outcome, Rule, Severity, Threshold, Verdict

Render = Callable[[Rule, Alert], Message]
"""Makes the words of an alert from its rule, in the configured language."""

NO_VERDICT = "no probe says anything about it now"


class Tracker:
    """All pending and firing alerts."""

    def __init__(self, rules: Iterable[Rule], render: Render, alerts: Iterable[Alert] = ()) -> None:
        """`alerts` are those that lived when the agent ended; those of rules that are no more are dropped silently."""
        self._alerts: dict[tuple[str, Severity, Labels], Alert] = {_identity(alert.key): alert for alert in alerts}
        self._render = render
        self._rules: Mapping[str, Rule] = {}
        self._thresholds: dict[tuple[str, Severity], Threshold] = {}
        self._retired: frozenset[tuple[str, Labels]] = frozenset()
        self.replace_rules(rules)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Every pending and firing alert, in the order they began."""
        return tuple(self._alerts.values())

    def replace_rules(self, rules: Iterable[Rule]) -> None:
        """Judge by these rules from now on.

        An alert that no rule asks about any more (its rule or level went, or watches something else now) ends without a
        word: the fault was not mended. All others live on, by the new limits.
        """
        before, self._rules = self._rules, {rule.name: rule for rule in rules}
        self._thresholds = {
            (rule.name, threshold.severity): threshold for rule in self._rules.values() for threshold in rule.levels
        }
        self._alerts = {
            key: alert
            for key, alert in self._alerts.items()
            if key[:2] in self._thresholds and _watches(self._rules[key[0]], key[2], before.get(key[0]))
        }

    def forget(self) -> None:
        """Drop half-filled `for` and `keep_firing_for`; called after a sleep or a clock step."""
        self._alerts = {key: afresh(alert) for key, alert in self._alerts.items()}

    def retire(self, resources: Iterable[tuple[str, Labels]]) -> None:
        """Let the next `track` end the alerts on these resources, by metric, as gone: their hardware was taken out."""
        self._retired |= frozenset(resources)

    def live_resources(self) -> dict[str, set[Labels]]:
        """The resources of live alerts by reading, so that the evaluator gives a verdict on each."""
        resources: dict[str, set[Labels]] = {}
        for rule, _, resource in self._alerts:
            resources.setdefault(self._rules[rule].reading, set()).add(resource)
        return resources

    def track(self, verdicts: Iterable[Verdict], elapsed_seconds: float, now: datetime) -> tuple[Transition, ...]:
        """Take in one cycle's verdicts. A live alert without a verdict is unknown, never well."""
        transitions: list[Transition] = []
        if self._retired:
            transitions.extend(self._end_retired(now))
        unjudged = dict(self._alerts)
        for verdict in verdicts:
            key = (verdict.rule, verdict.severity, verdict.resource)
            before = unjudged.pop(key, None)
            # A breach on an alert that was judged in this cycle is a sensor shown twice: begun anew it never fires.
            if before is not None or (verdict.outcome is Outcome.BREACH and key not in self._alerts):
                transitions.extend(self._step(key, before, verdict, elapsed_seconds, now))
        for key, alert in unjudged.items():
            transitions.extend(self._step(key, alert, _without_value(alert, Outcome.UNKNOWN), elapsed_seconds, now))
        return tuple(transitions)

    def find(self, identifier: str) -> Alert | None:
        """The alert with this id, or the only one of a rule of this name; nothing when there is none or several."""
        named = [alert for alert in self._alerts.values() if identifier in (alert_id(alert.key), alert.key.rule)]
        if len({(alert.key.rule, alert.key.resource) for alert in named}) != 1:
            return None
        return (worst_firing(named) or named)[0]

    def mark_seen(self, key: AlertKey, at: datetime) -> tuple[AlertKey, ...]:
        """Note that a person saw the alert, and with a critical one its warning; the first time counts.

        The alerts that nobody had seen before, the named one first.
        """
        fresh = [alert for alert in self._meant(key) if alert.seen_at is None]
        return self._keep(replace(alert, seen_at=at) for alert in fresh)

    def acknowledge(self, key: AlertKey, by: str, at: datetime) -> tuple[AlertKey, ...]:
        """Note that a person is dealing with the alert, and so has seen it; the first one counts.

        With a critical alert its warning is meant too: what is reported once must not ask again when it gets better.
        The alerts that nobody had acknowledged before, the named one first.
        """
        fresh = [alert for alert in self._meant(key) if alert.acknowledged_at is None]
        return self._keep(
            replace(alert, acknowledged_at=at, acknowledged_by=by, seen_at=alert.seen_at or at) for alert in fresh
        )

    def _meant(self, key: AlertKey) -> list[Alert]:
        """The alert of this key, and below a critical one its warning, pending or firing."""
        keys = [key]
        if key.severity is Severity.CRITICAL:
            keys.append(replace(key, severity=Severity.WARNING))
        return [alert for one in keys if (alert := self._alerts.get(_identity(one))) is not None]

    def _keep(self, alerts: Iterable[Alert]) -> tuple[AlertKey, ...]:
        changed = {_identity(alert.key): alert for alert in alerts}
        self._alerts.update(changed)
        return tuple(alert.key for alert in changed.values())

    def _begun(self, alert: Alert) -> Alert:
        """A warning that begins beside its critical is no news: it was seen, and is dealt with, like that."""
        critical = self._alerts.get((alert.key.rule, Severity.CRITICAL, alert.key.resource))
        if alert.key.severity is not Severity.WARNING or critical is None:
            return alert
        return replace(
            alert,
            seen_at=critical.seen_at,
            acknowledged_at=critical.acknowledged_at,
            acknowledged_by=critical.acknowledged_by,
        )

    def _end_retired(self, now: datetime) -> list[Transition]:
        retired, self._retired = self._retired, frozenset()
        ended = [
            (key, alert) for key, alert in self._alerts.items() if (self._rules[key[0]].reading, key[2]) in retired
        ]
        return [t for key, alert in ended for t in self._step(key, alert, _without_value(alert, Outcome.GONE), 0, now)]

    def _step(
        self,
        key: tuple[str, Severity, Labels],
        before: Alert | None,
        verdict: Verdict,
        elapsed_seconds: float,
        now: datetime,
    ) -> Iterable[Transition]:
        rule = self._rules[verdict.rule]
        threshold = self._thresholds[verdict.rule, verdict.severity]
        after = step(before, verdict, threshold, rule.keep_firing_seconds, elapsed_seconds, now)
        if after is None:
            self._alerts.pop(key, None)
        elif before is None:
            after = self._alerts[key] = self._begun(after)
        elif after is not before:
            self._alerts[key] = after
        change = change_between(before, after, verdict.outcome)
        if change is not None:
            yield self._transition(before, after, change, verdict, now)

    def _transition(
        self, before: Alert | None, after: Alert | None, change: Change, verdict: Verdict, now: datetime
    ) -> Transition:
        alert = after or before
        assert alert is not None  # noqa: S101  # for the type checker: a change has at least one side
        value = verdict.value if verdict.value is not None else alert.value
        if after is None:
            alert = replace(alert, state=State.INACTIVE, value=value)
        return Transition(
            alert=alert,
            change=change,
            before=before.state if before else State.INACTIVE,
            after=alert.state,
            at=now,
            value=value,
            message=self._render(self._rules[alert.key.rule], alert),
        )


def change_between(before: Alert | None, after: Alert | None, outcome: Outcome) -> Change | None:
    """What people would call the change; nothing where the state stayed."""
    if before is None or after is None:
        if after is not None:
            return Change.FIRING if after.state is State.FIRING else Change.PENDING
        if before is None:
            return None
        if before.state is State.PENDING:
            return Change.DISMISSED
        return Change.GONE if outcome is Outcome.GONE else Change.RESOLVED
    if after.state is not before.state:
        return Change.FIRING
    return Change.CANNOT_TELL if after.cannot_tell and not before.cannot_tell else None


def worst_firing(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Of each rule and resource the worst firing level, which is what people see."""
    worst: dict[tuple[str, Labels], Alert] = {}
    for alert in alerts:
        key = (alert.key.rule, alert.key.resource)
        if alert.state is State.FIRING and (key not in worst or alert.key.severity is Severity.CRITICAL):
            worst[key] = alert
    return tuple(worst.values())


def _identity(key: AlertKey) -> tuple[str, Severity, Labels]:
    return (key.rule, key.severity, key.resource)


def _watches(rule: Rule, resource: Labels, before: Rule | None) -> bool:
    """Whether the rule can still give a verdict on the resource; else its alert would stay unknown for ever."""
    is_same_reading = before is None or before.reading == rule.reading
    return is_same_reading and all(pair in resource for pair in rule.match)


def _without_value(alert: Alert, outcome: Outcome) -> Verdict:
    return Verdict(
        rule=alert.key.rule,
        severity=alert.key.severity,
        resource=alert.key.resource,
        outcome=outcome,
        limit=alert.limit,
        reason=NO_VERDICT if outcome is Outcome.UNKNOWN else "",
    )
