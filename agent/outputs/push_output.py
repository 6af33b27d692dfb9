"""The output for workstations that nobody can scrape: every so often the series go to a server by remote write."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator

from agent.alerts.alert import Update
from agent.outputs.exposition import Series
from agent.outputs.push.delivery import Delivery
from agent.outputs.push.request import STALE, encode, samples_of
from agent.outputs.push.sender import Sender
from agent.outputs.push.settings import PushSettings
from agent.outputs.push.spool import Message, Spool
from agent.outputs.selfmetrics import PUSH_DROPPED, PUSH_LAST_SUCCESS, PUSH_SAMPLES, PUSH_SPOOL
from agent.readings import Labels

_LONGEST_STEP_BACK_MILLISECONDS = 3_600_000
"""A clock set back by more was far ahead before: waiting until it is there again could take years."""


class PushOutput:
    """Takes the series of a cycle when it is time, and hands them to the spool; a thread of its own sends them.

    No sample goes twice and none is older than the one before it: what the server would refuse is not sent.
    """

    name = "push"

    def __init__(self, settings: PushSettings, path: str, agent: str, series: Callable[[], Iterable[Series]]) -> None:
        """`path` is the spool's file, `agent` the User-Agent; `series` answers those of the latest update."""
        self._settings = settings
        self._series = series
        self._spool = Spool(path, most_bytes=settings.spool_megabytes * 1_000_000)
        self._delivery = Delivery(self._spool, Sender(settings, agent), settings.url)
        self._before: frozenset[Labels] = frozenset()
        self._too_early = 0
        # A fleet that is switched on at nine must not push in the same second all day.
        self._due_at = time.monotonic() + random.uniform(0, settings.every_seconds)  # noqa: S311

    def publish(self, update: Update) -> None:
        """Take the series if it is time."""
        now = time.monotonic()
        if now < self._due_at:
            return
        every = self._settings.every_seconds
        self._due_at += every * max(1, 1 + (now - self._due_at) // every)  # what was missed stays missed
        self._push(round(update.snapshot.taken_at.timestamp() * 1000))

    def counts(self) -> Iterator[Series]:
        """What became of the samples since the start; for the metrics page, and pushed too."""
        delivery = self._delivery
        yield PUSH_SAMPLES, (), delivery.sent
        lost = {
            "spool_full": self._spool.lost,
            "clock_set_back": self._too_early,
            "clock_ahead": delivery.ahead,
            "refused": delivery.refused,
        }
        for reason, count in lost.items():
            yield PUSH_DROPPED, (("reason", reason),), count
        yield PUSH_SPOOL, (), self._spool.waiting_bytes
        if delivery.last_success:
            yield PUSH_LAST_SUCCESS, (), delivery.last_success

    def close(self) -> None:
        """Leave the rest to the next start."""
        self._delivery.close()
        self._spool.close()

    def _push(self, at_milliseconds: int) -> None:
        samples = samples_of(self._series(), self._settings.labels)
        ended = dict.fromkeys(self._before - samples.keys(), STALE)
        count = len(samples) + len(ended)
        if 0 <= self._spool.newest() - at_milliseconds < _LONGEST_STEP_BACK_MILLISECONDS:
            self._too_early += count
            return
        self._before = frozenset(samples)
        body = encode((samples | ended).items(), at_milliseconds)
        try:
            self._spool.add(Message(at_milliseconds=at_milliseconds, samples=count, body=body))
        finally:
            self._delivery.ring()  # also where the disk takes nothing: it waits in memory then
