"""The local API: what the agent knows as JSON, and what people may change.

Over the Unix socket the kernel tells who calls: any local user may see, mark seen and acknowledge; only root and the
agent's own user may silence. Over TCP on loopback nobody is known, so everything is read-only, and a web page of
another origin gets nothing. Nothing is changed in the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from agent.outputs.api_changes import CHANGES, Change, fields_of
from agent.outputs.api_reads import Document, Read, Sources, answer_read, reads
from agent.outputs.command import Command, CommandRefused, Execute
from agent.outputs.exchange import Handler, Request, Response
from agent.outputs.origin import refuse_foreign_pages
from agent.outputs.refusal import Refused, json_response
from agent.outputs.users import user_name

BODY_LIMIT_BYTES = 256 * 1024
"""A command has a few hundred bytes; the result of a check has some ten thousand."""
COMMAND_SECONDS = 5.0
"""A cycle's length: the main thread takes commands between cycles and is never busy for longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What the API is built from: what it shows, and the way to the main thread."""

    sources: Sources
    execute: Execute
    own_uid: int


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
        by = await _permitted_name(request, change, settings.own_uid)
        return await _execute(change.build(fields_of(request.body), by), settings.execute)
    if request.method in ("GET", "HEAD") and request.path in documents:
        return await answer_read(documents[request.path], request.query)
    allowed = [method for method, path in CHANGES if path == request.path]
    allowed += ["GET", "HEAD"] if request.path in documents else []
    if allowed:
        raise Refused(405, f"{request.method} is not possible here", allow=", ".join(allowed))
    raise Refused(404, f"there is no {request.path}")


async def _permitted_name(request: Request, change: Change, own_uid: int) -> str:
    if request.query:
        raise Refused(400, "what is to be changed is told in the body; expected no parameters")
    uid = request.peer.uid
    if not request.peer.over_unix:
        raise Refused(403, "nothing can be changed over TCP; use the agent's socket")
    if uid is None:
        raise Refused(403, "nothing can be changed because the system does not tell who is calling")
    if change.for_administrators and uid not in (0, own_uid):
        raise Refused(403, "only an administrator may silence a rule")
    return await user_name(uid)


async def _execute(command: Command, execute: Execute) -> Document:
    try:
        return await asyncio.wait_for(asyncio.wrap_future(execute(command)), COMMAND_SECONDS)
    except TimeoutError:
        raise Refused(504, f"the agent did not do it within {COMMAND_SECONDS:g} s") from None
    except CommandRefused as refused:
        raise Refused(refused.status, str(refused)) from refused
