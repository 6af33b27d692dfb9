"""Hands one message after the other to the server over HTTP, and says what came of it.

http.client is used and not h11, which the listeners have: here a thread may wait, so the library's own connection, with
its deadlines and TLS, is all that is needed. It is loaded only where something is pushed.
"""

from __future__ import annotations

import base64
import http.client
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from agent.outputs.push.request import CONTENT_HEADERS
from agent.outputs.push.settings import PushSettings

TIMEOUT_SECONDS = 10.0
"""For connecting and for each wait on the answer."""
_LONGEST_REASON = 300
"""Of what the server says, enough for a log line."""
_WILL_NEVER_TAKE = frozenset({400, 413, 422})
"""The server has read the message and refuses what is in it. Any other refusal is about who asks, or where, or when: a
password that was changed or a receiver that is switched off must not cost the samples."""
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")
"""Where Debian, Red Hat and SUSE keep the authorities that the system trusts: the library knows one place only."""


class Fate(Enum):
    """What came of a message."""

    TAKEN = "taken"
    REFUSED = "refused"
    AHEAD = "ahead of the server's clock"
    LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a message, in the server's words; `wait_seconds` is what it asks for, 0 if nothing.

    `server_at`: the server's clock in seconds since 1970, 0 where it does not say.
    """

    fate: Fate
    reason: str = ""
    wait_seconds: float = 0.0
    server_at: float = 0.0


class Sender:
    """Makes connections to one server; used by one thread."""

    def __init__(self, settings: PushSettings, agent: str) -> None:
        """`agent` is the User-Agent."""
        self._settings = settings
        self._agent = agent
        self._tls: tuple[tuple[float, ...], ssl.SSLContext] | None = None

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One connection, made at the first message. Raises OSError or ValueError: a file cannot be used."""
        url = urlsplit(self._settings.url)
        host, port = url.hostname or "", url.port
        headers = {**CONTENT_HEADERS, "User-Agent": self._agent, **_authorization(self._settings)}
        proxy = urlsplit(self._settings.proxy_url)
        way = f" (through the proxy {proxy.netloc})" if proxy.netloc else ""
        wire: http.client.HTTPConnection
        if url.scheme == "https":
            first = proxy if proxy.netloc else url
            wire = http.client.HTTPSConnection(
                first.hostname or "", first.port, timeout=TIMEOUT_SECONDS, context=self._context()
            )
            if proxy.netloc:
                wire.set_tunnel(host, port)
        else:
            wire = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
        try:
            yield Connection(wire, f"{url.path or '/'}{f'?{url.query}' if url.query else ''}", headers, way)
        finally:
            wire.close()

    def _context(self) -> ssl.SSLContext:
        """Made anew when one of its files has changed: reading a system's authorities takes some 20 ms."""
        files = (self._settings.ca_file or _bundle(), self._settings.cert_file, self._settings.key_file)
        stamp = tuple(os.stat(path).st_mtime for path in files if path is not None)
        if self._tls is None or self._tls[0] != stamp:
            authorities, certificate, key = files
            context = ssl.create_default_context(cafile=authorities)
            if certificate is not None:
                context.load_cert_chain(certificate, key)
            self._tls = (stamp, context)
        return self._tls[1]


class Connection:
    """One connection to the server; several messages go through it, one at a time."""

    def __init__(self, wire: http.client.HTTPConnection, path: str, headers: dict[str, str], way: str) -> None:
        """`way` is said beside a failure to reach the server."""
        self._wire = wire
        self._path = path
        self._headers = headers
        self._way = way

    def post(self, body: bytes) -> Answer:
        """Send the message and wait for the answer."""
        try:
            self._wire.request("POST", self._path, body, self._headers)
            response = self._wire.getresponse()
            said = response.read(_LONGEST_REASON).decode("utf-8", "replace")
            response.read()
        except (OSError, http.client.HTTPException) as error:
            return Answer(fate=Fate.LATER, reason=_reason(error) + self._way)
        server_at = _date(response.headers.get("Date", ""))
        if 200 <= response.status < 300:
            return Answer(fate=Fate.TAKEN, server_at=server_at)
        reason = " ".join(f"{response.status} {response.reason}: {said}".split()).removesuffix(":")
        if response.status in _WILL_NEVER_TAKE:
            return Answer(fate=Fate.REFUSED, reason=reason, server_at=server_at)
        wait = _asked_wait(response.headers.get("Retry-After", ""))
        return Answer(fate=Fate.LATER, reason=reason, wait_seconds=wait, server_at=server_at)


def _bundle() -> Path | None:
    return next((Path(path) for path in _BUNDLES if os.path.exists(path)), None)


def _authorization(settings: PushSettings) -> dict[str, str]:
    if settings.token_file is not None:
        return {"Authorization": f"Bearer {_secret(settings.token_file)}"}
    if settings.password_file is not None:
        pair = f"{settings.username}:{_secret(settings.password_file)}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}


def _secret(path: Path) -> str:
    secret = path.read_text(encoding="utf-8").strip()
    if not secret.isascii() or not secret.isprintable() or not secret:
        raise ValueError(f"{path}: one line of ASCII is expected")
    return secret


def _asked_wait(text: str) -> float:
    """Seconds of Retry-After; a date, which is rare, counts as nothing. Source: RFC 9110, section 10.2.3."""
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _date(text: str) -> float:
    """Source: RFC 9110, section 6.6.1."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return 0.0


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT_SECONDS:g} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
