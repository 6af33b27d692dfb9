"""The listeners on real sockets: what stalls or floods costs its own connection and nothing else."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import os
import resource
import socket
import stat
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.alerts.alert import Update
from agent.outputs import protocol
from agent.outputs.exchange import Request, Response, application, text
from agent.outputs.http import Listener, Listeners
from agent.outputs.metrics import MetricsOutput
from agent.outputs.metrics_pages import accepts_gzip, metrics_pages
from agent.outputs.sockets import ListenError, Tcp, Unix
from agent.readings import MetricSpec

Serve = Callable[..., Listeners]
ANY_PORT = Tcp(host="127.0.0.1", port=0)
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


async def echo(request: Request) -> Response:
    return text(200, f"{request.method} {request.path} {len(request.body)} uid={request.peer.uid}")


def port_of(listeners: Listeners, name: str = "metrics") -> int:
    return int(listeners.addresses[name].rpartition(":")[2])


def listener(address: Tcp | Unix = ANY_PORT, **settings: int) -> Listener:
    return Listener(name="metrics", address=address, app=application(echo, body_limit_bytes=100), **settings)


def ask(port: int, path: str = "/metrics", method: str = "GET", body: bytes | None = None) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, body=body)
    response = connection.getresponse()
    response.content = response.read()  # type: ignore[attr-defined]
    connection.close()
    return response


def open_to(port: int, *pieces: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=5)
    for piece in pieces:
        client.sendall(piece)
    return client


def read_all(client: socket.socket) -> bytes:
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    client.close()
    return b"".join(parts)


def is_cut_off_while_sending(client: socket.socket, piece: bytes) -> bool:
    try:
        for _ in range(500):
            client.sendall(piece)
            threading.Event().wait(0.01)
    except (BrokenPipeError, ConnectionResetError):
        return True
    finally:
        client.close()
    return False


@pytest.fixture
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", 0.05)
    monkeypatch.setattr(protocol, "WRITE_SECONDS", 0.05)


@pytest.fixture
def metrics(serve: Serve, workstation: Update, catalogue: dict[str, MetricSpec]) -> int:
    output = MetricsOutput(catalogue, {}, "0.1.0", clause_status=lambda _: {})
    output.publish(workstation)
    app = application(metrics_pages(output.render, lambda: True))
    return port_of(serve(Listener(name="metrics", address=ANY_PORT, app=app)))


def test_metrics_listener_serves_three_pages_and_nothing_else(metrics: int) -> None:
    """Every other path is not there, and nothing but reading is possible."""
    answers = {(method, path): ask(metrics, path, method).status for method, path in [
        ("GET", "/metrics"), ("HEAD", "/metrics"), ("GET", "/-/healthy"), ("GET", "/-/ready"),
        ("GET", "/"), ("GET", "/metrics/"), ("GET", "/api/v1/status"), ("POST", "/metrics"), ("DELETE", "/-/ready"),
    ]}  # fmt: skip
    assert list(answers.values()) == [200, 200, 200, 200, 404, 404, 404, 405, 405]


def test_head_has_the_headers_and_no_body(metrics: int) -> None:
    head, get = ask(metrics, method="HEAD"), ask(metrics)
    assert (head.content, head.getheader("Content-Length")) == (b"", str(len(get.content)))  # type: ignore[attr-defined]
    assert (get.getheader("Server"), get.getheader("Allow")) == (None, None)
    assert get.getheader("Date", "").endswith(" GMT")


def test_page_is_compressed_for_those_who_ask(metrics: int) -> None:
    plain = ask(metrics).content  # type: ignore[attr-defined]
    connection = http.client.HTTPConnection("127.0.0.1", metrics, timeout=5)
    connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    body = gzip.decompress(response.read())
    connection.close()
    assert response.getheader("Content-Encoding") == "gzip"
    assert [line for line in body.splitlines() if b"_agent_" not in line] == [
        line for line in plain.splitlines() if b"_agent_" not in line
    ]


@pytest.mark.parametrize(
    ("header", "expected"), [("", False), ("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("x", False)]
)
def test_gzip_follows_the_accept_encoding_header(header: str, expected: bool) -> None:
    assert accepts_gzip(header) is expected


def test_ready_is_said_when_it_is_so(serve: Serve) -> None:
    ready = threading.Event()
    app = application(metrics_pages(lambda _: (b"", "text/plain"), ready.is_set))
    port = port_of(serve(Listener(name="metrics", address=ANY_PORT, app=app)))
    assert ask(port, "/-/ready").status == 503
    ready.set()
    assert ask(port, "/-/ready").status == 200


def test_two_hundred_scrapes_at_once_are_answered_or_refused_at_once(serve: Serve) -> None:
    """A flood from one address gets no more than its share, and each refusal is an answer."""
    port = port_of(serve(listener(maximum_connections=32, maximum_per_peer=16)))
    held = [open_to(port, b"GET /metrics HTTP/1.1\r\n") for _ in range(16)]

    def outcome(_: int) -> bytes:
        return read_all(open_to(port))[:12]

    with ThreadPoolExecutor(max_workers=20) as pool:
        assert set(pool.map(outcome, range(200))) == {b"HTTP/1.1 503"}
    for client in held:
        client.sendall(b"Host: x\r\nConnection: close\r\n\r\n")
    assert {read_all(client)[:12] for client in held} == {b"HTTP/1.1 200"}
    assert any(ask(port).status == 200 for _ in range(100))


def test_one_callers_hoard_leaves_room_for_another(serve: Serve) -> None:
    """The cap by address keeps places free for other addresses."""
    port = port_of(serve(listener(Tcp(host="0.0.0.0", port=0), maximum_connections=8, maximum_per_peer=4)))
    hoard = [open_to(port) for _ in range(6)]
    other = socket.create_connection(("127.0.0.1", port), timeout=5, source_address=("127.0.0.9", 0))
    other.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert read_all(other).startswith(b"HTTP/1.1 200")
    assert [client.close() for client in hoard] == [None] * 6


@pytest.mark.usefixtures("short_deadlines")
@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"GET /metrics HTTP/1.1\r\nHost:",),
        (GET, b"GET /metrics HT"),
        (GET + b"GET /metrics HT",),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nabc",),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nabc",),
    ],
    ids=["nothing", "half a head", "half a second head", "half a pipelined head", "half a body", "half a long body"],
)
def test_a_request_that_never_ends_is_cut_off(serve: Serve, pieces: tuple[bytes, ...]) -> None:
    """Whatever part is missing, the connection ends after the deadline."""
    port = port_of(serve(listener()))
    started = time.monotonic()
    read_all(open_to(port, *pieces))
    assert time.monotonic() - started < 2


@pytest.mark.usefixtures("short_deadlines")
def test_dribbled_bytes_do_not_extend_the_deadline(serve: Serve) -> None:
    """The deadline is for the whole request, not for the pause between two bytes."""
    port = port_of(serve(listener()))
    client = open_to(port)
    assert is_cut_off_while_sending(client, b"G")


@pytest.mark.usefixtures("short_deadlines")
def test_a_kept_connection_outlives_the_deadline_of_its_requests(serve: Serve) -> None:
    """Idling between two requests is allowed for longer than sending one."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(serve(listener())), timeout=5)
    sources = []
    for _ in range(2):
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"GET / 0 uid=None\n"
        sources.append(connection.sock.getsockname())
        threading.Event().wait(0.1)
    assert sources[0] == sources[1]
    connection.close()


@pytest.mark.usefixtures("short_deadlines")
def test_a_client_that_never_reads_is_cut_off(serve: Serve) -> None:
    """Unread responses are bounded in time and memory, however many are asked for."""

    async def large(_: Request) -> Response:
        return Response(body=b"x" * 2_000_000)

    port = port_of(serve(Listener(name="metrics", address=ANY_PORT, app=application(large))))
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(5)
    client.connect(("127.0.0.1", port))
    assert is_cut_off_while_sending(client, GET)


def test_pipelined_requests_are_answered_in_order(serve: Serve) -> None:
    requests = b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(20))
    last = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answers = read_all(open_to(port_of(serve(listener())), requests + last))
    paths = [line.split()[1] for line in answers.splitlines() if line.startswith(b"GET ")]
    assert paths == [b"/%d" % number for number in range(20)] + [b"/last"]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000,
        b"\x16\x03\x01\x02\x00 this is TLS\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        GET + b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a number\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
    ],
    ids=["oversized head", "TLS", "no host", "second is no request", "bad chunk", "bad length"],
)
def test_what_is_no_http_is_refused_without_a_word_in_the_log(
    serve: Serve, request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The client's fault is answered to the client, and the listener goes on."""
    port = port_of(serve(listener()))
    answer = read_all(open_to(port, request_bytes))
    expected = b"HTTP/1.1 431 " if len(request_bytes) > protocol.HEAD_BYTES else b"HTTP/1.1 400 Bad Request"
    assert expected in answer or answer == b""
    assert ask(port).status == 200
    assert caplog.text == ""


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_limit_is_refused(serve: Serve, chunked: bool) -> None:
    port = port_of(serve(listener()))
    assert ask(port, method="POST", body=b"a" * 100).status == 200
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    body = iter([b"a" * 60, b"b" * 60]) if chunked else b"a" * 101
    connection.request(
        "POST", "/", body=body, encode_chunked=chunked, headers={"Transfer-Encoding": "chunked"} if chunked else {}
    )
    response = connection.getresponse()
    assert (response.status, response.read()) == (413, b"The body is longer than 100 bytes.\n")
    connection.close()


@pytest.mark.parametrize(
    ("target", "query"),
    [
        ("/", {}),
        ("/?", {}),
        ("/?a=1&b=", {"a": "1", "b": ""}),
        ("/?known=%E6%AD%A3+%26%3D&wait=5", {"known": "正 &=", "wait": "5"}),
        ("/?a=b=c", {"a": "b=c"}),
    ],
)
def test_a_page_is_told_the_decoded_query(serve: Serve, target: str, query: dict[str, str]) -> None:
    async def tell(request: Request) -> Response:
        return text(200, json.dumps([request.path, dict(request.query)]))

    port = port_of(serve(Listener(name="metrics", address=ANY_PORT, app=application(tell))))
    assert json.loads(ask(port, target).content) == ["/", query]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("a", "the query is malformed; expected name=value&name=value with %XX escapes."),
        ("=1", "the query is malformed; expected name=value&name=value with %XX escapes."),
        ("a=1&", "the query is malformed; expected name=value&name=value with %XX escapes."),
        ("a=%4", "the query is malformed; expected name=value&name=value with %XX escapes."),
        ("a=%zz", "the query is malformed; expected name=value&name=value with %XX escapes."),
        ("a=%ff", "the query is malformed; expected UTF-8 behind its %XX escapes."),
        ("a=1&%61=2", "the query names a thing twice; expected each name once."),
        ("a=" + "b" * 1023, "the query has 1025 characters; expected at most 1024."),
    ],
)
def test_a_query_that_cannot_be_read_is_refused_with_the_reason(serve: Serve, query: str, words: str) -> None:
    answer = ask(port_of(serve(listener())), f"/?{query}")
    assert (answer.status, answer.content.decode()) == (400, f"{words}\n")  # type: ignore[attr-defined]


def test_a_failing_page_costs_its_answer_only(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(request: Request) -> Response:
        if request.path == "/broken":
            raise ZeroDivisionError
        return text(200, "fine")

    port = port_of(serve(Listener(name="metrics", address=ANY_PORT, app=application(broken))))
    assert (ask(port, "/broken").status, ask(port, "/").status) == (500, 200)
    assert "ZeroDivisionError" in caplog.text


def test_unix_socket_is_open_to_all_and_tells_who_calls(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "new directory" / "agent.sock"
    listeners = serve(listener(Unix(path=str(path))))
    assert stat.S_IMODE(path.stat().st_mode) == 0o666
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(path))
    client.sendall(b"GET /who HTTP/1.0\r\n\r\n")
    assert read_all(client).endswith(b"GET /who 0 uid=%d\n" % os.getuid())
    listeners.close()
    assert not path.exists()


def test_a_left_over_socket_is_replaced(serve: Serve, tmp_path: Path) -> None:
    """Nobody answers there any more, as after a crash."""
    path = str(tmp_path / "agent.sock")
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(path)
    assert serve(listener(Unix(path=path))).addresses == {"metrics": path}


def test_a_socket_that_is_not_ours_any_more_is_left_alone(serve: Serve, tmp_path: Path) -> None:
    """Another agent took the path over; ending the first must not cut off the second."""
    path = tmp_path / "agent.sock"
    first = serve(listener(Unix(path=str(path))))
    path.unlink()
    serve(listener(Unix(path=str(path))))
    first.close()
    assert path.exists()


def test_addresses_that_cannot_be_listened_on_are_named_with_the_reason(serve: Serve, tmp_path: Path) -> None:
    """The message goes to the person who starts the agent, before anything is served."""
    taken = port_of(serve(listener()))
    (tmp_path / "file").write_text("")
    path = str(tmp_path / "agent.sock")
    serve(listener(Unix(path=path)))
    expected = {
        Tcp(host="127.0.0.1", port=taken): f"127.0.0.1:{taken}: address already in use",
        Tcp(host="192.0.2.1", port=1): "192.0.2.1:1: cannot assign requested address",
        Tcp(
            host="0.0.0.0", port=0, loopback_only=True
        ): "0.0.0.0:0: it is not a loopback address; use 127.0.0.1 or [::1]",
        Unix(path=path): f"{path}: another program answers there; stop it or choose another path",
        Unix(path=str(tmp_path / "file")): f"{tmp_path}/file: there is a file that is no socket; move it away",
        Unix(path=f"{tmp_path}/{'x' * 120}"): f"{tmp_path}/{'x' * 120}: af_unix path too long",
        Unix(path=f"{tmp_path}/file/agent.sock"): f"{tmp_path}/file/agent.sock: file exists",
    }
    for address, reason in expected.items():
        with pytest.raises(ListenError) as caught:
            serve(listener(), listener(address))
        assert str(caught.value) == f"metrics: cannot listen on {reason}"


def test_a_shortage_of_file_handles_is_said_once_and_waited_out(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller waits in the queue and is answered when there are handles again."""
    monkeypatch.setattr("agent.outputs.http.RETRY_SECONDS", 0.02)
    port = port_of(serve(listener()))
    client = socket.socket()
    client.settimeout(5)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    fillers: list[int] = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (client.fileno() + 20, limits[1]))
        with pytest.raises(OSError, match="Too many open files"):
            fillers.extend(os.dup(client.fileno()) for _ in range(100_000))
        client.connect(("127.0.0.1", port))
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        threading.Event().wait(0.1)
    finally:
        for filler in fillers:
            os.close(filler)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert read_all(client).startswith(b"HTTP/1.1 200")
    assert caplog.messages == ["metrics: cannot take connections: [Errno 24] Too many open files"]


@pytest.fixture
def waiting(serve: Serve) -> tuple[int, Callable[[], int]]:
    """A listener whose page never answers, with room for four callers; the port, and how many wait now."""
    waiters: list[Request] = []

    async def hang(request: Request) -> Response:
        waiters.append(request)
        try:
            await asyncio.sleep(3600)
        finally:
            waiters.remove(request)
        return text(200, "never")

    app = application(hang)
    return port_of(serve(Listener(name="metrics", address=ANY_PORT, app=app, maximum_per_peer=4))), lambda: len(waiters)


def comes_to(count: Callable[[], int], expected: int) -> bool:
    """Whether the count comes to be so within ten seconds."""
    end = time.monotonic() + 10
    while count() != expected and time.monotonic() < end:
        threading.Event().wait(0.01)
    return count() == expected


@pytest.mark.parametrize("way", ["close", "half close", "reset", "close with more unread"])
def test_a_client_that_leaves_while_it_waits_gives_its_place_back(
    waiting: tuple[int, Callable[[], int]], way: str
) -> None:
    """A page that is reloaded, or a companion that restarts, must not block those who come after it."""
    port, count = waiting
    clients = [open_to(port, GET) for _ in range(4)]
    assert comes_to(count, 4)
    for client in clients:
        if way == "half close":
            client.shutdown(socket.SHUT_WR)
            continue
        if way == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if way == "close with more unread":
            client.sendall(GET * 5)
        client.close()
    assert comes_to(count, 0)
    assert [client.close() for client in clients] == [None] * 4


def test_a_client_that_floods_while_it_waits_is_read_no_further(waiting: tuple[int, Callable[[], int]]) -> None:
    """What it sends beyond a small buffer stays in its own."""
    port, count = waiting
    client = open_to(port, GET)
    assert comes_to(count, 1)
    client.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.sendall(b"x" * 50_000_000)
    client.close()


def test_a_client_that_says_its_last_word_still_gets_its_answer(serve: Serve) -> None:
    """As `nc -N` does."""
    client = open_to(port_of(serve(listener())), GET)
    client.shutdown(socket.SHUT_WR)
    assert read_all(client).startswith(b"HTTP/1.1 200 OK")


def test_close_is_quick_whatever_is_under_way(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Idle, half-sent and unanswered requests end with the listeners, and silently."""
    forever = threading.Event()

    async def hang(_: Request) -> Response:
        forever.set()
        await asyncio.sleep(3600)
        return text(200, "never")

    listeners = serve(Listener(name="metrics", address=ANY_PORT, app=application(hang)))
    clients = [open_to(port_of(listeners), *pieces) for pieces in ((), (b"GET",), (GET,))]
    assert forever.wait(5)
    started = time.monotonic()
    listeners.close()
    assert time.monotonic() - started < 0.5
    assert [read_all(client) for client in clients] == [b"", b"", b""]
    assert caplog.text == ""
    listeners.close()


def test_nothing_wakes_while_nobody_calls(serve: Serve) -> None:
    """An idle listener costs no processor time: no timer runs in its thread."""
    listeners = serve(listener())
    ask(port_of(listeners))
    assert listeners._loop is not None
    timers = list(listeners._loop._scheduled)  # type: ignore[attr-defined]
    soon = listeners._loop.time() + 60
    assert [timer for timer in timers if not timer.cancelled() and timer.when() < soon] == []
