"""An API's answers as JSON, and the way to say no: raised anywhere below a handler, answered as `{"error": "…"}`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from agent.outputs.exchange import Response


class Refused(Exception):
    """A request that is not done: its status, what the caller reads, and headers such as `allow`."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def response(self) -> Response:
        """The refusal as it is sent."""
        return json_response({"error": str(self)}, status=self.status, **self.headers)


def json_response(content: Mapping[str, object], status: int = 200, **headers: str) -> Response:
    """A JSON document that nobody keeps and no browser takes for something else."""
    body = json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"
    return Response(
        status=status,
        body=body,
        content_type="application/json; charset=utf-8",
        headers={"cache-control": "no-store", "x-content-type-options": "nosniff", **headers},
    )
