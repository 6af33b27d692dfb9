"""The local API: what the agent knows as JSON, and what people may change.

Over the Unix socket the kernel tells who calls: any local user may see, mark seen and acknowledge; only root, the
agent's own user and those whom the configuration names may silence. Over TCP on loopback a caller is known by the
status page's session only; without one everything is read-only, and a web page of another origin gets nothing.
Nothing is changed in the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.outputs.api_changes import CHANGES, Change, fields_of
from agent.outputs.api_reads import Document, Read, Sources, answer_read, reads
from agent.outputs.command import Command, CommandRefused, Execute
from agent.outputs.exchange import Handler, Request, Response
from agent.outputs.origin import refuse_cross_site, refuse_foreign_pages
from agent.outputs.refusal import Refused, json_response
from agent.outputs.users import Silencers, may_silence, user_name

BODY_LIMIT_BYTES = 256 * 1024
"""A command has a few hundred bytes; the result of a check has some ten thousand."""
COMMAND_SECONDS = 5.0
"""A cycle's length: the main thread takes commands between cycles and is never busy for longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What the API is built from: what it shows, and the way to the main thread."""

    sources: Sources
    execute: Execute
    silencers: Silencers
    session_uid: Callable[[Request], int | None] = lambda _: None
    """The user of a status page's session, for what comes over TCP."""


def api(settings: ApiSettings) -> Handler:
    """Answers everything under `/api/v1/`; errors are `{"error": "…"}` with the matching status."""
    documents = reads(settings.sources)

    async def handle(request: Request) -> Response:
        try:
            refuse_foreign_pages(request)
            answer = await _answer(request, documents, settings)
        except Refused as refused:
            return refused.response()
        return json_response(answer)

    return handle


async def _answer(request: Request, documents: Mapping[str, Read], settings: ApiSettings) -> Document:
    change = CHANGES.get((request.method, request.path))
    if change is not None:
        by = await _permitted_name(request, change, settings)
        return await executed(change.build(fields_of(request.body), by), settings.execute)
    if request.method in ("GET", "HEAD") and request.path in documents:
        return await answer_read(documents[request.path], request.query)
    allowed = [method for method, path in CHANGES if path == request.path]
    allowed += ["GET", "HEAD"] if request.path in documents else []
    if allowed:
        raise Refused(405, f"{request.method} is not possible here", allow=", ".join(allowed))
    raise Refused(404, f"there is no {request.path}")


async def _permitted_name(request: Request, change: Change, settings: ApiSettings) -> str:
    if request.query:
        raise Refused(400, "what is to be changed is told in the body; expected no parameters")
    uid = request.peer.uid if request.peer.over_unix else _page_user(request, change, settings)
    if uid is None:
        raise Refused(403, "nothing can be changed because the system does not tell who is calling")
    if change.for_administrators:
        await _require_silencer(uid, settings.silencers)
    return await user_name(uid)


def _page_user(request: Request, change: Change, settings: ApiSettings) -> int:
    uid = settings.session_uid(request) if change.from_page else None
    if uid is None:
        raise Refused(403, "nothing can be changed over TCP without a page's session; use the agent's socket")
    refuse_cross_site(request)
    return uid


async def _require_silencer(uid: int, silencers: Silencers) -> None:
    try:
        is_permitted = await may_silence(uid, silencers)
    except TimeoutError:
        raise Refused(503, "the system does not tell in time whether you may silence a rule", retry_after="5") from None
    if not is_permitted:
        raise Refused(403, "only an administrator may silence a rule, or whom agent.yaml names under local")


async def executed(command: Command, execute: Execute) -> Document:
    """What the main thread answers.

    Raises:
        Refused: it says no, or is not done in time; then it is withdrawn.
    """
    try:
        return await asyncio.wait_for(asyncio.wrap_future(execute(command)), COMMAND_SECONDS)
    except TimeoutError:
        raise Refused(504, f"the agent did not do it within {COMMAND_SECONDS:g} s") from None
    except CommandRefused as refused:
        raise Refused(refused.status, str(refused)) from refused
