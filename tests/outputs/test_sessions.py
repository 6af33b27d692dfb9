"""Tokens and sessions of the status page: once, for a minute, for their own user, and never more than so many."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from agent.outputs.exchange import Peer, Request
from agent.outputs.sessions import MOST_OF_ONE_USER, SESSION_SECONDS, TOKEN_SECONDS, Sessions
from agent.outputs.sockets import peer_of

ME = os.getuid()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A real connection over loopback, owned by this process's user."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            yield peer_of(accepted)


def carrying(secret: str | None, peer: Peer) -> Request:
    cookie = f"other=1; page={secret}"
    return Request(method="GET", path="/", headers={"cookie": cookie}, body=b"", peer=peer)


def test_a_token_becomes_a_session_once(peer: Peer) -> None:
    """The second use of a token gives nothing; the session names the user."""
    sessions = Sessions("page", Clock())
    token = sessions.token(ME)
    secret = sessions.begin(token, peer)
    assert sessions.uid_of(carrying(secret, peer)) == ME
    assert sessions.begin(token, peer) is None


def test_both_end_with_their_time(peer: Peer) -> None:
    """A token is good for a minute, a session for a shift."""
    clock = Clock()
    sessions = Sessions("page", clock)
    late, token = sessions.token(ME), sessions.token(ME)
    secret = sessions.begin(token, peer)
    clock.now = TOKEN_SECONDS
    assert sessions.begin(late, peer) is None
    assert sessions.uid_of(carrying(secret, peer)) == ME
    clock.now = SESSION_SECONDS
    assert sessions.uid_of(carrying(secret, peer)) is None


def test_another_users_process_can_use_neither(peer: Peer) -> None:
    """A token or cookie of another uid counts for nothing on a connection that this user owns."""
    sessions = Sessions("page", Clock())
    assert sessions.begin(sessions.token(ME + 1), peer) is None


def test_one_user_has_a_bounded_number_and_the_oldest_gives_way(peer: Peer) -> None:
    """Whoever opens the page again and again ends their own oldest windows, nobody else's."""
    sessions = Sessions("page", Clock())
    secrets = [sessions.begin(sessions.token(ME), peer) for _ in range(MOST_OF_ONE_USER + 1)]
    assert [sessions.uid_of(carrying(one, peer)) for one in secrets] == [None] + [ME] * MOST_OF_ONE_USER


def test_a_session_can_be_ended(peer: Peer) -> None:
    """After that its cookie counts for nothing."""
    sessions = Sessions("page", Clock())
    secret = sessions.begin(sessions.token(ME), peer)
    sessions.end(carrying(secret, peer))
    assert sessions.uid_of(carrying(secret, peer)) is None
    assert sessions.header("s") == f"page=s; Path=/; Max-Age={int(SESSION_SECONDS)}; HttpOnly; SameSite=Strict"
