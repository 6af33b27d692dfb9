"""What the agent's notifications document says, as values: the document in, `News` or one sentence out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LANGUAGES = ("zh", "en")
MOST_NOTICES = 200
"""More than any machine has rules; a broken agent must not fill the screen or the memory."""


class WrongNews(Exception):
    """The document is none; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One fault that the person at the desk is to know of; `id` names the notification, `alerts` what it stands for."""

    id: str
    alerts: tuple[str, ...]
    is_critical: bool
    title: str
    problem: str
    action: str
    is_seen: bool = False
    is_acknowledged: bool = False
    acknowledged_by: str = ""

    @property
    def is_answered(self) -> bool:
        """Whether somebody, at any desk, has seen it or said that IT knows."""
        return self.is_seen or self.is_acknowledged


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One fault that is over, for those who were told of it."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """All that is to be known now: a state, not events. `revision` names it for the next question."""

    revision: str
    language: str
    notices: tuple[Notice, ...]
    ended: tuple[Ended, ...]


def read_news(document: Mapping[str, object]) -> News:
    """The document as values.

    Raises:
        WrongNews: something is missing or of another kind.
    """
    language = _text(document, "language")
    return News(
        revision=_text(document, "revision"),
        language=language if language in LANGUAGES else LANGUAGES[0],
        notices=tuple(_notice(one) for one in _objects(document, "notifications")),
        ended=tuple(_ended(one) for one in _objects(document, "ended")),
    )


def _notice(fields: Mapping[str, object]) -> Notice:
    alerts = fields.get("alerts")
    if not isinstance(alerts, list) or not alerts or not all(isinstance(alert, str) for alert in alerts):
        raise WrongNews("alerts: expected a list of ids")
    return Notice(
        id=_text(fields, "id"),
        alerts=tuple(alerts),
        is_critical=_text(fields, "severity") == "critical",
        title=_text(fields, "title"),
        problem=_text(fields, "problem"),
        action=_text(fields, "action"),
        is_seen=fields.get("seen_at") is not None,
        is_acknowledged=fields.get("acknowledged_at") is not None,
        acknowledged_by=_text(fields, "acknowledged_by"),
    )


def _ended(fields: Mapping[str, object]) -> Ended:
    return Ended(id=_text(fields, "id"), title=_text(fields, "title"), text=_text(fields, "text"))


def _objects(fields: Mapping[str, object], name: str) -> Iterable[Mapping[str, object]]:
    found = fields.get(name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise WrongNews(f"{name}: expected a list of objects")
    return found[:MOST_NOTICES]


def _text(fields: Mapping[str, object], name: str) -> str:
    found = fields.get(name)
    if not isinstance(found, str):
        raise WrongNews(f"{name}: expected a text")
    return found
