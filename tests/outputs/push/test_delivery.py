import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.outputs.push import delivery as module
from agent.outputs.push.delivery import Delivery
from agent.outputs.push.request import encode
from agent.outputs.push.sender import Sender
from agent.outputs.push.settings import PushSettings
from agent.outputs.push.spool import Message, Spool
from tests.outputs.push.receiver import Receiver, receiver
from tests.running_agent import eventually, free_port

NOW = round(time.time() * 1000) - 1000


def message(number: int, at_milliseconds: int = NOW) -> Message:
    at = at_milliseconds + number
    return Message(at_milliseconds=at, samples=1, body=encode([((("__name__", "x"),), float(number))], at))


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as state:
        yield state


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path / "push.db"), most_bytes=1_000_000)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(module, "LONGEST_WAIT_SECONDS", 0.05)


def delivery_to(url: str, spool: Spool, **settings: object) -> Delivery:
    return Delivery(spool, Sender(PushSettings(url=url, **settings), "device-health/1"), url)  # type: ignore[arg-type]


def times(*numbers: int) -> list[int]:
    return [NOW + number for number in numbers]


def test_what_was_left_goes_first_and_all_goes_in_order(server: Receiver, spool: Spool) -> None:
    """Two from an earlier life, then one that is new."""
    spool.add(message(1))
    spool.add(message(2))
    with closing(delivery_to(server.url, spool)) as delivery:
        assert eventually(lambda: delivery.sent == 2)
        spool.add(message(3))
        delivery.ring()
        assert eventually(lambda: delivery.sent == 3)
        assert time.time() - delivery.last_success < 10
    assert server.taken == times(1, 2, 3)
    assert spool.oldest() is None
    wanted = {
        "Content-Encoding": "snappy",
        "Content-Type": "application/x-protobuf",
        "User-Agent": "device-health/1",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    assert {key: value for key, value in server.asked[-1].items() if key in wanted} == wanted


@pytest.mark.parametrize("status", [None, 302, 401, 403, 404, 407, 408, 429, 500, 503])
def test_a_server_that_will_not_take_it_now_gets_it_later(
    server: Receiver, spool: Spool, status: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is lost, nothing overtakes, and it is said once."""
    server.answers = [(status, "not now", {})] * 3
    spool.add(message(1))
    spool.add(message(2))
    with closing(delivery_to(server.url, spool)) as delivery:
        assert eventually(lambda: delivery.sent == 2)
        assert (delivery.refused, server.taken) == (0, times(1, 2))
    said = [record.getMessage() for record in caplog.records if record.name == module.__name__]
    assert len(said) == 2, said
    reason = "Remote end closed connection without response" if status is None else f"{status} "
    assert said[0].startswith(f"push: {server.url}: {reason}")
    assert said[0].endswith("; samples are kept and sent later")
    assert said[1] == f"push: {server.url} takes samples again; 0 messages were dropped"


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_the_server_will_never_take_does_not_hold_up_the_rest(
    server: Receiver, spool: Spool, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The server's words are told once for two that it refuses."""
    server.answers = [(status, "out of\nbounds", {})] * 2
    for number in (1, 2, 3):
        spool.add(message(number))
    with closing(delivery_to(server.url, spool)) as delivery:
        assert eventually(lambda: delivery.sent == 1)
        assert (delivery.refused, server.taken) == (2, times(3))
    said = [record.getMessage() for record in caplog.records if record.name == module.__name__]
    assert said[0].startswith(f"push: {server.url} refuses samples, which are dropped: {status} ")
    assert said[0].endswith(": out of bounds")
    assert said[1:] == [f"push: {server.url} takes samples again; 2 messages were dropped"]


def test_a_wait_that_the_server_asks_for_is_kept(server: Receiver, spool: Spool) -> None:
    server.answers = [(429, "", {"Retry-After": "1"})]
    spool.add(message(1))
    begun = time.monotonic()
    with closing(delivery_to(server.url, spool)) as delivery:
        assert eventually(lambda: delivery.sent == 1)
    assert 1.0 <= time.monotonic() - begun < 5


def test_nothing_from_the_future_is_sent(server: Receiver, spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    """A clock eight hours ahead would make the server refuse everybody else; what is not ahead goes."""
    server.seconds_behind = 8 * 3600
    spool.add(message(1))
    spool.add(message(2, NOW - 8 * 3600 * 1000))
    with closing(delivery_to(server.url, spool)) as delivery:
        assert eventually(lambda: delivery.sent == 1)
        assert delivery.ahead == 1
    assert server.taken == [NOW - 8 * 3600 * 1000 + 2]
    first = caplog.records[0].getMessage()
    assert first.startswith("push: samples are dropped: this computer's clock is 28")
    assert first.endswith(" s ahead of the server's")


def test_after_a_sleep_the_server_is_asked_before_anything_is_called_ahead(server: Receiver, spool: Spool) -> None:
    """To the monotonic clock the server seems hours behind."""
    with closing(delivery_to(server.url, spool)) as delivery:
        delivery._clock.hear(time.time() - 8 * 3600)
        spool.add(message(1))
        delivery.ring()
        assert eventually(lambda: delivery.sent == 1)
        assert delivery.ahead == 0


def test_a_password_that_comes_later_is_used(server: Receiver, spool: Spool, tmp_path: Path) -> None:
    """The file is missing, then wrong, then right: nothing is lost and nothing must be restarted."""
    secret = tmp_path / "password"
    spool.add(message(1))
    with closing(delivery_to(server.url, spool, username="li", password_file=secret)) as delivery:
        assert eventually(lambda: delivery._failures > 1)
        secret.write_text("two\nlines\n", encoding="utf-8")
        failures = delivery._failures
        assert eventually(lambda: delivery._failures > failures + 1)
        assert server.asked == []
        secret.write_text("pässword"[:1] + "w\n", encoding="utf-8")
        assert eventually(lambda: delivery.sent == 1)
    assert server.asked[-1]["Authorization"] == "Basic bGk6cHc="


def test_a_token_is_sent_as_one(server: Receiver, spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken\n", encoding="utf-8")
    spool.add(message(1))
    with closing(delivery_to(server.url, spool, token_file=tmp_path / "token")) as delivery:
        assert eventually(lambda: delivery.sent == 1)
    assert server.asked[-1]["Authorization"] == "Bearer t0ken"


def test_a_server_that_is_not_there_is_named_and_waited_for(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    """It ends at once when it is asked to, and the spool keeps all."""
    url = f"http://127.0.0.1:{free_port()}/api/v1/write"
    spool.add(message(1))
    with closing(delivery_to(url, spool)) as delivery:
        assert eventually(lambda: delivery._failures > 2)
    assert not delivery._thread.is_alive()
    assert caplog.records[0].getMessage() == f"push: {url}: Connection refused; samples are kept and sent later"
    assert spool.oldest() == message(1)
