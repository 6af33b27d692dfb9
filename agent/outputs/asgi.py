"""A request in, a response out: the few words that every HTTP page of the agent is written in.

`application` turns a handler of ours into what uvicorn calls (ASGI 3, asgi.readthedocs.io).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
"""ASGI's own shapes are dictionaries of anything; nothing past this file sees them."""

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
    """One response; its length is added when it is sent."""

    status: int = 200
    body: bytes = b""
    content_type: str = PLAIN_TEXT
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Response]]


def text(status: int, words: str, **headers: str) -> Response:
    """A plain answer for people; `allow="GET"` becomes the header Allow."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, body=words.encode() + b"\n", headers=names)


def application(handler: Handler, *, body_limit_bytes: int = 0) -> App:
    """The handler as an ASGI application; a longer body is refused with 413 and never held in memory."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        headers = _headers(scope["headers"])
        body = await _body(headers, receive, body_limit_bytes)
        if body is None:
            response = text(413, f"The body is longer than {body_limit_bytes} bytes.")
        else:
            request = Request(
                method=scope["method"], path=scope["path"], headers=headers, body=body, peer=scope["state"]["peer"]
            )
            try:
                response = await handler(request)
            except asyncio.CancelledError:  # the agent ends, and nobody waits; uvicorn would log a fault
                return
        await _send(response, send)

    return app


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def _body(headers: dict[str, str], receive: Receive, limit_bytes: int) -> bytes | None:
    length = headers.get("content-length", "0")
    if "transfer-encoding" not in headers and length == "0":
        return b""
    if int(length) > limit_bytes:  # h11 has refused what is not a number
        return None
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit_bytes:
            return None
    return bytes(body)


async def _send(response: Response, send: Send) -> None:
    headers = {"content-type": response.content_type, "content-length": str(len(response.body)), **response.headers}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": response.body})
