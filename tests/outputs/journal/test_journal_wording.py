"""One line for people, of every kind of entry, in both languages."""

from datetime import datetime, timedelta, timezone

import pytest

from agent.outputs.journal.entry import NO_ENTRY, Draft, Kind, entry_from, row_of, seal
from agent.outputs.journal.wording import KIND_NAMES, WAYS, WORDS, duration, sentence

NOW = datetime(2025, 3, 1, 8, 15, tzinfo=timezone(timedelta(hours=8)))
UTC_TEXT = "2025-03-01T00:10:00.000000Z"


def test_every_kind_and_word_is_there_in_both_languages():
    assert set(KIND_NAMES) == set(Kind)
    assert all(set(names) == {"zh", "en"} for names in (*KIND_NAMES.values(), *WORDS.values(), *WAYS.values()))


@pytest.mark.parametrize(
    ("draft", "zh", "en"),
    [
        (
            {"kind": Kind.UNCLEAN_SHUTDOWN, "body": {"rebooted": False, "last_alive_at": UTC_TEXT}},
            "非正常结束：只有监测程序意外结束; 最后活动 2025-03-01 08:10",
            "unclean end: only the agent ended unexpectedly; last sign of life 2025-03-01 08:10",
        ),
        (
            {"kind": Kind.UNCLEAN_SHUTDOWN, "body": {"rebooted": None, "last_alive_at": UTC_TEXT}},
            "非正常结束：最后活动 2025-03-01 08:10",
            "unclean end: last sign of life 2025-03-01 08:10",
        ),
        (
            {"kind": Kind.GAP, "body": {"from": UTC_TEXT, "to": UTC_TEXT, "reason": "starved"}},
            "未监测：2025-03-01 08:10 - 2025-03-01 08:10, 电脑过忙",
            "not monitored: 2025-03-01 08:10 - 2025-03-01 08:10, computer too busy",
        ),
        (
            {
                "kind": Kind.ALERT,
                "severity": "critical",
                "resource": "gpu=0",
                "body": {"change": "firing", "title": "过热"},
            },
            "告警：严重 触发 - 过热 (gpu=0)",
            "alert: critical firing - 过热 (gpu=0)",
        ),
        (
            {"kind": Kind.CHECK, "user": "li", "body": {"result": {"verdict": "unknown"}}},
            "检查：无法判断 [li]",
            "check: cannot tell [li]",
        ),
        (
            {"kind": Kind.ACKNOWLEDGED, "rule": "r", "resource": "a=b", "user": "li", "body": {"note": "\x1b[2J"}},
            "已确认：r (a=b) - \ufffd[2J [li]",
            "acknowledged: r (a=b) - \ufffd[2J [li]",
        ),
        (
            {"kind": Kind.DELIVERED, "rule": "r", "user": "li", "body": {"way": "none", "detail": "no server"}},
            "告知：r - 没有办法告知, no server [li]",
            "told: r - in no way, nothing worked, no server [li]",
        ),
        (
            {"kind": Kind.DELIVERED, "rule": "r", "user": "li", "body": {"way": "pigeon"}},
            "告知：r - pigeon [li]",
            "told: r - pigeon [li]",
        ),
        ({"kind": Kind.SUSPEND, "body": {"seconds": 3725}}, "休眠：1 小时 2 分", "sleep: 1 h 2 min"),
        ({"kind": Kind.CHECKPOINT, "body": {"pruned_through": 7}}, "到期清理：第 7 条及更早的记录已清理", None),
        (
            {"kind": Kind.CORRECTION, "user": "li", "body": {"corrects": 3, "right": "yes", "reason": "typo"}},
            "更正：第 3 条 - yes - typo [li]",
            "correction: of entry 3 - yes - typo [li]",
        ),
        ({"kind": Kind.SEEN}, "已看到", "seen"),
    ],
)
def test_an_entry_is_told_in_one_line(draft, zh, en):
    entry = seal(Draft(at=NOW, **draft), NO_ENTRY)
    assert sentence(entry, "zh") == zh
    assert sentence(entry, "en") == (en or sentence(entry, "en"))


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("body", ["", "[]", '{"seconds": "x", "from": 5, "result": [], "rebooted": "x"}'])
def test_a_tampered_body_never_stops_the_list(kind, body):
    row = list(row_of(seal(Draft(at=NOW, kind=kind), NO_ENTRY)))
    row[9] = body
    assert sentence(entry_from(row), "en").startswith(KIND_NAMES[kind]["en"])


def test_a_kind_of_a_later_version_is_named_as_it_stands():
    row = list(row_of(seal(Draft(at=NOW, kind=Kind.SEEN), NO_ENTRY)))
    row[3] = "teleported"
    assert sentence(entry_from(row), "zh") == "teleported"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.6, "1 min"),
        (45, "45 s"),
        (90, "1 min"),
        (3600, "1 h"),
        (90_000, "1 d 1 h"),
        (86_460, "1 d 1 min"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds, said):
    assert duration(seconds, "en") == said
