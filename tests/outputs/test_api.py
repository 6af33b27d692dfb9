"""The local API over real sockets: who may see and change what."""

from __future__ import annotations

import http.client
import json
import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from http import HTTPStatus
from pathlib import Path

import pytest

from agent import apiclient
from agent.alerts.alert import AlertKey, Update, alert_id
from agent.outputs import api as api_module
from agent.outputs.api import BODY_LIMIT_BYTES, ApiSettings, api
from agent.outputs.api_changes import CHANGES
from agent.outputs.api_reads import Sources
from agent.outputs.command import Acknowledge, AddSilence, Command, CommandRefused, MarkSeen, RemoveSilence
from agent.outputs.exchange import application
from agent.outputs.feed import Feed
from agent.outputs.http import Listener, Listeners
from agent.outputs.origin import is_loopback_host
from agent.outputs.sockets import Tcp, Unix
from agent.rules.rule import Severity

Serve = Callable[..., Listeners]
Answer = tuple[int, object]
ME = "root" if os.getuid() == 0 else __import__("pwd").getpwuid(os.getuid()).pw_name
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="becoming another user needs root")


class Desk:
    """Stands where the service's main thread does: takes commands and answers at once, or never."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.futures: list[Future[Mapping[str, object]]] = []
        self.answers = True

    def execute(self, command: Command) -> Future[Mapping[str, object]]:
        """Take a command."""
        future: Future[Mapping[str, object]] = Future()
        self.commands.append(command)
        self.futures.append(future)
        if self.answers and isinstance(command, Acknowledge) and command.alert == "unknown":
            future.set_exception(CommandRefused("there is no alert unknown"))
        elif self.answers:
            future.set_result({"done": True})
        return future


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def start(serve: Serve, desk: Desk, feed: Feed) -> Iterator[Callable[[Update | None], tuple[str, int]]]:
    """Serves an update on both listeners; gives the socket's path and the port."""
    folder = tempfile.TemporaryDirectory(dir="/tmp")  # the test's own folder is closed to other users
    Path(folder.name).chmod(0o755)

    def begin(update: Update | None) -> tuple[str, int]:
        sources = Sources(latest=lambda: update, status=lambda: {"verdict": "正常"}, notifications=feed, language="zh")
        settings = ApiSettings(sources=sources, execute=desk.execute, own_uid=os.getuid())
        app = application(api(settings), body_limit_bytes=BODY_LIMIT_BYTES)
        started = serve(
            Listener(name="socket", address=Unix(path=f"{folder.name}/agent.sock"), app=app),
            Listener(name="local", address=Tcp(host="localhost", port=0, loopback_only=True), app=app),
        )
        return started.addresses["socket"], int(started.addresses["local"].rpartition(":")[2])

    yield begin
    folder.cleanup()


def over_tcp(
    port: int, path: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, body=body, headers=dict(headers or {}))
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def over_socket(path: str, method: str, url: str, body: bytes = b"") -> Answer:
    connection = http.client.HTTPConnection("localhost", timeout=5)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(path)
    connection.request(method, url, body=body)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def as_nobody(work: Callable[[], object]) -> object:
    """What `work` gives in a child process of another user."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            try:
                answer = work()
            except apiclient.AgentError as error:
                answer = str(error)
            os.write(write_end, json.dumps(answer).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        answer = json.loads(pipe.read())
    os.waitpid(child, 0)
    return answer


def test_everybody_may_read(start: Callable[..., tuple[str, int]], example: Update) -> None:
    """Both listeners give the same, in UTF-8 that people can read."""
    path, port = start(example)
    for url in ("/api/v1/status", "/api/v1/alerts", "/api/v1/readings"):
        assert over_tcp(port, url) == (200, apiclient.ask(path, "GET", url))
    assert apiclient.ask(path, "GET", "/api/v1/status") == {"verdict": "正常"}


def test_readings_have_the_commands_shape(start: Callable[..., tuple[str, int]], example: Update) -> None:
    path, _ = start(example)
    answer = apiclient.ask(path, "GET", "/api/v1/readings")
    assert list(answer) == ["taken_at", "probes", "readings"]
    assert answer["probes"][3] == {  # type: ignore[index]
        "probe": "fan",
        "status": "unsupported",
        "reason": "no fan: /sys/class/hwmon is empty",
        "duration_seconds": 0.25,
    }
    values = [(reading["value"], reading["suspect"]) for reading in answer["readings"][:5]]  # type: ignore[index]
    assert values == [(97.5, None), (40, None), (41, None), (128, "stuck"), (None, None)]


def test_an_alert_is_shown_with_the_id_that_acknowledges_it(
    start: Callable[..., tuple[str, int]], example: Update, desk: Desk
) -> None:
    path, _ = start(example)
    alert = apiclient.ask(path, "GET", "/api/v1/alerts")["alerts"][0]  # type: ignore[index]
    assert alert == {
        "alert": alert_id(example.alerts[0].key),
        "rule": "cpu-overheating",
        "clause": "4.1.a.1",
        "severity": "critical",
        "resource": "chip=coretemp, sensor=Package id 0, component=cpu",
        "labels": {"chip": "coretemp", "sensor": "Package id 0", "component": "cpu"},
        "state": "firing",
        "cannot_tell": False,
        "value": 3.5,
        "limit": 5,
        "active_at": "2026-01-02T11:59:30+00:00",
        "fired_at": "2026-01-02T11:59:45+00:00",
        "seen_at": None,
        "acknowledged_at": None,
        "acknowledged_by": "",
        "summary": {"zh": "字", "en": "words"},
        "action": {"zh": "字", "en": "words"},
    }
    assert apiclient.ask(path, "POST", "/api/v1/acknowledge", {"alert": alert["alert"]}) == {"done": True}
    assert desk.commands == [Acknowledge(alert=alert["alert"], by=ME)]


def test_an_alerts_id_does_not_change() -> None:
    """It is written in notifications and typed by people; a later version must find the same alert by it."""
    key = AlertKey(rule="cpu-overheating", severity=Severity.CRITICAL, resource=(("chip", "k10temp"),))
    assert (alert_id(key), alert_id(AlertKey(rule=key.rule, severity=key.severity, resource=()))) == (
        "56887188",
        "9d5b44db",
    )


def test_changes_reach_the_main_thread_with_who_asked(
    start: Callable[..., tuple[str, int]], example: Update, desk: Desk
) -> None:
    path, _ = start(example)
    apiclient.ask(path, "POST", "/api/v1/seen", {"alert": "a"})
    apiclient.ask(path, "POST", "/api/v1/silence", {"rule": "r", "seconds": 60, "reason": " 更换风扇 "})
    apiclient.ask(path, "DELETE", "/api/v1/silence", {"rule": "r"})
    assert desk.commands == [
        MarkSeen(alert="a", by=ME),
        AddSilence(rule="r", seconds=60.0, reason="更换风扇", by=ME),
        RemoveSilence(rule="r", by=ME),
    ]


@needs_root
def test_another_user_may_acknowledge_and_not_silence(
    start: Callable[..., tuple[str, int]], example: Update, desk: Desk
) -> None:
    path, _ = start(example)
    silence = {"rule": "r", "seconds": 60, "reason": "noise"}
    answers = (
        as_nobody(lambda: apiclient.ask(path, "POST", "/api/v1/acknowledge", {"alert": "a"})),
        as_nobody(lambda: apiclient.ask(path, "POST", "/api/v1/silence", silence)),
    )
    assert answers == ({"done": True}, "The agent refused: only an administrator may silence a rule.")
    assert desk.commands == [Acknowledge(alert="a", by="nobody")]


@pytest.mark.parametrize(("method", "url"), list(CHANGES))
def test_nothing_can_be_changed_over_tcp(
    start: Callable[..., tuple[str, int]], example: Update, desk: Desk, method: str, url: str
) -> None:
    _, port = start(example)
    assert over_tcp(port, url, method, body=b'{"alert": "a"}') == (
        403,
        {"error": "nothing can be changed over TCP; use the agent's socket"},
    )
    assert desk.commands == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost"}, 200),
        ({"Host": "evil.example:9848"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "localhost:9848", "Origin": "http://localhost:9848"}, 200),
        ({"Host": "localhost:9848", "Origin": "http://localhost:1234"}, 403),
        ({"Host": "localhost:9848", "Origin": "https://evil.example"}, 403),
        ({"Host": "localhost:9848", "Origin": "null"}, 403),
    ],
)
def test_pages_of_other_origins_get_nothing(
    start: Callable[..., tuple[str, int]], example: Update, headers: dict[str, str], status: int
) -> None:
    _, port = start(example)
    assert over_tcp(port, "/api/v1/readings", headers=headers)[0] == status


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("LOCALHOST", True),
        ("127.9.9.9:80", True),
        ("[::1]", True),
        ("[::1]:9848", True),
        ("", False),
        ("::1", False),
        ("192.168.1.5:9848", False),
        ("localhost:", False),
        ("localhost:80@evil.example", False),
        ("localhost.evil.example", False),
        ("2130706433", False),
        ("[::ffff:10.0.0.1]", False),
    ],
)
def test_loopback_names(host: str, expected: bool) -> None:
    assert is_loopback_host(host) is expected


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (("GET", "/api/v1/nothing", b""), (404, "there is no /api/v1/nothing")),
        (("GET", "/api/status", b""), (404, "there is no /api/status")),
        (
            ("GET", "/api/v1/status?language=zh", b""),
            (400, "the parameter 'language' is not known; expected none here"),
        ),
        (
            ("POST", "/api/v1/seen?alert=a", b'{"alert": "a"}'),
            (400, "what is to be changed is told in the body; expected no parameters"),
        ),
        (("PUT", "/api/v1/silence", b""), (405, "PUT is not possible here")),
        (("POST", "/api/v1/status", b""), (405, "POST is not possible here")),
        (("POST", "/api/v1/seen", b"[]"), (400, "the body is no JSON object")),
        (("POST", "/api/v1/seen", b"{}"), (400, "expected exactly these fields: alert")),
        (("POST", "/api/v1/seen", b'{"alert": "a", "x": 1}'), (400, "expected exactly these fields: alert")),
        (("POST", "/api/v1/seen", b'{"alert": 1}'), (400, "alert: expected a text of one line")),
        (("POST", "/api/v1/seen", b'{"alert": "a\\nb"}'), (400, "alert: expected a text of one line")),
        (("POST", "/api/v1/acknowledge", b'{"alert": "unknown"}'), (404, "there is no alert unknown")),
        *(
            (
                ("POST", "/api/v1/silence", b'{"rule": "r", "seconds": %s, "reason": "x"}' % seconds),
                (400, "seconds: expected a number above 0 and up to 2592000"),
            )
            for seconds in (b"0", b"-1", b'"1h"', b"true", b"NaN", b"1e999", b"null")
        ),
    ],
)
def test_what_cannot_be_done_is_answered_with_a_reason(
    start: Callable[..., tuple[str, int]],
    example: Update,
    asked: tuple[str, str, bytes],
    answer: tuple[int, str],
) -> None:
    path, _ = start(example)
    assert over_socket(path, *asked) == (answer[0], {"error": answer[1]})


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 15_000])
def test_a_body_that_is_no_json_is_refused(start: Callable[..., tuple[str, int]], example: Update, body: bytes) -> None:
    path, _ = start(example)
    status, answer = over_socket(path, "POST", "/api/v1/seen", body)
    assert status == 400
    assert isinstance(answer, dict)
    assert answer["error"].startswith("the body is no JSON: ")


def test_before_the_first_cycle_the_answer_is_come_back_later(start: Callable[..., tuple[str, int]]) -> None:
    path, _ = start(None)
    assert over_socket(path, "GET", "/api/v1/alerts") == (503, {"error": "the first cycle is not over yet"})


def test_a_busy_main_thread_is_said_so_and_the_command_is_withdrawn(
    start: Callable[..., tuple[str, int]], example: Update, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody waits for any more must not be done later."""
    monkeypatch.setattr(api_module, "COMMAND_SECONDS", 0.05)
    desk.answers = False
    path, _ = start(example)
    with pytest.raises(apiclient.AgentError) as caught:
        apiclient.ask(path, "POST", "/api/v1/seen", {"alert": "a"})
    assert (str(caught.value), caught.value.status) == (
        "The agent refused: the agent did not do it within 0.05 s.",
        HTTPStatus.GATEWAY_TIMEOUT,
    )
    assert [future.cancelled() for future in desk.futures] == [True]
