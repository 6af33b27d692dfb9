"""The way to the agent: a long poll that waits without working, and what is to be told to it, kept until it is told."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from agent.apiclient import AgentError, Call, ask
from agent.desktop.backoff import Backoff
from agent.desktop.news import News, WrongNews, read_news

_log = logging.getLogger(__name__)

WAIT_SECONDS = 60
"""The longest wait that the agent grants: one question a minute while nothing happens."""
PATIENCE_SECONDS = 10.0
"""How much later than asked an answer may come; an agent that is stopped or hung never answers."""
SHORTEST_SECONDS = 0.5
"""Between two questions: whatever the agent answers, it is not asked in a tight loop."""
HURRY_SECONDS = 2.0
"""For what can be missed; a session that ends is not held up by it."""
MOST_WAITING = 200
"""What is to be told to an agent that is away; the oldest is dropped, the record has its own gap by then."""
_LATER = (None, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)

BASE = "/api/v1"


class Link:
    """The agent, whether or not it runs at the moment."""

    def __init__(self, *socket_paths: str) -> None:
        """The agent answers at one of these; the first that does is kept to."""
        self._socket_paths = deque(socket_paths)
        self._revision = ""
        self._call: Call | None = None
        self._deadline = 0.0
        self._next_at = 0.0
        self._backoff = Backoff()
        self._refusals: set[str] = set()
        self._outbox: deque[tuple[str, Mapping[str, object]]] = deque(maxlen=MOST_WAITING)

    def fileno(self) -> int | None:
        """Readable when the answer begins; nothing while no question is under way."""
        return self._call.fileno() if self._call else None

    def wake_at(self) -> float:
        """When to go on without an answer."""
        return self._deadline if self._call else self._next_at

    def step(self, now: float, *, is_readable: bool) -> News | None:
        """Take the answer that is there, or ask the next question; the news, if there is any."""
        try:
            if self._call is None:
                if now >= self._next_at:
                    self._ask(now)
                return None
            if is_readable:
                return self._take(self._call, now)
        except (AgentError, WrongNews) as error:
            self._failed(error, now)
            return None
        if now >= self._deadline:
            self._failed(AgentError("The agent does not answer."), now)
        return None

    def tell(self, what: str, fields: Mapping[str, object]) -> None:
        """Tell the agent; kept until it is there to hear it."""
        self._outbox.append((what, fields))
        self._flush()

    def ask_now(self, what: str) -> Mapping[str, object]:
        """Ask for something that is of use only now.

        Raises:
            AgentError: it is not there, or refuses.
        """
        return ask(self._socket_paths[0], "POST", f"{BASE}/{what}", {})

    def tell_now(self, what: str, fields: Mapping[str, object]) -> None:
        """Tell what is worth nothing later; an agent that is away or busy misses it. What it refuses is said once."""
        path = self._socket_paths[0]
        try:
            ask(path, "POST", f"{BASE}/{what}", fields, timeout_seconds=HURRY_SECONDS)
        except AgentError as error:
            if error.status is not None and str(error) not in self._refusals:
                self._refusals.add(str(error))
                _log.warning("%s: %s", what, error)

    def _ask(self, now: float) -> None:
        known = f"&known={quote(self._revision)}" if self._revision else ""
        self._next_at = now + SHORTEST_SECONDS
        self._call = Call(self._socket_paths[0], "GET", f"{BASE}/notifications?wait={WAIT_SECONDS}{known}")
        self._deadline = now + WAIT_SECONDS + PATIENCE_SECONDS

    def _take(self, call: Call, now: float) -> News:
        self._call = None
        news = read_news(call.answer())
        if not self._backoff.is_first:
            _log.info("the agent answers")
        self._backoff.succeeded()
        self._revision = news.revision
        self._next_at = max(self._next_at, now)
        self._flush()
        return news

    def _failed(self, error: AgentError | WrongNews, now: float) -> None:
        if self._call is not None:
            self._call.close()
            self._call = None
        if self._backoff.is_first:
            _log.warning("%s", error)
        self._socket_paths.rotate(-1)
        self._backoff.failed(now)
        self._next_at = self._backoff.next_at

    def _flush(self) -> None:
        while self._outbox:
            what, fields = self._outbox[0]
            try:
                ask(self._socket_paths[0], "POST", f"{BASE}/{what}", fields)
            except AgentError as error:
                if error.status in _LATER:
                    return
                if error.status != HTTPStatus.NOT_FOUND:  # not found: the alert is over by now
                    _log.warning("%s: %s", what, error)
            self._outbox.popleft()
