"""Builds the parts of the agent and runs its cycle: the only place that knows every stage.

The main thread samples, judges, remembers and publishes; one other thread serves HTTP and hands what people ask for to
this one. Of a captured machine nothing is recorded.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent import sdnotify
from agent.alerts.alert import Alert, Message, Update
from agent.bell import Bell
from agent.clausestandings import ClauseStandings
from agent.clock import ClockWatch, Lapse
from agent.inventory import observe
from agent.listening import build_listeners
from agent.looking import longest_cycle_seconds
from agent.memory import DATABASE, Kept, Memory
from agent.notification_form import documents
from agent.notifications import Board, next_board
from agent.outputs.api_reads import Sources
from agent.outputs.command import Command
from agent.outputs.feed import Feed
from agent.outputs.output import Output, Publisher
from agent.pagesources import PageSources
from agent.readings import Labels, Snapshot
from agent.requests import Desk, Inbox
from agent.rules.evaluate import evaluate
from agent.rules.growth import Growth
from agent.rules.rule import Rule
from agent.stages import Orders, build_journal, build_metrics, build_stages, record_start
from agent.standing import status_document
from agent.statuspage import StatusPage, status_page
from agent.trends import Trends
from agent.yamlsource import Faults

_log = logging.getLogger(__name__)

SETTLE_SECONDS = 60.0
"""After a start or a sleep, probes with windows (pings, counters) show nothing yet; until then nothing is unplugged."""

LONGEST_LAPSE_SECONDS = 60.0
"""A cycle that comes later than this leaves a gap in the record; below it an alert's `for` bridges it."""


class Agent:
    """One running agent."""

    def __init__(self, orders: Orders) -> None:
        """Raises DatabaseTooNew, and WrongWebConfig."""
        self._orders = orders
        self._rulebook = orders.rulebook
        self._bell = Bell()
        self._is_stopping = self._is_reload_asked = self._is_ready = False
        self._latest: Update | None = None
        self._stated: tuple[Update | None, Mapping[str, object]] | None = None
        self._clock = ClockWatch()
        self._settled_at = time.monotonic() + SETTLE_SECONDS
        self._standings = ClauseStandings(lambda update: self._rulebook.states_of_update(update))  # noqa: PLW0108  # a reload replaces it
        self._build_memory()
        self._build_stages()
        self._build_outputs()

    def _build_memory(self) -> None:
        data_dir, is_recorded = self._orders.config.data_dir, not self._orders.host.is_redirected
        path, now = str(data_dir / DATABASE), datetime.now(UTC)
        # The journal opens it first: a damaged file is set aside by who opens it, and only the journal can record that.
        self._journal = build_journal(self._orders, path, now, self._standings) if is_recorded else None
        self._memory = Memory(data_dir, lambda: self._policy.told) if is_recorded else None
        self._kept = self._memory.load() if self._memory else Kept()

    def _build_stages(self) -> None:
        stages = build_stages(self._orders, self._kept, self._message)
        self._runner, self._inventory = stages.runner, stages.inventory
        self._tracker, self._policy = stages.tracker, stages.policy
        self._growth = Growth(self._rulebook.compiled.windows)
        self._desk = Desk(self._tracker, self._journal, self._kept.silences)
        self._inbox = Inbox(self._bell.ring)
        self._board, self._feed = Board(), Feed()

    def _build_outputs(self) -> None:
        witness = self._witness if self._journal else None
        self._metrics, pushes = build_metrics(self._orders, lambda: self._rulebook, self._standings, witness)
        trends = Trends()
        recorded: list[Output] = [output for output in (self._memory, self._journal) if output is not None]
        self._publisher = Publisher([self._metrics, self._orders.log, trends, *recorded, *pushes])
        self._listeners = build_listeners(
            self._orders.config,
            render=self._metrics.render,
            is_ready=lambda: self._is_ready,
            sources=Sources(
                latest=lambda: self._latest,
                status=self._status,
                notifications=self._feed,
                language=self._orders.config.language,
            ),
            execute=self._inbox.execute,
            status_page=self._status_page(trends),
        )

    def _status_page(self, trends: Trends) -> StatusPage:
        config = self._orders.config
        sources = PageSources(
            rulebook=lambda: self._rulebook,
            latest=lambda: self._latest,
            trends=trends,
            interval_seconds=config.interval_seconds,
            record_path=str(config.data_dir / DATABASE) if self._journal else None,
            record_head=lambda: self._journal.witness().id if self._journal else 0,
        )
        address = lambda: self._listeners.addresses["local"]  # noqa: E731  # known once they run
        return status_page(config, self._orders.host, sources, self._inbox.execute, address)

    def stop(self) -> None:
        """End after what is under way; safe in a signal handler."""
        self._is_stopping = True
        self._runner.interrupt()
        self._bell.ring()

    def ask_reload(self) -> None:
        """Read the rules again before the next cycle; safe in a signal handler."""
        self._is_reload_asked = True
        self._bell.ring()

    def run(self) -> None:
        """Serve and cycle until `stop`.

        Raises:
            ListenError: an address cannot be listened on.
        """
        self._listeners.start()
        _log.info("listening: %s", ", ".join(f"{name} {at}" for name, at in self._listeners.addresses.items()))
        if self._journal is not None:
            record_start(self._journal, self._orders)
        try:
            self._loop()
        finally:
            sdnotify.notify(sdnotify.STOPPING)
            self._end()

    def cycle(self) -> Update:
        """Sample, judge, remember, publish: one pass."""
        lapse = self._clock.observe()
        if lapse.is_broken:
            self._start_afresh(lapse)
        elif lapse.elapsed_seconds > LONGEST_LAPSE_SECONDS + self._orders.config.interval_seconds:
            self._note_gap(lapse)
        snapshot = self._desk.sessions.added_to(self._observed(self._runner.cycle()), time.monotonic())
        now = snapshot.taken_at
        self._growth.observe(snapshot, time.monotonic())
        verdicts = evaluate(self._rulebook.compiled, snapshot, self._known(), self._growth)
        transitions = self._tracker.track(verdicts, lapse.elapsed_seconds, now)
        if self._desk.end_expired(now):
            self._keep_silences()
        silences = self._desk.silences
        announced = self._policy.announce(self._tracker.alerts, transitions, silences, lapse.elapsed_seconds, now)
        self._latest = Update(
            snapshot=snapshot,
            rules=self._rulebook.by_name,
            verdicts=verdicts,
            alerts=self._tracker.alerts,
            transitions=transitions,
            announced=announced,
            silences=silences,
            told=frozenset(self._policy.told),
        )
        self._post(self._latest)  # before the disk is asked for anything: people come first
        self._publisher.publish(self._latest)
        return self._latest

    def _loop(self) -> None:
        interval = self._orders.config.interval_seconds
        due = time.monotonic()
        while not self._is_stopping:
            wait = due - time.monotonic()
            if wait <= 0:
                self.cycle()
                self._say_ready()
                due += interval * max(1, 1 + (time.monotonic() - due) // interval)  # what was missed stays missed
            elif self._bell.wait(wait):
                self._answer_bell()

    def _answer_bell(self) -> None:
        if self._is_reload_asked:
            self._is_reload_asked = False
            self._reload()
        self._inbox.answer_all(self._answer)

    def _answer(self, command: Command) -> Mapping[str, object]:
        answer = self._desk.answer(command, self._rulebook.by_name)
        self._keep_silences()
        if self._latest is not None:  # what people ask next must show what they just did
            self._latest = replace(self._latest, alerts=self._tracker.alerts, silences=self._desk.silences)
            self._post(self._latest)
        return answer

    def _post(self, update: Update) -> None:
        """Tell the companions and the page what people are to know now."""
        self._board = next_board(self._board, update, self._rulebook.messages)
        self._feed.publish(documents(self._board, self._orders.config.it_contact))

    def _say_ready(self) -> None:
        """A cycle is over: nothing else feeds the watchdog, so that a main thread that hangs is found."""
        if self._is_ready:
            sdnotify.notify(sdnotify.WATCHDOG)
            return
        patience = sdnotify.patience(longest_cycle_seconds(self._orders.config))
        sdnotify.notify(sdnotify.READY, *patience, sdnotify.WATCHDOG)
        self._is_ready = True

    def _observed(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with what it says about the probes themselves."""
        seen = self._inventory.learn(snapshot)
        forgotten = self._inventory.forget(snapshot.taken_at)
        self._tracker.retire((sensor.metric, sensor.labels) for sensor in forgotten)
        if self._memory is not None:
            self._memory.learn(seen, forgotten, self._runner.facts)
        about = observe(snapshot, self._inventory)
        return replace(snapshot, results={**snapshot.results, about.probe: about})

    def _known(self) -> Mapping[str, frozenset[Labels]]:
        """What belongs to this machine, and what alerts live on."""
        known, live = self._inventory.known(), self._tracker.live_resources()
        if not live or time.monotonic() < self._settled_at:
            return known  # a live alert without a verdict is unknown: too early to call its resource unplugged
        return {**known, **{metric: known.get(metric, frozenset()) | found for metric, found in live.items()}}

    def _start_afresh(self, lapse: Lapse) -> None:
        """After a sleep or a clock step nothing half measured counts, and operators are left alone for a minute."""
        _log.info("slept %.0f s, clock set by %.0f s", lapse.suspended_seconds, lapse.stepped_seconds)
        self._settled_at = time.monotonic() + SETTLE_SECONDS
        self._runner.forget()
        self._growth.forget()
        self._tracker.forget()
        self._policy.hold()
        if self._journal is not None and lapse.suspended_seconds:
            self._journal.record_suspend(at=datetime.now(UTC), seconds=lapse.suspended_seconds)

    def _note_gap(self, lapse: Lapse) -> None:
        """The process got no processor for so long that the record must show that nothing was watched."""
        if self._journal is not None:
            now = datetime.now(UTC)
            since = now - timedelta(seconds=lapse.elapsed_seconds)
            self._journal.record_gap(at=now, since=since, until=now, reason="starved")

    def _reload(self) -> None:
        sdnotify.notify(sdnotify.reloading())
        try:
            rulebook = self._orders.read_rules()
        except Faults as faults:
            _log.error("the new rules are wrong, the old ones stay in force:\n%s", faults)
        else:
            if self._journal is not None and rulebook.digest != self._rulebook.digest:
                self._journal.record_rules(at=datetime.now(UTC), rules_hash=rulebook.digest)
            self._rulebook, self._growth = rulebook, Growth(rulebook.compiled.windows)
            self._tracker.replace_rules(rulebook.rules)
            self._policy.replace_rules(rulebook.rules)
            _log.info("rules read again: %d rules", len(rulebook.rules))
            self.cycle()
        sdnotify.notify(sdnotify.READY)

    def _message(self, rule: Rule, alert: Alert) -> Message:
        return self._rulebook.message(rule, alert)

    def _witness(self) -> tuple[int, str] | None:
        assert self._journal is not None  # noqa: S101  # for the type checker: asked only where there is a journal
        head = self._journal.witness()
        return (head.id, head.hash)

    def _status(self) -> Mapping[str, object]:
        """The standing by the last cycle; made once a cycle, and only when somebody asks."""
        latest = self._latest
        if self._stated is None or self._stated[0] is not latest:
            waiting = self._journal.waiting if self._journal else None
            self._stated = (latest, status_document(self._rulebook, latest, waiting))
        return self._stated[1]

    def _keep_silences(self) -> None:
        if self._memory is not None:
            self._memory.keep_silences(self._desk.silences)

    def _end(self) -> None:
        self._is_ready = False
        self._listeners.close()
        if self._journal is not None:
            self._journal.record_stop(at=datetime.now(UTC), reason="")
        if self._memory is not None and self._latest is not None:
            try:
                self._memory.publish(self._latest)
            except (OSError, sqlite3.Error) as error:
                _log.error("the last state could not be written: %s", error)
        self._publisher.close()
        self._runner.close()
