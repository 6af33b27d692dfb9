"""What the companion decides: values in, values out, on a clock that the test holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.desktop.news import News
from agent.desktop.plan import (
    NOTHING_MORE,
    Finish,
    Memory,
    Tell,
    Told,
    Withdraw,
    adopt,
    after_answer,
    after_closing,
    after_end,
    after_server,
    after_telling,
    next_at,
    plan,
)
from tests.desktop.values import HOT, HOT_IS_OVER, WORN, acknowledged, news, seen

START = 1000.0


def shown(*notices: object, handle: int = 7) -> dict[str, Told]:
    """The memory after these notices came up on the screen at the start, numbered from `handle`."""
    memory: dict[str, Told] = {}
    for number, telling in enumerate(plan(news(*notices), {}, START)):  # type: ignore[arg-type]
        assert isinstance(telling, Tell)
        memory = after_telling(memory, telling, handle + number, START)
    return memory


def live(now_news: News, memory: Memory, *, until: float, on_screen: bool = True) -> list[tuple[float, Tell]]:
    """All that is told from the start on while nobody reacts, by `next_at` alone, with seconds since the start.

    What does not come on the screen opens the page where it may.
    """
    told: list[tuple[float, Tell]] = []
    now = START
    while now <= START + until:
        for action in plan(now_news, memory, now):
            assert isinstance(action, Tell)
            told.append((now - START, action))
            handle, pages = (100 + len(told), 0) if on_screen else (None, int(action.may_open_page))
            memory = after_telling(memory, action, handle, now, pages=pages)
        now = next_at(now_news, memory)
    return told


def test_a_new_notice_is_told_once_and_then_left_alone() -> None:
    """A warning comes up once; nothing is ever due for it again."""
    assert plan(news(WORN), {}, START) == (Tell(notice=WORN, times=1),)
    assert plan(news(WORN), shown(WORN), START + 1e6) == ()
    assert next_at(news(WORN), shown(WORN)) == NOTHING_MORE


def test_an_unseen_critical_notice_is_repeated_with_growing_pauses() -> None:
    """After 1, 2 and 5 minutes, then every ten; each comes up anew in place of the last, the page opens once."""
    told = live(news(HOT), {}, until=2000)
    assert [(at, telling.times, telling.with_page) for at, telling in told] == [
        (0, 1, False),
        (60, 2, False),
        (120, 3, False),
        (300, 4, True),
        (900, 5, False),
        (1500, 6, False),
    ]
    assert [telling.withdraws for _at, telling in told] == [None, 101, 102, 103, 104, 105]
    assert {telling.replaces for _at, telling in told} == {None}


def test_a_night_alone_is_no_storm() -> None:
    """Twelve hours that nobody sees are 75 tellings; without a notification server the page opens three times."""
    assert len(live(news(HOT), {}, until=12 * 3600)) == 75
    elsewhere = live(news(HOT), {}, until=12 * 3600, on_screen=False)
    assert (len(elsewhere), [at for at, telling in elsewhere if telling.may_open_page]) == (75, [0, 60, 120])


@pytest.mark.parametrize("answered", [seen(HOT), acknowledged(HOT)], ids=["seen", "acknowledged"])
def test_nothing_is_repeated_once_anybody_answered(answered: object) -> None:
    """Seen or acknowledged at another desk is enough; a session that begins later is told once."""
    told = live(news(answered), {}, until=1e5)  # type: ignore[arg-type]
    assert [at for at, _ in told] == [0]
    repeats = [one for one in plan(news(answered), shown(HOT), START + 1e5) if isinstance(one, Tell)]  # type: ignore[arg-type]
    assert all(one.is_refresh for one in repeats)


def test_who_acknowledged_is_written_on_the_screen_at_once() -> None:
    """Another user's word replaces the text in place, without a new pop-up."""
    told = acknowledged(HOT)
    assert plan(news(told), shown(HOT), START + 1) == (Tell(notice=told, times=1, replaces=7, is_refresh=True),)


def test_a_text_that_moves_is_replaced_in_place_but_once_a_minute() -> None:
    moved = replace(WORN, problem="39 %。")
    assert plan(news(moved), shown(WORN), START + 59) == ()
    assert next_at(news(moved), shown(WORN)) == START + 60
    assert plan(news(moved), shown(WORN), START + 60) == (Tell(notice=moved, times=1, replaces=7, is_refresh=True),)


def test_worse_replaces_in_place_at_once() -> None:
    """A warning that becomes critical is a first telling of its own, also after it was closed as a warning."""
    worse = replace(WORN, is_critical=True, alerts=("0c0c0c0c",))
    assert plan(news(worse), shown(WORN), START + 1) == (Tell(notice=worse, times=1, replaces=7, may_open_page=True),)
    closed, _alerts = after_closing(shown(WORN), 7, by_person=True)
    assert plan(news(worse), closed, START + 1) == (Tell(notice=worse, times=1, may_open_page=True),)


def test_closing_is_seeing() -> None:
    """Closed by the person: its alerts are seen, once, and it does not come up again."""
    closed, alerts = after_closing(shown(HOT), 7, by_person=True)
    assert alerts == HOT.alerts
    assert live(news(HOT), closed, until=1e5) == []
    assert after_closing(closed, 7, by_person=True) == (closed, ())


def test_going_by_itself_is_not_seeing() -> None:
    """A server that lets it expire shows nobody anything: the repeats go on."""
    expired, alerts = after_closing(shown(HOT), 7, by_person=False)
    assert alerts == ()
    assert [at for at, _ in live(news(HOT), expired, until=130)] == [60, 120]


def test_what_joins_a_closed_notice_is_told() -> None:
    """A critical notice that was closed comes up again with the alert that joined it, unless somebody saw that."""
    closed, _alerts = after_closing(shown(HOT), 7, by_person=True)
    grown = replace(HOT, alerts=(*HOT.alerts, "0d0d0d0d"))
    assert plan(news(grown), closed, START + 9) == (Tell(notice=grown, times=1, may_open_page=True),)
    assert plan(news(seen(grown)), closed, START + 9) == ()


def test_the_end_takes_the_place_of_the_beginning() -> None:
    over = news(ended=(HOT_IS_OVER,))
    assert plan(over, shown(HOT), START + 9) == (Finish(id=HOT.id, ended=HOT_IS_OVER, was_critical=True, replaces=7),)
    told = after_end(shown(HOT), HOT.id, 7)
    assert plan(over, told, START + 10) == ()
    assert adopt(news(), told) == {}  # ten minutes later


def test_who_had_to_stop_is_told_to_go_on_even_after_closing() -> None:
    """A closed critical notice ends with a word, a closed warning silently, one never told here not at all."""
    closed, _alerts = after_closing(shown(HOT), 7, by_person=True)
    over = news(ended=(HOT_IS_OVER,))
    assert plan(over, closed, START) == (Finish(id=HOT.id, ended=HOT_IS_OVER, was_critical=True, replaces=None),)
    warning, _alerts = after_closing(shown(WORN), 7, by_person=True)
    end = replace(HOT_IS_OVER, id=WORN.id)
    assert plan(news(ended=(end,)), warning, START) == (Withdraw(id=WORN.id, handle=None),)
    assert plan(over, {}, START) == ()


def test_what_is_silenced_leaves_without_a_word() -> None:
    assert plan(news(), shown(HOT), START) == (Withdraw(id=HOT.id, handle=7),)


def test_what_comes_back_replaces_its_own_end() -> None:
    """The same fault again is a first telling, in the place of "over"."""
    over = after_end(shown(HOT), HOT.id, 7)
    assert plan(news(HOT), over, START + 5) == (Tell(notice=HOT, times=1, replaces=7, may_open_page=True),)


def test_an_action_answers_and_is_known_by_its_number() -> None:
    memory, notice = after_answer(shown(WORN, HOT), 8)
    assert notice == HOT
    assert live(news(WORN, HOT), memory, until=1e4) == []
    assert after_answer(memory, 99) == (memory, None)


def test_another_server_shows_what_was_not_closed() -> None:
    """A new server is given what is open, soon and only once; what was closed or is over stays away."""
    memory, _alerts = after_closing(shown(WORN, HOT), 7, by_person=True)
    gone = after_server(memory, START + 100, is_there=False)
    here = after_server(gone, START + 101, is_there=True)
    (again,) = plan(news(WORN, HOT), here, START + 101)
    assert again == Tell(notice=HOT, times=1, may_open_page=True)
    assert after_server(after_end(shown(HOT), HOT.id, 7), START, is_there=True) == {}


def test_a_server_that_stays_away_is_given_a_moment_first() -> None:
    """Three seconds after it went the notice is told another way; a server that dies of it is fed every ten."""
    gone = after_server(shown(HOT), START + 20, is_there=False)
    assert plan(news(HOT), gone, START + 22) == ()
    assert next_at(news(HOT), gone) == START + 23
    crashed = after_server(shown(HOT), START + 1, is_there=True)
    assert (plan(news(HOT), crashed, START + 9), next_at(news(HOT), crashed)) == ((), START + 10)


def test_a_group_keeps_its_place_under_another_name() -> None:
    """When the first alert of a group ends, the rest goes on in the same notification."""
    group = replace(HOT, alerts=("0a0a0a0a", "0e0e0e0e"))
    rest = replace(HOT, id="0e0e0e0e", alerts=("0e0e0e0e",))
    memory = adopt(news(rest), shown(group))
    assert list(memory) == [rest.id]
    assert plan(news(rest), memory, START + 1) == ()
