"""What `record_pages` answers: entries, the proof and the report, read from the journal's file in a worker thread.

Imported when the first request comes: the running agent has no other use for reports.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from agent.outputs.journal.entry import Kind, Witness
from agent.outputs.journal.export import ExportFormat, export
from agent.outputs.journal.reading import Filter, entries, reader
from agent.outputs.journal.verification import verify
from agent.outputs.journal.wording import line
from agent.outputs.report.collect import read_report
from agent.outputs.report.forms import render
from agent.outputs.report.report import Request
from agent.outputs.report.text import unacknowledged_lines
from agent.outputs.report.words import outcome

MOST_BYTES = 5_000_000
"""Some 8000 entries as JSON Lines; in the answer their quotes are escaped again."""

Fields = Mapping[str, Any]
Answer = Mapping[str, object]


class TooMuch(Exception):
    """More was wanted than one answer holds."""


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
    asked = Request(
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


READS: Mapping[str, Callable[[str, Fields], Answer]] = {"entries": _entries, "proof": _proof, "report": _report}
"""By the last word of the path: (the journal's file, the request's fields) to the answer.

Each raises TooMuch, the database's exceptions, and ValueError, KeyError, TypeError or AttributeError for odd fields.
"""


class _Bounded(BytesIO):
    """A buffer that refuses to outgrow one answer."""

    def write(self, content: Any, /) -> int:  # as in BytesIO
        if self.tell() + len(content) > MOST_BYTES:
            raise TooMuch("more entries than one answer holds; narrow them with --since, --until or --limit")
        return super().write(content)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
