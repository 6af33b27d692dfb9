"""What the metrics listener serves: the metrics, whether the agent lives, whether it is ready; nothing else."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

from agent.outputs.exchange import Handler, Request, Response, text
from agent.outputs.exposition import Page

GZIP_LEVEL = 1
"""A page of 250 series shrinks to about a tenth in a tenth of a millisecond; higher levels gain little."""
_GZIP_WRAPPER = 16 + zlib.MAX_WBITS
"""zlib's way of asking for gzip's header and trailer (zlib manual, deflateInit2)."""

_REFUSED = re.compile(r"q\s*=\s*0(\.0*)?")


def metrics_pages(render: Callable[[str | None], Page], is_ready: Callable[[], bool]) -> Handler:
    """Answers `/metrics`, `/-/healthy` and `/-/ready`; the paths are Prometheus' own."""
    compress = _compressor()

    def metrics(request: Request) -> Response:
        body, content_type = render(request.headers.get("accept"))
        headers = {"vary": "Accept, Accept-Encoding"}
        if accepts_gzip(request.headers.get("accept-encoding", "")):
            body = compress(body)
            headers["content-encoding"] = "gzip"
        return Response(body=body, content_type=content_type, headers=headers)

    def healthy(_: Request) -> Response:
        return text(200, "The agent is running.")

    def ready(_: Request) -> Response:
        return text(200, "The agent is ready.") if is_ready() else text(503, "The first cycle is not over yet.")

    pages: dict[str, Callable[[Request], Response]] = {
        "/metrics": metrics,
        "/-/healthy": healthy,
        "/-/ready": ready,
    }

    async def handle(request: Request) -> Response:
        page = pages.get(request.path)
        if page is None:
            return text(404, "There is no such page; metrics are at /metrics.")
        if request.method not in ("GET", "HEAD"):
            return text(405, "Only GET and HEAD are possible here.", allow="GET, HEAD")
        return page(request)

    return handle


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header allows gzip (RFC 9110, 12.5.3)."""
    for entry in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in entry.split(";"))
        if coding == "gzip":
            return not any(_REFUSED.fullmatch(parameter) for parameter in parameters)
    return False


def _compressor() -> Callable[[bytes], bytes]:
    """Compresses, and remembers the page of the cycle so that several scrapers cost one compression."""
    remembered: dict[bytes, bytes] = {}

    def compress(body: bytes) -> bytes:
        if body not in remembered:
            if len(remembered) > 1:  # one in each format
                remembered.clear()
            remembered[body] = zlib.compress(body, level=GZIP_LEVEL, wbits=_GZIP_WRAPPER)
        return remembered[body]

    return compress
