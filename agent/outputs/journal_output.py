"""Writes the operation record: what each cycle changed, and what the service and people tell it.

Update → entries in the journal (`agent.outputs.journal`), and once a minute the history for the report. A full disk
costs nothing but memory until there is space again.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from datetime import datetime

from agent.alerts.alert import AlertKey, Change, Silence, Transition, Update
from agent.outputs.journal.entry import NO_ENTRY, Draft, Json, Kind, Witness, utc_text
from agent.outputs.journal.history import History
from agent.outputs.journal.keeper import MOST_WAITING, Keeper
from agent.outputs.journal.reading import entry_exists
from agent.outputs.journal.retention import Retention, prune
from agent.outputs.journal.runs import changed_meanwhile, ended_unclean
from agent.outputs.journal.store import Journal
from agent.readings import resource_name
from agent.rules.rule import Rule

_log = logging.getLogger(__name__)

_RECORDED = frozenset({Change.FIRING, Change.CANNOT_TELL, Change.RESOLVED, Change.GONE})
"""Pending and dismissed are left out: nobody was told, and nothing was found to be so."""
_MINUTE_SECONDS = 60
_DAY_SECONDS = 86_400


class JournalOutput:
    """The output that remembers. Its methods may be called from several threads."""

    name = "journal"

    def __init__(
        self,
        path: str,
        *,
        now: datetime,
        clause_states: Callable[[Update], Mapping[str, str]],
        retention: Retention,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """`clause_states` says how each clause stands. A full or read-only disk is logged and tried again later.

        Raises:
            DatabaseTooNew: a newer version wrote the file.
        """
        self._keeper = Keeper(path, now=now, most_waiting=most_waiting)
        self._clause_states = clause_states
        self._retention = retention
        self._history: History | None = None
        self._rules: Mapping[str, Rule] = {}
        self._minute_at: datetime | None = None
        self._day_at: datetime | None = None
        self._now = now

    def publish(self, update: Update) -> None:
        """Record the cycle's transitions; once a minute a sign of life, once a day retention and the witness."""
        now = self._now = update.snapshot.taken_at
        self._rules = update.rules
        drafts = [_alert_draft(change, update) for change in update.transitions if change.change in _RECORDED]
        if drafts or self._keeper.waiting:
            self._keeper.keep(drafts, now=now)
        if self._history is not None:
            self._history.add(update.snapshot, self._clause_states(update))
        if _has_passed(_MINUTE_SECONDS, self._minute_at, now):
            self._minute_at = now
            self._keeper.write(now=now)
            self._keeper.attempt(self._each_minute, now=now)
        if _has_passed(_DAY_SECONDS, self._day_at, now) and self._keeper.attempt(self._each_day, now=now):
            self._day_at = now

    def close(self) -> None:
        """Write what waits and close the file."""
        self._keeper.attempt(self._write_history, now=self._now)
        self._keeper.close(now=self._now)

    def witness(self) -> Witness:
        """Id (which is also the count) and hash of the newest entry that is safely on the disk; for the metrics."""
        return self._keeper.journal.witness() if self._keeper.journal is not None else NO_ENTRY

    @property
    def waiting(self) -> int:
        """How many entries the disk has not taken yet."""
        return self._keeper.waiting

    def record_start(self, *, at: datetime, version: str, boot_id: str, config_hash: str, rules_hash: str) -> None:
        """The agent started; an unclean end of the run before, and what was changed since, are recorded first."""
        hashes = {"config_hash": config_hash, "rules_hash": rules_hash}
        before: list[Draft] = []
        if self._keeper.journal is not None:
            connection = self._keeper.journal.connection
            before = [*ended_unclean(connection, boot_id, at), *changed_meanwhile(connection, hashes, at)]
        body = {"version": version, "boot_id": boot_id, **hashes}
        self._keeper.keep([*before, Draft(at=at, kind=Kind.AGENT_START, body=body)], now=at)
        self._keeper.attempt(lambda journal: journal.sign_of_life(at), now=at)

    def record_stop(self, *, at: datetime, reason: str) -> None:
        """The agent ends in good order."""
        self._record(at, Kind.AGENT_STOP, {"reason": reason})
        self._keeper.attempt(lambda journal: journal.sign_of_life(at), now=at)
        self._log_witness()

    def record_suspend(self, *, at: datetime, seconds: float) -> None:
        """The computer slept for so long and woke at `at`."""
        self._record(at, Kind.SUSPEND, {"seconds": round(seconds, 3)})

    def record_gap(self, *, at: datetime, since: datetime, until: datetime, reason: str) -> None:
        """A time that was not monitored, found at `at`."""
        self._record(at, Kind.GAP, {"from": utc_text(since), "to": utc_text(until), "reason": reason})

    def record_configuration(self, *, at: datetime, config_hash: str, user: str = "") -> None:
        """Another configuration is in force."""
        self._record(at, Kind.CONFIGURATION, {"config_hash": config_hash}, user=user)

    def record_rules(self, *, at: datetime, rules_hash: str, user: str = "") -> None:
        """Other rules are in force."""
        self._record(at, Kind.RULES, {"rules_hash": rules_hash}, user=user)

    def record_check(self, *, at: datetime, result: Mapping[str, Json], user: str, closing: bool = False) -> None:
        """A check by the procedure: `result` is its JSON form (verdict, clauses). Raises ValueError for NaN in it."""
        self._record(at, Kind.CHECK, {"closing": closing, "result": result}, user=user)

    def record_answer(self, *, at: datetime, question: str, answer: str, user: str, clause: str = "") -> None:
        """What a person answered to what only a person can tell."""
        body: dict[str, Json] = {"question": question, "answer": answer}
        self._keeper.keep([Draft(at=at, kind=Kind.ANSWER, clause=clause, user=user, body=body)], now=at)

    def record_seen(self, key: AlertKey, *, at: datetime, user: str) -> None:
        """An alert was shown to a person."""
        self._keeper.keep([self._about(key, at, Kind.SEEN, user)], now=at)

    def record_delivered(self, key: AlertKey, *, at: datetime, user: str, way: str, detail: str = "") -> None:
        """A person was told of an alert in this way, or could not be."""
        body = {"way": way, **({"detail": detail} if detail else {})}
        self._keeper.keep([self._about(key, at, Kind.DELIVERED, user, body)], now=at)

    def record_acknowledged(self, key: AlertKey, *, at: datetime, user: str, note: str = "") -> None:
        """A person took notice of an alert."""
        self._keeper.keep([self._about(key, at, Kind.ACKNOWLEDGED, user, {"note": note} if note else {})], now=at)

    def record_silenced(self, silence: Silence) -> None:
        """A person muted a rule."""
        body: dict[str, Json] = {"until": utc_text(silence.until), "reason": silence.reason}
        self._record(silence.created_at, Kind.SILENCED, body, user=silence.by, rule=silence.rule)

    def record_silence_ended(self, rule: str, *, at: datetime, user: str = "") -> None:
        """A silence ran out, or a person ended it."""
        self._record(at, Kind.SILENCE_ENDED, {}, user=user, rule=rule)

    def record_correction(self, corrects: int, *, at: datetime, reason: str, user: str, right: str = "") -> None:
        """An earlier entry is missing something or wrong: `right` says what would be right; the entry itself stays."""
        self._record(at, Kind.CORRECTION, {"corrects": corrects, "reason": reason, "right": right}, user=user)

    def has_entry(self, number: int) -> bool:
        """Whether the journal holds this entry; what waits for the disk has no number yet."""
        journal = self._keeper.journal
        if journal is None:
            return False
        with journal.lock:
            return entry_exists(journal.connection, number)

    def _record(self, at: datetime, kind: Kind, body: Mapping[str, Json], *, user: str = "", rule: str = "") -> None:
        clause = self._rules[rule].clause if rule in self._rules else ""
        told = {**body, **self._summary(rule)}
        self._keeper.keep([Draft(at=at, kind=kind, rule=rule, clause=clause, user=user, body=told)], now=at)

    def _summary(self, rule: str) -> dict[str, Json]:
        """The rule's words in both languages, so that a list says what was acknowledged or muted, not only its name."""
        known = self._rules.get(rule)
        return {"summary": dict(known.summary)} if known is not None and known.summary else {}

    def _about(
        self, key: AlertKey, at: datetime, kind: Kind, user: str, body: Mapping[str, Json] | None = None
    ) -> Draft:
        return Draft(
            at=at,
            kind=kind,
            rule=key.rule,
            clause=self._rules[key.rule].clause if key.rule in self._rules else "",
            severity=key.severity.value,
            resource=resource_name(key.resource),
            user=user,
            body={**(body or {}), **self._summary(key.rule)},
        )

    def _each_minute(self, journal: Journal) -> None:
        if self._history is None:
            self._history = History(journal.connection)
        self._write_history(journal)
        journal.sign_of_life(self._now)

    def _write_history(self, journal: Journal) -> None:
        if self._history is not None:
            with journal.transaction():
                self._history.write()
            self._history.forget()

    def _each_day(self, journal: Journal) -> None:
        self._log_witness()
        prune(journal, self._retention, now=self._now)
        if self._history is not None:
            self._history.prune(self._now)

    def _log_witness(self) -> None:
        witness = self.witness()
        _log.info("journal witness (for journal verify --witness): %d:%s", witness.id, witness.hash)


def _alert_draft(transition: Transition, update: Update) -> Draft:
    alert, message = transition.alert, transition.message
    rule = update.rules.get(alert.key.rule)
    body: dict[str, Json] = {
        "change": transition.change.value,
        "value": _number(transition.value),
        "limit": _number(alert.limit),
        "title": message.title,
        "problem": message.problem,
        "action": message.action,
        "told": _told(transition, update),
    }
    return Draft(
        at=transition.at,
        kind=Kind.ALERT,
        rule=alert.key.rule,
        clause=rule.clause if rule else "",
        severity=alert.key.severity.value,
        resource=resource_name(alert.key.resource),
        body=body,
    )


def _told(transition: Transition, update: Update) -> str:
    """Whether people were told: announced, silenced by a person, or inhibited (by its cause, or held after a sleep)."""
    if transition in update.announced:
        return "announced"
    rule, now = transition.alert.key.rule, transition.at
    is_silenced = any(silence.rule == rule and silence.until > now for silence in update.silences)
    return "silenced" if is_silenced else "inhibited"


def _number(value: float | None) -> float | None:
    """A number that JSON has."""
    return value if value is not None and math.isfinite(value) else None


def _has_passed(seconds: float, since: datetime | None, now: datetime) -> bool:
    """Whether so much time went by; a clock set back counts, or nothing would happen until it catches up."""
    return since is None or not 0 <= (now - since).total_seconds() < seconds
