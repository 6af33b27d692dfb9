"""The record for an operator who may not read its file: the agent reads it for them, and the commands say the same."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.outputs import record_reads
from agent.outputs.record_pages import PREFIX
from tests.running_agent import RunningAgent, device_health, running


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    folder = tmp_path_factory.mktemp("agent")
    with running(folder, extra="language: en\n") as started:
        for word in ("first", "second"):
            assert started.command("journal", "correct", "1", "--reason", word).returncode == 0
        yield started


@pytest.fixture(scope="module")
def operator(agent: RunningAgent) -> str:
    """A configuration whose file is not there for its user, with the socket of the agent."""
    config = agent.folder / "operator.yaml"
    config.write_text(
        f"language: en\ndata_dir: {agent.folder}/nothing\nlocal: {{socket: {agent.folder}/agent.sock}}\n",
        encoding="utf-8",
    )
    return str(config)


def over_socket(agent: RunningAgent, path: str, body: bytes) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("localhost", timeout=30)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(str(agent.folder / "agent.sock"))
    connection.request("POST", path, body)
    response = connection.getresponse()
    answer = (response.status, json.loads(response.read()))
    connection.close()
    return answer


@pytest.mark.parametrize(
    "words",
    [
        ("journal", "list"),
        ("journal", "list", "--kind", "correction", "--limit", "1", "--since", "2026-01-01"),
        ("journal", "list", "--until", "2026-01-01"),
        ("journal", "verify"),
        ("journal", "verify", "--witness", "1:0000"),
        ("journal", "export"),
        ("journal", "export", "--format", "csv"),
        ("report", "--date", "2026-01-01"),
    ],
    ids=" ".join,
)
def test_the_agent_says_what_the_file_says(agent: RunningAgent, operator: str, words: tuple[str, ...]) -> None:
    """The same words, the same complaints, the same exit status."""
    own, asked = agent.command(*words), device_health(*words, "--config", operator)
    assert (asked.returncode, asked.stdout, asked.stderr) == (own.returncode, own.stdout, own.stderr)


@pytest.mark.parametrize("form", ["text", "html", "json"])
def test_the_days_report_comes_through_the_agent(agent: RunningAgent, operator: str, form: str, tmp_path: Path) -> None:
    """In every form, to a file too; the corrections are in it."""
    made = device_health("report", "--format", form, "--output", str(tmp_path / "report"), "--config", operator)
    assert (made.returncode, made.stderr) == (0, "")
    assert "second" in (tmp_path / "report").read_text(encoding="utf-8")


REFUSALS = ("this cannot be asked of the record: ", "the body is no JSON")


def test_what_is_no_request_is_refused_with_a_reason(agent: RunningAgent) -> None:
    """Neither a wrong time nor a missing field nor a wrong form ends the agent or tells of its inside."""
    for page, body in (("report", b"{}"), ("entries", b"[]"), ("proof", b'{"witness": 3}'), ("report", b"\xff")):
        status, answer = over_socket(agent, PREFIX + page, body)
        assert (status, str(answer["error"]).startswith(REFUSALS)) == (400, True)
    assert agent.get("/-/healthy")[0] == 200


def test_more_than_one_answer_holds_is_refused(agent: RunningAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is on what was written so far, and says how to ask for less."""
    monkeypatch.setattr(record_reads, "MOST_BYTES", 100)
    fields = {"since": None, "until": None, "kinds": [], "rule": "", "clause": "", "user": "", "limit": None}
    with pytest.raises(record_reads.TooMuch, match="narrow them with --since"):
        record_reads._entries(str(agent.folder / "state" / "agent.db"), {**fields, "format": "jsonl", "language": "en"})


def test_nothing_of_the_record_is_told_over_tcp(agent: RunningAgent) -> None:
    """A page in a browser cannot read who did what."""
    local = next(line for line in agent.config.read_text().splitlines() if line.startswith("local:"))
    port = int(local.split("127.0.0.1:")[1].split("'")[0])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", f"{PREFIX}proof", b'{"witness": null, "language": "en"}')
    assert connection.getresponse().status == 403
    connection.close()
