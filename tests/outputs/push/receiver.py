"""A receiver on loopback that answers as it is told and keeps what it gets."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from agent.outputs.push.request import decode

Status = int | None
"""Nothing hangs up after the message was read."""


@dataclass(slots=True)
class Receiver:
    """`answers` are given one after the other, then 204. `taken` are the times of the messages with samples."""

    port: int = 0
    answers: list[tuple[Status, str, dict[str, str]]] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    seconds_behind: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1/write"


@contextmanager
def receiver() -> Iterator[Receiver]:
    """It serves until the end of the block."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.asked.append(dict(self.headers))
            times = [sample.timestamp for series in decode(body).timeseries for sample in series.samples]
            status, text, headers = state.answers.pop(0) if state.answers and times else (204, "", {})
            if status is None:
                self.close_connection = True
                return
            if status == 204:
                state.taken += times
            self.send_response_only(status)
            self.send_header("Date", formatdate(time.time() - state.seconds_behind, usegmt=True))
            for name, value in {"Content-Length": str(len(text)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
