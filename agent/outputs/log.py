"""Tells whoever reads the terminal or the system's log: alerts as people read them, and probes that break or return.

An announced transition is a paragraph on a terminal and one line elsewhere. Probes go through `logging`: they are IT's.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TextIO

from agent.alerts.alert import Change, Transition, Update
from agent.readings import ProbeResult, ProbeStatus
from agent.rules.rule import Severity

_log = logging.getLogger(__name__)

_RED, _YELLOW, _GREEN, _BLUE, _PLAIN = "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;32m", "\x1b[1;34m", "\x1b[0m"
_COLOURS = {"critical": _RED, "warning": _YELLOW, "pending": _PLAIN, "resolved": _GREEN, "cannot_tell": _BLUE}

_WORDS = {
    "zh": {
        "critical": "严重",
        "warning": "警告",
        "pending": "观察中",
        "resolved": "已恢复",
        "gone": "已移除",
        "cannot_tell": "无法判断",
        "stop": "：",
        "unsupported": "探测项 %s 在本机无法测量：%s",
        "failed": "探测项 %s 失败：%s",
        "timed_out": "探测项 %s 超时：%s",
        "incomplete": "探测项 %s 有部分读数无法取得：%s",
        "back": "探测项 %s 恢复正常",
    },
    "en": {
        "critical": "CRITICAL",
        "warning": "Warning",
        "pending": "Pending",
        "resolved": "Resolved",
        "gone": "Removed",
        "cannot_tell": "Cannot tell",
        "stop": ": ",
        "unsupported": "probe %s cannot be measured here: %s",
        "failed": "probe %s failed: %s",
        "timed_out": "probe %s took too long: %s",
        "incomplete": "probe %s could not read everything: %s",
        "back": "probe %s works again",
    },
}
_LEVELS = {
    "unsupported": logging.INFO,
    "incomplete": logging.INFO,
    "failed": logging.WARNING,
    "timed_out": logging.WARNING,
}
_OPEN = (Change.FIRING, Change.CANNOT_TELL)
"""Changes that ask for something; the others only close what was said before."""


class LogOutput:
    """Writes announced transitions to `stream`, in colour only on a terminal that wants it (no-color.org)."""

    name = "log"

    def __init__(self, language: str, stream: TextIO, environment: Mapping[str, str] = os.environ) -> None:
        self._words = _WORDS[language]
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._has_colour = self._is_terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
        self._results: dict[str, ProbeResult] = {}
        self._states: dict[str, str] = {}

    def publish(self, update: Update) -> None:
        """Write what is announced, and what changed among the probes."""
        for probe, result in update.snapshot.results.items():
            if self._results.get(probe) is not result:
                self._results[probe] = result
                self._tell_probe(result)
        if update.announced:
            self._stream.write("".join(self._render(transition) for transition in update.announced))
            self._stream.flush()

    def close(self) -> None:
        """Nothing is under way; the stream is its owner's."""

    def _render(self, transition: Transition) -> str:
        kind = _kind(transition)
        word = self._words["gone" if transition.change is Change.GONE else kind]
        if self._has_colour:
            word = f"{_COLOURS[kind]}{word}{_PLAIN}"
        message = transition.message
        details = (message.problem, message.action) if transition.change in _OPEN else ()
        lines = [
            f"{word}{self._words['stop']}{_one_line(message.title)}",
            *(_one_line(text) for text in details if text),
        ]
        at = transition.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        if self._is_terminal:
            return f"{at}  " + "\n    ".join(lines) + "\n"
        return f"{at} " + " — ".join(lines) + "\n"

    def _tell_probe(self, result: ProbeResult) -> None:
        state = _state(result)
        before = self._states.get(result.probe, "back")
        self._states[result.probe] = state
        if state == before:
            return
        if state == "back":
            _log.info(self._words["back"], result.probe)
        else:
            reason = "; ".join(result.errors) if state == "incomplete" else result.reason
            _log.log(_LEVELS[state], self._words[state], result.probe, _one_line(reason))


def _kind(transition: Transition) -> str:
    if transition.change is Change.FIRING:
        return "critical" if transition.alert.key.severity is Severity.CRITICAL else "warning"
    if transition.change is Change.CANNOT_TELL:
        return "cannot_tell"
    return "pending" if transition.change is Change.PENDING else "resolved"


def _state(result: ProbeResult) -> str:
    if result.status is ProbeStatus.SUCCESS:
        return "incomplete" if result.errors else "back"
    return str(result.status.value)


def _one_line(text: str) -> str:
    """The text without line breaks and control characters, which could forge a line or steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in " ".join(text.split()))
