"""Basic authentication for a handler: bcrypt once per credential, not once per scrape.

A check of 50 ms per scrape would be the agent's largest cost, and a flood of wrong passwords would take a core. So a
verified credential is remembered as a keyed hash, checks run one at a time outside the event loop, and a failed one is
followed by a rest.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from agent.outputs.exchange import Handler, Request, Response, text

_log = logging.getLogger(__name__)

WAITING_CHECKS = 8
"""More than these would wait for seconds; they are told to come again."""
REST_FACTOR = 3
"""After a failed check its time is rested thrice: a flood of wrong passwords gets a quarter of one core."""
ADDRESS_PAUSE_SECONDS = 1.0
"""After a failure its address waits, so that one guessing address leaves the others their turn."""
REMEMBERED_ADDRESSES = 256
"""Bounds the memory of failures, whatever the number of addresses."""
LONGEST_PASSWORD_BYTES = 72
"""bcrypt does not look further, and the library refuses longer ones."""


def protected(handler: Handler, users: Callable[[], Mapping[str, bytes]]) -> Handler:
    """The handler behind basic authentication (RFC 7617); open while `users` (bcrypt hashes by name) is empty."""
    keeper = _Keeper()

    async def handle(request: Request) -> Response:
        known = users()
        if known:
            refusal = await keeper.refusal(request, known)
            if refusal is not None:
                return refusal
        return await handler(request)

    return handle


class _Keeper:
    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._verified: dict[str, bytes] = {}
        self._failed_at: dict[str, float] = {}
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._rest_until = 0.0
        self._executor: ThreadPoolExecutor | None = None

    async def refusal(self, request: Request, users: Mapping[str, bytes]) -> Response | None:
        """Nothing when the caller may pass, else what to answer."""
        credentials = _credentials(request.headers.get("authorization", ""))
        if credentials is None:
            return _unauthorized()
        user, password = credentials
        digest = self._digest(user, password, users.get(user, b""))
        is_remembered = hmac.compare_digest(self._verified.get(user, b""), digest)
        if is_remembered and user in users:
            return None
        address = request.peer.address
        if self._waiting >= WAITING_CHECKS or self._is_paused(address):
            return text(429, "Too many logins; try again later.", retry_after="1")
        if await self._check(password, users.get(user) or _decoy(users)) and user in users:
            self._verified[user] = digest
            self._failed_at.pop(address, None)
            return None
        self._note_failure(address)
        return _unauthorized()

    def _digest(self, user: str, password: bytes, hashed: bytes) -> bytes:
        """Changes with the stored hash, so that a changed password is not remembered any more."""
        content = b"\0".join((hashed, user.encode(), password))
        return hashlib.blake2b(content, key=self._key).digest()

    def _is_paused(self, address: str) -> bool:
        return time.monotonic() - self._failed_at.get(address, -ADDRESS_PAUSE_SECONDS) < ADDRESS_PAUSE_SECONDS

    async def _check(self, password: bytes, hashed: bytes) -> bool:
        self._waiting += 1
        try:
            async with self._turn:
                await asyncio.sleep(max(0.0, self._rest_until - time.monotonic()))
                self._executor = self._executor or ThreadPoolExecutor(1, thread_name_prefix="password")
                started = time.monotonic()
                loop = asyncio.get_running_loop()
                is_right = await loop.run_in_executor(self._executor, _matches, password, hashed)
                if not is_right:
                    now = time.monotonic()
                    self._rest_until = now + REST_FACTOR * (now - started)
                return is_right
        finally:
            self._waiting -= 1

    def _note_failure(self, address: str) -> None:
        if address not in self._failed_at:
            _log.warning("wrong user name or password from %s", address or "a local user")
        self._failed_at[address] = time.monotonic()
        if len(self._failed_at) > REMEMBERED_ADDRESSES:
            del self._failed_at[next(iter(self._failed_at))]


def _credentials(header: str) -> tuple[str, bytes] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _unauthorized() -> Response:
    return text(401, "A user name and password are needed.", www_authenticate='Basic realm="metrics", charset="UTF-8"')


def _decoy(users: Mapping[str, bytes]) -> bytes:
    """A hash that no password has, as dear as the dearest: an unknown user takes as long as a known one."""
    cost = max(hashed[4:6] for hashed in users.values())
    return b"$2b$" + cost + b"$" + b"." * 53


def _matches(password: bytes, hashed: bytes) -> bool:
    import bcrypt  # noqa: PLC0415  # most agents have no users

    return len(password) <= LONGEST_PASSWORD_BYTES and b"\0" not in password and bcrypt.checkpw(password, hashed)
