"""What people may ask the agent to change: a request's fields checked one by one, a command out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.outputs.command import (
    Acknowledge,
    AddSilence,
    Command,
    GivenAnswer,
    MarkSeen,
    RecordCheck,
    RemoveSilence,
)
from agent.outputs.refusal import Refused

LONGEST_SILENCE_SECONDS = 30 * 24 * 3600
"""A rule that is silent for longer than a month should be disabled in the rules, where it is seen."""

VERDICTS = ("normal", "warning", "critical", "unknown")

Fields = Mapping[str, object]
Build = Callable[[Fields, str], Command]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that can be changed: how its command is made of the fields and the caller's name, and who may."""

    build: Build
    for_administrators: bool = False


def fields_of(body: bytes) -> Fields:
    """The body as a JSON object.

    Raises:
        Refused: 400, it is none.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise Refused(400, f"the body is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise Refused(400, "the body is no JSON object")
    return fields


def _acknowledge(fields: Fields, by: str) -> Command:
    _expect(fields, "alert")
    return Acknowledge(alert=_text(fields, "alert"), by=by)


def _mark_seen(fields: Fields, by: str) -> Command:
    _expect(fields, "alert")
    return MarkSeen(alert=_text(fields, "alert"), by=by)


def _add_silence(fields: Fields, by: str) -> Command:
    _expect(fields, "rule", "seconds", "reason")
    seconds = fields["seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST_SILENCE_SECONDS:
        raise Refused(400, f"seconds: expected a number above 0 and up to {LONGEST_SILENCE_SECONDS}")
    return AddSilence(rule=_text(fields, "rule"), seconds=float(seconds), reason=_text(fields, "reason"), by=by)


def _remove_silence(fields: Fields, by: str) -> Command:
    _expect(fields, "rule")
    return RemoveSilence(rule=_text(fields, "rule"), by=by)


def _record_check(fields: Fields, by: str) -> Command:
    _expect(fields, "result", "answers", "closing")
    result, answers, closing = fields["result"], fields["answers"], fields["closing"]
    if not isinstance(result, dict) or result.get("verdict") not in VERDICTS:
        raise Refused(400, f"result: expected a check's JSON with a verdict of {', '.join(VERDICTS)}")
    if not isinstance(answers, list) or not isinstance(closing, bool):
        raise Refused(400, "answers: expected a list; closing: expected true or false")
    return RecordCheck(result=result, answers=tuple(_given(answer) for answer in answers), closing=closing, by=by)


def _given(answer: object) -> GivenAnswer:
    if not isinstance(answer, dict):
        raise Refused(400, "answers: expected objects with question, answer and clause")
    _expect(answer, "question", "answer", "clause")
    if answer["answer"] not in ("yes", "no", "skipped"):
        raise Refused(400, "answer: expected yes, no or skipped")
    return GivenAnswer(question=_text(answer, "question"), answer=answer["answer"], clause=_text(answer, "clause"))


CHANGES: Mapping[tuple[str, str], Change] = {
    ("POST", "/api/v1/acknowledge"): Change(build=_acknowledge),
    ("POST", "/api/v1/seen"): Change(build=_mark_seen),
    ("POST", "/api/v1/checks"): Change(build=_record_check),
    ("POST", "/api/v1/silence"): Change(build=_add_silence, for_administrators=True),
    ("DELETE", "/api/v1/silence"): Change(build=_remove_silence, for_administrators=True),
}
"""Every change by method and path."""


def _expect(fields: Fields, *names: str) -> None:
    if set(fields) != set(names):
        raise Refused(400, f"expected exactly these fields: {', '.join(names)}")


def _text(fields: Fields, name: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Refused(400, f"{name}: expected a text of one line")
    return value.strip()
