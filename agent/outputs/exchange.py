"""A request in, a response out: the few words that every HTTP page of the agent is written in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

PLAIN_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who is calling. `uid` is known for a Unix socket's peer, where the kernel tells it; `address` for TCP."""

    over_unix: bool
    uid: int | None = None
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; header names are in lower case, repeated headers joined by a comma."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    peer: Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One response; its length and date are added when it is sent."""

    status: int = 200
    body: bytes = b""
    content_type: str = PLAIN_TEXT
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What a listener serves; a longer body is refused with 413 and never held in memory."""

    handler: Handler
    body_limit_bytes: int


def text(status: int, words: str, **headers: str) -> Response:
    """A plain answer for people; `allow="GET"` becomes the header Allow."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, body=words.encode() + b"\n", headers=names)


def application(handler: Handler, *, body_limit_bytes: int = 0) -> App:
    """The handler as a listener serves it, by default without any body."""
    return App(handler=handler, body_limit_bytes=body_limit_bytes)
