"""Keeps web pages of other origins away from what is served on loopback.

A browser sends the name it was told to ask for in Host, and the page that asks in Origin; a name that an attacker's
DNS points at 127.0.0.1 (DNS rebinding) and a page from elsewhere (cross-site requests) are both told by them.
"""

from __future__ import annotations

import ipaddress

from agent.outputs.exchange import Request
from agent.outputs.refusal import Refused


def refuse_foreign_pages(request: Request) -> None:
    """Let pass what came over the Unix socket, which no browser reaches, and what names this machine.

    Raises:
        Refused: 403, with the name or origin that is not ours.
    """
    if request.peer.over_unix:
        return
    host = request.headers.get("host", "")
    if not is_loopback_host(host):
        raise Refused(403, f"this is served to loopback names only, not to {host!r}")
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        raise Refused(403, f"pages of {origin!r} may not read this")


def is_loopback_host(host: str) -> bool:
    """Whether a Host header names this machine: `localhost` or a loopback address, with or without a port."""
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not colon:
        name = host
    elif not (port.isascii() and port.isdigit()):
        return False
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name[1:-1] if name.startswith("[") and name.endswith("]") else name).is_loopback
    except ValueError:
        return False
