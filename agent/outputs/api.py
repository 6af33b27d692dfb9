"""The local API: the last update as JSON, and what people may change.

Over the Unix socket the kernel tells who calls: any local user may see, mark seen, acknowledge and correct; only root
and the agent's own user may silence. Over TCP on loopback nobody is known, so everything is read-only, and a web page
of another origin gets nothing (its requests carry its own Host or Origin). Nothing is changed in the event loop.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from agent.alerts.alert import Update
from agent.outputs.command import (
    Acknowledge,
    AddSilence,
    Command,
    CommandRefused,
    Correct,
    Execute,
    GivenAnswer,
    MarkSeen,
    RecordCheck,
    RemoveSilence,
)
from agent.outputs.exchange import Handler, Request, Response
from agent.outputs.present import alerts_form, readings_form
from agent.outputs.users import user_name

BODY_LIMIT_BYTES = 256 * 1024
"""A command has a few hundred bytes; the result of a check has some ten thousand."""
COMMAND_SECONDS = 5.0
"""A cycle's length: the main thread takes commands between cycles and is never busy for longer."""
LONGEST_SILENCE_SECONDS = 30 * 24 * 3600
"""A rule that is silent for longer than a month should be disabled in the rules, where it is seen."""

LARGEST_ID = 2**63 - 1
"""SQLite's largest row id."""

VERDICTS = ("normal", "warning", "critical", "unknown")

Fields = Mapping[str, object]
Read = Callable[[Update], Mapping[str, object]]
Build = Callable[[Fields, str], Command]


class _Refused(Exception):
    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What the API is built from: the last update, its summary (`status --json`), and the way to the main thread."""

    latest: Callable[[], Update | None]
    status: Callable[[], Mapping[str, object]]
    execute: Execute
    own_uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    build: Build
    for_administrators: bool = False


def api(settings: ApiSettings) -> Handler:
    """Answers everything under `/api/`; errors are `{"error": "…"}` with the matching status."""
    reads: dict[str, Callable[[], Mapping[str, object]]] = {
        "/api/status": settings.status,
        "/api/alerts": partial(_of_latest, settings, alerts_form),
        "/api/readings": partial(_of_latest, settings, readings_form),
    }

    async def handle(request: Request) -> Response:
        try:
            _refuse_foreign_pages(request)
            answer = await _answer(request, reads, settings)
        except _Refused as refused:
            return _json({"error": str(refused)}, status=refused.status, **refused.headers)
        return _json(answer)

    return handle


async def _answer(
    request: Request, reads: Mapping[str, Callable[[], Mapping[str, object]]], settings: ApiSettings
) -> Mapping[str, object]:
    change = _CHANGES.get((request.method, request.path))
    if change is not None:
        by = await _permitted_name(request, change, settings.own_uid)
        return await _execute(change.build(_fields(request.body), by), settings.execute)
    if request.method in ("GET", "HEAD") and request.path in reads:
        return reads[request.path]()
    allowed = [method for method, path in _CHANGES if path == request.path]
    allowed += ["GET", "HEAD"] if request.path in reads else []
    if allowed:
        raise _Refused(405, f"{request.method} is not possible here", allow=", ".join(allowed))
    raise _Refused(404, f"there is no {request.path}")


def _of_latest(settings: ApiSettings, form: Read) -> Mapping[str, object]:
    update = settings.latest()
    if update is None:
        raise _Refused(503, "the first cycle is not over yet", **{"retry-after": "1"})
    return form(update)


async def _permitted_name(request: Request, change: _Change, own_uid: int) -> str:
    uid = request.peer.uid
    if not request.peer.over_unix:
        raise _Refused(403, "nothing can be changed over TCP; use the agent's socket")
    if uid is None:
        raise _Refused(403, "nothing can be changed because the system does not tell who is calling")
    if change.for_administrators and uid not in (0, own_uid):
        raise _Refused(403, "only an administrator may silence a rule")
    return await user_name(uid)


async def _execute(command: Command, execute: Execute) -> Mapping[str, object]:
    try:
        return await asyncio.wait_for(asyncio.wrap_future(execute(command)), COMMAND_SECONDS)
    except TimeoutError:
        raise _Refused(504, f"the agent did not do it within {COMMAND_SECONDS:g} s") from None
    except CommandRefused as refused:
        raise _Refused(refused.status, str(refused)) from refused


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
        raise _Refused(400, f"seconds: expected a number above 0 and up to {LONGEST_SILENCE_SECONDS}")
    return AddSilence(rule=_text(fields, "rule"), seconds=float(seconds), reason=_text(fields, "reason"), by=by)


def _remove_silence(fields: Fields, by: str) -> Command:
    _expect(fields, "rule")
    return RemoveSilence(rule=_text(fields, "rule"), by=by)


def _record_check(fields: Fields, by: str) -> Command:
    _expect(fields, "result", "answers", "closing")
    result, answers, closing = fields["result"], fields["answers"], fields["closing"]
    if not isinstance(result, dict) or result.get("verdict") not in VERDICTS:
        raise _Refused(400, f"result: expected a check's JSON with a verdict of {', '.join(VERDICTS)}")
    if not isinstance(answers, list) or not isinstance(closing, bool):
        raise _Refused(400, "answers: expected a list; closing: expected true or false")
    return RecordCheck(result=result, answers=tuple(_given(answer) for answer in answers), closing=closing, by=by)


def _correct(fields: Fields, by: str) -> Command:
    _expect(fields, "entry", "reason", "right")
    entry = fields["entry"]
    if isinstance(entry, bool) or not isinstance(entry, int) or not 0 < entry <= LARGEST_ID:
        raise _Refused(400, "entry: expected the number of an entry of the journal")
    right = "" if fields["right"] == "" else _text(fields, "right")
    return Correct(entry=entry, reason=_text(fields, "reason"), right=right, by=by)


def _given(answer: object) -> GivenAnswer:
    if not isinstance(answer, dict):
        raise _Refused(400, "answers: expected objects with question, answer and clause")
    _expect(answer, "question", "answer", "clause")
    if answer["answer"] not in ("yes", "no", "skipped"):
        raise _Refused(400, "answer: expected yes, no or skipped")
    return GivenAnswer(question=_text(answer, "question"), answer=answer["answer"], clause=_text(answer, "clause"))


_CHANGES: Mapping[tuple[str, str], _Change] = {
    ("POST", "/api/alerts/acknowledge"): _Change(build=_acknowledge),
    ("POST", "/api/alerts/seen"): _Change(build=_mark_seen),
    ("POST", "/api/checks"): _Change(build=_record_check),
    ("POST", "/api/corrections"): _Change(build=_correct),
    ("POST", "/api/silences"): _Change(build=_add_silence, for_administrators=True),
    ("DELETE", "/api/silences"): _Change(build=_remove_silence, for_administrators=True),
}


def _fields(body: bytes) -> Fields:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise _Refused(400, f"the body is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise _Refused(400, "the body is no JSON object")
    return fields


def _expect(fields: Fields, *names: str) -> None:
    if set(fields) != set(names):
        raise _Refused(400, f"expected exactly these fields: {', '.join(names)}")


def _text(fields: Fields, name: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise _Refused(400, f"{name}: expected a text of one line")
    return value.strip()


def _refuse_foreign_pages(request: Request) -> None:
    if request.peer.over_unix:
        return
    host = request.headers.get("host", "")
    if not is_loopback_host(host):
        raise _Refused(403, f"this is served to loopback names only, not to {host!r}")
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        raise _Refused(403, f"pages of {origin!r} may not read this")


def is_loopback_host(host: str) -> bool:
    """Whether a Host header names this machine: `localhost` or a loopback address, with or without a port.

    A name that an attacker's DNS points at 127.0.0.1 is neither (DNS rebinding).
    """
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not colon:
        name = host
    elif not (port.isascii() and port.isdigit()):
        return False
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name[1:-1] if name.startswith("[") and name.endswith("]") else name).is_loopback
    except ValueError:
        return False


def _json(content: Mapping[str, object], status: int = 200, **headers: str) -> Response:
    body = json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"
    return Response(
        status=status,
        body=body,
        content_type="application/json; charset=utf-8",
        headers={"cache-control": "no-store", "x-content-type-options": "nosniff", **headers},
    )
