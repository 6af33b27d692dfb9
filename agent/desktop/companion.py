"""The companion's loop: waits for agent, bus and clock, does what `plan` says, and tells the agent how it went."""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from agent.apiclient import AgentError
from agent.desktop import plan as core
from agent.desktop.browser import CannotOpen, has_display, open_in_browser
from agent.desktop.link import Link
from agent.desktop.news import News, Notice
from agent.desktop.notifier import CannotNotify, Closed, Event, ServerChanged, Used
from agent.desktop.screen import Screen
from agent.desktop.session import session_readings
from agent.desktop.terminals_posix import tell_terminals
from agent.desktop.words import WORDS, Text, ended_text, notice_text, terminal_text

_log = logging.getLogger(__name__)

SESSION_SECONDS = 60.0
"""The agent forgets what a session has not said for three minutes; asking more often would be work for nothing."""
ONE_PAGE_SECONDS = 60.0
"""The page shows every alert: what is told within a minute of its opening needs no second tab."""
LONGEST_DETAIL = 200
"""What the agent takes."""

ACKNOWLEDGE, DETAILS, CLICK = "acknowledge", "details", "default"
NOTHING = News(revision="", language="zh", notices=(), ended=())


class Companion:
    """One person's companion."""

    def __init__(self, socket_paths: Sequence[str], environment: Mapping[str, str], *, end: socket.socket) -> None:
        """`end` becomes readable when the process is to end."""
        self._end = end
        self._environment = environment
        self._link = Link(*socket_paths)
        self._screen = Screen(environment)
        self._news = NOTHING
        self._memory: dict[str, core.Told] = {}
        self._page_at = float("-inf")
        self._browsers: list[subprocess.Popen[bytes]] = []
        self._session_at = 0.0
        self._has_readings = False

    def run(self, *, is_session_alive: Callable[[], bool]) -> None:
        """Serve until the session is over, or the process is asked to end."""
        readable: Sequence[object] = ()
        while self._end not in readable:
            now = time.monotonic()
            if now >= self._session_at:
                if not is_session_alive():
                    _log.info("the session is over")
                    return
                self._look_at_session(now)
            for event in self._screen.step(now):
                self._take(event, now)
            news = self._link.step(now, is_readable=self._link.fileno() in readable)
            if news is not None:
                self._news = news
                self._memory = core.adopt(news, self._memory)
            for action in core.plan(self._news, self._memory, now):
                self._do(action, now)
            readable = self._wait()

    def leave(self) -> None:
        """Take everything off the screen, for nobody would say any more that it is over; and say that one leaves."""
        for told in self._memory.values():
            if told.handle is not None:
                self._screen.withdraw(told.handle)
        if self._has_readings:
            self._link.tell_now("session-readings", {"readings": []})

    def _wait(self) -> Sequence[object]:
        """Sleep until something happens or is due; what is readable then."""
        agent, bus = self._link.fileno(), self._screen.fileno()
        wakes = (self._link.wake_at(), self._screen.wake_at(), self._session_at, core.next_at(self._news, self._memory))
        seconds = max(0.0, min(wakes) - time.monotonic())
        readable, _, _ = select.select([one for one in (self._end, agent, bus) if one is not None], [], [], seconds)
        return readable

    def _take(self, event: Event, now: float) -> None:
        match event:
            case Closed(handle=handle, by_person=by_person):
                self._memory, seen = core.after_closing(self._memory, handle, by_person=by_person)
                self._tell_agent("seen", seen)
            case Used(handle=handle, action=action):
                self._memory, notice = core.after_answer(self._memory, handle)
                if notice is not None:
                    self._answer(notice, handle, action, now)
            case ServerChanged(is_there=is_there):
                self._memory = core.after_server(self._memory, now, is_there=is_there)

    def _answer(self, notice: Notice, handle: int, action: str, now: float) -> None:
        """Pass on what the person said; "details" leaves the notification where its server does."""
        self._tell_agent("seen", notice.alerts)
        if action == ACKNOWLEDGE:
            self._tell_agent("acknowledge", notice.alerts)
            self._screen.withdraw(handle)
        elif action in (DETAILS, CLICK):
            try:
                self._open_page(now, is_asked=True)
            except CannotOpen as why:
                _log.warning("the page was not opened: %s", why)

    def _tell_agent(self, what: str, alerts: tuple[str, ...]) -> None:
        for alert in alerts:
            self._link.tell(what, {"alert": alert})

    def _do(self, action: core.Action, now: float) -> None:
        match action:
            case core.Tell():
                self._tell(action, now)
            case core.Finish():
                self._finish(action)
            case core.Withdraw(id=id_, handle=handle):
                if handle is not None:
                    self._screen.withdraw(handle)
                self._memory = core.after_end(self._memory, id_, None)

    def _tell(self, telling: core.Tell, now: float) -> None:
        text = notice_text(telling.notice, self._news.language, telling.times)
        if telling.withdraws is not None:
            self._screen.withdraw(telling.withdraws)
        handle, detail = self._show(text, telling)
        if telling.is_refresh:
            self._memory = core.after_telling(self._memory, telling, handle, now)
            return
        ways = {"notification": detail} if handle is not None else {}
        pages = 0
        if telling.with_page or (handle is None and telling.may_open_page):
            try:
                self._open_page(now)
                ways["page"] = "" if handle is not None else detail
                pages = 1
            except CannotOpen as why:
                detail = f"{detail}; {why}"
        self._memory = core.after_telling(self._memory, telling, handle, now, pages=pages)
        self._tell_deliveries(telling, ways or self._tell_terminals(text, detail))

    def _show(self, text: Text, telling: core.Tell) -> tuple[int | None, str]:
        """The notification's number and who shows it, or nothing and why not."""
        try:
            handle = self._screen.show(
                text,
                replaces=telling.replaces,
                is_critical=telling.notice.is_critical,
                stays=telling.notice.is_critical,
                actions=self._actions(telling.notice),
            )
        except CannotNotify as why:
            return None, str(why)
        return handle, self._screen.server()

    def _actions(self, notice: Notice) -> dict[str, str]:
        words = WORDS[self._news.language]
        details = {CLICK: words["details"], DETAILS: words["details"]} if has_display(self._environment) else {}
        return details if notice.is_acknowledged else {ACKNOWLEDGE: words["acknowledge"], **details}

    def _tell_terminals(self, text: Text, detail: str) -> dict[str, str]:
        count = tell_terminals(terminal_text(text, self._news.language))
        return {"terminal": f"{count}; {detail}"} if count else {"none": detail}

    def _tell_deliveries(self, telling: core.Tell, ways: Mapping[str, str]) -> None:
        reminder = f"reminder {telling.times - 1}" if telling.times > 1 else ""
        for way, detail in ways.items():
            said = "; ".join(filter(None, (detail, reminder))) or "first time"
            fields = {"way": way, "detail": _one_line(said)}
            for alert in telling.notice.alerts:
                self._link.tell("deliveries", {"alert": alert, **fields})

    def _finish(self, end: core.Finish) -> None:
        """Whoever was told to stop sees it until it is closed; the end of a warning goes by itself."""
        text = ended_text(end.ended, self._news.language)
        try:
            handle = self._screen.show(
                text, replaces=end.replaces, is_critical=False, stays=end.was_critical, actions={}
            )
        except CannotNotify:
            handle = None
            if end.was_critical:
                tell_terminals(terminal_text(text, self._news.language))
        self._memory = core.after_end(self._memory, end.id, handle)

    def _open_page(self, now: float, *, is_asked: bool = False) -> None:
        """Open the page, with a token of this user; one that was just opened will do unless the person asks for it.

        Raises:
            CannotOpen: it was not opened.
        """
        if not is_asked and now < self._page_at + ONE_PAGE_SECONDS:
            return
        if not has_display(self._environment):
            raise CannotOpen("this session has no display")
        try:
            url = str(self._link.ask_now("page-tokens").get("url", ""))
        except AgentError as error:
            raise CannotOpen(str(error)) from error
        self._browsers = [one for one in self._browsers if one.poll() is None]
        self._browsers.append(open_in_browser(url, self._environment))
        self._page_at = now

    def _look_at_session(self, now: float) -> None:
        self._session_at = now + SESSION_SECONDS
        with contextlib.suppress(OSError):  # the bus went: seen at the next step
            readings = session_readings(self._environment, self._screen.notifier)
            if readings:
                self._has_readings = True
                self._link.tell_now("session-readings", {"readings": readings})


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:LONGEST_DETAIL]
