"""The forms that a report can be written in."""

from __future__ import annotations

from agent.outputs.report.as_json import report_json
from agent.outputs.report.page import report_page
from agent.outputs.report.report import Report
from agent.outputs.report.text import report_text

FORMS = ("text", "html", "json")


def render(report: Report, form: str, language: str) -> str:
    """The report in one of `FORMS`. Raises ValueError for another."""
    match form:
        case "text":
            return report_text(report, language)
        case "html":
            return report_page(report, language)
        case "json":
            return report_json(report)
    raise ValueError(f"{form!r} is no form of a report; expected one of {', '.join(FORMS)}")
