"""What people may ask the agent to change: a request's fields checked one by one, a command out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.outputs.command import (
    Acknowledge,
    AddSilence,
    Command,
    Correct,
    GivenAnswer,
    MarkSeen,
    RecordCheck,
    RecordDelivery,
    RemoveSilence,
    TellSession,
)
from agent.outputs.refusal import Refused
from agent.outputs.session import session_readings

LONGEST_SILENCE_SECONDS = 30 * 24 * 3600
"""A rule that is silent for longer than a month should be disabled in the rules, where it is seen."""

LARGEST_ID = 2**63 - 1
"""SQLite's largest row id."""

LONGEST_DETAIL = 200
"""Characters about how a person was told, such as the name of the notification server."""

WAYS = ("notification", "page", "terminal", "none")
ANSWERS = ("yes", "no", "skipped")
VERDICTS = ("normal", "warning", "critical", "unknown")

Fields = Mapping[str, object]
Build = Callable[[Fields, str], Command]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that can be changed: how its command is made of the fields and the caller's name, and who may.

    `from_page` lets the status page do it with a session; the rest is for programs on the socket.
    """

    build: Build
    for_administrators: bool = False
    from_page: bool = False


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


def expect_fields(fields: Fields, *names: str) -> None:
    """Let exactly these fields pass.

    Raises:
        Refused: 400, one is missing or is not known.
    """
    if set(fields) != set(names):
        raise Refused(400, f"expected exactly these fields: {', '.join(names) or 'none'}")


def _acknowledge(fields: Fields, by: str) -> Command:
    expect_fields(fields, "alert")
    return Acknowledge(alert=_text(fields, "alert"), by=by)


def _mark_seen(fields: Fields, by: str) -> Command:
    expect_fields(fields, "alert")
    return MarkSeen(alert=_text(fields, "alert"), by=by)


def _record_delivery(fields: Fields, by: str) -> Command:
    expect_fields(fields, "alert", "way", "detail")
    way, detail = fields["way"], fields["detail"]
    if way not in WAYS:
        raise Refused(400, f"way: expected {', '.join(WAYS[:-1])} or {WAYS[-1]}")
    if not isinstance(detail, str) or len(detail) > LONGEST_DETAIL or not detail.isprintable():
        raise Refused(400, f"detail: expected a line of at most {LONGEST_DETAIL} characters, which may be empty")
    return RecordDelivery(alert=_text(fields, "alert"), way=str(way), detail=detail.strip(), by=by)


def _tell_session(fields: Fields, by: str) -> Command:
    expect_fields(fields, "readings")
    return TellSession(readings=session_readings(fields["readings"]), by=by)


def _add_silence(fields: Fields, by: str) -> Command:
    expect_fields(fields, "rule", "seconds", "reason")
    seconds = fields["seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST_SILENCE_SECONDS:
        raise Refused(400, f"seconds: expected a number above 0 and up to {LONGEST_SILENCE_SECONDS}")
    return AddSilence(rule=_text(fields, "rule"), seconds=float(seconds), reason=_text(fields, "reason"), by=by)


def _remove_silence(fields: Fields, by: str) -> Command:
    expect_fields(fields, "rule")
    return RemoveSilence(rule=_text(fields, "rule"), by=by)


def _record_check(fields: Fields, by: str) -> Command:
    expect_fields(fields, "result", "answers", "closing")
    result, answers, closing = fields["result"], fields["answers"], fields["closing"]
    if not isinstance(result, dict) or result.get("verdict") not in VERDICTS:
        raise Refused(400, f"result: expected a check's JSON with a verdict of {', '.join(VERDICTS)}")
    if not isinstance(answers, list) or not isinstance(closing, bool):
        raise Refused(400, "answers: expected a list; closing: expected true or false")
    return RecordCheck(result=result, answers=tuple(_given(answer) for answer in answers), closing=closing, by=by)


def _correct(fields: Fields, by: str) -> Command:
    expect_fields(fields, "entry", "reason", "right")
    entry = fields["entry"]
    if isinstance(entry, bool) or not isinstance(entry, int) or not 0 < entry <= LARGEST_ID:
        raise Refused(400, "entry: expected the number of an entry of the journal")
    right = "" if fields["right"] == "" else _text(fields, "right")
    return Correct(entry=entry, reason=_text(fields, "reason"), right=right, by=by)


def _given(answer: object) -> GivenAnswer:
    if not isinstance(answer, dict):
        raise Refused(400, "answers: expected objects with question, answer and clause")
    expect_fields(answer, "question", "answer", "clause")
    if answer["answer"] not in ANSWERS:
        raise Refused(400, "answer: expected yes, no or skipped")
    return GivenAnswer(question=_text(answer, "question"), answer=answer["answer"], clause=_text(answer, "clause"))


CHANGES: Mapping[tuple[str, str], Change] = {
    ("POST", "/api/v1/acknowledge"): Change(build=_acknowledge, from_page=True),
    ("POST", "/api/v1/seen"): Change(build=_mark_seen, from_page=True),
    ("POST", "/api/v1/deliveries"): Change(build=_record_delivery),
    ("POST", "/api/v1/session-readings"): Change(build=_tell_session),
    ("POST", "/api/v1/checks"): Change(build=_record_check),
    ("POST", "/api/v1/corrections"): Change(build=_correct),
    ("POST", "/api/v1/silence"): Change(build=_add_silence, for_administrators=True, from_page=True),
    ("DELETE", "/api/v1/silence"): Change(build=_remove_silence, for_administrators=True, from_page=True),
}
"""Every change by method and path."""


def _text(fields: Fields, name: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Refused(400, f"{name}: expected a text of one line")
    return value.strip()
