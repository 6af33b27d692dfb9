"""Runs the probes: each when it is due, each within its deadline, none able to harm another.

One worker thread works through the probes that are due. A probe that takes longer than `PATIENCE_SECONDS` keeps its
thread, and another thread takes over the rest; past its deadline it is answered for as timed out and skipped until it
returns. So a healthy machine pays for one thread switch a cycle, and a hung driver costs one parked thread. Threads are
daemons: a hung one cannot keep the process from ending, as an executor's would.
"""

from __future__ import annotations

import logging
import math
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from agent.probes.probe import Context, ProbeSpec, Sample, Sampler, Unsupported
from agent.readings import ProbeResult, ProbeStatus, Reading, Snapshot

PATIENCE_SECONDS = 0.1
"""How long the others wait for a slow probe; every healthy probe here ends within a few milliseconds."""

SLACK = 0.1
"""Share of its interval by which a probe may run early: a timer that fires a little early must not cost a cycle."""

LONGEST_WAIT_SECONDS = 0.5
"""The wait for a hung probe is cut into pieces, so that a signal to end is obeyed at once."""

STALE_INTERVALS = 3
"""Readings older than this many intervals are dropped."""

CAPTURED_MACHINE = "not part of a captured machine: it can only be read on the machine itself"

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Lane:
    """One probe's standing with the runner; every field is guarded by the runner's lock."""

    spec: ProbeSpec
    context: Context
    sampler: Sampler | None = None
    started: float | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    next_due: float = 0.0
    answered_at: float = 0.0
    result: ProbeResult | None = None
    has_timed_out: bool = False
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)


class Runner:
    """Keeps one open sampler per probe and the latest result of each."""

    def __init__(
        self,
        specs: Sequence[ProbeSpec],
        context: Context,
        facts: Mapping[str, frozenset[str]] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`facts`, by probe name, are what the probes learnt on this machine before."""
        self.facts = dict(facts or {})
        self._monotonic = monotonic
        self._lanes = [
            _Lane(
                spec=spec,
                context=replace(context, facts=self.facts.get(spec.name, frozenset())),
                bounds=_bounds(spec),
            )
            for spec in specs
        ]
        self._lock = threading.Lock()
        self._work_waits = threading.Condition(self._lock)
        self._answer_waits = threading.Condition(self._lock)
        self._queue: deque[_Lane] = deque()
        self._idle_workers = 0
        self._is_closed = False
        self._is_interrupted = False

    def cycle(self) -> Snapshot:
        """Run every probe that is due and wait until each has answered or passed its deadline."""
        with self._lock:
            self._enqueue_due(self._monotonic())
            self._wait_for_answers()
            return self._snapshot(self._monotonic())

    def forget(self) -> None:
        """Make every probe due now; called after a suspend, when no old reading says anything."""
        with self._lock:
            for lane in self._lanes:
                lane.next_due = 0.0

    def interrupt(self) -> None:
        """Let a running `cycle` return early with what it has; safe in a signal handler."""
        self._is_interrupted = True

    def close(self) -> None:
        """Close every sampler that is not hung, and let the workers go."""
        with self._lock:
            self._is_closed = True
            self._queue.clear()
            self._work_waits.notify_all()
            free = [lane for lane in self._lanes if lane.started is None and lane.sampler is not None]
        for lane in free:
            assert lane.sampler is not None  # noqa: S101  # for the type checker: filtered above
            lane.sampler.close()

    def _enqueue_due(self, now: float) -> None:
        for lane in self._lanes:
            if lane.started is None and now >= lane.next_due - SLACK * lane.spec.every_seconds:
                # Due times keep their grid, so that a slow cycle does not shift the ones that follow.
                late = now - lane.next_due
                lane.next_due = now + lane.spec.every_seconds - (late if late < lane.spec.every_seconds else 0.0)
                self._queue.append(lane)
        if self._queue:
            self._call_worker()

    def _call_worker(self) -> None:
        if self._idle_workers:
            self._work_waits.notify()
        else:
            threading.Thread(target=self._work, name="probes", daemon=True).start()

    def _wait_for_answers(self) -> None:
        while not self._is_interrupted and (wait := self._seconds_to_wait()) is not None:
            if not self._answer_waits.wait(wait) and self._queue:
                self._call_worker()
            self._answer_for_overdue(self._monotonic())

    def _seconds_to_wait(self) -> float | None:
        """Nothing when all have answered; else how long until something must be decided."""
        running = [lane for lane in self._lanes if lane.started is not None and not lane.has_timed_out]
        if self._queue:
            return PATIENCE_SECONDS
        if not running:
            return None
        ends = (lane.started + lane.spec.deadline_seconds for lane in running if lane.started is not None)
        return min(max(0.001, min(ends) - self._monotonic()), LONGEST_WAIT_SECONDS)

    def _answer_for_overdue(self, now: float) -> None:
        for lane in self._lanes:
            if lane.started is None or lane.has_timed_out or now - lane.started < lane.spec.deadline_seconds:
                continue
            lane.has_timed_out = True
            reason = f"no answer within {lane.spec.deadline_seconds:g} s; skipped until it returns"
            lane.result, lane.answered_at = _result(lane, ProbeStatus.TIMED_OUT, now - lane.started, reason=reason), now

    def _work(self) -> None:
        with self._lock:
            while not self._is_closed:
                if self._queue:
                    self._run(self._queue.popleft())
                elif self._idle_workers:
                    return  # one waiting worker is enough; this one took over from a slow probe
                else:
                    self._idle_workers += 1
                    self._work_waits.wait()
                    self._idle_workers -= 1

    def _run(self, lane: _Lane) -> None:
        lane.started, lane.started_at = self._monotonic(), datetime.now(UTC)
        self._lock.release()
        try:
            status, sample, reason = _attempt(lane)
        finally:
            self._lock.acquire()
        self._finish(lane, status, sample, reason)

    def _finish(self, lane: _Lane, status: ProbeStatus, sample: Sample, reason: str) -> None:
        now = self._monotonic()
        assert lane.started is not None  # noqa: S101  # for the type checker: set before the attempt
        duration = now - lane.started
        is_late, lane.started, lane.has_timed_out = lane.has_timed_out, None, False
        if is_late:  # what a hung probe says at last is old; it is asked again on the next cycle
            lane.next_due = now
        else:
            lane.result, lane.answered_at = _result(lane, status, duration, sample=sample, reason=reason), now
            if sample.facts - self.facts.get(lane.spec.name, frozenset()):
                self.facts[lane.spec.name] = self.facts.get(lane.spec.name, frozenset()) | sample.facts
        if not self._queue:
            self._answer_waits.notify()

    def _snapshot(self, now: float) -> Snapshot:
        results = {lane.spec.name: _fresh(lane, now) for lane in self._lanes if lane.result is not None}
        return Snapshot(taken_at=datetime.now(UTC), results=results)


def _attempt(lane: _Lane) -> tuple[ProbeStatus, Sample, str]:
    """Open the probe when needed, and look once."""
    if lane.context.host.is_redirected and not lane.spec.redirectable:
        return ProbeStatus.UNSUPPORTED, _NOTHING, CAPTURED_MACHINE
    try:
        if lane.sampler is None:
            lane.sampler = lane.spec.open(lane.context)
        return ProbeStatus.SUCCESS, lane.sampler.sample(), ""
    except Unsupported as answer:
        return ProbeStatus.UNSUPPORTED, _NOTHING, str(answer)
    except Exception as error:  # containment: whatever a driver or a bug does here must not reach the other probes
        _log.debug("probe %s failed", lane.spec.name, exc_info=True)
        return ProbeStatus.FAILED, _NOTHING, f"{type(error).__name__}: {error}"


_NOTHING = Sample(readings=())


def believed(readings: tuple[Reading, ...], bounds: Mapping[str, tuple[float, float]]) -> tuple[Reading, ...]:
    """The readings; one outside its metric's believable bounds, or not a number, becomes suspect with the reason."""
    if all(_is_believable(reading, bounds) for reading in readings):
        return readings
    return tuple(
        reading
        if reading.suspect or _is_believable(reading, bounds)
        else replace(reading, suspect=f"{reading.value:g} is beyond what is believable")
        for reading in readings
    )


def _is_believable(reading: Reading, bounds: Mapping[str, tuple[float, float]]) -> bool:
    lowest, highest = bounds.get(reading.metric, _UNBOUNDED)
    return lowest <= reading.value <= highest  # false for NaN


_UNBOUNDED = (-math.inf, math.inf)


def _bounds(spec: ProbeSpec) -> dict[str, tuple[float, float]]:
    """Of every metric what its declaration leaves believable; infinities never are."""
    return {
        metric.name: (
            -sys.float_info.max if metric.lowest is None else metric.lowest,
            sys.float_info.max if metric.highest is None else metric.highest,
        )
        for metric in spec.metrics
    }


def _result(
    lane: _Lane, status: ProbeStatus, duration: float, sample: Sample = _NOTHING, reason: str = ""
) -> ProbeResult:
    return ProbeResult(
        probe=lane.spec.name,
        status=status,
        readings=believed(sample.readings, lane.bounds),
        errors=sample.errors,
        reason=reason,
        started_at=lane.started_at,
        duration_seconds=duration,
    )


def _fresh(lane: _Lane, now: float) -> ProbeResult:
    """The lane's result, without its readings when they are too old to repeat."""
    assert lane.result is not None  # noqa: S101  # for the type checker: the caller filters
    if lane.result.readings and now - lane.answered_at > STALE_INTERVALS * lane.spec.every_seconds:
        return replace(lane.result, readings=())
    return lane.result
