"""What people ask the running agent to change: handed over by the HTTP thread, done by the main one between cycles."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from agent.alerts.alert import Alert, Silence, alert_id
from agent.alerts.tracker import Tracker
from agent.outputs.command import (
    Acknowledge,
    AddSilence,
    Command,
    CommandRefused,
    MarkSeen,
    RecordCheck,
    RemoveSilence,
)
from agent.outputs.journal_output import JournalOutput
from agent.rules.rule import Rule

Answer = Mapping[str, object]


class Inbox:
    """A queue that any thread may fill; filling it wakes the main thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._waiting: deque[tuple[Command, Future[Answer]]] = deque()

    def execute(self, command: Command) -> Future[Answer]:
        """Queue the command; the future is answered by the main thread."""
        future: Future[Answer] = Future()
        self._waiting.append((command, future))
        self._wake()
        return future

    def answer_all(self, answer: Callable[[Command], Answer]) -> None:
        """Answer everything that waits, in order; called by the main thread."""
        while self._waiting:
            command, future = self._waiting.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(answer(command))
            except (CommandRefused, OSError, sqlite3.Error) as error:
                future.set_exception(error)


class Desk:
    """Does what is asked, and holds the silences."""

    def __init__(self, tracker: Tracker, journal: JournalOutput | None, silences: Iterable[Silence]) -> None:
        self._tracker = tracker
        self._journal = journal
        self.silences = tuple(silences)

    def answer(self, command: Command, rules: Mapping[str, Rule]) -> Answer:
        """Do it, and say what was done.

        Raises:
            CommandRefused: there is no such alert or rule.
        """
        now = datetime.now(UTC)
        match command:
            case Acknowledge():
                return self._acknowledge(command, now)
            case MarkSeen():
                return self._mark_seen(command, now)
            case AddSilence():
                return self._silence(command, rules, now)
            case RemoveSilence():
                return self._end_silence(command.rule, command.by, now)
            case RecordCheck():
                return self._record_check(command, now)

    def end_expired(self, now: datetime) -> bool:
        """Drop the silences whose time is over; whether there were any."""
        expired = [silence for silence in self.silences if silence.until <= now]
        for silence in expired:
            self._drop(silence.rule)
            if self._journal:
                self._journal.record_silence_ended(silence.rule, at=now)
        return bool(expired)

    def _acknowledge(self, command: Acknowledge, now: datetime) -> Answer:
        alert = self._find(command.alert)
        fresh = self._tracker.acknowledge(alert.key, command.by, now)
        if self._journal:
            for key in fresh:
                self._journal.record_acknowledged(key, at=now, user=command.by)
        return {"alert": alert_id(alert.key), "acknowledged": True, "first": alert.key in fresh}

    def _mark_seen(self, command: MarkSeen, now: datetime) -> Answer:
        alert = self._find(command.alert)
        fresh = self._tracker.mark_seen(alert.key, now)
        if self._journal:
            for key in fresh:
                self._journal.record_seen(key, at=now, user=command.by)
        return {"alert": alert_id(alert.key), "seen": True, "first": alert.key in fresh}

    def _silence(self, command: AddSilence, rules: Mapping[str, Rule], now: datetime) -> Answer:
        if command.rule not in rules:
            raise CommandRefused(f"there is no rule {command.rule}")
        until = now + timedelta(seconds=command.seconds)
        silence = Silence(rule=command.rule, until=until, reason=command.reason, by=command.by, created_at=now)
        self._drop(command.rule)
        self.silences = (*self.silences, silence)
        if self._journal:
            self._journal.record_silenced(silence)
        return {"rule": command.rule, "until": until.isoformat()}

    def _end_silence(self, rule: str, by: str, now: datetime) -> Answer:
        if not self._drop(rule):
            raise CommandRefused(f"the rule {rule} is not silenced")
        if self._journal:
            self._journal.record_silence_ended(rule, at=now, user=by)
        return {"rule": rule, "until": now.isoformat()}

    def _record_check(self, command: RecordCheck, now: datetime) -> Answer:
        if self._journal is None:
            raise CommandRefused("this agent watches a captured machine and records nothing", HTTPStatus.CONFLICT)
        self._journal.record_check(at=now, result=command.result, user=command.by, closing=command.closing)
        for answer in command.answers:
            self._journal.record_answer(
                at=now, question=answer.question, answer=answer.answer, user=command.by, clause=answer.clause
            )
        return {"recorded_at": now.isoformat()}

    def _drop(self, rule: str) -> bool:
        kept = tuple(silence for silence in self.silences if silence.rule != rule)
        is_dropped = len(kept) < len(self.silences)
        self.silences = kept
        return is_dropped

    def _find(self, identifier: str) -> Alert:
        alert = self._tracker.find(identifier)
        if alert is None:
            raise CommandRefused(f"there is no one alert called {identifier}; `device-health alerts` lists them")
        return alert
