"""The status page's files as they are sent: read once when somebody first asks, then served from memory.

Nothing comes from elsewhere and nothing is built: what is in this folder is the page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from agent.outputs.exchange import Handler, Request, Response, text
from agent.outputs.origin import refuse_foreign_pages
from agent.outputs.refusal import Refused

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_INDEX = "index.html"

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""Only our own files, nothing inline, in nobody's frame; a text can never become script (W3C CSP 3, Trusted Types)."""

_HEADERS = {
    "content-security-policy": _POLICY,
    "cache-control": "no-cache",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def page(other: Handler) -> Handler:
    """Answers the page's files, and leaves everything under `/api/` to `other`."""

    async def handle(request: Request) -> Response:
        if request.path.startswith("/api/"):
            return await other(request)
        try:
            refuse_foreign_pages(request)
        except Refused as refused:
            return refused.response()
        return _file(request)

    return handle


def _file(request: Request) -> Response:
    found = _files().get(request.path.removeprefix("/") or _INDEX)
    if found is None:
        return text(404, "There is no such page; the status page is at /.")
    if request.method not in ("GET", "HEAD"):
        return text(405, "Only GET and HEAD are possible here.", allow="GET, HEAD")
    if request.headers.get("if-none-match") == found.headers["etag"]:
        return Response(status=304, headers=found.headers)
    return found


@cache
def _files() -> Mapping[str, Response]:
    """Every file of this folder that is part of the page, ready to be sent."""
    return {
        file.name: _response(file.read_bytes(), _TYPES[ending])
        for file in Path(__file__).parent.iterdir()
        if (ending := "." + file.name.rpartition(".")[2]) in _TYPES
    }


def _response(body: bytes, content_type: str) -> Response:
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    return Response(body=body, content_type=content_type, headers={**_HEADERS, "etag": f'"{tag}"'})
