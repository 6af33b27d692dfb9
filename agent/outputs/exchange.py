"""A request in, a response out: the few words that every HTTP page of the agent is written in."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

PLAIN_TEXT = "text/plain; charset=utf-8"
LONGEST_QUERY = 1024
"""Characters; the longest query that a page of the agent understands has some sixty."""

_ESCAPED = re.compile(r"(?:[^%]|%[0-9a-fA-F]{2})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who is calling. `uid` is known for a Unix socket's peer, where the kernel tells it; `address` for TCP."""

    over_unix: bool
    uid: int | None = None
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; header names are in lower case, repeated headers joined by a comma; the query is decoded."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    peer: Peer
    query: Mapping[str, str] = field(default_factory=dict)


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


def read_query(encoded: str) -> dict[str, str]:
    """What stands behind a target's question mark, as forms encode it (WHATWG URL, 5.1); UTF-8 only.

    Raises:
        ValueError: it is too long, malformed, or names a thing twice; the message says which.
    """
    if len(encoded) > LONGEST_QUERY:
        raise ValueError(f"the query has {len(encoded)} characters; expected at most {LONGEST_QUERY}")
    query: dict[str, str] = {}
    for pair in encoded.split("&") if encoded else ():
        name, equals, value = pair.partition("=")
        if not (name and equals and _ESCAPED.fullmatch(pair)):
            raise ValueError("the query is malformed; expected name=value&name=value with %XX escapes")
        key = _decoded(name)
        if key in query:
            raise ValueError("the query names a thing twice; expected each name once")
        query[key] = _decoded(value)
    return query


def _decoded(text: str) -> str:
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("the query is malformed; expected UTF-8 behind its %XX escapes") from None


def text(status: int, words: str, **headers: str) -> Response:
    """A plain answer for people; `allow="GET"` becomes the header Allow."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, body=words.encode() + b"\n", headers=names)


def application(handler: Handler, *, body_limit_bytes: int = 0) -> App:
    """The handler as a listener serves it, by default without any body."""
    return App(handler=handler, body_limit_bytes=body_limit_bytes)
