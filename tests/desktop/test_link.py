"""The companion's way to the agent: what is kept when it is away, and how often it is asked."""

from __future__ import annotations

import json
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.desktop.backoff import Backoff
from agent.desktop.link import SHORTEST_SECONDS, WAIT_SECONDS, Link

NEWS = {"revision": "r1", "language": "en", "it_contact": "", "notifications": [], "ended": []}
Reply = tuple[str, object]


class Scripted:
    """A socket that answers one request after the other from a script, and remembers what was asked."""

    def __init__(self, path: str, replies: list[Reply]) -> None:
        self.asked: list[str] = []
        self._replies = replies
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(path)
        self._listening.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        for status, content in self._replies:
            connection, _ = self._listening.accept()
            with connection:
                self.asked.append(_whole_request(connection).partition(" HTTP")[0])
                body = json.dumps(content)
                connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    def end(self) -> None:
        self._thread.join()
        self._listening.close()


def _whole_request(connection: socket.socket) -> str:
    """Head and body: they may come apart, and closing before the body came would reset the connection."""
    received = ""
    while "\r\n\r\n" not in received or ("Content-Length" in received and not received.endswith("}")):
        received += connection.recv(65536).decode()
    return received


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[Callable[..., tuple[Link, Scripted]]]:
    """A link, and an agent that gives these answers; every answer is asked for by the end."""
    agents: list[Scripted] = []

    def start(*replies: Reply) -> tuple[Link, Scripted]:
        path = str(tmp_path / "agent.sock")
        agents.append(Scripted(path, list(replies)))
        return Link(path), agents[-1]

    yield start
    for agent in agents:
        agent.end()


def _answered(link: Link) -> bool:
    readable, _, _ = select.select([link.fileno()], [], [], 10)
    return bool(readable)


def test_the_next_question_names_what_is_known(scripted: Callable[..., tuple[Link, Scripted]]) -> None:
    """First at once, then with the revision, and never twice within SHORTEST_SECONDS whatever the agent answers."""
    link, agent = scripted(("200 OK", NEWS), ("200 OK", NEWS))
    assert link.step(100.0, is_readable=False) is None
    news = link.step(100.0, is_readable=_answered(link))
    assert news is not None
    assert (news.revision, link.fileno(), link.wake_at()) == ("r1", None, 100.0 + SHORTEST_SECONDS)
    assert link.step(100.1, is_readable=False) is None
    assert link.fileno() is None
    link.step(100.0 + SHORTEST_SECONDS, is_readable=False)
    assert link.step(101.0, is_readable=_answered(link)) is not None
    base = f"GET /api/v1/notifications?wait={WAIT_SECONDS}"
    assert agent.asked == [base, f"{base}&known=r1"]


def test_what_is_said_while_the_agent_is_away_is_told_later(tmp_path: Path) -> None:
    """In order, once it answers again; what it no longer knows is let go of."""
    path = str(tmp_path / "agent.sock")
    link = Link(path)
    link.tell("seen", {"alert": "1"})
    link.tell("acknowledge", {"alert": "1"})
    link.step(0.0, is_readable=False)
    assert (link.fileno(), link.wake_at()) == (None, 1.0)
    agent = Scripted(path, [("200 OK", NEWS), ("404 Not Found", {"error": "gone"}), ("200 OK", {})])
    link.step(1.0, is_readable=False)
    assert link.step(1.0, is_readable=_answered(link)) is not None
    agent.end()
    assert agent.asked[1:] == ["POST /api/v1/seen", "POST /api/v1/acknowledge"]


@pytest.mark.parametrize("status", ["503 Service Unavailable", "504 Gateway Timeout"])
def test_what_the_agent_cannot_do_now_is_told_again(
    scripted: Callable[..., tuple[Link, Scripted]], status: str
) -> None:
    link, agent = scripted((status, {"error": "busy"}), ("200 OK", {}), ("200 OK", {}))
    link.tell("seen", {"alert": "1"})
    link.tell("seen", {"alert": "2"})
    agent.end()
    assert agent.asked == ["POST /api/v1/seen"] * 3


def test_the_agent_is_looked_for_at_both_places(tmp_path: Path) -> None:
    """Nobody at the first: the second is asked next, and kept to."""
    path = str(tmp_path / "agent.sock")
    agent = Scripted(path, [("200 OK", NEWS), ("200 OK", {})])
    link = Link(str(tmp_path / "nobody.sock"), path)
    link.step(0.0, is_readable=False)
    link.step(1.0, is_readable=False)
    assert link.step(1.0, is_readable=_answered(link)) is not None
    link.tell("seen", {"alert": "1"})
    agent.end()
    assert agent.asked[1] == "POST /api/v1/seen"


def test_an_agent_that_never_answers_is_given_up(tmp_path: Path) -> None:
    """Well after the agreed wait the question is put again."""
    path = str(tmp_path / "agent.sock")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(path)
        silent.listen()
        link = Link(path)
        link.step(0.0, is_readable=False)
        link.step(WAIT_SECONDS + 9.0, is_readable=False)
        assert link.fileno() is not None
        link.step(WAIT_SECONDS + 10.0, is_readable=False)
        assert link.fileno() is None


def test_pauses_double_up_to_half_a_minute() -> None:
    backoff = Backoff()
    pauses = []
    for _ in range(8):
        backoff.failed(0.0)
        pauses.append(backoff.next_at)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    backoff.succeeded()
    assert backoff.is_first
