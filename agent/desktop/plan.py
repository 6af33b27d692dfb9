"""The pure core: what the agent says and what was told here, in; what to tell, finish and withdraw, out.

`plan` compares, `after_…` say what follows from what happened. `now` is monotonic seconds. Nothing here does anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.desktop.news import Ended, News, Notice

REPEAT_SECONDS = (60.0, 60.0, 180.0, 600.0)
"""Pauses before a critical notice that nobody answered is told again: after 1, 2 and 5 minutes, then every 10.
A minute is long enough to finish a sentence to a customer. Every ten minutes is what a person who comes back from
a break cannot miss, and 48 entries in an unattended night's record."""

PAGE_AT_TIME = 4
"""The telling, five minutes after the first, that opens the page too: four notifications did not reach the person."""

MOST_PAGES = 3
"""How often one fault may open the page: each is a tab that somebody has to close."""

REFRESH_SECONDS = 60.0
"""A number that moves in the text is brought up to date at most so often; some servers pop up at every change."""

RESTORE_SECONDS = 10.0
"""Between two tellings of one notice because its server came or went: a server that dies of it is not fed for ever."""

SETTLE_SECONDS = 3.0
"""A notification server that ends is given this long to be started again before the notice is told another way."""

NOTHING_MORE = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One notice as this session was told it. `handle` is the server's number for it, nothing when it is not shown."""

    notice: Notice
    times: int
    told_at: float
    worded_at: float
    handle: int | None = None
    is_closed: bool = False
    """The person closed it or answered it."""
    is_over: bool = False
    restore_at: float | None = None
    pages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Tell a notice.

    `replaces` is what stands on the screen and is replaced in place, `withdraws` what is closed first, so that the
    notice comes up anew.
    """

    notice: Notice
    times: int
    replaces: int | None = None
    withdraws: int | None = None
    is_refresh: bool = False
    """Only the text is brought up to date."""
    may_open_page: bool = False
    with_page: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Say that it is over, in place of what stands on the screen."""

    id: str
    ended: Ended
    was_critical: bool
    replaces: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Take it off the screen without a word: it was silenced, or ended while nobody could hear it."""

    id: str
    handle: int | None


Action = Tell | Finish | Withdraw
Memory = Mapping[str, Told]


def plan(news: News, memory: Memory, now: float) -> tuple[Action, ...]:
    """What is to be done now: ends first, then what is new, worse, changed or to be told again."""
    wanted = {notice.id for notice in news.notices}
    ended = {one.id: one for one in news.ended}
    ends = [_end(id_, told, ended.get(id_)) for id_, told in memory.items() if id_ not in wanted and not told.is_over]
    tellings = [_tell(notice, memory.get(notice.id), now) for notice in news.notices]
    return (*ends, *(telling for telling in tellings if telling is not None))


def adopt(news: News, memory: Memory) -> dict[str, Told]:
    """The memory under the names of the news: a notice whose group has another first alert by now keeps its place.

    What is over and no longer in the news is forgotten; should it stand on the screen, it may stay there.
    """
    wanted = {notice.id for notice in news.notices}
    known = wanted | {one.id for one in news.ended}
    kept = {id_: told for id_, told in memory.items() if id_ in known or not told.is_over}
    for notice in news.notices:
        before = None if notice.id in kept else _same_matter(notice, kept, wanted)
        if before is not None:
            kept[notice.id] = kept.pop(before)
    return kept


def next_at(news: News, memory: Memory) -> float:
    """When `plan` has something to do next if nothing happens; `NOTHING_MORE` when never."""
    known = ((notice, memory[notice.id]) for notice in news.notices if notice.id in memory)
    return min((_due(notice, told) for notice, told in known), default=NOTHING_MORE)


def after_telling(memory: Memory, telling: Tell, handle: int | None, now: float, *, pages: int = 0) -> dict[str, Told]:
    """The memory once it was told, on the screen (`handle`) or another way; `pages` were opened for it."""
    id_ = telling.notice.id
    before = memory.get(id_)
    if telling.is_refresh and before is not None:
        told = replace(before, notice=telling.notice, worded_at=now, handle=handle)
        return {**memory, id_: told if handle is not None else _restored(told, now, is_there=False)}
    had = before.pages if before is not None and telling.times > 1 else 0
    told = Told(
        notice=telling.notice, times=telling.times, told_at=now, worded_at=now, handle=handle, pages=had + pages
    )
    return {**memory, id_: told}


def after_end(memory: Memory, id_: str, handle: int | None) -> dict[str, Told]:
    """The memory once it is over; it is forgotten unless it stands on the screen as over."""
    told = replace(memory[id_], is_over=True, handle=handle, restore_at=None)
    others = {other: one for other, one in memory.items() if other != id_}
    return others if handle is None else {**others, id_: told}


def after_closing(memory: Memory, handle: int, *, by_person: bool) -> tuple[dict[str, Told], tuple[str, ...]]:
    """The memory once the server closed a notification, and the alerts that this person has seen by it."""
    found = next(((id_, told) for id_, told in memory.items() if told.handle == handle), None)
    if found is None:
        return dict(memory), ()
    id_, told = found
    others = {other: one for other, one in memory.items() if other != id_}
    if told.is_over:
        return others, ()
    closed = replace(told, handle=None, is_closed=told.is_closed or by_person)
    return {**others, id_: closed}, told.notice.alerts if by_person and not told.is_closed else ()


def after_answer(memory: Memory, handle: int) -> tuple[dict[str, Told], Notice | None]:
    """The memory once the person used an action, and the notice it belongs to, nothing for one that is over."""
    for id_, told in memory.items():
        if told.handle == handle:
            return {**memory, id_: replace(told, is_closed=True)}, None if told.is_over else told.notice
    return dict(memory), None


def after_server(memory: Memory, now: float, *, is_there: bool) -> dict[str, Told]:
    """The memory once the notification server went or came: its numbers mean nothing any more."""
    return {id_: _restored(told, now, is_there=is_there) for id_, told in memory.items() if not told.is_over}


def _restored(told: Told, now: float, *, is_there: bool) -> Told:
    if told.is_closed:
        return replace(told, handle=None)
    at = max(now, told.told_at + RESTORE_SECONDS) if is_there else now + SETTLE_SECONDS
    return replace(told, handle=None, restore_at=at)


def _same_matter(notice: Notice, memory: Memory, wanted: set[str]) -> str | None:
    alerts = set(notice.alerts)
    return next((id_ for id_, told in memory.items() if id_ not in wanted and alerts & set(told.notice.alerts)), None)


def _end(id_: str, told: Told, ended: Ended | None) -> Action:
    """Who had to stop is told that work goes on; of a warning that was closed nothing more is said."""
    if ended is None or (told.handle is None and not told.notice.is_critical):
        return Withdraw(id=id_, handle=told.handle)
    return Finish(id=id_, ended=ended, was_critical=told.notice.is_critical, replaces=told.handle)


def _tell(notice: Notice, told: Told | None, now: float) -> Tell | None:
    if told is None or told.is_over:
        return Tell(notice=notice, times=1, replaces=told.handle if told else None, may_open_page=notice.is_critical)
    if notice.is_critical and (not told.notice.is_critical or _is_more_than_closed(notice, told)):
        return Tell(notice=notice, times=1, replaces=told.handle, may_open_page=True)
    if told.restore_at is not None:
        return _again(notice, told, told.times) if now >= told.restore_at else None
    if _is_unanswered(notice, told) and now >= told.told_at + _pause(told.times):
        return _again(notice, told, told.times + 1)
    return _refreshed(notice, told, now)


def _is_more_than_closed(notice: Notice, told: Told) -> bool:
    """Whether something joined what the person has closed, and nobody has seen that yet."""
    return told.is_closed and not notice.is_answered and _has_new_alerts(notice, told)


def _has_new_alerts(notice: Notice, told: Told) -> bool:
    return not set(notice.alerts) <= set(told.notice.alerts)


def _again(notice: Notice, told: Told, times: int) -> Tell:
    may_open_page = notice.is_critical and told.pages < MOST_PAGES
    with_page = may_open_page and times == PAGE_AT_TIME and times > told.times
    return Tell(notice=notice, times=times, withdraws=told.handle, may_open_page=may_open_page, with_page=with_page)


def _refreshed(notice: Notice, told: Told, now: float) -> Tell | None:
    """The same on the screen with the words of now."""
    if now < _refresh_at(notice, told):
        return None
    return Tell(notice=notice, times=told.times, replaces=told.handle, is_refresh=True)


def _refresh_at(notice: Notice, told: Told) -> float:
    """When the words may change: at once when it grew or shrank or somebody answered, else not too often."""
    if told.handle is None or _words(notice) == _words(told.notice):
        return NOTHING_MORE
    is_weighty = (notice.is_acknowledged, notice.is_critical) != (told.notice.is_acknowledged, told.notice.is_critical)
    return told.worded_at + (0.0 if is_weighty or _has_new_alerts(notice, told) else REFRESH_SECONDS)


def _words(notice: Notice) -> tuple[object, ...]:
    return (notice.is_critical, notice.title, notice.problem, notice.action, notice.acknowledged_by)


def _is_unanswered(notice: Notice, told: Told) -> bool:
    return notice.is_critical and not notice.is_answered and not told.is_closed


def _pause(times: int) -> float:
    return REPEAT_SECONDS[min(times, len(REPEAT_SECONDS)) - 1]


def _due(notice: Notice, told: Told) -> float:
    if told.restore_at is not None:
        return told.restore_at
    repeat_at = told.told_at + _pause(told.times) if _is_unanswered(notice, told) else NOTHING_MORE
    return min(repeat_at, _refresh_at(notice, told))
