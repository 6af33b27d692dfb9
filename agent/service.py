"""Builds the parts of the agent and runs its cycle: the only place that knows every stage.

The main thread samples, judges, remembers and publishes; one other thread serves HTTP and hands what people ask for to
this one. Of a captured machine nothing is recorded.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from agent import sdnotify
from agent.alerts.alert import Alert, Message, Update
from agent.alerts.policy import Policy
from agent.alerts.tracker import Tracker
from agent.bell import Bell
from agent.clock import ClockWatch, Lapse, boot_id
from agent.config import Config
from agent.inventory import Inventory, observe
from agent.listening import build_listeners
from agent.looking import configured_probes, longest_cycle_seconds
from agent.memory import DATABASE, Kept, Memory
from agent.outputs.command import Command
from agent.outputs.journal_output import JournalOutput
from agent.outputs.log import LogOutput
from agent.outputs.metrics import MetricsOutput
from agent.outputs.output import Output, Publisher
from agent.probes.hostfs import HostFs
from agent.probes.probe import Context
from agent.probes.runner import Runner
from agent.readings import Labels, Snapshot
from agent.requests import Desk, Inbox
from agent.rulebook import Rulebook
from agent.rules.evaluate import evaluate
from agent.rules.growth import Growth
from agent.rules.rule import Rule
from agent.standing import status_document
from agent.version import VERSION
from agent.yamlsource import Faults

_log = logging.getLogger(__name__)

SETTLE_SECONDS = 60.0
"""After a start or a sleep, probes with windows (pings, counters) show nothing yet; until then nothing is unplugged."""

LONGEST_LAPSE_SECONDS = 60.0
"""A cycle that comes later than this leaves a gap in the record; below it an alert's `for` bridges it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the agent is started with. `read_rules` reads the rules again and raises `Faults` when they are wrong."""

    config: Config
    rulebook: Rulebook
    read_rules: Callable[[], Rulebook]
    host: HostFs
    log: LogOutput


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
        self._build_memory()
        self._build_stages()
        self._build_outputs()

    def _build_memory(self) -> None:
        is_recorded = not self._orders.host.is_redirected
        data_dir = self._orders.config.data_dir
        self._memory = Memory(data_dir, lambda: self._policy.told) if is_recorded else None
        self._kept = self._memory.load() if self._memory else Kept()
        path = str(data_dir / DATABASE)
        self._journal = JournalOutput(path, now=datetime.now(UTC)) if is_recorded else None

    def _build_stages(self) -> None:
        rules, config = self._rulebook.rules, self._orders.config
        targets = () if self._orders.host.is_redirected else config.targets
        context = Context(host=self._orders.host, targets=targets)
        self._runner = Runner(configured_probes(config), context, self._kept.facts)
        self._inventory = Inventory(self._rulebook.catalogue, self._kept.sensors)
        self._growth = Growth(self._rulebook.compiled.windows)
        self._tracker = Tracker(rules, self._message, self._kept.alerts)
        self._policy = Policy(rules, self._message, self._kept.told)
        self._desk = Desk(self._tracker, self._journal, self._kept.silences)
        self._inbox = Inbox(self._bell.ring)

    def _build_outputs(self) -> None:
        self._metrics = MetricsOutput(
            self._rulebook.catalogue,
            self._orders.config.labels,
            VERSION,
            clause_status=lambda update: self._rulebook.clause_numbers(update),  # noqa: PLW0108  # a reload replaces it
            witness=self._witness if self._journal else None,
        )
        recorded: list[Output] = [output for output in (self._memory, self._journal) if output is not None]
        self._publisher = Publisher([self._metrics, self._orders.log, *recorded])
        self._listeners = build_listeners(
            self._orders.config,
            render=self._metrics.render,
            is_ready=lambda: self._is_ready,
            latest=lambda: self._latest,
            status=self._status,
            execute=self._inbox.execute,
        )

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
        self._record_start()
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
        snapshot = self._observed(self._runner.cycle())
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
        )
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
        return answer

    def _say_ready(self) -> None:
        """A cycle is over: nothing else feeds the watchdog, so that a main thread that hangs is found."""
        patience = sdnotify.patience(longest_cycle_seconds(self._orders.config))
        sdnotify.notify(*([] if self._is_ready else [sdnotify.READY, *patience]), sdnotify.WATCHDOG)
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
            self._rulebook, self._growth = rulebook, Growth(rulebook.compiled.windows)
            self._tracker.replace_rules(rulebook.rules)
            self._policy.replace_rules(rulebook.rules)
            _log.info("rules read again: %d rules", len(rulebook.rules))
            if self._journal is not None:
                self._journal.record_rules(at=datetime.now(UTC), rules_hash=rulebook.digest)
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
            self._stated = (latest, status_document(self._rulebook, latest))
        return self._stated[1]

    def _keep_silences(self) -> None:
        if self._memory is not None:
            self._memory.keep_silences(self._desk.silences)

    def _record_start(self) -> None:
        if self._journal is not None:
            self._journal.record_start(
                at=datetime.now(UTC),
                version=VERSION,
                boot_id=boot_id(),
                config_hash=hashlib.sha256(repr(self._orders.config).encode()).hexdigest(),
                rules_hash=self._rulebook.digest,
            )

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
