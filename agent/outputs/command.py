"""What people ask the agent to change. The listeners only hand it on; the service's main thread does it.

The service answers through the future: a mapping for the caller, or `CommandRefused`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from agent.readings import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """Somebody takes care of an alert, named by its id."""

    alert: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSeen:
    """Somebody was shown an alert, named by its id."""

    alert: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDelivery:
    """How a person was told of an alert, named by its id: the way that worked, or none."""

    alert: str
    way: str
    detail: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TellSession:
    """What a user's companion reads in their session; nothing when it ends."""

    readings: tuple[Reading, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSilence:
    """A rule is not to be announced for a time."""

    rule: str
    seconds: float
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveSilence:
    """A rule is to be announced again."""

    rule: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """What a person said to a question of the procedure: yes, no or skipped."""

    question: str
    answer: str
    clause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCheck:
    """A check was made: its result as JSON, and the answers given with it."""

    result: Mapping[str, Any]
    answers: tuple[GivenAnswer, ...]
    closing: bool
    by: str


Command = Acknowledge | MarkSeen | RecordDelivery | TellSession | AddSilence | RemoveSilence | RecordCheck
Execute = Callable[[Command], "Future[Mapping[str, object]]"]
"""Hands a command to the main thread, at once; the future is cancelled when nobody waits for it any more."""


class CommandRefused(Exception):
    """The command cannot be done; the message is what the caller reads."""

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.NOT_FOUND) -> None:
        super().__init__(message)
        self.status = status
