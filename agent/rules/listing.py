"""The rules for people to read: a table for the terminal, and the procedure table in Markdown that a manager signs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from agent.readings import MetricSpec, resource_name
from agent.rules.clause import AnsweredBy, Clause, Procedure
from agent.rules.coverage import BY_WORDS, rules_of
from agent.rules.reader import Reader
from agent.rules.rule import Audience, Rule, Severity, Side, Text, Threshold
from agent.rules.table import columns, markdown
from agent.rules.units import is_yes_or_no, show

_AUDIENCE: Mapping[Audience, Text] = {
    Audience.OPERATOR: {"zh": "操作员和 IT", "en": "operator and IT"},
    Audience.IT: {"zh": "IT", "en": "IT"},
}
_IS = {"zh": "为“{}”", "en": "is {}"}
_SIDE: Mapping[Side, Text] = {
    Side.ABOVE: {"zh": "高于 {limit}", "en": "above {limit}"},
    Side.BELOW: {"zh": "低于 {limit}", "en": "below {limit}"},
}
_RULE_HEADER = {
    "zh": ("规则", "条款", "读数", "警告", "严重", "通知", "说明"),
    "en": ("Rule", "Clause", "Reading", "Warning", "Critical", "Tells", "Says"),
}
_SIGNED_HEADER = {
    "zh": ("条款", "要求", "由什么回答", "读数", "警告", "严重", "通知", "怎么办或说明"),
    "en": ("Clause", "Asks", "Answered by", "Reading", "Warning", "Critical", "Tells", "What to do, or remarks"),
}
_TITLE = {"zh": "# 设备检查规程对照表", "en": "# The procedure and what watches it"}
_EXPLAINED = {
    "zh": "警告：请告知 IT，可以继续工作。严重：请停止工作并通知 IT（{it_contact}）。",
    "en": "Warning: tell IT, work can go on. Critical: stop work and notify IT ({it_contact}).",
}
_SIGNATURE = {
    "zh": "| 审核人 | 签名 | 日期 |\n| --- | --- | --- |\n|  |  |  |\n|  |  |  |\n",
    "en": "| Approved by | Signature | Date |\n| --- | --- | --- |\n|  |  |  |\n|  |  |  |\n",
}
_OTHER_CLAUSES = {"zh": "其他条款", "en": "other clauses"}
_NONE = "–"
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def rule_table(rules: Mapping[str, Rule], reader: Reader, width: int) -> str:
    """Every rule in a table for a terminal of `width` cells."""
    rows = [
        (
            rule.name,
            rule.clause,
            _reading(rule),
            *_limits(rule, reader),
            _AUDIENCE[rule.audience][reader.language],
            _plain(rule.summary, reader),
        )
        for rule in rules.values()
    ]
    return columns(_RULE_HEADER[reader.language], rows, width)


def procedure_document(procedure: Procedure, rules: Mapping[str, Rule], reader: Reader) -> str:
    """The whole procedure in Markdown, clause by clause, with lines to sign on."""
    language = reader.language
    rows = [row for clause in procedure.clauses.values() for row in _clause_rows(clause, procedure, rules, reader)]
    explained = _EXPLAINED[language].format(it_contact=reader.contact)
    parts = (_TITLE[language] + "\n", explained + "\n", markdown(_SIGNED_HEADER[language], rows), _SIGNATURE[language])
    return "\n".join(parts)


def _clause_rows(
    clause: Clause, procedure: Procedure, rules: Mapping[str, Rule], reader: Reader
) -> Iterator[tuple[str, ...]]:
    """A row for each thing that answers the clause besides its rules, then one for each of its rules."""
    head = (clause.name, clause.statement[reader.language])
    names = rules_of(clause, rules)
    for label, content in _otherwise(clause, procedure, reader.language):
        yield (*head, label, _NONE, _NONE, _NONE, _NONE, content)
    for name in names:
        rule = rules[name]
        yield (
            *head,
            rule.name,
            _reading(rule),
            *_limits(rule, reader),
            _AUDIENCE[rule.audience][reader.language],
            _plain(rule.action, reader),
        )


def _otherwise(clause: Clause, procedure: Procedure, language: str) -> Iterator[tuple[str, str]]:
    """What answers a clause besides its rules, and what nothing watches, each with a word for who or what."""
    if clause.of:
        yield _OTHER_CLAUSES[language], ", ".join(clause.of)
    if clause.answer is not None:
        by = AnsweredBy.NONE if clause.by is AnsweredBy.NONE else AnsweredBy.RECORD
        yield BY_WORDS[by][language], clause.answer[language]
    for name in clause.ask:
        yield BY_WORDS[AnsweredBy.PERSON][language], procedure.questions[name].ask[language]
    separator = "：" if language == "zh" else ": "
    for untold in clause.cannot_tell:
        yield BY_WORDS[AnsweredBy.NONE][language], untold.part[language] + separator + untold.reason[language]


def _reading(rule: Rule) -> str:
    return f"{rule.reading} ({resource_name(rule.match)})" if rule.match else rule.reading


def _limits(rule: Rule, reader: Reader) -> tuple[str, str]:
    """The warning and the critical level, in words."""
    levels = {level.severity: _limit(rule, level, reader) for level in rule.levels}
    return levels.get(Severity.WARNING, _NONE), levels.get(Severity.CRITICAL, _NONE)


def _limit(rule: Rule, level: Threshold, reader: Reader) -> str:
    """`below 15 °C for 60 s`; for a counter, what it may grow by in its window."""
    is_chinese = reader.language == "zh"
    words = _breach(reader.catalogue[rule.reading], level, reader.language)
    if rule.increase_over_seconds is not None:
        window = _span(rule.increase_over_seconds, reader.language)
        words = f"{window}内{words}" if is_chinese else f"{words} in {window}"
    if level.for_seconds:
        lasts = _span(level.for_seconds, reader.language)
        words += f"，持续 {lasts}" if is_chinese else f" for {lasts}"
    return words


def _breach(spec: MetricSpec, level: Threshold, language: str) -> str:
    """The side and the limit; of a yes-or-no reading, the answer that is wrong: nobody is above a no."""
    if is_yes_or_no(spec):
        return _IS[language].format(show(spec, 1 if level.side is Side.ABOVE else 0, language))
    return _SIDE[level.side][language].format(limit=show(spec, level.limit, language))


def _span(seconds: float, language: str) -> str:
    for size, names in ((3600, {"zh": "小时", "en": "h"}), (60, {"zh": "分钟", "en": "min"})):
        if seconds >= 2 * size and seconds % size == 0:
            return f"{seconds / size:g} {names[language]}"
    return f"{seconds:g} {'秒' if language == 'zh' else 's'}"


def _plain(text: Text, reader: Reader) -> str:
    """A text as it stands in the rule, about no resource in particular."""
    return _PLACEHOLDER.sub(lambda found: reader.contact if found[1] == "it_contact" else "…", text[reader.language])
