"""A document that clients may wait for: the main thread publishes it, the HTTP thread answers who waits.

A waiting client costs its connection and one future; nothing wakes until there is news or its time is over. How many
may wait is bounded by the listener's connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
from collections.abc import Mapping

LONGEST_WAIT_SECONDS = 60.0
"""Below the 75 s after which idle connections are cut, and below what desktops sleep between two looks."""

Documents = Mapping[str, Mapping[str, object]]
"""The same state in every language."""


class Feed:
    """The newest documents and those who wait for newer ones."""

    def __init__(self) -> None:
        self._salt = os.urandom(16)
        self._current: tuple[str, Documents] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    def publish(self, documents: Documents) -> None:
        """Replace the documents; called by the main thread. Whoever waits is woken when they differ."""
        text = json.dumps(documents, sort_keys=True).encode()
        revision = hashlib.blake2b(text, key=self._salt, digest_size=12).hexdigest()
        if self._current is not None and self._current[0] == revision:
            return
        self._current = (revision, documents)
        loop = self._loop  # read after the documents are in place: who waits sets it first and looks at them then
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the listeners have ended
                loop.call_soon_threadsafe(self._wake)

    def current(self, language: str) -> dict[str, object] | None:
        """The newest document with its revision, which is another in every process; nothing before the first."""
        if self._current is None:
            return None
        revision, documents = self._current
        return {"revision": revision, **documents[language]}

    async def news(self, known: str, seconds: float) -> None:
        """Return when the revision is not `known` any more, or after so many seconds; called in the HTTP thread."""
        self._loop = asyncio.get_running_loop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._current is not None and self._current[0] == known:
                    await self._turn()

    async def _turn(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
