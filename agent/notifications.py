"""What the people at this computer are told now: alerts of one cause are one notification, and an end is said once.

Update → a board → one document per language. The words of an alert stay those
of the moment it was told, so that a value that moves does not move what stands on the screen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.alerts.alert import Alert, AlertKey, Change, Message, State, Update, alert_id
from agent.alerts.policy import causes_of
from agent.alerts.tracker import worst_firing
from agent.readings import Labels
from agent.rules.rule import Audience, Rule, Severity

ENDED_SECONDS = 600.0
"""How long an end stays on the board: a companion that was restarted, or slept a little, still learns of it."""
Words = Mapping[str, Message]
"""An alert's words by language."""
Render = Callable[[Rule, Alert], Words]

_Matter = tuple[str, Labels]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Alerts of one cause, each by its worst level; the first gives the title. The identifier outlives worsening."""

    identifier: str
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A notification whose alerts are all over."""

    identifier: str
    titles: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Everything that people are told now; `words` are kept for the alerts on it."""

    notifications: tuple[Notification, ...] = ()
    ended: tuple[Ended, ...] = ()
    words: Mapping[AlertKey, Words] = field(default_factory=dict)


def next_board(before: Board, update: Update, render: Render) -> Board:
    """The board after an update."""
    levels = [alert for alert in update.alerts if alert.key in update.told and _concerns_operator(alert, update)]
    shown = worst_firing(levels)
    if not (shown or before.notifications or before.ended):
        return before
    words = {alert.key: before.words.get(alert.key) or render(update.rules[alert.key.rule], alert) for alert in shown}
    groups = [_in_order(group, update.rules) for group in _groups(shown, update)]
    notifications = tuple(_identified(groups, levels, before.notifications))
    return Board(notifications=notifications, ended=tuple(_ended(before, notifications, update)), words=words)


def _concerns_operator(alert: Alert, update: Update) -> bool:
    """Whether the person at the desk is to know, and nobody muted it since."""
    rule = update.rules.get(alert.key.rule)
    is_muted = any(silence.rule == alert.key.rule for silence in update.silences)
    return rule is not None and rule.audience is Audience.OPERATOR and not is_muted


def _groups(shown: Sequence[Alert], update: Update) -> Iterable[list[Alert]]:
    """The shown alerts by cause; a cause joins its effects also where it is not shown itself."""
    leaders = _leaders({alert.key.rule for alert in update.alerts if alert.state is State.FIRING}, update.rules)
    groups: dict[str, list[Alert]] = {}
    for alert in shown:
        groups.setdefault(leaders[alert.key.rule], []).append(alert)
    return groups.values()


def _leaders(names: set[str], rules: Mapping[str, Rule]) -> dict[str, str]:
    """For each firing rule the one that stands for all that are joined with it by `depends_on`."""
    leaders = {name: name for name in sorted(names)}
    for name in sorted(names):
        for cause in sorted(causes_of(name, rules) & names):
            joined = leaders[name], leaders[cause]
            leaders = {one: joined[1] if leader == joined[0] else leader for one, leader in leaders.items()}
    return leaders


def _in_order(group: Iterable[Alert], rules: Mapping[str, Rule]) -> tuple[Alert, ...]:
    """Critical first, causes before their effects, then as they began."""
    alerts = list(group)
    names = {alert.key.rule for alert in alerts}

    def rank(alert: Alert) -> tuple[bool, int, datetime]:
        is_warning = alert.key.severity is Severity.WARNING
        return is_warning, len(causes_of(alert.key.rule, rules) & names), _fired_at(alert)

    return tuple(sorted(alerts, key=rank))


def _identified(
    groups: Sequence[tuple[Alert, ...]], levels: Sequence[Alert], before: Sequence[Notification]
) -> Iterable[Notification]:
    """Each group under the identifier that people know it by, or under that of its first alert, of whatever level."""
    known = {_matter(alert.key): one.identifier for one in before for alert in one.alerts}
    taken: set[str] = set()
    named: list[tuple[str, tuple[Alert, ...]]] = []
    for group in sorted(groups, key=lambda group: not any(_matter(alert.key) in known for alert in group)):
        inherited = [known[_matter(alert.key)] for alert in group if _matter(alert.key) in known]
        matters = {_matter(alert.key) for alert in group}
        first = min((alert for alert in levels if _matter(alert.key) in matters), key=_fired_at)
        identifier = next((one for one in inherited if one not in taken), alert_id(first.key))
        while identifier in taken:  # an alert that left its group and came back alone
            identifier = hashlib.blake2b(identifier.encode(), digest_size=4).hexdigest()
        taken.add(identifier)
        named.append((identifier, group))
    return (
        Notification(identifier=identifier, alerts=group)
        for identifier, group in sorted(named, key=lambda one: one[1][0].key.severity is Severity.WARNING)
    )


def _ended(before: Board, now: Sequence[Notification], update: Update) -> Iterable[Ended]:
    """The ends of the last minutes, and those of this update; what came back is not over."""
    at = update.snapshot.taken_at
    shown = {one.identifier for one in now}
    matters = {_matter(alert.key) for one in now for alert in one.alerts}
    over = {_matter(t.alert.key) for t in update.announced if t.change in (Change.RESOLVED, Change.GONE)}
    for end in before.ended:
        if end.identifier not in shown and at - end.at <= timedelta(seconds=ENDED_SECONDS):
            yield end
    for one in before.notifications:
        own = {_matter(alert.key) for alert in one.alerts}
        if one.identifier not in shown and own & over and not own & matters:
            words = before.words[one.alerts[0].key]
            yield Ended(
                identifier=one.identifier, titles={language: said.title for language, said in words.items()}, at=at
            )


def _fired_at(alert: Alert) -> datetime:
    return alert.fired_at or alert.active_at


def _matter(key: AlertKey) -> _Matter:
    return (key.rule, key.resource)
