"""The agent's HTTP listeners: one event loop in one daemon thread, apart from the probes.

Connections are accepted here one by one, so that each can be counted, refused, told who is calling, and given the TLS
settings of this moment (a renewed certificate needs no restart). Nothing wakes while nobody calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from agent.outputs.exchange import App, Peer
from agent.outputs.protocol import Connection, Open
from agent.outputs.sockets import Address, Bound, ListenError, bind, peer_of

_log = logging.getLogger(__name__)

HANDSHAKE_SECONDS = 5.0
"""A TLS handshake takes two round trips; five seconds allow for a very bad line."""
FAREWELL_SECONDS = 1.0
"""How long a TLS client has to answer our closing word."""
GRACE_SECONDS = 0.25
"""How long answers under way may take when the agent ends; `close` as a whole stays within half a second."""
RETRY_SECONDS = 1.0
"""Pause after accepting failed for want of file handles or memory, as asyncio's own server does."""

_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One address and what it serves.

    `tls` is asked at each connection and answers nothing for plain HTTP. Connections are capped in all and by peer (a
    user's id or an address), so that one caller who hoards them leaves room for the others.
    """

    name: str
    address: Address
    app: App
    tls: Callable[[], ssl.SSLContext | None] | None = None
    maximum_connections: int = 32
    maximum_per_peer: int = 16


class Listeners:
    """All listeners of the agent."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners
        self._doors: list[_Door] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen everywhere, then serve from a thread of its own.

        Raises:
            ListenError: an address cannot be listened on; then none is.
        """
        try:
            for listener in self._listeners:
                self._doors.append(_Door(listener, _bind(listener)))
        except ListenError:
            for door in self._doors:
                door.bound.close()
            raise
        self._loop = asyncio.SelectorEventLoop()  # on Windows too: only this one can watch a listening socket
        self._thread = threading.Thread(target=self._run, args=(self._loop,), name="http", daemon=True)
        self._thread.start()

    @property
    def addresses(self) -> dict[str, str]:
        """By listener name: `host:port` with the real port, or the socket's path."""
        return {door.listener.name: door.bound.address() for door in self._doors}

    def close(self) -> None:
        """Stop listening and end every connection, within half a second; safe to call twice."""
        if self._loop is None or self._thread is None:
            return
        with contextlib.suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=2 * GRACE_SECONDS)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._serve())
        finally:
            loop.close()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        for door in self._doors:
            door.open(loop)
        await self._stop.wait()
        for door in self._doors:
            door.close(loop)
        await asyncio.gather(*(door.dismiss() for door in self._doors))


class _Door:
    """One listening socket and the connections that came through it."""

    def __init__(self, listener: Listener, bound: Bound) -> None:
        self.listener = listener
        self.bound = bound
        self._opened = Open()
        self._peers: Counter[int | str | None] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_failing = False

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take connections from now on."""
        loop.add_reader(self.bound.socket, self._accept, loop)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take no more; removes a Unix socket's file."""
        loop.remove_reader(self.bound.socket)
        self.bound.close()

    def _accept(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            connection, _ = self.bound.socket.accept()
        except (BlockingIOError, ConnectionAbortedError):  # the caller has left already
            return
        except OSError as error:
            loop.remove_reader(self.bound.socket)
            loop.call_later(RETRY_SECONDS, self._retry, loop)
            if not self._is_failing:
                _log.error("%s: cannot take connections: %s", self.listener.name, error)
            self._is_failing = True
            return
        self._is_failing = False
        connection.settimeout(0)
        self._admit(connection)

    def _retry(self, loop: asyncio.AbstractEventLoop) -> None:
        if self.bound.socket.fileno() >= 0:  # not closed in between
            self.open(loop)

    async def dismiss(self) -> None:
        """End every connection; answers under way have a moment to be finished."""
        for connection in list(self._opened.connections):
            connection.shutdown()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE_SECONDS)
        await _cancel(self._tasks)
        await asyncio.sleep(0)  # lets each connection tell its answer that nobody waits for it any more
        await _cancel(self._opened.tasks)

    def _admit(self, connection: socket.socket) -> None:
        try:
            peer = peer_of(connection)
        except OSError:  # the caller has left already
            connection.close()
            return
        caller = peer.uid if peer.over_unix else peer.address
        if len(self._tasks) >= self.listener.maximum_connections or self._is_hoarding(caller):
            _refuse(connection)
            return
        self._peers[caller] += 1
        task = asyncio.create_task(self._serve(connection, peer))
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._forget(task, connection, caller))

    def _is_hoarding(self, caller: int | str | None) -> bool:
        return self._peers[caller] >= self.listener.maximum_per_peer

    def _forget(self, task: asyncio.Task[None], connection: socket.socket, caller: int | str | None) -> None:
        connection.close()  # a task that is cancelled before its first step has not closed it
        self._tasks.discard(task)
        self._peers[caller] -= 1
        if not self._peers[caller]:
            del self._peers[caller]

    async def _serve(self, connection: socket.socket, peer: Peer) -> None:
        tls = self.listener.tls() if self.listener.tls else None
        loop = asyncio.get_running_loop()
        try:
            transport, protocol = await loop.connect_accepted_socket(
                lambda: Connection(self.listener.app, peer, self._opened),
                connection,
                ssl=tls,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if tls else None,
                ssl_shutdown_timeout=FAREWELL_SECONDS if tls else None,
            )
        except OSError:  # the handshake failed or took too long: the client's affair
            return
        try:
            await protocol.closed
        finally:
            transport.abort()


def _bind(listener: Listener) -> Bound:
    try:
        return bind(listener.address)
    except ListenError as error:
        raise ListenError(f"{listener.name}: {error}") from error


async def _cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _refuse(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is only a courtesy
        connection.send(_BUSY)
    connection.close()
