"""A rule's words: checked when the rule is loaded, filled in when something is said about a resource.

Nobody retypes a limit: `{value}` and `{limit}` come from the verdict, `{resource}` from its labels, `{it_contact}` from
the configuration. Text in a reading's labels is never taken for a placeholder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.readings import Labels, MetricSpec
from agent.rules.rule import Rule, Severity
from agent.rules.units import show
from agent.yamlsource import closest

LANGUAGES = ("zh", "en")

PLACEHOLDERS = ("value", "limit", "resource", "it_contact")

LONGEST = {
    "summary": {"zh": 30, "en": 60},
    "problem": {"zh": 100, "en": 200},
    "action": {"zh": 100, "en": 200},
}
"""Characters of each text as it is written. A desktop notification shows one line of about 60 Latin letters or half as
many Chinese ones as its title, and about four lines before it is cut; GNOME Shell and Windows are alike in this."""

_BRACES = re.compile(r"\{([^{}]*)\}")
NO_VALUE = {"zh": "无读数", "en": "no reading"}
_THIS_MACHINE = {"zh": "本机", "en": "this computer"}
_STOP = {"zh": "请立即停止操作。", "en": "Stop work now. "}
"""Comes before the action of a critical level: what critical means is said by the agent, no rule can forget it."""

IT_DEPARTMENT = {"zh": "IT 部门", "en": "your IT department"}
_TOLD_BY_TARGET = frozenset({"role"})
_LABELS_OF_A_KIND = frozenset({"component", "resource", "kind"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What people read about one verdict: a line, what is wrong, what to do now."""

    title: str
    problem: str
    action: str


def render(  # noqa: PLR0913  # each is one thing that the words can name
    rule: Rule,
    language: str,
    *,
    severity: Severity,
    spec: MetricSpec,
    resource: Labels,
    value: float | None,
    limit: float,
    it_contact: str = "",
) -> Words:
    """The rule's words about one resource; a missing value is said to be missing."""
    filled = {
        "value": NO_VALUE[language] if value is None else show(spec, value, language),
        "limit": show(spec, limit, language),
        "resource": name_for_people(rule, resource, language),
        "it_contact": it_contact or IT_DEPARTMENT[language],
    }
    return Words(
        title=_fill(rule.summary[language], filled),
        problem=_fill(rule.problem[language], filled),
        action=_fill(action_of(rule, language, severity), filled),
    )


def action_of(rule: Rule, language: str, severity: Severity) -> str:
    """What to do at this level, its placeholders not filled in; critical begins with stopping work."""
    return f"{_STOP[language] if severity is Severity.CRITICAL else ''}{rule.action[language]}"


def name_for_people(rule: Rule, resource: Labels, language: str) -> str:
    """The resource by its labels' values, without those that the rule's match or the kind of thing already says."""
    matched = {name for name, _ in rule.match}
    values = [
        value
        for name, value in resource
        if value and name not in matched and name not in _TOLD_BY_TARGET and name not in _LABELS_OF_A_KIND
    ]
    return " ".join(values) or _THIS_MACHINE[language]


def fault_of(key: str, language: str, text: str) -> str | None:
    """What is wrong with one text of a rule: a placeholder, a brace, its length; nothing when it is well."""
    for name in _BRACES.findall(text):
        if name not in PLACEHOLDERS:
            return f"the placeholder {{{name}}} does not exist; {closest(name, PLACEHOLDERS)}"
    if set("{}") & set(_BRACES.sub("", text)):
        return "a stray brace; expected a whole placeholder such as {value}"
    longest = LONGEST[key][language]
    if len(text) > longest:
        return f"this {key} has {len(text)} characters; expected at most {longest}, so that it is shown whole"
    return None


def _fill(text: str, filled: dict[str, str]) -> str:
    return _BRACES.sub(lambda found: filled[found[1]], text)
