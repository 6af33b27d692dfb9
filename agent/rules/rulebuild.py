"""A merged draft to a rule, with everything that is wrong in it noted at its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from agent.readings import Labels, MetricKind, MetricSpec
from agent.rules.rule import Audience, Rule, Severity, Side, Text, Threshold
from agent.rules.rulefile import Draft
from agent.rules.texts import LANGUAGES, fault_of
from agent.rules.units import outside, wrong_unit
from agent.yamlsource import (
    Scalar,
    Table,
    closest,
    read_boolean,
    read_choice,
    read_duration,
    read_items,
    read_number,
    read_section,
    read_text,
)

CLAUSE = re.compile(r"[1-9]\.[1-9]\.[a-z](\.[1-9])?")
"""The procedure's numbering: section, subsection, letter, and a number where the letter is divided."""

REQUIRED = ("clause", "reading", "audience", "summary", "problem", "action")


def build(draft: Draft, catalogue: Mapping[str, MetricSpec], others: list[str]) -> Rule | None:
    """The draft as a rule; nothing when it is disabled or lacks what a rule needs. `others`: the rules before it."""
    if not _is_whole(draft, others):
        return None
    spec = _spec(draft, catalogue)
    audience = _audience(draft)
    levels = _levels(draft, spec)
    rule = Rule(
        name=draft.name,
        clause=_clause(draft),
        reading=spec.name if spec is not None else "",
        match=_match(draft, spec),
        levels=levels,
        increase_over_seconds=_increase_over(draft, spec),
        keep_firing_seconds=_duration(draft, "keep_firing_for"),
        depends_on=_depends_on(draft),
        audience=Audience(audience or "it"),
        summary=_text(draft, "summary"),
        problem=_text(draft, "problem"),
        action=_text(draft, "action"),
        defined_at=draft.defined_at,
    )
    _check_critical(draft, rule, audience)
    _check_trust(draft, spec)
    disabled = draft.cell("disabled")
    return None if disabled is not None and disabled.read(read_boolean) else rule


def _check_trust(draft: Draft, spec: MetricSpec | None) -> None:
    """Note a critical level on what a user's program says: nobody's work is stopped by that."""
    cell = draft.cell("critical")
    if cell is not None and spec is not None and spec.from_session:
        cell.add(f"{spec.name} comes from a user's companion and cannot stop work; expected only a warning")


def _check_critical(draft: Draft, rule: Rule, audience: str | None) -> None:
    """Note a critical level that its audience would not see, or that does not say whom to notify."""
    cell = draft.cell("critical")
    if cell is None:
        return
    if audience == "it":
        message = "a critical level stops work, so the operator must see it; expected `audience: operator`"
        cell.findings.add(cell.key, message)
    for language, text in rule.action.items():
        if "{it_contact}" not in text and (action := draft.cell("action", language)) is not None:
            action.add("a critical level must say whom to notify; expected {it_contact} in this text")


def _is_whole(draft: Draft, others: list[str]) -> bool:
    """Whether the draft has every required key; notes the missing ones, and whether an override missed its rule."""
    missing = [key for key in REQUIRED if draft.cell(key) is None]
    if draft.cell("warning") is None and draft.cell("critical") is None:
        missing.append("warning` or `critical")
    if not missing:
        return True
    listed = ", ".join(f"`{key}`" for key in missing)
    similar = closest(draft.name, others)
    hint = f"; {similar}" if similar.startswith("did you mean") else "; expected in every new rule"
    draft.findings.add(draft.start, f"the rule `{draft.name}` lacks {listed}{hint}")
    return False


def _spec(draft: Draft, catalogue: Mapping[str, MetricSpec]) -> MetricSpec | None:
    cell = draft.cell("reading")
    name = cell.read(read_text) if cell is not None else None
    if cell is None or name is None:
        return None
    spec = catalogue.get(name)
    if spec is None:
        cell.add(f"no probe gives the reading `{name}`; {closest(name, sorted(catalogue))}")
    return spec


def _clause(draft: Draft) -> str:
    cell = draft.cell("clause")
    if cell is None or not isinstance(cell.node, Scalar):
        return (cell.read(read_text) if cell is not None else None) or ""
    if not CLAUSE.fullmatch(cell.node.text):
        cell.add(f"`{cell.node.text}` is not a clause; expected a number of the procedure such as 4.1.a.1")
    return cell.node.text


def _match(draft: Draft, spec: MetricSpec | None) -> Labels:
    cell = draft.cell("match")
    section = cell.read(lambda findings, node: read_section(findings, node, None)) if cell is not None else None
    if section is None or spec is None:
        return ()
    for key, _ in section.table.entries:
        if key.text not in spec.labels:
            message = f"{spec.name} has no label `{key.text}`; {closest(key.text, spec.labels)}"
            section.findings.add(key, message)
    given = {key.text: section.text(key.text) for key, _ in section.table.entries}
    return tuple((name, value) for name in spec.labels if (value := given.get(name)) is not None)


def _increase_over(draft: Draft, spec: MetricSpec | None) -> float | None:
    cell = draft.cell("increase_over")
    if spec is None:
        return None
    if cell is None:
        if spec.kind is MetricKind.COUNTER and (reading := draft.cell("reading")) is not None:
            reading.add(f"{spec.name} only ever grows; expected `increase_over: 10m` or the like beside it")
        return None
    if spec.kind is not MetricKind.COUNTER:
        cell.findings.add(cell.key, f"{spec.name} does not count up; expected `increase_over` on counters only")
    seconds = cell.read(read_duration)
    if seconds == 0:
        cell.add("growth over no time says nothing; expected a span such as 10m")
    return seconds


def _depends_on(draft: Draft) -> tuple[str, ...]:
    cell = draft.cell("depends_on")
    nodes = cell.read(read_items) if cell is not None else None
    if cell is None or not nodes:
        return ()
    return tuple(name for node in nodes if (name := read_text(cell.findings, node)) is not None)


def _levels(draft: Draft, spec: MetricSpec | None) -> tuple[Threshold, ...]:
    """Warning, then critical, as far as they are given and sound."""
    found = {
        severity: level
        for severity in (Severity.WARNING, Severity.CRITICAL)
        if draft.cell(severity.value) is not None and (level := _level(draft, severity, spec)) is not None
    }
    warning, critical = found.get(Severity.WARNING), found.get(Severity.CRITICAL)
    if warning is not None and critical is not None:
        _compare(draft, warning, critical)
    return tuple(found.values())


def _level(draft: Draft, severity: Severity, spec: MetricSpec | None) -> Threshold | None:
    sides = [side for side in Side if draft.cell(severity.value, side.value) is not None]
    if len(sides) != 1:
        newest = draft.cell(severity.value, sides[-1].value) if sides else draft.cell(severity.value)
        assert newest is not None  # noqa: S101  # for the type checker: the caller saw the level
        said = "both `above` and `below` are given" if sides else "neither `above` nor `below` is given"
        newest.findings.add(newest.key, f"{said} for {severity.value}; expected one of them")
        return None
    seconds = _duration(draft, severity.value, "for")
    limit = _limit(draft, severity, sides[0].value, spec)
    clear = _limit(draft, severity, "clear", spec) if draft.cell(severity.value, "clear") else limit
    if limit is None or clear is None:
        return None
    level = Threshold(severity=severity, side=sides[0], limit=limit, clear=clear, for_seconds=seconds)
    if level.is_breached_by(clear):
        _wrong_clear(draft, level)
    return level


def _limit(draft: Draft, severity: Severity, key: str, spec: MetricSpec | None) -> float | None:
    cell = draft.cell(severity.value, key)
    if cell is None:
        return None
    if spec is not None and isinstance(cell.node, Scalar) and (better := wrong_unit(spec, cell.node)):
        cell.add(better)
        return None
    limit = cell.read(read_number)
    if limit is not None and spec is not None and (reason := outside(spec, limit)):
        cell.add(reason)
        return None
    return limit


def _wrong_clear(draft: Draft, level: Threshold) -> None:
    """Note it at the newer of limit and clear: a site's limit may have passed a shipped `clear`."""
    clear, limit = draft.cell(level.severity.value, "clear"), draft.cell(level.severity.value, level.side.value)
    assert clear is not None and limit is not None  # noqa: S101, PT018  # for the type checker: both were read
    better = "below" if level.side is Side.ABOVE else "above"
    where = "" if clear.findings is limit.findings else f" in {clear.findings.path}:{clear.key.line}"
    at = clear if not where or clear.findings is draft.findings else limit
    at.add(
        f"`clear: {level.clear:.12g}`{where} is on the wrong side of `{level.side.value}: {level.limit:.12g}`; "
        f"expected {level.limit:.12g} or a value {better} it"
    )


def _compare(draft: Draft, warning: Threshold, critical: Threshold) -> None:
    """Note levels that look in different directions, and a critical one that comes before its warning."""
    cell = draft.cell("critical", critical.side.value)
    assert cell is not None  # noqa: S101  # for the type checker: the level was read from it
    if warning.side is not critical.side:
        cell.findings.add(
            cell.key, f"critical is judged `{critical.side.value}`; expected `{warning.side.value}` as warning"
        )
    elif critical.limit != warning.limit and not warning.is_breached_by(critical.limit):
        words = f"`{critical.side.value}: {critical.limit:.12g}` is softer than warning's {warning.limit:.12g}"
        cell.add(f"critical {words}; expected a harder limit")


def _text(draft: Draft, key: str) -> Text:
    texts = {}
    for language in LANGUAGES:
        cell = draft.cell(key, language)
        if cell is None:
            _missing_language(draft, key, language)
        elif (text := cell.read(read_text)) is not None:
            if reason := fault_of(key, language, text):
                cell.add(reason)
            texts[language] = text
    return MappingProxyType(texts)


def _missing_language(draft: Draft, key: str, language: str) -> None:
    whole = draft.cell(key)
    if whole is not None and isinstance(whole.node, Table):
        whole.findings.add(
            whole.key, f"`{key}` has no text in `{language}`; expected one in each of {', '.join(LANGUAGES)}"
        )


def _duration(draft: Draft, key: str, inner: str = "") -> float:
    cell = draft.cell(key, inner)
    return (cell.read(read_duration) if cell is not None else None) or 0.0


def _audience(draft: Draft) -> str | None:
    cell = draft.cell("audience")
    choices = tuple(choice.value for choice in Audience)
    return cell.read(lambda findings, node: read_choice(findings, node, choices)) if cell is not None else None
