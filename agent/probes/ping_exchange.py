"""Which probe a reply belongs to, if any: answered, late, duplicate, or not ours.

Pure bookkeeping of sequence numbers and payloads; `ping_socket` moves the packets.
"""

from __future__ import annotations

from enum import Enum

TIMEOUT_SECONDS = 1.0
"""A probe not answered within this is lost; the loss ratio is defined by it. A call is over long before a second."""

REMEMBERED_PROBES = 64
"""How far back a late or duplicate reply is recognised."""

_WRAP = 65536


class Match(Enum):
    """What a reply is."""

    ANSWER = "answer"
    LATE = "late"
    DUPLICATE = "duplicate"
    FOREIGN = "foreign"
    """Never asked for, altered on the way, or too old to tell."""


class Exchange:
    """The probes of one series: in flight, and the recently settled."""

    __slots__ = ("_pending", "_sequence", "_settled")

    def __init__(self) -> None:
        self._sequence = 0
        self._pending: dict[int, tuple[float, bytes]] = {}
        self._settled: dict[int, tuple[Match, bytes]] = {}

    def next_sequence(self) -> int:
        """The sequence number to send next; it increases by one and wraps at 16 bits."""
        self._sequence = (self._sequence + 1) % _WRAP
        return self._sequence

    def add_sent(self, sequence: int, payload: bytes, sent_at: float) -> None:
        """Remember a probe that left."""
        self._settled.pop(sequence, None)
        self._pending[sequence] = (sent_at, payload)

    def match(self, sequence: int, payload: bytes, received_at: float) -> tuple[Match, float]:
        """What a reply is, and for an answer its round trip in seconds; an answer settles its probe.

        Call `expire` with the same time first: what is in flight here was sent within the timeout.
        """
        pending = self._pending.get(sequence)
        if pending is None:
            return self._match_settled(sequence, payload), 0.0
        sent_at, expected = pending
        if payload != expected:
            return Match.FOREIGN, 0.0
        del self._pending[sequence]
        self._settle(sequence, Match.DUPLICATE, payload)
        return Match.ANSWER, max(received_at - sent_at, 0.0)

    def give_up(self, sequence: int) -> bool:
        """Settle one probe as never to be answered; whether it was in flight."""
        pending = self._pending.pop(sequence, None)
        if pending is not None:
            self._settle(sequence, Match.LATE, pending[1])
        return pending is not None

    def expire(self, now: float) -> int:
        """Settle what was sent more than `TIMEOUT_SECONDS` ago; how many probes that lost."""
        lost = 0
        for sequence, (sent_at, _) in list(self._pending.items()):
            if now - sent_at <= TIMEOUT_SECONDS:
                break  # they are in the order of sending
            self.give_up(sequence)
            lost += 1
        return lost

    def forget_pending(self) -> None:
        """Drop what is in flight: its socket is gone, so no answer says nothing."""
        self._pending.clear()

    def _match_settled(self, sequence: int, payload: bytes) -> Match:
        match, expected = self._settled.get(sequence, (Match.FOREIGN, b""))
        if match is Match.FOREIGN or payload != expected:
            return Match.FOREIGN
        self._settled[sequence] = (Match.DUPLICATE, expected)
        return match

    def _settle(self, sequence: int, next_reply: Match, payload: bytes) -> None:
        self._settled[sequence] = (next_reply, payload)
        if len(self._settled) > REMEMBERED_PROBES:
            del self._settled[next(iter(self._settled))]
