"""The status page's own part of the API: its document, the way in, and the check before work.

Reading needs nothing. A token is given over the Unix socket only, and becomes a session over TCP only; what is asked
with a session must come from our own page (Origin) and be JSON, which no form of another page can send.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from agent.outputs.api_changes import ANSWERS, expect_fields, fields_of
from agent.outputs.api_reads import LANGUAGES, expect_parameters, language_of
from agent.outputs.command import Command, GivenAnswer, RecordCheck
from agent.outputs.exchange import Handler, Request, Response
from agent.outputs.origin import refuse_cross_site, refuse_foreign_pages
from agent.outputs.refusal import Refused, json_response
from agent.outputs.sessions import TOKEN_SECONDS, Sessions
from agent.outputs.users import user_name

Document = Mapping[str, object]


class CheckRefused(Exception):
    """The check cannot be made or concluded; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A check: as it is shown, and its result and answers for the record."""

    shown: dict[str, Any]
    result: Mapping[str, Any]
    answers: Sequence[Mapping[str, Any]]


class Checks(Protocol):
    """Makes checks for users."""

    async def measure(self, uid: int) -> str:
        """Look now; the time of the look. Raises CheckRefused."""

    def conclude(self, uid: int, answers: Mapping[str, str], language: str) -> Made:
        """The check of the last look with these answers. Raises CheckRefused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """What the page's API is built from.

    `overview` gives the page's document in a language, or in the configured one for an empty word. `execute` hands a
    command to the main thread and refuses as the API does. `may_silence` says whether a user may mute a rule.
    """

    overview: Callable[[str], Awaitable[Document]]
    checks: Checks
    sessions: Sessions
    execute: Callable[[Command], Awaitable[Document]]
    may_silence: Callable[[int], Awaitable[bool]]
    address: Callable[[], str]


Answer = Callable[[Request], Awaitable[Response]]


def page_api(settings: PageSettings, other: Handler) -> Handler:
    """Answers the page's own paths, and leaves the rest to `other`."""
    answers = _answers(settings)
    paths = {path for _, path in answers}

    async def handle(request: Request) -> Response:
        if request.path not in paths:
            return await other(request)
        try:
            refuse_foreign_pages(request)
            return await _chosen(answers, request)(request)
        except Refused as refused:
            return refused.response()

    return handle


def _chosen(answers: Mapping[tuple[str, str], Answer], request: Request) -> Answer:
    answer = answers.get(("GET" if request.method == "HEAD" else request.method, request.path))
    if answer is None:
        allowed = ", ".join(method for method, path in answers if path == request.path)
        raise Refused(405, f"{request.method} is not possible here", allow=allowed)
    return answer


def _answers(settings: PageSettings) -> Mapping[tuple[str, str], Answer]:
    return {
        ("GET", "/api/v1/overview"): _overview(settings),
        ("POST", "/api/v1/page-tokens"): _give_token(settings),
        ("GET", "/api/v1/page-sessions"): _tell_session(settings),
        ("POST", "/api/v1/page-sessions"): _begin_session(settings),
        ("DELETE", "/api/v1/page-sessions"): _end_session(settings),
        ("POST", "/api/v1/page-checks"): _measure(settings),
        ("POST", "/api/v1/page-checks/answers"): _conclude(settings),
    }


def _overview(settings: PageSettings) -> Answer:
    known: dict[str, tuple[Document, Response]] = {}

    async def answer(request: Request) -> Response:
        language = _language(request)
        document = await settings.overview(language)
        remembered = known.get(language)
        if remembered is None or remembered[0] is not document:
            remembered = known[language] = (document, _tagged(document))
        whole = remembered[1]
        if request.headers.get("if-none-match") == whole.headers["etag"]:
            return Response(status=304, content_type=whole.content_type, headers=whole.headers)
        return whole

    return answer


def _tagged(document: Document) -> Response:
    """The document with a tag by its content, so that asking again before the next cycle costs a few bytes."""
    plain = json_response(document)
    tag = hashlib.blake2b(plain.body, digest_size=12).hexdigest()
    headers = {**plain.headers, "cache-control": "no-cache", "etag": f'"{tag}"'}
    return Response(body=plain.body, content_type=plain.content_type, headers=headers)


def _language(request: Request) -> str:
    expect_parameters(request.query, "language")
    return language_of(request.query, "") if request.query.get("language") else ""


def _give_token(settings: PageSettings) -> Answer:
    async def answer(request: Request) -> Response:
        if not request.peer.over_unix or request.peer.uid is None:
            raise Refused(403, "a token is given over the agent's socket only; run `device-health page`")
        expect_fields(fields_of(request.body))
        token = settings.sessions.token(request.peer.uid)
        url = f"http://{settings.address()}/#token={token}"
        return json_response({"url": url, "expires_in_seconds": TOKEN_SECONDS})

    return answer


def _tell_session(settings: PageSettings) -> Answer:
    async def answer(request: Request) -> Response:
        uid = settings.sessions.uid_of(request)
        if uid is None:
            return json_response({"user": None, "may_silence": False})
        try:
            is_permitted = await settings.may_silence(uid)
        except TimeoutError:  # the directory server does not answer now; silencing would be refused too
            is_permitted = False
        return json_response({"user": await user_name(uid), "may_silence": is_permitted})

    return answer


def _begin_session(settings: PageSettings) -> Answer:
    async def answer(request: Request) -> Response:
        refuse_cross_site(request)
        fields = fields_of(request.body)
        expect_fields(fields, "token")
        secret = settings.sessions.begin(str(fields["token"]), request.peer)
        if secret is None:
            raise Refused(403, "this address was used before, is older than a minute, or was given to another user")
        return _no_content(settings.sessions.header(secret))

    return answer


def _end_session(settings: PageSettings) -> Answer:
    async def answer(request: Request) -> Response:
        refuse_cross_site(request)
        settings.sessions.end(request)
        return _no_content(settings.sessions.header(""))

    return answer


def _no_content(cookie: str) -> Response:
    return Response(status=HTTPStatus.NO_CONTENT, headers={"set-cookie": cookie, "cache-control": "no-store"})


def _measure(settings: PageSettings) -> Answer:
    async def answer(request: Request) -> Response:
        uid = _user(settings, request)
        expect_fields(fields_of(request.body))
        try:
            taken_at = await settings.checks.measure(uid)
        except CheckRefused as refused:
            raise Refused(409, str(refused)) from refused
        return json_response({"taken_at": taken_at})

    return answer


def _conclude(settings: PageSettings) -> Answer:
    async def answer(request: Request) -> Response:
        uid = _user(settings, request)
        fields = fields_of(request.body)
        expect_fields(fields, "answers", "language")
        if fields["language"] not in LANGUAGES:
            raise Refused(400, f"language: expected {' or '.join(LANGUAGES)}")
        try:
            made = settings.checks.conclude(uid, _given(fields["answers"]), str(fields["language"]))
        except CheckRefused as refused:
            raise Refused(409, str(refused)) from refused
        command = _to_record(made, await user_name(uid))
        try:
            recorded = await settings.execute(command)
        except Refused as refused:  # shown all the same: what was found counts more than that it is written down
            return json_response({**made.shown, "recorded": "", "not_recorded": str(refused)})
        return json_response({**made.shown, "recorded": recorded["recorded_at"], "not_recorded": ""})

    return answer


def _to_record(made: Made, by: str) -> RecordCheck:
    answers = tuple(
        GivenAnswer(question=one["question"], answer=one["answer"], clause=one["clause"]) for one in made.answers
    )
    return RecordCheck(result=made.result, answers=answers, closing=False, by=by)


def _user(settings: PageSettings, request: Request) -> int:
    uid = settings.sessions.uid_of(request)
    if uid is None:
        raise Refused(403, "the page must be opened by `device-health page`, so that the record names you")
    refuse_cross_site(request)
    return uid


def _given(answers: object) -> Mapping[str, str]:
    if not isinstance(answers, dict) or not all(answer in ANSWERS for answer in answers.values()):
        raise Refused(400, f"answers: expected an object of questions, each answered {', '.join(ANSWERS)}")
    return answers
