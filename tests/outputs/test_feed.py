"""The long poll: who waits is answered when there is news, and costs nobody else anything."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from agent.outputs.api import ApiSettings, api
from agent.outputs.api_reads import Sources
from agent.outputs.exchange import application
from agent.outputs.feed import Feed
from agent.outputs.http import Listener, Listeners
from agent.outputs.sockets import Tcp

PATH = "/api/v1/notifications"


def documents(title: str) -> dict[str, dict[str, object]]:
    return {language: {"language": language, "title": f"{title} {language}"} for language in ("zh", "en")}


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def listeners(serve: Callable[..., Listeners], feed: Feed) -> Listeners:
    sources = Sources(latest=lambda: None, status=dict, notifications=feed, language="zh")
    settings = ApiSettings(sources=sources, execute=lambda _: Future(), own_uid=os.getuid())
    app = application(api(settings))
    address = Tcp(host="127.0.0.1", port=0, loopback_only=True)
    return serve(Listener(name="local", address=address, app=app, maximum_per_peer=8))


@pytest.fixture
def port(listeners: Listeners) -> int:
    return int(listeners.addresses["local"].rpartition(":")[2])


def begin(port: int, query: str = "") -> socket.socket:
    """A request under way."""
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    client.sendall(f"GET {PATH}{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    return client


def end(client: socket.socket) -> tuple[int, Mapping[str, Any]]:
    """Its answer."""
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    client.close()
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def ask(port: int, query: str = "") -> tuple[int, Mapping[str, Any]]:
    return end(begin(port, query))


def comes_to_wait(feed: Feed, count: int) -> bool:
    limit = time.monotonic() + 10
    while len(feed._waiting) != count and time.monotonic() < limit:
        threading.Event().wait(0.01)
    return len(feed._waiting) == count


def test_without_a_known_revision_the_answer_comes_at_once(port: int, feed: Feed) -> None:
    """Also with one that is not the newest; and in the language that is asked for."""
    assert ask(port) == (503, {"error": "the first cycle is not over yet"})
    feed.publish(documents("hot"))
    status, answer = ask(port, "?wait=60")
    assert (status, {**answer, "revision": ""}) == (200, {"revision": "", "language": "zh", "title": "hot zh"})
    assert ask(port, "?wait=60&known=old&language=en")[1] == {**answer, "language": "en", "title": "hot en"}


def test_who_waits_is_answered_when_there_is_news(port: int, feed: Feed) -> None:
    """All of them, at once, and with the news; what is published unchanged is no news."""
    feed.publish(documents("hot"))
    revision = ask(port)[1]["revision"]
    clients = [begin(port, f"?wait=60&known={revision}") for _ in range(8)]
    assert comes_to_wait(feed, 8)
    feed.publish(documents("hot"))
    feed.publish(documents("cold"))
    answers = [end(client)[1] for client in clients]
    assert {answer["title"] for answer in answers} == {"cold zh"}
    assert {answer["revision"] for answer in answers} != {revision}
    assert comes_to_wait(feed, 0)


def test_after_the_time_asked_for_the_same_is_answered(port: int, feed: Feed) -> None:
    feed.publish(documents("hot"))
    revision = ask(port)[1]["revision"]
    begun = time.monotonic()
    assert ask(port, f"?wait=0.2&known={revision}")[1]["revision"] == revision
    assert time.monotonic() - begun >= 0.2
    assert ask(port, f"?known={revision}")[1]["revision"] == revision


def test_the_same_state_has_the_same_revision_in_one_process_only() -> None:
    """A companion that outlives the agent must not take the new one's state for known."""
    one, other = Feed(), Feed()
    for feed in (one, other):
        feed.publish(documents("hot"))
    before = one.current("zh")
    one.publish(documents("cold"))
    one.publish(documents("hot"))
    assert one.current("zh") == before != other.current("zh")


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("?wait=61", "wait: expected seconds from 0 to 60"),
        ("?wait=-1", "wait: expected seconds from 0 to 60"),
        ("?wait=nan", "wait: expected seconds from 0 to 60"),
        ("?wait=", "wait: expected seconds from 0 to 60"),
        ("?language=fr", "language: expected zh or en"),
        ("?since=1", "the parameter 'since' is not known; expected known, wait, language"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(port: int, feed: Feed, query: str, error: str) -> None:
    feed.publish(documents("hot"))
    assert ask(port, query) == (400, {"error": error})


def test_who_waits_holds_no_more_than_its_share_and_leaves_it_at_once(port: int, feed: Feed) -> None:
    """The ninth connection of one caller is refused at once, and finds room when one of the others leaves."""
    feed.publish(documents("hot"))
    revision = ask(port)[1]["revision"]
    clients = [begin(port, f"?wait=60&known={revision}") for _ in range(8)]
    assert comes_to_wait(feed, 8)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as ninth:
        assert ninth.recv(12) == b"HTTP/1.1 503"
    clients.pop().close()
    assert comes_to_wait(feed, 7)
    assert ask(port)[0] == 200
    assert [client.close() for client in clients] == [None] * 7


def test_publishing_takes_no_time_whoever_waits(port: int, feed: Feed) -> None:
    """The cycle is not delayed by clients that wait and never read."""
    feed.publish(documents("hot"))
    revision = ask(port)[1]["revision"]
    clients = [begin(port, f"?wait=60&known={revision}") for _ in range(7)]
    assert comes_to_wait(feed, 7)
    begun = time.thread_time()
    for number in range(100):
        feed.publish(documents(f"hot {number}"))
    assert time.thread_time() - begun < 0.5
    with ThreadPoolExecutor(7) as pool:
        assert {status for status, _ in pool.map(end, clients)} == {200}


def test_publishing_after_the_listeners_ended_is_no_fault(port: int, feed: Feed, listeners: Listeners) -> None:
    feed.publish(documents("hot"))
    assert ask(port, f"?wait=0.01&known={ask(port)[1]['revision']}")[0] == 200
    listeners.close()
    feed.publish(documents("cold"))
