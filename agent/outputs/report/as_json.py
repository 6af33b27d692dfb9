"""The report for programs: the dataclasses of `report` as JSON, times in ISO 8601 with the local offset."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from enum import Enum

from agent.outputs.report.report import Report


def report_json(report: Report) -> str:
    """The whole report as one JSON object; keys are the field names of `Report`, and `is_empty`."""
    content = asdict(report) | {"is_empty": report.is_empty}
    text = json.dumps(content, ensure_ascii=False, indent=2, default=_plain)
    return text.encode(errors="replace").decode()  # a tampered body may hold half a character


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return str(value.value)
    raise TypeError(f"{type(value).__name__} has no place in a report")
