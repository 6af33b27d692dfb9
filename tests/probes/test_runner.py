"""The runner's promises: deadlines, containment, and readings that do not outlive their time."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from agent.probes.hostfs import HostFs
from agent.probes.probe import Context, ProbeSpec, Sample, Unsupported
from agent.probes.runner import CAPTURED_MACHINE, Runner
from agent.readings import ProbeResult, ProbeStatus, Reading, Snapshot

ONE = Sample(readings=(Reading(metric="test_ratio", value=0.5),))


class Scripted:
    """A sampler that does what it is told."""

    def __init__(self, act: Callable[[], Sample]) -> None:
        self.act = act
        self.is_closed = False

    def sample(self) -> Sample:
        return self.act()

    def close(self) -> None:
        self.is_closed = True


def spec(name: str, act: Callable[[], Sample], deadline: float = 5.0, every: float = 5.0) -> ProbeSpec:
    sampler = Scripted(act)
    return ProbeSpec(
        name=name,
        metrics=(),
        every_seconds=every,
        deadline_seconds=deadline,
        redirectable=True,
        open=lambda context: sampler,
    )


def outcomes(snapshot: Snapshot) -> dict[str, tuple[ProbeStatus, str, int]]:
    return {name: (r.status, r.reason, len(r.readings)) for name, r in snapshot.results.items()}


def raising(error: Exception) -> Callable[[], Sample]:
    def act() -> Sample:
        raise error

    return act


def test_one_failing_probe_leaves_the_others_alone() -> None:
    """A probe that raises is failed with its reason, one that has nothing is unsupported, the rest succeed."""
    runner = Runner(
        [
            spec("bad", raising(ZeroDivisionError("x"))),
            spec("none", raising(Unsupported("no chip"))),
            spec("good", lambda: ONE),
        ],
        Context(),
    )
    assert outcomes(runner.cycle()) == {
        "bad": (ProbeStatus.FAILED, "ZeroDivisionError: x", 0),
        "none": (ProbeStatus.UNSUPPORTED, "no chip", 0),
        "good": (ProbeStatus.SUCCESS, "", 1),
    }
    runner.close()


def test_a_hung_probe_is_answered_for_and_skipped_until_it_returns() -> None:
    """A hung probe times out at its deadline while the others answer; when it returns it is asked anew."""
    release, entered = threading.Event(), []

    def hang() -> Sample:
        entered.append(1)
        release.wait(10)
        return ONE

    clock = Clock()
    runner = Runner([spec("hung", hang, deadline=0.15), spec("good", lambda: ONE)], Context(), monotonic=clock)
    clock.run_real()
    first = outcomes(runner.cycle())
    assert first == {
        "hung": (ProbeStatus.TIMED_OUT, "no answer within 0.15 s; skipped until it returns", 0),
        "good": (ProbeStatus.SUCCESS, "", 1),
    }
    clock.skip(5)
    assert outcomes(runner.cycle()) == first
    assert len(entered) == 1
    release.set()
    clock.skip(5)
    while outcomes(runner.cycle())["hung"][0] is not ProbeStatus.SUCCESS:
        clock.skip(5)
    assert len(entered) == 2
    runner.close()


def test_a_slow_probe_does_not_hold_up_the_rest() -> None:
    """While one probe is slow but within its deadline, the next ones run on another thread."""
    others_ran = threading.Event()

    def good() -> Sample:
        others_ran.set()
        return ONE

    def slow() -> Sample:
        assert others_ran.wait(4)
        return ONE

    runner = Runner([spec("slow", slow), spec("good", good)], Context())
    assert outcomes(runner.cycle()) == {"slow": (ProbeStatus.SUCCESS, "", 1), "good": (ProbeStatus.SUCCESS, "", 1)}
    runner.close()


def test_old_readings_are_dropped_not_repeated() -> None:
    """A result keeps its readings between runs, and loses them once older than three intervals."""
    release = threading.Event()
    hangs = iter([False, True])

    def act() -> Sample:
        if next(hangs):
            release.wait(10)
        return ONE

    clock = Clock()
    runner = Runner([spec("slow", act, every=60, deadline=100)], Context(), monotonic=clock)
    assert outcomes(runner.cycle())["slow"] == (ProbeStatus.SUCCESS, "", 1)
    clock.skip(50)
    assert outcomes(runner.cycle())["slow"] == (ProbeStatus.SUCCESS, "", 1)
    clock.skip(131)
    runner.interrupt()
    assert outcomes(runner.cycle())["slow"] == (ProbeStatus.SUCCESS, "", 0)
    release.set()
    runner.close()


def test_a_captured_machine_is_not_mixed_with_this_one() -> None:
    """A probe that cannot be redirected answers unsupported on a captured machine."""
    live_only = ProbeSpec(
        name="live",
        metrics=(),
        every_seconds=5,
        deadline_seconds=2,
        redirectable=False,
        open=lambda c: Scripted(lambda: ONE),
    )
    runner = Runner([live_only], Context(host=HostFs(sysfs="/nowhere", procfs="/nowhere")))
    assert outcomes(runner.cycle()) == {"live": (ProbeStatus.UNSUPPORTED, CAPTURED_MACHINE, 0)}


def test_facts_are_handed_over_and_gathered() -> None:
    """A probe is opened with the facts it returned before, and new ones add to them."""
    seen: list[frozenset[str]] = []

    def open_probe(context: Context) -> Scripted:
        seen.append(context.facts)
        return Scripted(lambda: Sample(readings=(), facts=frozenset({"spun:b"})))

    fan = ProbeSpec(name="fan", metrics=(), every_seconds=5, deadline_seconds=2, redirectable=True, open=open_probe)
    runner = Runner([fan], Context(), facts={"fan": frozenset({"spun:a"})})
    runner.cycle()
    assert seen == [frozenset({"spun:a"})]
    assert runner.facts == {"fan": frozenset({"spun:a", "spun:b"})}


def test_a_run_is_dated_when_it_started() -> None:
    """A result carries an aware start time and a duration that is not negative."""
    before = datetime.now(UTC)
    result: ProbeResult = Runner([spec("good", lambda: ONE)], Context()).cycle().results["good"]
    assert before <= result.started_at <= datetime.now(UTC)
    assert result.duration_seconds >= 0


class Clock:
    """A monotonic clock that a test can move on; real time passes on top where asked for."""

    def __init__(self) -> None:
        self.offset = 100.0
        self.is_real = False

    def __call__(self) -> float:
        return self.offset + (time.monotonic() if self.is_real else 0.0)

    def run_real(self) -> None:
        self.is_real = True

    def skip(self, seconds: float) -> None:
        self.offset += seconds
