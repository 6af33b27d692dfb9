"""Says an entry in one line for people: kinds and bodies in, Chinese or English out. Lists and reports share it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from agent.outputs.journal.entry import Entry, Json, Kind, body_of, happened_at

_Body = Mapping[str, Json]

KIND_NAMES: dict[str, dict[str, str]] = {
    Kind.AGENT_START: {"zh": "开始监测", "en": "monitoring started"},
    Kind.AGENT_STOP: {"zh": "停止监测", "en": "monitoring stopped"},
    Kind.UNCLEAN_SHUTDOWN: {"zh": "非正常结束", "en": "unclean end"},
    Kind.SUSPEND: {"zh": "休眠", "en": "sleep"},
    Kind.GAP: {"zh": "未监测", "en": "not monitored"},
    Kind.CHECK: {"zh": "检查", "en": "check"},
    Kind.ANSWER: {"zh": "人工确认", "en": "answer"},
    Kind.ALERT: {"zh": "告警", "en": "alert"},
    Kind.DELIVERED: {"zh": "告知", "en": "told"},
    Kind.SEEN: {"zh": "已看到", "en": "seen"},
    Kind.ACKNOWLEDGED: {"zh": "已确认", "en": "acknowledged"},
    Kind.SILENCED: {"zh": "静默", "en": "silenced"},
    Kind.SILENCE_ENDED: {"zh": "静默结束", "en": "silence ended"},
    Kind.CONFIGURATION: {"zh": "配置更改", "en": "configuration changed"},
    Kind.RULES: {"zh": "规则更改", "en": "rules changed"},
    Kind.CORRECTION: {"zh": "更正", "en": "correction"},
    Kind.CHECKPOINT: {"zh": "到期清理", "en": "retention"},
    Kind.SET_ASIDE: {"zh": "损坏的记录已移开", "en": "damaged record set aside"},
    Kind.TAMPERING: {"zh": "记录曾被改动", "en": "record was tampered with"},
}

WORDS: dict[str, dict[str, str]] = {
    "firing": {"zh": "触发", "en": "firing"},
    "resolved": {"zh": "恢复", "en": "resolved"},
    "gone": {"zh": "设备已移除", "en": "device removed"},
    "cannot_tell": {"zh": "无法判断", "en": "cannot tell"},
    "normal": {"zh": "正常", "en": "normal"},
    "warning": {"zh": "警告", "en": "warning"},
    "critical": {"zh": "严重", "en": "critical"},
    "unknown": {"zh": "无法判断", "en": "cannot tell"},
    "stopped": {"zh": "监测程序未运行", "en": "agent not running"},
    "unclean_shutdown": {"zh": "断电、死机或监测程序意外结束", "en": "power failure, crash, or the agent was killed"},
    "suspended": {"zh": "电脑休眠", "en": "computer asleep"},
    "starved": {"zh": "电脑过忙", "en": "computer too busy"},
    "no_record": {"zh": "此前没有记录", "en": "no record before"},
    "no_sign_of_life": {"zh": "监测程序没有回应", "en": "no sign of life from the agent"},
    "record_lost": {"zh": "磁盘已满，部分记录丢失", "en": "disk full, some entries lost"},
}

WAYS = {
    "notification": {"zh": "桌面通知", "en": "by a desktop notification"},
    "page": {"zh": "打开了状态页", "en": "by opening the status page"},
    "terminal": {"zh": "终端消息", "en": "by a message to the terminal"},
    "none": {"zh": "没有办法告知", "en": "in no way, nothing worked"},
}

ANSWERS = {
    "yes": {"zh": "是", "en": "yes"},
    "no": {"zh": "否", "en": "no"},
    "skipped": {"zh": "未回答", "en": "not answered"},
}


def answer_word(answer: str, language: str) -> str:
    """What a person answered; a word that is not ours stays as it is."""
    return ANSWERS.get(answer, {}).get(language, answer)


def sentence(entry: Entry, language: str) -> str:
    """What an entry tells, without its time; a kind that this version does not know is named as it stands."""
    name = KIND_NAMES.get(entry.kind, {}).get(language, entry.kind)
    tell = _TELL.get(entry.kind)
    told = tell(entry, body_of(entry), language) if tell else ""
    return readable(f"{name}{'：' if language == 'zh' else ': '}{told}" if told else name)


def local_time(entry: Entry) -> str:
    """The entry's local time to the second; as it stands where it was tampered with."""
    try:
        return happened_at(entry).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return readable(entry.at)


def word(key: str, language: str) -> str:
    """A state or reason in words; what is not known stands as it is."""
    return WORDS.get(key, {}).get(language, key)


def duration(seconds: float, language: str) -> str:
    """A span in its two largest units."""
    units = _UNITS[language]
    rest, parts = round(seconds), list[str]()
    for size, unit in zip((86_400, 3600, 60, 1), units, strict=True):
        count, rest = divmod(rest, size)
        if count and (size > 1 or not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or f"0 {units[-1]}"


def readable(text: str) -> str:
    """Text without control characters, which could steer a terminal or break a page."""
    return "".join(character if character.isprintable() or character in "\u3000" else "\ufffd" for character in text)


_UNITS = {"zh": ("天", "小时", "分", "秒"), "en": ("d", "h", "min", "s")}


def _text(body: _Body, key: str) -> str:
    value = body.get(key)
    return "" if value is None else str(value)


def _clock(body: _Body, key: str, entry: Entry) -> str:
    """A time in a body, in the entry's local time."""
    try:
        return datetime.fromisoformat(_text(body, key)).astimezone(happened_at(entry).tzinfo).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return _text(body, key)


def _about(entry: Entry, note: str = "") -> str:
    parts = (
        entry.rule,
        entry.resource and f"({entry.resource})",
        note and f"- {note}",
        entry.user and f"[{entry.user}]",
    )
    return " ".join(filter(None, parts))


def _alert(entry: Entry, body: _Body, language: str) -> str:
    severity, change = word(entry.severity, language), word(_text(body, "change"), language)
    return " ".join(
        filter(None, (severity, change, "-", _text(body, "title"), entry.resource and f"({entry.resource})"))
    )


def _delivered(entry: Entry, body: _Body, language: str) -> str:
    way = WAYS.get(_text(body, "way"), {}).get(language, _text(body, "way"))
    return _about(entry, ", ".join(filter(None, (way, _text(body, "detail")))))


def _check(entry: Entry, body: _Body, language: str) -> str:
    result = body.get("result")
    verdict = str(result.get("verdict", "")) if isinstance(result, Mapping) else ""
    return " ".join(filter(None, (word(verdict, language), entry.user and f"[{entry.user}]")))


def _unclean(entry: Entry, body: _Body, language: str) -> str:
    rebooted = (
        {
            True: {"zh": "电脑断电、死机或被强制关机", "en": "the computer lost power, crashed or was forced off"},
            False: {"zh": "只有监测程序意外结束", "en": "only the agent ended unexpectedly"},
        }.get(body.get("rebooted") is True, {})
        if body.get("rebooted") is not None
        else {}
    )
    last = {"zh": "最后活动", "en": "last sign of life"}[language]
    return "; ".join(filter(None, (rebooted.get(language, ""), f"{last} {_clock(body, 'last_alive_at', entry)}")))


def _suspend(_: Entry, body: _Body, language: str) -> str:
    seconds = body.get("seconds")
    return duration(seconds, language) if isinstance(seconds, int | float) else ""


def _gap(entry: Entry, body: _Body, language: str) -> str:
    reason = word(_text(body, "reason"), language)
    return f"{_clock(body, 'from', entry)} - {_clock(body, 'to', entry)}, {reason}"


def _silenced(entry: Entry, body: _Body, language: str) -> str:
    until = {"zh": "至", "en": "until"}[language]
    return _about(entry, f"{until} {_clock(body, 'until', entry)}, {_text(body, 'reason')}")


def _correction(entry: Entry, body: _Body, language: str) -> str:
    of = {"zh": "第 {} 条", "en": "of entry {}"}[language].format(_text(body, "corrects"))
    told = " - ".join(filter(None, (of, _text(body, "right"), _text(body, "reason"))))
    return f"{told} [{entry.user}]" if entry.user else told


def _checkpoint(_: Entry, body: _Body, language: str) -> str:
    form = {"zh": "第 {} 条及更早的记录已清理", "en": "entries up to {} were dropped"}[language]
    return form.format(_text(body, "pruned_through"))


def _tampering(_: Entry, body: _Body, language: str) -> str:
    form = {"zh": "最后一条应为第 {} 条，实为第 {} 条", "en": "the last entry should be {}, found {}"}[language]
    return form.format(_text(body, "expected_id"), _text(body, "found_id"))


def _answer(entry: Entry, body: _Body, language: str) -> str:
    return _about(entry, f"{_text(body, 'question')} {answer_word(_text(body, 'answer'), language)}")


_TELL: dict[str, Callable[[Entry, _Body, str], str]] = {
    Kind.AGENT_START: lambda _, body, __: _text(body, "version"),
    Kind.AGENT_STOP: lambda _, body, __: _text(body, "reason"),
    Kind.UNCLEAN_SHUTDOWN: _unclean,
    Kind.SUSPEND: _suspend,
    Kind.GAP: _gap,
    Kind.CHECK: _check,
    Kind.ANSWER: _answer,
    Kind.ALERT: _alert,
    Kind.DELIVERED: _delivered,
    Kind.SEEN: lambda entry, _, __: _about(entry),
    Kind.ACKNOWLEDGED: lambda entry, body, _: _about(entry, _text(body, "note")),
    Kind.SILENCED: _silenced,
    Kind.SILENCE_ENDED: lambda entry, _, __: _about(entry),
    Kind.CONFIGURATION: lambda _, body, __: _text(body, "config_hash"),
    Kind.RULES: lambda _, body, __: _text(body, "rules_hash"),
    Kind.CORRECTION: _correction,
    Kind.CHECKPOINT: _checkpoint,
    Kind.SET_ASIDE: lambda _, body, __: _text(body, "notice"),
    Kind.TAMPERING: _tampering,
}
