"""The record for people who may not read its file: the agent reads it for them, over the socket alone.

A request names what is wanted, the answer holds the words that the commands print themselves where they may read the
file. A worker thread reads, one at a time: proving two years takes a second, and the event loop waits for nobody.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from agent.database import DatabaseDamaged, DatabaseTooNew, DatabaseUnavailable
from agent.outputs.exchange import Handler, Request, Response
from agent.outputs.journal.entry import Kind, Witness
from agent.outputs.journal.export import ExportFormat, export
from agent.outputs.journal.reading import Filter, entries, reader
from agent.outputs.journal.verification import verify
from agent.outputs.journal.wording import line
from agent.outputs.report.collect import read_report
from agent.outputs.report.forms import render
from agent.outputs.report.report import Request as ReportRequest
from agent.outputs.report.text import unacknowledged_lines
from agent.outputs.report.words import outcome

PREFIX = "/api/v1/record/"
MOST_BYTES = 5_000_000
"""Some 8000 entries as JSON Lines; in the answer their quotes are escaped again."""

Fields = Mapping[str, Any]
Answer = Mapping[str, object]


class TooMuch(Exception):
    """More was wanted than one answer holds."""


def record_pages(others: Handler, path: str) -> Handler:
    """Answers everything under `PREFIX` from the journal's file, and hands the rest on."""
    turn = asyncio.Lock()

    async def handle(request: Request) -> Response:
        read = _READS.get(request.path)
        if read is None:
            return await others(request)
        if request.method != "POST":
            return _json(405, {"error": f"{request.method} is not possible here"}, allow="POST")
        if not request.peer.over_unix:
            return _json(403, {"error": "the record is read over the agent's socket only"})
        async with turn:
            return await asyncio.to_thread(_answered, read, request.body, path)

    return handle


def _answered(read: Callable[[str, Fields], Answer], body: bytes, path: str) -> Response:
    try:
        fields = json.loads(body)
        return _json(200, read(path, fields))
    except (DatabaseUnavailable, DatabaseDamaged, DatabaseTooNew, sqlite3.Error) as error:
        return _json(503, {"error": f"the record cannot be read: {error}"})
    except TooMuch as error:
        return _json(413, {"error": str(error)})
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # what came is no such request
        return _json(400, {"error": f"this cannot be asked of the record: {type(error).__name__}: {error}"})


def _entries(path: str, fields: Fields) -> Answer:
    """Entries by filter: as the lines of a list, or in a form of the export."""
    wanted = Filter(
        since=_time(fields["since"]),
        until=_time(fields["until"]),
        kinds=tuple(Kind(kind) for kind in fields["kinds"]),
        rule=str(fields["rule"]),
        clause=str(fields["clause"]),
        user=str(fields["user"]),
        limit=None if fields["limit"] is None else int(fields["limit"]),
    )
    text = _Bounded()
    with reader(path) as connection:
        found = entries(connection, wanted)
        if fields["format"] == "list":
            count = sum(1 for entry in found if text.write(f"{line(entry, fields['language'])}\n".encode()))
        else:
            count = export(found, ExportFormat(fields["format"]), text)
    return {"text": text.getvalue().decode(), "count": count}


def _proof(path: str, fields: Fields) -> Answer:
    """Whether the journal is whole, in one sentence; against a witness where one is given."""
    noted = fields["witness"]
    witness = None if noted is None else Witness(id=int(noted["id"]), hash=str(noted["hash"]))
    with reader(path) as connection:
        found = verify(connection, witness)
    return {"is_whole": found.is_whole, "text": outcome(found, fields["language"])}


def _report(path: str, fields: Fields) -> Answer:
    """The report of a period; the caller says each clause in its own language."""
    since, until = datetime.fromisoformat(fields["since"]), datetime.fromisoformat(fields["until"])
    asked = ReportRequest(
        machine=socket.gethostname(),
        since=since,
        until=until,
        now=datetime.now().astimezone(since.tzinfo),
        statements=dict(fields["statements"]),
    )
    report = read_report(path, asked)
    language = fields["language"]
    return {
        "is_empty": report.is_empty,
        "unacknowledged": unacknowledged_lines(report, language),
        "text": render(report, fields["format"], language),
    }


_READS: Mapping[str, Callable[[str, Fields], Answer]] = {
    f"{PREFIX}entries": _entries,
    f"{PREFIX}proof": _proof,
    f"{PREFIX}report": _report,
}


class _Bounded(BytesIO):
    """A buffer that refuses to outgrow one answer."""

    def write(self, content: Any, /) -> int:  # as in BytesIO
        if self.tell() + len(content) > MOST_BYTES:
            raise TooMuch("more entries than one answer holds; narrow them with --since, --until or --limit")
        return super().write(content)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _json(status: int, content: Answer, **headers: str) -> Response:
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    return Response(
        status=status,
        body=body,
        content_type="application/json; charset=utf-8",
        headers={"cache-control": "no-store", **headers},
    )
