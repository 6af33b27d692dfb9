"""Who is behind the status page: one-time tokens that become sessions, in memory only, gone with the agent.

A user of this machine gets a token over the Unix socket, where the kernel vouches for the uid; the browser exchanges it
within a minute for a cookie that no script can read. Only digests are kept.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import cookies

from agent.outputs.caller import can_be_told, owner_of
from agent.outputs.exchange import Peer, Request

TOKEN_SECONDS = 60.0
"""A browser opens in seconds; an old address in a history or a log opens nothing."""
SESSION_SECONDS = 12 * 3600.0
"""A shift and its overtime."""
MOST_OF_ONE_USER = 8
"""Windows and browsers of one person; the oldest gives way."""
MOST = 256
"""Of all users together, on a shared machine too."""

_BYTES = 32
"""256 bits of the system's randomness cannot be guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ticket:
    uid: int
    ends_at: float


class Sessions:
    """Tokens and sessions, each bounded in number and time."""

    def __init__(self, name: str, now: Callable[[], float] = time.monotonic) -> None:
        """`name` is the cookie's: the port in it keeps two agents on one machine apart. `now` in seconds."""
        self.cookie = name
        self._now = now
        self._tokens: dict[str, _Ticket] = {}
        self._sessions: dict[str, _Ticket] = {}

    def token(self, uid: int) -> str:
        """A token for this user, good once and for a minute."""
        return self._add(self._tokens, uid, TOKEN_SECONDS)

    def begin(self, token: str, peer: Peer) -> str | None:
        """The session's secret for a good token shown by its own user; the token is spent either way."""
        ticket = self._tokens.pop(_digest(token), None)
        if ticket is None or ticket.ends_at <= self._now() or not _is_own(ticket, peer):
            return None
        return self._add(self._sessions, ticket.uid, SESSION_SECONDS)

    def uid_of(self, request: Request) -> int | None:
        """The user of the request's session; nothing without one, after its time, or from another user's process."""
        ticket = self._sessions.get(_digest(self._secret(request)))
        if ticket is None or ticket.ends_at <= self._now() or not _is_own(ticket, request.peer):
            return None
        return ticket.uid

    def end(self, request: Request) -> None:
        """Forget the request's session."""
        self._sessions.pop(_digest(self._secret(request)), None)

    def header(self, secret: str) -> str:
        """The Set-Cookie header's value; an empty secret takes the cookie away (RFC 6265, 4.1)."""
        age = int(SESSION_SECONDS) if secret else 0
        return f"{self.cookie}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict"

    def _secret(self, request: Request) -> str:
        jar: cookies.SimpleCookie = cookies.SimpleCookie()
        try:
            jar.load(request.headers.get("cookie", ""))
        except cookies.CookieError:  # another server's cookie on this host is none of ours
            return ""
        return jar[self.cookie].value if self.cookie in jar else ""

    def _add(self, tickets: dict[str, _Ticket], uid: int, seconds: float) -> str:
        now = self._now()
        for key in [key for key, ticket in tickets.items() if ticket.ends_at <= now]:
            del tickets[key]
        own = [key for key, ticket in tickets.items() if ticket.uid == uid]
        surplus = own[: max(0, len(own) - MOST_OF_ONE_USER + 1)]
        for key in surplus or list(tickets)[: max(0, len(tickets) - MOST + 1)]:
            del tickets[key]
        secret = secrets.token_urlsafe(_BYTES)
        tickets[_digest(secret)] = _Ticket(uid=uid, ends_at=now + seconds)
        return secret


def _is_own(ticket: _Ticket, peer: Peer) -> bool:
    return not can_be_told() or owner_of(peer) == ticket.uid


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
