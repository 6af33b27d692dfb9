"""What the agent says about itself on the metrics page: its probes, alerts, clauses, limits, journal and weight.

The success and the suspect readings of a probe are readings already (the pseudo-probe `agent` gives them).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping

from agent.alerts.alert import Alert, State, Update
from agent.outputs.exposition import Series
from agent.readings import Labels, MetricKind, MetricSpec, resource_name
from agent.rules.rule import Audience

Witness = Callable[[], tuple[int, str] | None]
"""How many entries the journal has and the hash of its last; nothing without a journal."""

AGENT_INFO = MetricSpec(name="agent_info", help="The agent's version and this machine's labels, always 1", source="")
MACHINE_INFO = MetricSpec(
    name="machine_info", help="The machine's maker and model, always 1", source="/sys/class/dmi/id; the device tree"
)
RULES_INFO = MetricSpec(
    name="rules_info",
    help="Which rules are in force, always 1: the beginning of the SHA-256 of all rule files",
    source="rules",
)
CPU_SECONDS = MetricSpec(
    name="agent_cpu_seconds_total",
    help="Processor time used by the agent, user and system",
    source="clock_gettime(CLOCK_PROCESS_CPUTIME_ID)",
    kind=MetricKind.COUNTER,
)
RESIDENT_MEMORY = MetricSpec(
    name="agent_resident_memory_bytes", help="Resident memory of the agent", source="/proc/self/statm"
)
PROBE_DURATION = MetricSpec(
    name="probe_duration_seconds", help="How long the probe's latest run took", source="monotonic clock"
)
PROBE_LAST_SUCCESS = MetricSpec(
    name="probe_last_success_timestamp_seconds",
    help="When the probe's latest successful run began, since the agent started",
    source="wall clock",
)
ALERT_STATE = MetricSpec(
    name="alert_state", help="State of an alert: 1 pending, 2 firing; an inactive one has no series", source="rules"
)
ALERT_ACKNOWLEDGED = MetricSpec(
    name="alert_acknowledged",
    help="A firing alert that somebody takes care of, always 1; gone with the alert",
    source="people",
)
ALERT_UNSEEN = MetricSpec(
    name="alert_unseen_seconds",
    help="How long an alert has been firing that the operator was told of and nobody has seen",
    source="people",
)
CLAUSE_STATUS = MetricSpec(
    name="clause_status",
    help="State of a clause of the procedure: 0 normal, 1 warning, 2 critical, 3 unknown",
    source="rules",
)
RULE_LIMIT = MetricSpec(
    name="rule_limit",
    help="Limit of a rule that watches something on this machine, in the unit of its reading",
    source="rules",
)
JOURNAL_ENTRIES = MetricSpec(name="journal_entries", help="Entries in the journal", source="journal")
JOURNAL_HEAD = MetricSpec(name="journal_head_info", help="Hash of the newest journal entry, always 1", source="journal")

PUSH_SAMPLES = MetricSpec(
    name="push_samples_total",
    help="Samples that the remote-write receiver has taken since the start",
    source="remote write",
    kind=MetricKind.COUNTER,
)
PUSH_DROPPED = MetricSpec(
    name="push_dropped_samples_total",
    help="Samples that were never delivered: the spool was full, the receiver refused them, or the clock was set back",
    source="remote write",
    kind=MetricKind.COUNTER,
)
PUSH_SPOOL = MetricSpec(
    name="push_spool_bytes", help="Compressed samples that wait for the remote-write receiver", source="remote write"
)
PUSH_LAST_SUCCESS = MetricSpec(
    name="push_last_success_timestamp_seconds",
    help="When the remote-write receiver last took samples, since the start",
    source="wall clock",
)

_STATE_NUMBER = {State.PENDING: 1, State.FIRING: 2}


def self_series(
    update: Update,
    *,
    last_success: Mapping[str, float],
    clause_status: Mapping[str, int],
    witness: tuple[int, str] | None,
) -> Iterator[Series]:
    """Every series about the agent itself but its version; what is unknown or absent has none."""
    yield from _process()
    for probe, result in update.snapshot.results.items():
        yield PROBE_DURATION, (("probe", probe),), result.duration_seconds
    for probe, timestamp in last_success.items():
        yield PROBE_LAST_SUCCESS, (("probe", probe),), timestamp
    yield from _alerts(update)
    for clause, status in clause_status.items():
        yield CLAUSE_STATUS, (("clause", clause),), status
    yield from _limits(update)
    if witness is not None:
        entries, head = witness
        yield JOURNAL_ENTRIES, (), entries
        yield JOURNAL_HEAD, (("hash", head),), 1


def resident_memory_bytes(statm: str = "/proc/self/statm") -> int | None:
    """The second field of the kernel's statm, in pages (proc(5)); nothing where the file is missing."""
    try:
        with open(statm, "rb") as file:
            pages = file.read().split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _process() -> Iterator[Series]:
    yield CPU_SECONDS, (), time.process_time()
    resident = resident_memory_bytes()
    if resident is not None:
        yield RESIDENT_MEMORY, (), resident


def _alerts(update: Update) -> Iterator[Series]:
    for alert in update.alerts:
        number = _STATE_NUMBER.get(alert.state)
        if number is not None:
            yield ALERT_STATE, _labels(alert, update), number
    for alert in update.alerts:
        if alert.state is State.FIRING and alert.acknowledged_at is not None:
            yield ALERT_ACKNOWLEDGED, _labels(alert, update), 1
        if _is_unseen(alert, update) and alert.fired_at is not None:
            seconds = (update.snapshot.taken_at - alert.fired_at).total_seconds()
            yield ALERT_UNSEEN, _labels(alert, update), max(0.0, seconds)  # the clock may have been set back


def _is_unseen(alert: Alert, update: Update) -> bool:
    """Whether the person at the desk should know by now; what a cause explains or a silence mutes is not shown."""
    rule = update.rules.get(alert.key.rule)
    is_told = alert.key in update.told and all(silence.rule != alert.key.rule for silence in update.silences)
    return is_told and alert.seen_at is None and rule is not None and rule.audience is Audience.OPERATOR


def _labels(alert: Alert, update: Update) -> Labels:
    rule = update.rules.get(alert.key.rule)
    return (
        ("rule", alert.key.rule),
        ("clause", rule.clause if rule else ""),
        ("severity", alert.key.severity.value),
        ("resource", resource_name(alert.key.resource)),
    )


def _limits(update: Update) -> Iterator[Series]:
    limits = {(verdict.rule, verdict.severity): verdict.limit for verdict in update.verdicts}
    for (rule, severity), limit in limits.items():
        yield RULE_LIMIT, (("rule", rule), ("severity", severity.value)), limit
