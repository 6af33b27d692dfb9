"""One HTTP connection: uvicorn's protocol with deadlines for clients that stall.

uvicorn bounds only the idle time between requests; the request itself and a response that nobody reads are bounded
here, so that a stalled client costs its connection and nothing else.
"""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from agent.outputs.asgi import App, Peer

REQUEST_SECONDS = 5.0
"""From a request's first byte (a connection's start) to its last: a scraper sends one in milliseconds."""
IDLE_SECONDS = 75
"""Kept open between requests: scrapes are at most 60 s apart, and a TLS handshake costs more than idling."""
WRITE_SECONDS = 10.0
"""How long a client may leave a response unread once the buffers are full."""
HEAD_BYTES = 16 * 1024
"""Longest head of a request; Prometheus' own has some 400 bytes."""


def configuration(app: App) -> Config:
    """Settings of uvicorn for one application; neither its server, its logging set-up nor its proxy trust is used."""
    config = Config(
        app,
        http=Connection,
        loop="none",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",  # a malformed request is the client's fault, and must not fill our log
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        h11_max_incomplete_event_size=HEAD_BYTES,
    )
    config.load()
    return config


class Connection(H11Protocol):
    """Inherits because uvicorn is made to be extended so; overrides only what bounds time.

    `closed` is done when the connection is.
    """

    def __init__(self, config: Config, state: ServerState, peer: Peer) -> None:
        super().__init__(config, state, {"peer": peer})
        self.closed: asyncio.Future[None] = self.loop.create_future()
        self._deadlines: dict[str, asyncio.TimerHandle] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the first request's deadline."""
        super().connection_made(transport)
        # So that every unread response is known, not only a large one. Not 0: asyncio's TLS would pause at once.
        transport.set_write_buffer_limits(high=1, low=0)
        self._watch_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop every timer."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        for purpose in list(self._deadlines):
            self._end_deadline(purpose)
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Take what came, and know whether the request is whole."""
        self.server_state.default_headers = [(b"date", formatdate(time.time(), usegmt=True).encode())]
        super().data_received(data)
        self._watch_request()

    def on_response_complete(self) -> None:
        """Give the next request of a pipeline its own deadline."""
        super().on_response_complete()
        self._watch_request()

    def pause_writing(self) -> None:
        """Give the client a time to read what it asked for."""
        super().pause_writing()
        self._begin_deadline("write", WRITE_SECONDS)

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        self._end_deadline("write")

    def shutdown(self) -> None:
        """End as soon as no answer is under way."""
        if not self.transport.is_closing():
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, whether or not a response is already under way."""
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def _watch_request(self) -> None:
        has_begun = self.cycle is None or bool(self.conn.trailing_data[0])
        is_partial = self.conn.their_state is h11.SEND_BODY or (self.conn.their_state is h11.IDLE and has_begun)
        if is_partial:
            self._begin_deadline("request", REQUEST_SECONDS)
        else:
            self._end_deadline("request")

    def _begin_deadline(self, purpose: str, seconds: float) -> None:
        if purpose not in self._deadlines:
            self._deadlines[purpose] = self.loop.call_later(seconds, self.transport.abort)

    def _end_deadline(self, purpose: str) -> None:
        deadline = self._deadlines.pop(purpose, None)
        if deadline is not None:
            deadline.cancel()
