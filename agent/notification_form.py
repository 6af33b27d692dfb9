"""The board as companions and the page read it: one document per language, and a revision over them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from agent.alerts.alert import Alert, AlertKey, alert_id
from agent.notifications import Board, Ended, Notification, Words
from agent.rules.rule import Severity
from agent.rules.texts import IT_DEPARTMENT, LANGUAGES

MOST_LINES = 4
"""Of what is wrong; a desktop notification is cut after about four lines."""

MORE = {"zh": "还有 {} 项相关告警。", "en": "And {} more alerts with it."}
OVER = {
    "zh": {False: "已恢复正常，可以继续工作。", True: "这一项已恢复；还有其他严重告警，请仍不要继续工作。"},
    "en": {
        False: "Back to normal; you can go on.",
        True: "This one is over, another still asks you to stop: please do not go on yet.",
    },
}
"""What is said at an end: whether another critical alert is still there decides whether work can go on."""


def documents(board: Board, it_contact: str) -> dict[str, dict[str, object]]:
    """What `GET /api/v1/notifications` answers, by language, without its revision."""
    return {
        language: {
            "language": language,
            "it_contact": it_contact or IT_DEPARTMENT[language],
            "notifications": [_notification(one, board.words, language) for one in board.notifications],
            "ended": [_end(end, _asks_to_stop(board), language) for end in board.ended],
        }
        for language in LANGUAGES
    }


def _notification(one: Notification, words: Mapping[AlertKey, Words], language: str) -> dict[str, object]:
    first = one.alerts[0]
    said = words[first.key][language]
    return {
        "id": one.identifier,
        "alerts": [alert_id(alert.key) for alert in one.alerts],
        "severity": first.key.severity.value,
        "title": said.title,
        "problem": "\n".join(_problems(one.alerts, words, language)),
        "action": said.action,
        "fired_at": _text(first.fired_at),
        "seen_at": _when_all([alert.seen_at for alert in one.alerts]),
        "acknowledged_at": _when_all([alert.acknowledged_at for alert in one.alerts]),
        "acknowledged_by": _acknowledged_by(one.alerts),
    }


def _problems(alerts: Sequence[Alert], words: Mapping[AlertKey, Words], language: str) -> list[str]:
    """What is wrong, worst first; equal sentences once, and no more than are shown."""
    lines = list(dict.fromkeys(words[alert.key][language].problem for alert in alerts))
    if len(lines) <= MOST_LINES:
        return lines
    shown = lines[: MOST_LINES - 1]
    return [*shown, MORE[language].format(len(lines) - len(shown))]


def _acknowledged_by(alerts: Sequence[Alert]) -> str:
    """Everybody who acknowledged part of it; nobody as long as a part is not acknowledged."""
    if any(alert.acknowledged_at is None for alert in alerts):
        return ""
    return ", ".join(dict.fromkeys(alert.acknowledged_by for alert in alerts))


def _end(end: Ended, asks_to_stop: bool, language: str) -> dict[str, object]:  # noqa: FBT001  # an entry's one choice
    return {
        "id": end.identifier,
        "title": end.titles[language],
        "text": OVER[language][asks_to_stop],
        "at": end.at.isoformat(),
    }


def _asks_to_stop(board: Board) -> bool:
    return any(one.alerts[0].key.severity is Severity.CRITICAL for one in board.notifications)


def _when_all(times: Sequence[datetime | None]) -> str | None:
    """When the last of them was; nothing as long as one is missing."""
    known = [time for time in times if time is not None]
    return max(known).isoformat() if len(known) == len(times) else None


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
