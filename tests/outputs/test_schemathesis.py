"""The running agent answers as its description says, whatever schemathesis thinks of; over TCP and over the socket."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.running_agent import running

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method"
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SCHEMATHESIS.exists(), reason="schemathesis is not installed beside this Python"),
]


@contextmanager
def bridge(path: Path) -> Iterator[int]:
    """A TCP port that leads to the Unix socket, which schemathesis cannot speak to; its number."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def copy(source: socket.socket, target: socket.socket) -> None:
            with suppress(OSError):
                while part := source.recv(65536):
                    target.sendall(part)
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)

        def carry(client: socket.socket) -> None:
            with client, socket.socket(socket.AF_UNIX) as inside:
                inside.connect(str(path))
                back = threading.Thread(target=copy, args=(inside, client), daemon=True)
                back.start()
                copy(client, inside)
                back.join()

        def serve() -> None:
            with suppress(OSError):  # the listening socket is closed at the end
                while True:
                    client, _ = listening.accept()
                    threading.Thread(target=carry, args=(client,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield int(listening.getsockname()[1])


def finds_nothing(port: int) -> None:
    url = f"http://127.0.0.1:{port}/api/v1/openapi.json"
    command = [str(SCHEMATHESIS), "run", url, "--max-examples", "25", "--phases", "examples,coverage,fuzzing"]
    options = ["--checks", CHECKS, "--request-timeout", "90"]
    made = subprocess.run([*command, *options], capture_output=True, text=True, timeout=600, check=False)
    assert made.returncode == 0, made.stdout + made.stderr


def test_the_api_is_as_described_over_tcp(tmp_path: Path) -> None:
    with running(tmp_path) as agent:
        found = re.search(r"local: \{listen: '127\.0\.0\.1:(\d+)'", agent.config.read_text())
        assert found is not None
        finds_nothing(int(found[1]))


def test_the_api_is_as_described_over_the_socket(tmp_path: Path) -> None:
    with running(tmp_path), bridge(tmp_path / "agent.sock") as port:
        finds_nothing(port)
