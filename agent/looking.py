"""One look at this machine, for commands that do not ask a running agent: the configured probes, sampled a few times.

The service uses the same choice of probes, so that `readings` and `check` see what `run` sees.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from agent.config import Config
from agent.inventory import METRICS, PROBE
from agent.outputs import session
from agent.outputs.session import SESSION_METRICS
from agent.probes import PROBES
from agent.probes.hostfs import HostFs
from agent.probes.probe import Context, ProbeSpec, Sampler, Unsupported
from agent.probes.runner import Runner
from agent.readings import MetricSpec, Snapshot

BASE_INTERVAL_SECONDS = 5.0
"""Probes declared at this interval follow the configured cycle; slower ones keep their own."""


CATALOGUE: Mapping[str, MetricSpec] = {
    metric.name: metric
    for metrics in (*(spec.metrics for spec in PROBES), METRICS, SESSION_METRICS)
    for metric in metrics
}
"""Every metric that the probes, the agent itself and users' companions can give, by name."""

PROVIDERS: Mapping[str, str] = {
    **{metric.name: spec.name for spec in PROBES for metric in spec.metrics},
    **{metric.name: PROBE for metric in METRICS},
    **{metric.name: session.PROBE for metric in SESSION_METRICS},
}
"""The probe that gives each metric."""


def configured_probes(config: Config, specs: Sequence[ProbeSpec] = PROBES) -> tuple[ProbeSpec, ...]:
    """The probes with the configuration's intervals and deadlines; one switched off answers unsupported and says so."""
    return tuple(_configured(spec, config) for spec in specs)


def longest_cycle_seconds(config: Config) -> float:
    """How long the agent may rightly be between the ends of two cycles: the interval, and a probe that hangs."""
    return config.interval_seconds + max(spec.deadline_seconds for spec in configured_probes(config))


def _configured(spec: ProbeSpec, config: Config) -> ProbeSpec:
    every = max(spec.every_seconds, config.interval_seconds)
    if spec.every_seconds == BASE_INTERVAL_SECONDS:
        every = config.interval_seconds
    settings = config.probes.get(spec.name)
    if settings is None:
        return replace(spec, every_seconds=every)
    return replace(
        spec,
        every_seconds=settings.every_seconds or every,
        deadline_seconds=settings.deadline_seconds or spec.deadline_seconds,
        open=spec.open if settings.enabled else _switched_off,
    )


def _switched_off(_context: Context) -> Sampler:
    raise Unsupported("switched off in the configuration")


def host_at(sysfs: str | None, procfs: str | None) -> HostFs:
    """This machine, or the captured one whose folders are given."""
    return HostFs(sysfs=sysfs or "/sys", procfs=procfs or "/proc")


@contextmanager
def looking(
    config: Config, host: HostFs, facts: Mapping[str, frozenset[str]] | None = None
) -> Iterator[Callable[[float], Snapshot]]:
    """Open the probes for a short look: the value is called with the seconds to wait before the next snapshot."""
    runner = Runner(configured_probes(config), Context(host=host, targets=config.targets, burst=True), facts)

    def look(after_seconds: float) -> Snapshot:
        time.sleep(after_seconds)
        runner.forget()
        return runner.cycle()

    try:
        yield look
    finally:
        runner.close()
