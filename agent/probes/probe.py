"""What a probe is: the words every probe and the runner share.

A probe is a module with one `PROBE = ProbeSpec(...)`. The runner opens it once with a `Context` and calls `sample` on
every cycle; what `sample` returns becomes a `ProbeResult`. A probe raises `Unsupported` when this machine has nothing
for it, and lets any other exception escape: the runner turns it into a failed result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from agent.probes.hostfs import HostFs
from agent.readings import MetricSpec, Reading


class Unsupported(Exception):
    """This machine has none of it, or the agent may not read it. The message is the reason a person reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One host to reach: its name in labels, its role (gateway, dns, business, phone), and a TCP port besides ICMP."""

    name: str
    role: str
    address: str
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a probe is opened with.

    `burst` asks a windowed probe to fill its window within a few seconds, for commands that look once. `facts` are what
    the same probe returned earlier on this machine, kept over restarts (a fan that was seen spinning). `now` is the
    monotonic clock in seconds.
    """

    host: HostFs = field(default_factory=HostFs)
    targets: tuple[Target, ...] = ()
    burst: bool = False
    facts: frozenset[str] = frozenset()
    now: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look: the readings, what could not be read with the reason, and every fact to be kept over restarts."""

    readings: tuple[Reading, ...]
    errors: tuple[str, ...] = ()
    facts: frozenset[str] = frozenset()


def gather(parts: Mapping[str, Callable[[], Iterable[Reading]]]) -> Sample:
    """Take each part of a probe by itself, so that what cannot be read costs only its own readings.

    A part that says `Unsupported`, or that meets an error of reading or of format, becomes a line in `errors`. A part
    may end well without a reading, as at a first look.

    Raises:
        Unsupported: nothing was read, and every part said that there is none.
        OSError: nothing was read, no part ended well, and something was broken.
    """
    readings: list[Reading] = []
    errors: list[str] = []
    broken, ended_well = False, False
    for name, part in parts.items():
        try:
            readings.extend(part())
            ended_well = True
        except Unsupported as reason:
            errors.append(str(reason))
        except (OSError, ValueError) as error:
            broken = True
            errors.append(f"{name}: {(isinstance(error, OSError) and error.strerror) or error}")
    if not readings and not ended_well:
        raise (OSError if broken else Unsupported)("; ".join(errors))
    return Sample(readings=tuple(readings), errors=tuple(errors))


class Sampler(Protocol):
    """An open probe."""

    def sample(self) -> Sample:
        """Read the hardware once.

        Raises:
            Unsupported: nothing here for this probe, with the reason.
        """

    def close(self) -> None:
        """Give back threads, sockets and handles; called once, from any thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSpec:
    """A probe's declaration.

    `redirectable`: all it reads lies under `Context.host`, so that a captured machine can stand in for this one. `open`
    must be quick and must not touch slow hardware.
    """

    name: str
    metrics: tuple[MetricSpec, ...]
    every_seconds: float
    deadline_seconds: float
    redirectable: bool
    open: Callable[[Context], Sampler]
