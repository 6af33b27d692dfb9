"""Which probe a reply belongs to."""

from agent.probes.ping_exchange import REMEMBERED_PROBES, TIMEOUT_SECONDS, Exchange, Match

COOKIE = b"cookie"


def sent(*times: float) -> Exchange:
    exchange = Exchange()
    for at in times:
        exchange.add_sent(exchange.next_sequence(), COOKIE, at)
    return exchange


def test_an_answer_in_time_counts_once() -> None:
    """The first reply is the answer with its round trip, the second a duplicate."""
    exchange = sent(10.0)
    assert exchange.match(1, COOKIE, 10.25) == (Match.ANSWER, 0.25)
    assert exchange.match(1, COOKIE, 10.26) == (Match.DUPLICATE, 0.0)


def test_a_probe_in_flight_is_not_lost() -> None:
    """Only what is older than the timeout is lost, and only once."""
    exchange = sent(10.0, 11.0)
    assert [exchange.expire(now) for now in (10.0 + TIMEOUT_SECONDS, 11.5, 11.6, 12.5)] == [0, 1, 0, 1]


def test_a_reply_after_the_timeout_is_late() -> None:
    """It is late once, and after that a duplicate."""
    exchange = sent(10.0)
    exchange.expire(11.5)
    assert [exchange.match(1, COOKIE, 11.6)[0] for _ in range(2)] == [Match.LATE, Match.DUPLICATE]


def test_what_was_not_asked_for_is_foreign() -> None:
    """A sequence never sent and an altered payload match nothing, and leave the probe in flight."""
    exchange = sent(10.0)
    assert exchange.match(7, COOKIE, 10.1) == (Match.FOREIGN, 0.0)
    assert exchange.match(1, b"other", 10.1) == (Match.FOREIGN, 0.0)
    assert exchange.match(1, COOKIE, 10.2)[0] is Match.ANSWER
    assert exchange.match(1, b"other", 10.3) == (Match.FOREIGN, 0.0)


def test_giving_up_settles_a_probe_once() -> None:
    """An ICMP error about a probe that is not in flight changes nothing."""
    exchange = sent(10.0)
    assert [exchange.give_up(1), exchange.give_up(1), exchange.give_up(2)] == [True, False, False]
    assert exchange.expire(20.0) == 0


def test_sequences_increase_and_wrap() -> None:
    """They start at 1 and use all sixteen bits."""
    exchange = Exchange()
    sequences = [exchange.next_sequence() for _ in range(65537)]
    assert sequences[:3] + sequences[-3:] == [1, 2, 3, 65535, 0, 1]


def test_a_wrapped_sequence_is_a_new_probe() -> None:
    """An answer to a reused number is not taken for a duplicate of the old one."""
    exchange = sent(10.0)
    exchange.match(1, COOKIE, 10.1)
    exchange.add_sent(1, b"newer", 70000.0)
    assert exchange.match(1, b"newer", 70000.5) == (Match.ANSWER, 0.5)


def test_memory_is_bounded() -> None:
    """A reply to a probe settled long ago is foreign."""
    exchange = sent(*(float(number) for number in range(REMEMBERED_PROBES + 1)))
    exchange.expire(1000.0)
    assert exchange.match(1, COOKIE, 1000.0)[0] is Match.FOREIGN
    assert exchange.match(2, COOKIE, 1000.0)[0] is Match.LATE
