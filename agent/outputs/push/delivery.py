"""The thread that sends what is in the spool: the oldest first, one at a time, and patiently."""

from __future__ import annotations

import logging
import random
import threading
import time

from agent.outputs.push.request import encode
from agent.outputs.push.sender import Answer, Connection, Fate, Sender
from agent.outputs.push.serverclock import ServerClock
from agent.outputs.push.spool import Message, Spool

_log = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 300.0
"""The server that is back has everything after five minutes; a fleet that asks more often would keep it down."""
LONGEST_ASKED_WAIT_SECONDS = 3600.0
_CLOSING_SECONDS = 2.0
"""What is under way may end; what was sent and not answered is sent again at the next start, with the same times."""

_NOTHING = encode((), 0)


class Delivery:
    """Sends until it is closed. `sent`, `refused`, `ahead` count samples; `last_success`: since 1970, 0 before it."""

    def __init__(self, spool: Spool, sender: Sender, url: str) -> None:
        """The thread starts at once."""
        self.sent = self.refused = self.ahead = 0
        self.last_success = 0.0
        self._spool = spool
        self._sender = sender
        self._url = url
        self._wake = threading.Event()
        self._wake.set()  # the agent's life before this one may have left something
        self._is_closing = False
        self._failures = 0
        self._losses = 0
        self._clock = ServerClock()
        self._thread = threading.Thread(target=self._run, name="push", daemon=True)
        self._thread.start()

    def ring(self) -> None:
        """There is something to send; while the server is not to be bothered, that waits."""
        if self._failures == 0:
            self._wake.set()

    def close(self) -> None:
        """End soon; the spool keeps what is not sent."""
        self._is_closing = True
        self._wake.set()
        self._thread.join(_CLOSING_SECONDS)

    def _run(self) -> None:
        wait: float | None = None
        while not self._is_closing:
            self._wake.wait(wait)
            self._wake.clear()
            wait = self._drain()

    def _drain(self) -> float | None:
        """Send all there is; how long to wait before the next attempt, nothing if all was sent."""
        try:
            message = self._spool.oldest()
            if message is None:
                return None
            with self._sender.connection() as connection:
                while message is not None and not self._is_closing:
                    answer = self._deliver(connection, message)
                    if answer.fate is Fate.LATER:
                        return self._patience(answer)
                    message = self._spool.oldest()
        except (OSError, ValueError) as error:  # a password or a certificate: missing, denied, wrong
            return self._patience(Answer(fate=Fate.LATER, reason=str(error)))
        return None

    def _deliver(self, connection: Connection, message: Message) -> Answer:
        answer = self._attempt(connection, message)
        if answer.fate is Fate.LATER:
            return answer
        self._spool.remove_oldest()
        match answer.fate:
            case Fate.TAKEN:
                self.sent += message.samples
                self._note_success()
            case Fate.REFUSED:
                self.refused += message.samples
                self._note_loss(f"{self._url} refuses samples, which are dropped: {answer.reason}")
            case Fate.AHEAD:
                self.ahead += message.samples
                self._note_loss(f"samples are dropped: {answer.reason}")
        return answer

    def _attempt(self, connection: Connection, message: Message) -> Answer:
        """Send the message, unless the server's clock, asked by a message with nothing in it, is behind it."""
        if self._clock.seconds_ahead(message.at_milliseconds):
            answer = self._post(connection, _NOTHING)
            ahead = self._clock.seconds_ahead(message.at_milliseconds)
            if answer.fate is Fate.LATER:
                return answer
            if answer.server_at and ahead:
                return Answer(fate=Fate.AHEAD, reason=f"this computer's clock is {ahead:.0f} s ahead of the server's")
        return self._post(connection, message.body)

    def _post(self, connection: Connection, body: bytes) -> Answer:
        answer = connection.post(body)
        self._clock.hear(answer.server_at)
        return answer

    def _note_success(self) -> None:
        self.last_success = time.time()
        if self._failures or self._losses:
            _log.warning("push: %s takes samples again; %d messages were dropped", self._url, self._losses)
        self._failures = self._losses = 0

    def _note_loss(self, what: str) -> None:
        if self._losses == 0:
            _log.error("push: %s", what)
        self._losses += 1
        self._failures = 0

    def _patience(self, answer: Answer) -> float:
        """Twice as long after each failure, and never the same for two workstations."""
        if self._failures == 0:
            _log.error("push: %s: %s; samples are kept and sent later", self._url, answer.reason)
        growing = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(self._failures, 16))
        self._failures += 1
        asked = min(answer.wait_seconds, LONGEST_ASKED_WAIT_SECONDS)
        return max(asked, growing) * random.uniform(1.0, 1.3)  # noqa: S311  # spread, not secrecy
