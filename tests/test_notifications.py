"""What people are told: groups of alerts, their names over time, their ends and their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from agent.alerts.alert import Alert, AlertKey, Change, Message, Silence, State, Transition, Update, alert_id
from agent.notification_form import documents
from agent.notifications import Board, next_board
from agent.readings import Labels, Snapshot
from agent.rules.rule import Audience, Rule, Severity
from tests.alerts.examples import PACKAGE, START, at, rule

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
DISK: Labels = (("device", "sda"),)
RULES = (
    rule("hot"),
    rule("fan"),
    rule("slow", depends_on=("hot",)),
    rule("stutter", depends_on=("slow",)),
    rule("hidden", audience=Audience.IT),
    rule("seen-through", depends_on=("hidden",)),
    rule("seen-as-well", depends_on=("hidden",)),
)


def firing(name: str, severity: Severity = CRITICAL, resource: Labels = PACKAGE, since: float = 0) -> Alert:
    return Alert(
        key=AlertKey(rule=name, severity=severity, resource=resource),
        state=State.FIRING,
        value=3.0,
        limit=5,
        active_at=at(since),
        fired_at=at(since),
    )


def update(
    *alerts: Alert,
    ends: Sequence[Alert] = (),
    seconds: float = 100,
    rules: Sequence[Rule] = RULES,
    silenced: Sequence[str] = (),
    untold: Sequence[Alert] = (),
) -> Update:
    announced = tuple(
        Transition(
            alert=replace(alert, state=State.INACTIVE),
            change=Change.RESOLVED,
            before=State.FIRING,
            after=State.INACTIVE,
            at=at(seconds),
            value=12,
            message=Message(title="over", problem="", action=""),
        )
        for alert in ends
    )
    return Update(
        snapshot=Snapshot(taken_at=at(seconds), results={}),
        rules={one.name: one for one in rules},
        verdicts=(),
        alerts=alerts,
        announced=announced,
        told=frozenset(alert.key for alert in alerts) - {alert.key for alert in untold},
        silences=tuple(
            Silence(rule=name, until=START + timedelta(days=1), reason="x", by="root", created_at=START)
            for name in silenced
        ),
    )


def words(of_rule: Rule, alert: Alert) -> Mapping[str, Message]:
    return {
        language: Message(
            title=f"{of_rule.name} {language}",
            problem=f"{of_rule.name} {dict(alert.key.resource)} is {alert.value} {language}",
            action=f"{alert.key.severity.value} {language}",
        )
        for language in ("zh", "en")
    }


def board(now: Update, before: Board | None = None) -> Board:
    return next_board(before or Board(), now, words)


def names(of_board: Board) -> list[list[str]]:
    return [[alert.key.rule for alert in one.alerts] for one in of_board.notifications]


def test_alerts_of_one_cause_are_one_notification() -> None:
    """Joined by `depends_on` at any distance, or by their rule; others stand alone, critical ones first."""
    alerts = (
        firing("fan", WARNING),
        firing("stutter", since=1),
        firing("hot", since=2),
        firing("hot", resource=DISK, since=3),
    )
    assert names(board(update(*alerts))) == [["hot", "hot", "stutter"], ["fan"]]


def test_effects_of_a_cause_that_only_it_hears_are_one_notification() -> None:
    alerts = (firing("hidden", WARNING), firing("seen-through"), firing("seen-as-well", since=1))
    assert names(board(update(*alerts))) == [["seen-through", "seen-as-well"]]
    assert names(board(update(*alerts[1:]))) == [["seen-through"], ["seen-as-well"]]


def test_only_what_was_told_to_operators_and_is_not_muted_is_shown() -> None:
    """Untold, IT's own, silenced and pending alerts are not on the board."""
    pending = replace(firing("slow"), state=State.PENDING, fired_at=None)
    alerts = (firing("hot"), firing("fan"), firing("hidden"), firing("stutter"), pending)
    assert names(board(update(*alerts, silenced=["fan"], untold=[alerts[0]]))) == [["stutter"]]


def test_a_notification_keeps_its_name_while_it_worsens_and_after_a_restart() -> None:
    """The warning's id stays that of the critical: it is replaced in place; a new process finds the same name."""
    warning, critical = firing("hot", WARNING), firing("hot", since=60)
    first = board(update(warning))
    worse = board(update(warning, critical), first)
    assert [one.identifier for one in worse.notifications] == [alert_id(warning.key)]
    assert [alert.key.severity for alert in worse.notifications[0].alerts] == [CRITICAL]
    assert board(update(warning, critical)).notifications == worse.notifications


def test_a_notification_keeps_its_name_when_its_first_alert_ends() -> None:
    one, other = firing("hot"), firing("hot", resource=DISK, since=5)
    both = board(update(one, other))
    rest = board(update(other, ends=[one]), both)
    assert [(n.identifier, n.alerts) for n in rest.notifications] == [(alert_id(one.key), (other,))]
    assert rest.ended == ()


def test_an_alert_that_left_its_group_and_came_back_alone_has_a_name_of_its_own() -> None:
    """Two notifications never share one name."""
    cause, effect = firing("hot"), firing("slow", since=5)
    group = board(update(cause, effect))
    rest = board(update(effect, ends=[cause]), group)
    split = tuple(replace(one, depends_on=()) for one in RULES)
    both = board(update(cause, effect, rules=split), rest)
    identifiers = [one.identifier for one in both.notifications]
    assert len(set(identifiers)) == 2
    assert alert_id(cause.key) in identifiers


def test_an_end_is_told_for_ten_minutes_and_not_when_it_is_back() -> None:
    alert = firing("hot")
    shown = board(update(alert))
    over = board(update(ends=[alert]), shown)
    assert [(end.identifier, end.titles["en"], end.at) for end in over.ended] == [
        (alert_id(alert.key), "hot en", at(100))
    ]
    assert len(board(update(seconds=700), over).ended) == 1
    assert board(update(seconds=701), over) == Board()
    assert board(update(alert, seconds=300), over).ended == ()


def test_what_a_person_or_a_reload_took_away_has_not_ended() -> None:
    """Nothing is said to be mended that is only muted, or no longer asked about."""
    alert = firing("hot")
    shown = board(update(alert))
    assert board(update(alert, silenced=["hot"]), shown) == Board()
    assert board(update(), shown) == Board()


def test_two_groups_that_become_one_do_not_end() -> None:
    effect, cause, other = firing("slow", WARNING), firing("hot", since=5), firing("stutter", WARNING, since=1)
    apart = board(update(effect, other, rules=[replace(one, depends_on=()) for one in RULES]))
    joined = board(update(effect, other, cause), apart)
    assert names(apart) == [["slow"], ["stutter"]]
    assert names(joined) == [["hot", "slow", "stutter"]]
    assert (joined.notifications[0].identifier, joined.ended) == (alert_id(effect.key), ())


def test_words_stay_those_of_the_moment_they_were_told() -> None:
    """A value that moves changes nothing on the screen; a worse level brings its own words."""
    warning = firing("hot", WARNING)
    first = board(update(warning))
    moved = board(update(replace(warning, value=2.0)), first)
    assert documents(moved, "IT") == documents(first, "IT")
    worse = board(update(warning, firing("hot", since=60)), moved)
    assert documents(worse, "IT")["en"]["notifications"][0]["action"] == "critical en"  # type: ignore[index]


def test_the_document_says_all_in_the_language_that_is_asked_for() -> None:
    alert = replace(firing("hot"), seen_at=at(10), acknowledged_at=at(20), acknowledged_by="chen")
    other = replace(firing("fan"), seen_at=at(11))
    now = board(update(alert, ends=[other], seconds=130), board(update(alert, other)))
    assert documents(now, "分机 8000")["zh"] == {
        "language": "zh",
        "it_contact": "分机 8000",
        "notifications": [
            {
                "id": alert_id(alert.key),
                "alerts": [alert_id(alert.key)],
                "severity": "critical",
                "title": "hot zh",
                "problem": f"hot {dict(PACKAGE)} is 3.0 zh",
                "action": "critical zh",
                "fired_at": "2026-03-02T09:00:00+00:00",
                "seen_at": "2026-03-02T09:00:10+00:00",
                "acknowledged_at": "2026-03-02T09:00:20+00:00",
                "acknowledged_by": "chen",
            }
        ],
        "ended": [
            {
                "id": alert_id(other.key),
                "title": "fan zh",
                "text": "这一项已恢复；还有其他严重告警，请仍不要继续工作。",
                "at": "2026-03-02T09:02:10+00:00",
            }
        ],
    }
    free = documents(board(update(ends=[alert]), now), "")
    assert [end["text"] for end in free["en"]["ended"]] == ["Back to normal; you can go on."] * 2  # type: ignore[attr-defined]
    assert free["en"]["it_contact"] == "your IT department"


def test_a_part_that_nobody_acknowledged_keeps_the_whole_open() -> None:
    """Another disk that gets hot after the first was acknowledged is shown anew."""
    one = replace(firing("hot"), seen_at=at(1), acknowledged_at=at(1), acknowledged_by="chen")
    two = replace(firing("hot", resource=DISK, since=5), seen_at=at(6))
    open_part = documents(board(update(one, two)), "")["en"]["notifications"][0]  # type: ignore[index]
    assert (open_part["seen_at"], open_part["acknowledged_at"], open_part["acknowledged_by"]) == (
        at(6).isoformat(),
        None,
        "",
    )
    two = replace(two, acknowledged_at=at(9), acknowledged_by="li")
    done = documents(board(update(one, two)), "")["en"]["notifications"][0]  # type: ignore[index]
    assert (done["acknowledged_at"], done["acknowledged_by"]) == (at(9).isoformat(), "chen, li")


def test_many_problems_are_cut_to_what_is_shown() -> None:
    alerts = [firing("hot", resource=(("device", f"sd{number}"),), since=number) for number in range(7)]
    problem = documents(board(update(*alerts)), "")["en"]["notifications"][0]["problem"]  # type: ignore[index]
    assert problem.splitlines() == [
        "hot {'device': 'sd0'} is 3.0 en",
        "hot {'device': 'sd1'} is 3.0 en",
        "hot {'device': 'sd2'} is 3.0 en",
        "And 4 more alerts with it.",
    ]
