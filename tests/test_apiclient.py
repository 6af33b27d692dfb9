"""The commands' way to the agent: every failure is one sentence."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.apiclient import AgentError, ask


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Callable[[bytes | None], str]]:
    """A socket whose owner answers with these bytes, or never."""
    listening = socket.socket(socket.AF_UNIX)
    path = str(tmp_path / "agent.sock")
    listening.bind(path)
    threads = []

    def start(answer: bytes | None) -> str:
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer or b"")

        if answer is not None:
            threads.append(threading.Thread(target=serve))
            threads[0].start()
        return path

    yield start
    for thread in threads:
        thread.join()
    listening.close()


def test_no_agent_is_said_so(tmp_path: Path) -> None:
    path = str(tmp_path / "agent.sock")
    expected = f"No agent is running: nobody answers at {path}. Start it with `device-health run`."
    with pytest.raises(AgentError) as missing:
        ask(path, "GET", "/api/v1/status")
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(path)
    with pytest.raises(AgentError) as left_over:
        ask(path, "GET", "/api/v1/status")
    assert (str(missing.value), str(left_over.value)) == (expected, expected)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"", "The agent at {} gave no proper answer: Remote end closed connection without response."),
        (b"SSH-2.0-x\r\n", "The agent at {} gave no proper answer: SSH-2.0-x\r\n."),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
            "What answers at the agent's socket is no agent: its answer is no JSON object.",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "What answers at the agent's socket is no agent: its answer is no JSON object.",
        ),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n{}", "The agent refused: Oh."),
    ],
)
def test_a_bad_answer_is_one_sentence(answering: Callable[[bytes | None], str], answer: bytes, sentence: str) -> None:
    path = answering(answer)
    with pytest.raises(AgentError) as caught:
        ask(path, "GET", "/api/v1/status")
    assert str(caught.value) == sentence.format(path)


def test_an_agent_that_does_not_answer_is_waited_for_only_so_long(
    answering: Callable[[bytes | None], str],
) -> None:
    path = answering(None)
    with pytest.raises(AgentError, match="does not answer"):
        ask(path, "GET", "/api/v1/status", timeout_seconds=0.05)


@pytest.mark.skipif(os.getuid() != 0, reason="becoming another user needs root")
def test_a_closed_door_is_said_so(answering: Callable[[bytes | None], str]) -> None:
    path = answering(None)
    Path(path).chmod(0o600)
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        try:
            ask(path, "GET", "/api/v1/status")
        except AgentError as error:
            os._exit(0 if "You may not connect to" in str(error) else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
