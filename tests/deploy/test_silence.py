"""How a real Prometheus sees an agent that stopped, and a workstation that is off."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.deploy.servers import Prometheus, Target, prometheus
from tests.running_agent import eventually, running

PATIENCE_SECONDS = 120.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed"),
]


@contextmanager
def unanswering(port: int) -> Iterator[None]:
    """A port that answers no connection, as a machine that is off: its queue is full, and Linux drops the rest."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        yield


def value(server: Prometheus, expression: str) -> float:
    """The one value; not a number where there is none."""
    found = server.query(expression)
    return float(found[0]["value"][1]) if found else float("nan")  # type: ignore[index]


def instances(found: list[dict[str, object]]) -> set[str]:
    return {str(series["metric"]["instance"]) for series in found}  # type: ignore[index]


def test_a_killed_agent_is_found_and_a_workstation_that_is_off_is_not(tmp_path: Path) -> None:
    """Both were well before, both are down in `up`; only the refused connection is one that fails at once."""
    with running(tmp_path / "killed") as killed, running(tmp_path / "off") as off:
        seats = [
            Target(port=killed.port, instance="killed", site="上海"),
            Target(port=off.port, instance="off", site="上海"),
        ]
        with prometheus(tmp_path, seats, timeout="3s") as server:
            assert eventually(
                lambda: value(server, "count(instance:endpoint_agent_seen:timestamp)") == 2, PATIENCE_SECONDS
            )
            for agent in (killed, off):
                agent.process.kill()
                agent.process.wait()
            with unanswering(off.port):
                assert eventually(lambda: value(server, "count(up == 0)") == 2, PATIENCE_SECONDS)
                on_the_way = 'ALERTS{alertname="agent-silent",alertstate="pending"}'
                assert eventually(lambda: bool(server.query(on_the_way)), PATIENCE_SECONDS)
                assert eventually(
                    lambda: value(server, 'scrape_duration_seconds{instance="off"}') > 2, PATIENCE_SECONDS
                )
                assert value(server, 'scrape_duration_seconds{instance="killed"}') < 1
                assert eventually(lambda: instances(server.query(on_the_way)) == {"killed"}, PATIENCE_SECONDS)
