"""Builds the stages of the running agent from what it is started with and what it remembers; the service runs them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.alerts.policy import Policy
from agent.alerts.tracker import Render, Tracker
from agent.clausestandings import ClauseStandings
from agent.clock import boot_id
from agent.config import Config
from agent.inventory import Inventory
from agent.looking import configured_probes
from agent.machine import machine_identity
from agent.memory import Kept
from agent.outputs.exposition import Series
from agent.outputs.journal.retention import Retention
from agent.outputs.journal_output import JournalOutput
from agent.outputs.log import LogOutput
from agent.outputs.metrics import MetricsOutput
from agent.outputs.output import Output
from agent.outputs.selfmetrics import Witness
from agent.probes.hostfs import HostFs
from agent.probes.probe import Context
from agent.probes.runner import Runner
from agent.rulebook import Rulebook
from agent.version import VERSION

if TYPE_CHECKING:  # loaded only where it is used: see _build_push
    from agent.outputs.push_output import PushOutput

SPOOL = "push.db"
"""What waits for the remote-write receiver, in `data_dir`; beside the record, because it may be lost without harm."""


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
) -> tuple[MetricsOutput, tuple[Output, ...]]:
    """The output for Prometheus, and the one that pushes where the configuration wants it.

    `rulebook` is asked for the rules in force, which a reload replaces. Of a captured machine nothing is pushed.
    """
    push = None if orders.host.is_redirected else _build_push(orders.config, lambda: metrics.series())  # noqa: PLW0108  # it is made below
    metrics = MetricsOutput(
        orders.rulebook.catalogue,
        orders.config.labels,
        VERSION,
        clause_status=standings.numbers,
        witness=witness,
        machine=machine_identity(orders.host),
        digest=lambda: rulebook().digest,
        more=push.counts if push else None,
    )
    return metrics, (push,) if push else ()


def _build_push(config: Config, series: Callable[[], Iterable[Series]]) -> PushOutput | None:
    if config.push is None:
        return None
    from agent.outputs.push_output import PushOutput  # noqa: PLC0415  # protobuf, snappy and an HTTP client: 9 MB

    return PushOutput(config.push, str(config.data_dir / SPOOL), f"device-health/{VERSION}", series)


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
