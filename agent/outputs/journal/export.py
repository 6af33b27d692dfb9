r"""Hands entries to other programs: JSON Lines for programs, CSV for spreadsheets.

JSON Lines carries every column as stored (`body` as the text that was hashed), so that another program can prove the
chain again. CSV (RFC 4180, UTF-8 with a byte order mark, or spreadsheets take it for another encoding) is for people:
the local time, and the common parts of the body in columns of their own. A cell that a spreadsheet could take for a
formula (beginning with = + - @, tab or line break, also in full-width forms) gets an apostrophe before it, unless it
is a number.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from io import StringIO
from typing import BinaryIO

from agent.outputs.journal.entry import COLUMNS, Entry, Json, body_of, happened_at


class ExportFormat(StrEnum):
    """The forms an export can have."""

    JSON_LINES = "jsonl"
    CSV = "csv"


_OWN_COLUMNS = ("change", "value", "limit", "title", "problem", "action")
_CSV_HEADER = ("id", "time", "utc_offset", "kind", "rule", "clause", "severity", "resource", "user", *_OWN_COLUMNS)
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # OWASP's list for CSV injection, with the forms Chinese input gives
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_BYTE_ORDER_MARK = "\ufeff"


def export(entries: Iterable[Entry], form: ExportFormat, stream: BinaryIO) -> int:
    """Write the entries to a stream one by one; how many there were."""
    line = _LINES[form]
    stream.write(_FIRST_LINE[form].encode())
    count = 0
    for entry in entries:
        stream.write(line(entry).encode(errors="replace"))  # a tampered body may hold half a character
        count += 1
    return count


def _json_line(entry: Entry) -> str:
    return json.dumps({column: getattr(entry, column) for column in COLUMNS}, ensure_ascii=False) + "\n"


def _csv_line(entry: Entry) -> str:
    body = body_of(entry)
    own = [_as_text(body.pop(key, None)) for key in _OWN_COLUMNS]
    rest = json.dumps(body, ensure_ascii=False, sort_keys=True) if body else ""
    place = (entry.kind, entry.rule, entry.clause, entry.severity, entry.resource, entry.user)
    return _csv((str(entry.id), _local_time(entry), f"UTC{entry.utc_offset}", *place, *own, rest, entry.hash))


def _local_time(entry: Entry) -> str:
    try:
        return happened_at(entry).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:  # tampered with: shown as it stands
        return entry.at


def _as_text(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _csv(cells: Iterable[str]) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    return line.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(cell) else cell


_LINES: dict[ExportFormat, Callable[[Entry], str]] = {
    ExportFormat.JSON_LINES: _json_line,
    ExportFormat.CSV: _csv_line,
}
_FIRST_LINE = {
    ExportFormat.JSON_LINES: "",
    ExportFormat.CSV: _BYTE_ORDER_MARK + _csv((*_CSV_HEADER, "details", "hash")),
}
