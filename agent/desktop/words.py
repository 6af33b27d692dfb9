"""What the person reads: a notice as title and body, plain, for a notification and for a terminal."""

from __future__ import annotations

from dataclasses import dataclass

from agent.desktop.news import Ended, Notice

WORDS = {
    "zh": {
        "critical": "严重：{}",
        "warning": "警告：{}",
        "reminder": "严重（第 {} 次提醒）：{}",
        "over": "已恢复：{}",
        "acknowledged": "{} 已经通知 IT。",
        "acknowledge": "已通知 IT",
        "details": "详情",
        "sender": "设备健康",
    },
    "en": {
        "critical": "CRITICAL: {}",
        "warning": "Warning: {}",
        "reminder": "CRITICAL (reminder {}): {}",
        "over": "Over: {}",
        "acknowledged": "{} has told IT.",
        "acknowledge": "I have told IT",
        "details": "Details",
        "sender": "Device health",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A title of one line, and what follows it."""

    title: str
    body: str


def notice_text(notice: Notice, language: str, times: int = 1) -> Text:
    """What is wrong and what to do; `times` is how often it has been told, this time included."""
    words = WORDS[language]
    if notice.is_critical and times > 1:
        title = words["reminder"].format(times - 1, notice.title)
    else:
        title = words["critical" if notice.is_critical else "warning"].format(notice.title)
    lines = [notice.problem, notice.action]
    if notice.is_acknowledged and notice.acknowledged_by:
        lines.append(words["acknowledged"].format(notice.acknowledged_by))
    return Text(title=title, body="\n".join(filter(None, lines)))


def ended_text(ended: Ended, language: str) -> Text:
    """That it is over."""
    return Text(title=WORDS[language]["over"].format(ended.title), body=ended.text)


def terminal_text(text: Text, language: str) -> str:
    """The same for a terminal, whatever it was showing: framed by empty lines, nothing but letters and line ends."""
    lines = [f"[{WORDS[language]['sender']}] {text.title}", *text.body.splitlines()]
    return "\r\n" + "\r\n".join(_printable(line) for line in lines) + "\r\n\r\n"


def _printable(line: str) -> str:
    """The line without control characters, which could move the cursor or worse (wall(1) does the same)."""
    return "".join(letter if letter.isprintable() else " " for letter in line)
