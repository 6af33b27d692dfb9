"""Notices and news for tests of the companion."""

from __future__ import annotations

from dataclasses import replace

from agent.desktop.news import Ended, News, Notice

HOT = Notice(
    id="0a0a0a0a",
    alerts=("0a0a0a0a",),
    is_critical=True,
    title="处理器过热",
    problem="距温度上限还有 3 °C，应不少于 5 °C。",
    action="请立即停止操作。通知 IT。",
)
WORN = Notice(id="0b0b0b0b", alerts=("0b0b0b0b",), is_critical=False, title="电池老化", problem="40 %。", action="")
HOT_IS_OVER = Ended(id=HOT.id, title=HOT.title, text="已恢复正常，可以继续工作。")


def news(*notices: Notice, ended: tuple[Ended, ...] = ()) -> News:
    return News(revision="1", language="zh", notices=notices, ended=ended)


def seen(notice: Notice) -> Notice:
    return replace(notice, is_seen=True)


def acknowledged(notice: Notice, by: str = "li") -> Notice:
    return replace(notice, is_seen=True, is_acknowledged=True, acknowledged_by=by)
