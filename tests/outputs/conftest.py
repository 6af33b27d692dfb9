"""Updates as the service makes them: a small one that golden files are read from, and one as big as a workstation's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.alerts.alert import Alert, AlertKey, State, Update
from agent.outputs.http import Listener, Listeners
from agent.readings import Labels, MetricKind, MetricSpec, ProbeResult, ProbeStatus, Reading, Snapshot
from agent.rules.rule import Audience, Outcome, Rule, Severity, Side, Threshold, Verdict

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
CPU: Labels = (("chip", "coretemp"), ("sensor", "Package id 0"), ("component", "cpu"))
ODD: Labels = (("chip", 'say "hi"\\\n'), ("sensor", "温度\udcff"), ("component", "board"))

CATALOGUE = {
    spec.name: spec
    for spec in (
        MetricSpec(
            name="temperature_celsius",
            help="Temperature of one sensor.",
            source="hwmon tempN_input",
            labels=("chip", "sensor", "component"),
        ),
        MetricSpec(name="cpu_usage_ratio", help="Share of processor time in use", source="/proc/stat"),
        MetricSpec(
            name="network_receive_errors_total",
            help="Receive errors of a network device",
            source="sysfs rx_errors",
            labels=("device",),
            kind=MetricKind.COUNTER,
        ),
        MetricSpec(name="probe_success", help="Whether the probe works", source="agent", labels=("probe",)),
        MetricSpec(name="probe_suspect_readings", help="Suspect readings", source="agent", labels=("probe",)),
    )
}


def reading(metric: str, value: float, labels: Labels = (), suspect: str | None = None) -> Reading:
    return Reading(metric=metric, value=value, labels=labels, suspect=suspect)


def result(probe: str, *readings: Reading, status: ProbeStatus = ProbeStatus.SUCCESS, reason: str = "") -> ProbeResult:
    return ProbeResult(
        probe=probe, status=status, readings=readings, reason=reason, started_at=NOON, duration_seconds=0.25
    )


def rule(name: str, clause: str = "4.1.a.1") -> Rule:
    level = Threshold(severity=Severity.CRITICAL, side=Side.BELOW, limit=5, clear=10, for_seconds=15)
    words = {"zh": "字", "en": "words"}
    return Rule(
        name=name,
        clause=clause,
        reading="temperature_celsius",
        match=(),
        levels=(level,),
        audience=Audience.OPERATOR,
        summary=words,
        problem=words,
        action=words,
        defined_at="computer.yaml:1",
    )


def alert(name: str, state: State, severity: Severity = Severity.CRITICAL, resource: Labels = CPU) -> Alert:
    return Alert(
        key=AlertKey(rule=name, severity=severity, resource=resource),
        state=state,
        value=3.5,
        limit=5,
        active_at=NOON - timedelta(seconds=30),
        fired_at=NOON - timedelta(seconds=15) if state is State.FIRING else None,
    )


def update_of(
    *results: ProbeResult,
    alerts: tuple[Alert, ...] = (),
    verdicts: tuple[Verdict, ...] = (),
    told: tuple[tuple[str, Labels, Severity], ...] = (),
) -> Update:
    snapshot = Snapshot(taken_at=NOON, results={one.probe: one for one in results})
    return Update(
        snapshot=snapshot,
        rules={"cpu-overheating": rule("cpu-overheating")},
        verdicts=verdicts,
        alerts=alerts,
        told=frozenset(AlertKey(rule=name, resource=resource, severity=level) for name, resource, level in told),
    )


@pytest.fixture
def example() -> Update:
    """Everything that the metrics page can show, and everything it must leave out."""
    verdict = Verdict(
        rule="cpu-overheating", severity=Severity.CRITICAL, resource=CPU, outcome=Outcome.BREACH, value=3.5, limit=5
    )
    return update_of(
        result(
            "temperature",
            reading("temperature_celsius", 97.5, CPU),
            reading("temperature_celsius", 40, ODD),
            reading("temperature_celsius", 41, ODD),
            reading("temperature_celsius", 128, (*CPU[:1], ("sensor", "Core 1"), CPU[2]), suspect="stuck"),
            reading("temperature_celsius", float("nan"), (*CPU[:1], ("sensor", "Core 2"), CPU[2])),
        ),
        result("cpu", reading("cpu_usage_ratio", 0.25), reading("not_in_the_catalogue", 1)),
        result("network", reading("network_receive_errors_total", 12345678, (("device", "eth0"),))),
        result("fan", status=ProbeStatus.UNSUPPORTED, reason="no fan: /sys/class/hwmon is empty"),
        result(
            "agent",
            reading("probe_success", 1, (("probe", "temperature"),)),
            reading("probe_suspect_readings", 1, (("probe", "temperature"),)),
        ),
        alerts=(
            alert("cpu-overheating", State.FIRING),
            alert("cpu-overheating", State.PENDING, Severity.WARNING),
            alert("removed-rule", State.PENDING, resource=()),
            alert("cpu-overheating", State.INACTIVE, resource=ODD),
            replace(
                alert("cpu-overheating", State.FIRING, resource=(("sensor", "known"),)),
                seen_at=NOON,
                acknowledged_at=NOON,
                acknowledged_by="chen",
            ),
        ),
        verdicts=(verdict,),
        told=(("cpu-overheating", CPU, Severity.CRITICAL),),
    )


@pytest.fixture
def workstation() -> Update:
    """About 250 series, as a well-equipped workstation has."""
    sensors = tuple(
        reading("temperature_celsius", 40.5 + number, (*CPU[:1], ("sensor", f"Core {number}"), CPU[2]))
        for number in range(220)
    )
    return update_of(result("temperature", *sensors), *(result(f"probe{number}") for number in range(12)))


@pytest.fixture
def serve() -> Iterator[Callable[..., Listeners]]:
    """Starts listeners on real sockets and closes them after the test."""
    with ExitStack() as stack:

        def start(*listeners: Listener) -> Listeners:
            started = Listeners(listeners)
            stack.callback(started.close)
            started.start()
            return started

        yield start


@pytest.fixture
def catalogue() -> dict[str, MetricSpec]:
    """The metrics of the examples, by name."""
    return CATALOGUE
