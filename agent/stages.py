"""Builds the stages of the running agent from what it is started with and what it remembers; the service runs them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.alerts.policy import Policy
from agent.alerts.tracker import Render, Tracker
from agent.clausestandings import ClauseStandings
from agent.clock import boot_id
from agent.config import Config
from agent.inventory import Inventory
from agent.looking import configured_probes
from agent.machine import machine_identity
from agent.memory import Kept
from agent.outputs.journal.retention import Retention
from agent.outputs.journal_output import JournalOutput
from agent.outputs.log import LogOutput
from agent.outputs.metrics import MetricsOutput
from agent.outputs.selfmetrics import Witness
from agent.probes.hostfs import HostFs
from agent.probes.probe import Context
from agent.probes.runner import Runner
from agent.rulebook import Rulebook
from agent.version import VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the agent is started with. `read_rules` reads the rules again and raises `Faults` when they are wrong."""

    config: Config
    rulebook: Rulebook
    read_rules: Callable[[], Rulebook]
    host: HostFs
    log: LogOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The stages between the probes and the outputs, in the order in which a cycle passes through them."""

    runner: Runner
    inventory: Inventory
    tracker: Tracker
    policy: Policy


def build_stages(orders: Orders, kept: Kept, message: Render) -> Stages:
    """The stages as they were when the agent ended; of a captured machine no network is probed."""
    rules, config = orders.rulebook.rules, orders.config
    targets = () if orders.host.is_redirected else config.targets
    context = Context(host=orders.host, targets=targets)
    return Stages(
        runner=Runner(configured_probes(config), context, kept.facts),
        inventory=Inventory(orders.rulebook.catalogue, kept.sensors),
        tracker=Tracker(rules, message, kept.alerts),
        policy=Policy(rules, message, kept.told),
    )


def build_metrics(
    orders: Orders, rulebook: Callable[[], Rulebook], standings: ClauseStandings, witness: Witness | None
) -> MetricsOutput:
    """The output for Prometheus; `rulebook` is asked for the rules in force, which a reload replaces."""
    return MetricsOutput(
        orders.rulebook.catalogue,
        orders.config.labels,
        VERSION,
        clause_status=standings.numbers,
        witness=witness,
        machine=machine_identity(orders.host),
        digest=lambda: rulebook().digest,
    )


def build_journal(orders: Orders, path: str, now: datetime, standings: ClauseStandings) -> JournalOutput:
    """The operation record in the file; raises DatabaseTooNew."""
    limits = orders.config.journal
    retention = Retention(days=limits.days, size_bytes=limits.megabytes * 1_000_000)
    return JournalOutput(path, now=now, clause_states=standings.words, retention=retention)


def record_start(journal: JournalOutput, orders: Orders) -> None:
    """Note in the record that the agent starts, with which configuration and which rules."""
    journal.record_start(
        at=datetime.now(UTC),
        version=VERSION,
        boot_id=boot_id(),
        config_hash=hashlib.sha256(repr(orders.config).encode()).hexdigest(),
        rules_hash=orders.rulebook.digest,
    )
