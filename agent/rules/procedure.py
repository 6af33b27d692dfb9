"""procedure.yaml to a `Procedure`: every clause with what answers it, or every fault of the file at its place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from agent.readings import Labels, MetricSpec
from agent.rules.clause import AnsweredBy, Clause, Need, Procedure, Question, Untold
from agent.rules.rule import Text
from agent.rules.rulefile import RuleSource
from agent.rules.texts import LANGUAGES
from agent.yamlsource import Findings, Node, Scalar, Section, closest, parse, read_file, read_section, read_text

_KEYS = ("sections", "questions", "denied_action", "clauses")
_EVERY_CLAUSE = ("clause", "section", "statement", "by")
_BY_KEYS: Mapping[AnsweredBy, tuple[str, ...]] = {
    AnsweredBy.RULES: ("needs", "optional", "ask", "of", "also", "answer", "cannot_tell"),
    AnsweredBy.PERSON: ("ask", "cannot_tell"),
    AnsweredBy.RECORD: ("answer",),
    AnsweredBy.NONE: ("answer",),
}
_ALL_CLAUSE_KEYS = (*_EVERY_CLAUSE, *dict.fromkeys(key for keys in _BY_KEYS.values() for key in keys))
_MUST_HAVE = {AnsweredBy.PERSON: ("ask",), AnsweredBy.RECORD: ("answer",), AnsweredBy.NONE: ("answer",)}


def load_procedure(source: RuleSource, catalogue: Mapping[str, MetricSpec]) -> Procedure:
    """The procedure in the file; `catalogue` holds every reading there is, by name.

    Raises:
        Faults: everything that is wrong with the file.
    """
    findings = Findings(source.path)
    text = source.text if source.text is not None else read_file(Path(source.path), findings)
    node = parse(text, findings) if text is not None else None
    top = read_section(findings, node, _KEYS) if node is not None else None
    procedure = _procedure(top, catalogue) if top is not None and top.require(*_KEYS) else None
    findings.raise_if_any()
    if procedure is None:
        findings.at(1, 1, "the file is empty; expected the clauses of a procedure")
        findings.raise_if_any()
        raise AssertionError  # unreachable: a fault was just noted
    return procedure


def _procedure(top: Section, catalogue: Mapping[str, MetricSpec]) -> Procedure:
    sections = {
        key.text: text
        for key, section in _entries(top, "sections", LANGUAGES)
        if (text := _text_of(section)) is not None
    }
    questions = {
        key.text: question
        for key, section in _entries(top, "questions", ("ask", "denied"))
        if (question := _question(key.text, section)) is not None
    }
    items = [
        section
        for node in top.items("clauses")
        if (section := read_section(top.findings, node, _ALL_CLAUSE_KEYS)) is not None
    ]
    clauses: dict[str, Clause] = {}
    for item in items:
        clause = _clause(item, catalogue, sections, questions)
        if clause is None:
            continue
        if clause.name in clauses:
            first = clauses[clause.name].defined_at
            item.findings.add(item.table, f"the clause {clause.name} is already at {first}; expected each clause once")
        clauses[clause.name] = clause
    names = {name for item in items if (name := item.text("clause")) is not None}
    for item in items:
        _check_parts(item, names, clauses)
    return Procedure(
        sections=sections, questions=questions, denied_action=_text(top, "denied_action") or {}, clauses=clauses
    )


def _clause(
    item: Section,
    catalogue: Mapping[str, MetricSpec],
    sections: Collection[str],
    questions: Collection[str],
) -> Clause | None:
    if not item.require(*_EVERY_CLAUSE):
        return None
    name, section = item.text("clause"), item.choice("section", sections)
    statement, by_word = _text(item, "statement"), item.choice("by", [by.value for by in AnsweredBy])
    if by_word is None:
        return None
    by = AnsweredBy(by_word)
    _refuse_keys_of_others(item, by)
    item.require(*_MUST_HAVE.get(by, ()))
    clause = Clause(
        name=name or "",
        section=section or "",
        statement=statement or {},
        by=by,
        needs=tuple(_needs(item, "needs", catalogue)),
        optional=tuple(_needs(item, "optional", catalogue)),
        ask=tuple(_names(item, "ask", questions)),
        of=tuple(_names(item, "of", None)),
        also=tuple(_names(item, "also", None)),
        answer=_text(item, "answer"),
        cannot_tell=tuple(_untold(item)),
        defined_at=f"{item.findings.path}:{item.table.line}",
    )
    return clause if name is not None else None


def _refuse_keys_of_others(item: Section, by: AnsweredBy) -> None:
    allowed = (*_EVERY_CLAUSE, *_BY_KEYS[by])
    for key, _ in item.table.entries:
        if key.text in _ALL_CLAUSE_KEYS and key.text not in allowed:
            item.findings.add(key, f"`{key.text}` has no meaning in a clause answered by {by.value}; remove it")


def _check_parts(item: Section, names: Collection[str], clauses: Mapping[str, Clause]) -> None:
    """A clause sums up clauses that exist, and in the end not itself."""
    own = item.text("clause")
    for node in item.items("of"):
        name = read_text(item.findings, node)
        if name is not None and name not in names:
            item.findings.add(node, f"`{name}` is not a clause of this file; {closest(name, names)}")
        elif own is not None and name is not None and own in _all_parts(name, clauses):
            item.findings.add(node, f"{own} would sum up itself by way of {name}; expected parts that do not lead back")


def _all_parts(name: str, clauses: Mapping[str, Clause]) -> set[str]:
    """The clause, its parts, and theirs."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        clause = clauses.get(waiting.pop())
        if clause is not None and clause.name not in found:
            found.add(clause.name)
            waiting.extend(clause.of)
    return found


def _needs(item: Section, key: str, catalogue: Mapping[str, MetricSpec]) -> Iterator[Need]:
    """Each need is the name of a reading, or the reading with the labels it must have."""
    for node in item.items(key):
        if isinstance(node, Scalar):
            name, match = _known(item.findings, node, catalogue), None
        else:
            section = read_section(item.findings, node, ("reading", "match"))
            if section is None or not section.require("reading", "match"):
                continue
            name = section.read("reading", lambda findings, node: _known(findings, node, catalogue))
            match = section.section("match", catalogue[name].labels if name is not None else None)
        if name is not None:
            yield Need(reading=name, match=_labels(match))


def _labels(match: Section | None) -> Labels:
    if match is None:
        return ()
    pairs = ((key.text, match.text(key.text)) for key, _ in match.table.entries)
    return tuple((name, value) for name, value in pairs if value is not None)


def _names(item: Section, key: str, known: Collection[str] | None) -> Iterator[str]:
    for node in item.items(key):
        name = read_text(item.findings, node) if known is None else _known(item.findings, node, known)
        if name is not None:
            yield name


def _known(findings: Findings, node: Node, known: Collection[str]) -> str | None:
    name = read_text(findings, node)
    if name is None or name in known:
        return name
    findings.add(node, f"`{name}` is not known here; {closest(name, known)}")
    return None


def _untold(item: Section) -> Iterator[Untold]:
    for node in item.items("cannot_tell"):
        section = read_section(item.findings, node, ("part", "reason"))
        if section is not None and section.require("part", "reason"):
            yield Untold(part=_text(section, "part") or {}, reason=_text(section, "reason") or {})


def _question(name: str, section: Section) -> Question | None:
    if not section.require("ask", "denied"):
        return None
    return Question(name=name, ask=_text(section, "ask") or {}, denied=_text(section, "denied") or {})


def _text(section: Section, key: str) -> Text | None:
    return _text_of(languages) if (languages := section.section(key, LANGUAGES)) is not None else None


def _text_of(languages: Section) -> Text | None:
    """A text in every language; faults go to the findings."""
    if not languages.require(*LANGUAGES):
        return None
    words = {language: languages.text(language) for language in LANGUAGES}
    return {language: word for language, word in words.items() if word is not None}


def _entries(top: Section, key: str, known: Collection[str]) -> Iterator[tuple[Scalar, Section]]:
    """Each entry of a mapping with free keys, its value as a section."""
    section = top.section(key, None)
    for name, node in section.table.entries if section is not None else ():
        value = read_section(top.findings, node, known)
        if value is not None:
            yield name, value
