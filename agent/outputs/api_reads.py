"""What everybody who reaches the local API may see: one document per path, asked with known parameters only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from agent.alerts.alert import Update
from agent.outputs.present import alerts_form, readings_form
from agent.outputs.refusal import Refused

Document = Mapping[str, object]
Query = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One document: how it is answered, and the parameters that it takes."""

    answer: Callable[[Query], Awaitable[Document]]
    parameters: tuple[str, ...] = ()


def reads(status: Callable[[], Document], latest: Callable[[], Update | None]) -> dict[str, Read]:
    """Every document by its path."""
    return {
        "/api/v1/status": _plain(status),
        "/api/v1/alerts": _plain(lambda: alerts_form(_present(latest()))),
        "/api/v1/readings": _plain(lambda: readings_form(_present(latest()))),
    }


async def answer_read(read: Read, query: Query) -> Document:
    """The document.

    Raises:
        Refused: a parameter that the document does not take, or nothing to show before the first cycle.
    """
    unknown = sorted(query.keys() - set(read.parameters))
    if unknown:
        expected = ", ".join(read.parameters) or "none here"
        raise Refused(400, f"the parameter {unknown[0]!r} is not known; expected {expected}")
    return await read.answer(query)


def _plain(document: Callable[[], Document]) -> Read:
    async def answer(_: Query) -> Document:
        return document()

    return Read(answer=answer)


def _present(update: Update | None) -> Update:
    if update is None:
        raise Refused(503, "the first cycle is not over yet", retry_after="1")
    return update
