"""The record for people who may not read its file: the agent reads it for them, over the socket alone.

A request names what is wanted, the answer holds the words that the commands print themselves where they may read the
file. A worker thread reads, one at a time: proving two years takes a second, and the event loop waits for nobody.
"""

from __future__ import annotations

import asyncio
import sqlite3

from agent.database import DatabaseDamaged, DatabaseTooNew, DatabaseUnavailable
from agent.outputs.api_changes import fields_of
from agent.outputs.exchange import Handler, Request, Response
from agent.outputs.refusal import Refused, json_response

PREFIX = "/api/v1/record/"


def record_pages(others: Handler, path: str) -> Handler:
    """Answers everything under `PREFIX` from the journal's file, and hands the rest on."""
    turn = asyncio.Lock()

    async def handle(request: Request) -> Response:
        if not request.path.startswith(PREFIX):
            return await others(request)
        try:
            _permit(request)
            async with turn:
                return await asyncio.to_thread(_answered, request, path)
        except Refused as refused:
            return refused.response()

    return handle


def _permit(request: Request) -> None:
    if request.method != "POST":
        raise Refused(405, f"{request.method} is not possible here", allow="POST")
    if not request.peer.over_unix:
        raise Refused(403, "the record is read over the agent's socket only")


def _answered(request: Request, path: str) -> Response:
    from agent.outputs.record_reads import READS, TooMuch  # noqa: PLC0415  # reports cost memory, and few ask

    read = READS.get(request.path.removeprefix(PREFIX))
    if read is None:
        raise Refused(404, f"there is no {request.path}")
    try:
        return json_response(read(path, fields_of(request.body)))
    except (DatabaseUnavailable, DatabaseDamaged, DatabaseTooNew, sqlite3.Error) as error:
        raise Refused(503, f"the record cannot be read: {error}") from error
    except TooMuch as error:
        raise Refused(413, str(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # what came is no such request
        raise Refused(400, f"this cannot be asked of the record: {type(error).__name__}: {error}") from error
