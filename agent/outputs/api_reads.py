"""What everybody who reaches the local API may see: one document per path, asked with known parameters only."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from agent.alerts.alert import Update
from agent.outputs.feed import LONGEST_WAIT_SECONDS, Feed
from agent.outputs.present import alerts_form, readings_form
from agent.outputs.refusal import Refused

Document = Mapping[str, object]
Query = Mapping[str, str]

LANGUAGES = ("zh", "en")

_SECONDS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One document: how it is answered, and the parameters that it takes."""

    answer: Callable[[Query], Awaitable[Document]]
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is shown: the last update, its summary (`status --json`), and what people are told, in their language."""

    latest: Callable[[], Update | None]
    status: Callable[[], Document]
    notifications: Feed
    language: str


def reads(sources: Sources) -> dict[str, Read]:
    """Every document by its path."""

    def latest() -> Update:
        update = sources.latest()
        if update is None:
            raise _too_early()
        return update

    return {
        "/api/v1/status": _plain(sources.status),
        "/api/v1/alerts": _plain(lambda: alerts_form(latest())),
        "/api/v1/readings": _plain(lambda: readings_form(latest())),
        "/api/v1/openapi.json": _plain(_description),
        "/api/v1/notifications": _notifications(sources.notifications, sources.language),
    }


async def answer_read(read: Read, query: Query) -> Document:
    """The document.

    Raises:
        Refused: a parameter that the document does not take, or nothing to show before the first cycle.
    """
    expect_parameters(query, *read.parameters)
    return await read.answer(query)


def expect_parameters(query: Query, *names: str) -> None:
    """Let no other parameters pass.

    Raises:
        Refused: 400, one is not known.
    """
    unknown = sorted(query.keys() - set(names))
    if unknown:
        raise Refused(400, f"the parameter {unknown[0]!r} is not known; expected {', '.join(names) or 'none here'}")


def _plain(document: Callable[[], Document]) -> Read:
    async def answer(_: Query) -> Document:
        return document()

    return Read(answer=answer)


def _description() -> Document:
    """The description of this API, for programs; read when somebody asks, which is seldom."""
    with open(os.path.join(os.path.dirname(__file__), "openapi.json"), encoding="utf-8") as file:
        document: Document = json.load(file)
    return document


def _notifications(feed: Feed, own_language: str) -> Read:
    """What people are told now; with `known` and `wait` not before there is news, or the time is over."""

    async def answer(query: Query) -> Document:
        language, seconds = language_of(query, own_language), _wait_of(query)
        if "known" in query:
            await feed.news(query["known"], seconds)
        document = feed.current(language)
        if document is None:
            raise _too_early()
        return document

    return Read(answer=answer, parameters=("known", "wait", "language"))


def language_of(query: Query, own_language: str) -> str:
    """The language that is asked for, or the configured one.

    Raises:
        Refused: it is none of ours.
    """
    language = query.get("language", own_language)
    if language not in LANGUAGES:
        raise Refused(400, f"language: expected {' or '.join(LANGUAGES)}")
    return language


def _wait_of(query: Query) -> float:
    text = query.get("wait", "0")
    if not _SECONDS.fullmatch(text) or float(text) > LONGEST_WAIT_SECONDS:
        raise Refused(400, f"wait: expected seconds from 0 to {LONGEST_WAIT_SECONDS:g}")
    return float(text)


def _too_early() -> Refused:
    return Refused(503, "the first cycle is not over yet", retry_after="1")
