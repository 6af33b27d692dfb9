"""One HTTP/1.1 connection: h11 reads and writes the protocol, asyncio the bytes, deadlines bound every wait.

Bytes → h11's events → one `Request` at a time → its `Response`. A stalled client costs its connection and nothing else.
uvicorn, which speaks h11 too, was left: it costs 2 MiB of memory more, for servers that this agent does not need.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

import h11

from agent.outputs.exchange import App, Peer, Request, Response, read_query, text

REQUEST_SECONDS = 5.0
"""From a request's first byte (a connection's start) to its last: a scraper sends one in milliseconds."""
IDLE_SECONDS = 75.0
"""Kept open between requests: scrapes are at most 60 s apart, and a TLS handshake costs more than idling."""
WRITE_SECONDS = 10.0
"""How long a client may leave a response unread once the buffers are full."""
FAREWELL_SECONDS = 1.0
"""How long a client that was refused may go on sending before it is cut off; closing at once would lose our answer.
Also how long one that has said its last word waits for its answer."""
HEAD_BYTES = 16 * 1024
"""Longest head of a request; Prometheus' own has some 400 bytes."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Open:
    """The open connections of one listener, and the answers under way."""

    connections: set[Connection] = field(default_factory=set)
    tasks: set[asyncio.Task[Response]] = field(default_factory=set)


class Connection(asyncio.Protocol):
    """Inherits because asyncio calls protocols by this class's methods; `closed` is done when the connection is."""

    def __init__(self, app: App, peer: Peer, opened: Open) -> None:
        self._app = app
        self._peer = peer
        self._opened = opened
        self._loop = asyncio.get_running_loop()
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._task: asyncio.Task[Response] | None = None
        self._deadlines: dict[str, asyncio.TimerHandle] = {}
        self._is_last = self._is_unread = self._is_refused = self._is_answered = False
        self.closed: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the first request's deadline."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # streams only are listened on
        self._transport = transport
        self._opened.connections.add(self)
        # So that every unread response is known, not only a large one. Not 0: asyncio's TLS would pause at once.
        transport.set_write_buffer_limits(high=1, low=0)
        self._begin_deadline("request", REQUEST_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:  # asyncio's signature
        """Stop every timer, and the answer that nobody waits for."""
        self._opened.connections.discard(self)
        for purpose in list(self._deadlines):
            self._end_deadline(purpose)
        if self._task is not None:
            self._task.cancel()
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        if self._is_refused:
            return
        self._http.receive_data(data)
        if self._task is not None or self._is_answered:  # not stopped at once: nobody would notice a client that leaves
            if len(self._http.trailing_data[0]) > HEAD_BYTES:
                self._transport.pause_reading()
            return
        self._end_deadline("idle")
        self._begin_deadline("request", REQUEST_SECONDS)
        self._advance()

    def eof_received(self) -> bool:
        """The client has said its last word: a page that makes it wait is given up soon, so that it holds no place."""
        self._is_last = True
        if self._task is None or not self._transport.can_write_eof():  # TLS cannot be half closed
            return False
        self._begin_deadline("farewell", FAREWELL_SECONDS)
        return True

    def pause_writing(self) -> None:
        """Give the client a time to read what it asked for."""
        self._is_unread = True
        self._begin_deadline("write", WRITE_SECONDS)

    def resume_writing(self) -> None:
        """The client reads again: its next request may be answered."""
        self._is_unread = False
        self._end_deadline("write")
        if self._is_answered:
            self._next_request()

    def shutdown(self) -> None:
        """End as soon as no answer is under way."""
        self._is_last = True
        if self._task is None:
            self._transport.close()

    def _advance(self) -> None:
        """Take events until one request is whole or more bytes are needed."""
        try:
            while self._task is None and not self._is_refused:
                event = self._http.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                    return
                self._take(event)
        except h11.RemoteProtocolError as fault:
            self._refuse(text(fault.error_status_hint, "This is no valid HTTP request."))

    def _take(self, event: h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]) -> None:
        if isinstance(event, h11.Request):
            self._head = event
            self._body.clear()
            self._check_length(int(dict(event.headers).get(b"content-length", b"0")))
            if self._http.they_are_waiting_for_100_continue and not self._is_refused:
                self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
        elif isinstance(event, h11.Data):
            self._body += event.data
            self._check_length(len(self._body))
        elif isinstance(event, h11.EndOfMessage):
            self._answer()

    def _check_length(self, length: int) -> None:
        if length > self._app.body_limit_bytes:
            self._body.clear()
            self._refuse(text(413, f"The body is longer than {self._app.body_limit_bytes} bytes."))

    def _answer(self) -> None:
        """Let the page answer; the client's next request waits meanwhile."""
        assert self._head is not None  # noqa: S101  # for the type checker: a message ends after its head
        self._end_deadline("request")
        path, _, query = self._head.target.decode("ascii").partition("?")
        try:
            request = Request(
                method=self._head.method.decode("ascii"),
                path=path,
                headers=_joined(self._head),
                body=bytes(self._body),
                peer=self._peer,
                query=read_query(query),
            )
        except ValueError as fault:
            self._refuse(text(400, f"{fault}."))
            return
        self._task = self._loop.create_task(_run(self._app, request))
        self._opened.tasks.add(self._task)
        self._task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[Response]) -> None:
        self._opened.tasks.discard(task)
        self._task = None
        self._end_deadline("farewell")
        if task.cancelled() or self._transport.is_closing():
            self._transport.abort()
            return
        if (fault := task.exception()) is not None:
            _log.error("a page failed", exc_info=fault)
        self._send(text(500, "This page failed; the log says why.") if fault is not None else task.result())
        self._is_answered = True
        if not self._is_unread:  # else when the client has read this answer; a TLS handshake leaves bytes unread too
            self._next_request()

    def _next_request(self) -> None:
        """Go on with what the client sends next, or close where either side does not want to."""
        if self._is_last or self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            self._transport.close()
            return
        self._is_answered = False
        self._http.start_next_cycle()
        self._begin_deadline("request" if self._http.trailing_data[0] else "idle", None)
        self._transport.resume_reading()
        self._advance()

    def _refuse(self, response: Response) -> None:
        """Answer and end; what the client still sends is dropped, for a moment."""
        self._is_refused = True
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._send(response, close=True)
            self._begin_deadline("farewell", FAREWELL_SECONDS)
            if self._transport.can_write_eof():
                self._transport.write_eof()
                return
        self._transport.close()

    def _send(self, response: Response, *, close: bool = False) -> None:
        headers = {
            "date": formatdate(time.time(), usegmt=True),
            "content-type": response.content_type,
            "content-length": str(len(response.body)),
            **response.headers,
            **({"connection": "close"} if close or self._is_last else {}),
        }
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        reason = HTTPStatus(response.status).phrase.encode("ascii")
        head = self._http.send(h11.Response(status_code=response.status, reason=reason, headers=encoded))
        has_body = bool(response.body) and not (self._head is not None and self._head.method == b"HEAD")
        body = self._http.send(h11.Data(data=response.body)) if has_body else b""
        self._write(head, body, self._http.send(h11.EndOfMessage()))

    def _write(self, *parts: bytes | None) -> None:
        self._transport.write(b"".join(part for part in parts if part))

    def _begin_deadline(self, purpose: str, seconds: float | None) -> None:
        if purpose not in self._deadlines:
            usual = {"request": REQUEST_SECONDS, "idle": IDLE_SECONDS}.get(purpose, 0.0)
            self._deadlines[purpose] = self._loop.call_later(seconds or usual, self._transport.abort)

    def _end_deadline(self, purpose: str) -> None:
        deadline = self._deadlines.pop(purpose, None)
        if deadline is not None:
            deadline.cancel()


async def _run(app: App, request: Request) -> Response:
    return await app.handler(request)


def _joined(head: h11.Request) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in head.headers:
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
