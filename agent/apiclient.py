"""Talks to the running agent over its local socket, for the commands that show or change its state."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping

TIMEOUT_SECONDS = 8.0
"""More than the agent's own five for a command, so that its answer, not our impatience, is what people read."""
LONGEST_ANSWER_BYTES = 16 * 1024 * 1024
"""Far more than the largest machine's readings."""


class AgentError(Exception):
    """The agent did not do it; the message is a sentence for the person who asked.

    `status` is the agent's HTTP status, nothing when there was no proper answer.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Call:
    """One request under way: wait until `fileno` is readable, as long as you like, then take the `answer`."""

    def __init__(
        self,
        socket_path: str,
        method: str,
        path: str,
        fields: Mapping[str, object] | None = None,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Send it.

        Raises:
            AgentError: no agent runs there, or it may not be asked.
        """
        self._socket_path = socket_path
        self._connection = http.client.HTTPConnection("localhost", timeout=timeout_seconds)
        try:
            self._connection.sock = _connect(socket_path, timeout_seconds)
            body = None if fields is None else json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
            self._connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        except (OSError, http.client.HTTPException) as error:
            raise self._ended(error) from error

    def fileno(self) -> int:
        """Readable when the answer begins, or when there will be none."""
        return int(self._connection.sock.fileno())

    def close(self) -> None:
        """Give the answer up."""
        self._connection.close()

    def answer(self) -> dict[str, object]:
        """What the agent says; the call is over then.

        Raises:
            AgentError: it does not answer in time, or it refuses.
        """
        try:
            response = self._connection.getresponse()
            answer = _decoded(response.read(LONGEST_ANSWER_BYTES))
        except (OSError, http.client.HTTPException) as error:
            raise self._ended(error) from error
        finally:
            self.close()
        if response.status >= 400:
            raise AgentError(f"The agent refused: {answer.get('error', response.reason)}.", response.status)
        return answer

    def _ended(self, error: OSError | http.client.HTTPException) -> AgentError:
        self.close()
        if isinstance(error, TimeoutError):
            return AgentError(f"The agent at {self._socket_path} does not answer. Is the computer overloaded?")
        return AgentError(f"The agent at {self._socket_path} gave no proper answer: {error or type(error).__name__}.")


def ask(
    socket_path: str,
    method: str,
    path: str,
    fields: Mapping[str, object] | None = None,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> dict[str, object]:
    """The agent's answer to one request.

    Raises:
        AgentError: no agent runs there, it may not be asked, it does not answer in time, or it refuses.
    """
    return Call(socket_path, method, path, fields, timeout_seconds=timeout_seconds).answer()


def _connect(path: str, timeout_seconds: float) -> socket.socket:
    """The one place that knows the transport: Windows has no AF_UNIX in Python."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_seconds)
    try:
        connection.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        raise AgentError(f"No agent is running: nobody answers at {path}. Start it with `device-health run`.") from None
    except PermissionError:
        connection.close()
        raise AgentError(f"You may not connect to {path}. Ask whoever started that agent.") from None
    except OSError:
        connection.close()
        raise
    return connection


def _decoded(body: bytes) -> dict[str, object]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise AgentError("What answers at the agent's socket is no agent: its answer is no JSON object.")
    return answer
