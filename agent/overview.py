"""All that the status page shows, as one document in one language: the last cycle, the curves, the day's record.

Made at most once a cycle and language, and only while somebody looks; nothing here reads hardware.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

from agent.alerts.alert import Update
from agent.measures import Json, Shown, measures, shown, unmeasured
from agent.overview_alerts import alerts_shown, silences_shown
from agent.overview_record import record_shown
from agent.pagesources import PageSources
from agent.rulebook import Rulebook
from agent.rules.assessment import overall
from agent.rules.clause import AnsweredBy, Clause, ClauseState, Reason, Standing
from agent.rules.coverage import rules_of
from agent.standing import GO, GROUPS, WORDS
from agent.today import Day, Today
from agent.version import VERSION

_BY_A_PERSON = {"zh": "由人确认", "en": "you confirm it"}
_PERSON = "person"
_SECTIONS = ("computer", "phone", "network")
_OTHER = "other"
"""Keys of the groups: the sections of the procedure about things on the desk, and all others in one."""
_NOT_RECORDED = {
    "zh": "这是采集下来的机器，不作记录。",
    "en": "This is a captured machine; nothing is recorded of it.",
}


class Overview:
    """Gives the document, remembered until the next cycle."""

    def __init__(self, sources: PageSources) -> None:
        self._sources = sources
        self._today = None if sources.record_path is None else Today(sources.record_path, sources.record_head)
        self._remembered: dict[str, tuple[Update | None, Day, Json]] = {}

    async def document(self, language: str) -> Json:
        """The document in `zh` or `en`; empty language means the configured one."""
        sources = self._sources
        rulebook, update = sources.rulebook(), sources.latest()
        language = language or rulebook.reader.language
        day = await self._today.day() if self._today is not None else Day(fault=_NOT_RECORDED[language])
        known = self._remembered.get(language)
        if known is None or known[0] is not update or known[1] != day:
            document = _document(rulebook.in_language(language), update, day, sources)
            known = self._remembered[language] = (update, day, document)
        return known[2]


def _document(rulebook: Rulebook, update: Update | None, day: Day, sources: PageSources) -> Json:
    language = rulebook.reader.language
    document: Json = {
        "language": language,
        "version": VERSION,
        "machine": socket.gethostname(),
        "it_contact": rulebook.reader.contact,
        "interval_seconds": sources.interval_seconds,
        "questions": _questions(rulebook),
        "record": record_shown(day, rulebook.by_name, language),
    }
    if update is None:
        return {**document, **_said(Standing.UNKNOWN, language), "taken_at": None, "groups": [], "alerts": []}
    states = rulebook.states_of_update(update)
    what = shown(rulebook, update, sources.trends)
    return {
        **document,
        **_said(overall(states), language),
        "taken_at": update.snapshot.taken_at.isoformat(),
        "groups": _groups(states, what),
        "alerts": list(alerts_shown(what)),
        "silences": silences_shown(what),
        "untold": list(_untold(states, rulebook)),
        "probes": list(unmeasured(what)),
    }


def _said(standing: Standing, language: str) -> Json:
    return {"verdict": standing.value, "word": WORDS[standing][language], "go": GO[standing][language]}


def _questions(rulebook: Rulebook) -> list[Json]:
    language = rulebook.reader.language
    return [{"name": name, "ask": one.ask[language]} for name, one in rulebook.procedure.questions.items()]


def _groups(states: dict[str, ClauseState], what: Shown) -> list[Json]:
    """The clauses that are answered by looking or asking, group by group; what nothing watches is told apart."""
    language = what.rulebook.reader.language
    clauses = [
        clause
        for clause in what.rulebook.procedure.clauses.values()
        if clause.by in (AnsweredBy.RULES, AnsweredBy.PERSON)
    ]
    titles = {**{key: what.rulebook.procedure.sections[key] for key in _SECTIONS}, _OTHER: GROUPS[""]}
    return [
        {
            "key": key,
            "title": title[language],
            "clauses": [_clause(one, states[one.name], what) for one in clauses if _group_of(one) == key],
        }
        for key, title in titles.items()
    ]


def _group_of(clause: Clause) -> str:
    return clause.section if clause.section in _SECTIONS else _OTHER


def _clause(clause: Clause, state: ClauseState, what: Shown) -> Json:
    language = what.rulebook.reader.language
    is_unasked = clause.by is AnsweredBy.PERSON and not state.counts
    return {
        "clause": clause.name,
        "statement": clause.statement[language],
        "verdict": _PERSON if is_unasked else state.standing.value,
        "word": _BY_A_PERSON[language] if is_unasked else WORDS[state.standing][language],
        "of": list(clause.of),
        "measures": measures(rules_of(clause, what.rulebook.by_name), state, what),
        "reasons": [] if is_unasked else [_reason(reason, language) for reason in state.reasons],
    }


def _reason(reason: Reason, language: str) -> Json:
    return {"text": reason.text[language], "detail": reason.detail}


def _untold(states: dict[str, ClauseState], rulebook: Rulebook) -> Iterator[Json]:
    """What cannot be told and why: clauses that nothing answers, parts of clauses, readings that are missing here."""
    language = rulebook.reader.language
    said: set[tuple[str, str]] = set()
    for clause in rulebook.procedure.clauses.values():
        if clause.by is AnsweredBy.NONE and clause.answer is not None:
            yield _gap(clause, clause.statement[language], clause.answer[language])
        for untold in clause.cannot_tell:
            yield _gap(clause, untold.part[language], untold.reason[language])
        for reason in states[clause.name].reasons if states[clause.name].counts and not clause.of else ():
            text = reason.text[language]
            if (text, reason.detail) not in said:
                said.add((text, reason.detail))
                yield _gap(clause, text, reason.detail)


def _gap(clause: Clause, what: str, why: str) -> Json:
    return {"clause": clause.name, "what": what, "why": why}
