"""The agent's document as values, and what is wrong with one that is none."""

from __future__ import annotations

from typing import Any

import pytest

from agent.desktop.news import MOST_NOTICES, Ended, News, Notice, WrongNews, read_news
from agent.desktop.words import Text, ended_text, notice_text
from tests.desktop.values import HOT, HOT_IS_OVER, WORN, acknowledged


def document() -> dict[str, Any]:
    notification = {
        "id": "1a2b3c4d",
        "alerts": ["1a2b3c4d", "2b3c4d5e"],
        "severity": "critical",
        "title": "t",
        "problem": "p",
        "action": "a",
        "fired_at": "2026-11-25T08:00:00+00:00",
        "seen_at": "2026-11-25T08:01:00+00:00",
        "acknowledged_at": None,
        "acknowledged_by": "",
    }
    ended = {"id": "9", "title": "t", "text": "over", "at": "2026-11-25T08:00:00+00:00"}
    return {"revision": "r", "language": "en", "it_contact": "", "notifications": [notification], "ended": [ended]}


def test_the_document_is_read_whole() -> None:
    notice = Notice(
        id="1a2b3c4d",
        alerts=("1a2b3c4d", "2b3c4d5e"),
        is_critical=True,
        title="t",
        problem="p",
        action="a",
        is_seen=True,
    )
    ended = Ended(id="9", title="t", text="over")
    assert read_news(document()) == News(revision="r", language="en", notices=(notice,), ended=(ended,))


def test_an_unknown_language_is_the_first_one() -> None:
    assert read_news({**document(), "language": "fr"}).language == "zh"


def test_a_broken_agent_cannot_fill_the_screen() -> None:
    many = {**document(), "notifications": document()["notifications"] * 10_000}
    assert len(read_news(many).notices) == MOST_NOTICES


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"revision": None}, "revision: expected a text"),
        ({"notifications": {}}, "notifications: expected a list of objects"),
        ({"ended": [1]}, "ended: expected a list of objects"),
        ({"notifications": [{"id": "1", "alerts": []}]}, "alerts: expected a list of ids"),
        ({"notifications": [{"id": "1", "alerts": ["1"]}]}, "id: expected a text"),
    ],
)
def test_what_is_no_document_is_said(change: dict[str, Any], message: str) -> None:
    if message.startswith("id"):
        change["notifications"][0].pop("id")
    with pytest.raises(WrongNews) as wrong:
        read_news({**document(), **change})
    assert str(wrong.value) == message


def test_the_first_telling_and_a_reminder() -> None:
    """Level and fault in the title; a reminder says that it is one. The rest stays the same."""
    first, third = notice_text(HOT, "zh"), notice_text(HOT, "zh", 3)
    assert first == Text(title="严重：处理器过热", body=f"{HOT.problem}\n{HOT.action}")
    assert third == Text(title="严重（第 2 次提醒）：处理器过热", body=first.body)
    assert notice_text(HOT, "en", 3).title == "CRITICAL (reminder 2): 处理器过热"
    assert notice_text(WORN, "zh") == Text(title="警告：电池老化", body="40 %。")


def test_who_told_it_is_in_the_text() -> None:
    assert notice_text(acknowledged(HOT), "zh").body.splitlines()[-1] == "li 已经通知 IT。"
    assert notice_text(acknowledged(HOT), "en").body.splitlines()[-1] == "li has told IT."


def test_the_end_says_what_is_over() -> None:
    assert ended_text(HOT_IS_OVER, "zh") == Text(title="已恢复：处理器过热", body="已恢复正常，可以继续工作。")
    assert ended_text(HOT_IS_OVER, "en").title == "Over: 处理器过热"
