"""The one thread that probes all targets: it wakes once per interval, takes in what came, and sends the next probes.

Replies do not wake it: the kernel has stamped them. Only a connection under way does. `report` is called from the
probe runner's thread and waits at most for one round of sends.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from agent.probes.hostfs import HostFs
from agent.probes.neighbor_linux import Neighbor
from agent.probes.network_fault import Path, Seen
from agent.probes.outlook_linux import Outlook, look_out
from agent.probes.ping_target import PingTarget, TargetReport
from agent.probes.probe import Target

INTERVAL_SECONDS = 1.0
BURST_INTERVAL_SECONDS = 0.1
BURST_PROBES = 30
"""Three seconds' worth; after that even a burst goes on once a second."""

SPREAD = 0.1
"""Each interval is up to this share longer or shorter, so that probes do not keep step with anything else's period."""

LOOK_OUT_SECONDS = 1.5
"""Routes and carrier are read again with every second round, or every fifteenth of a burst, while the gateway is not
known to answer."""

CALM_LOOK_OUT_SECONDS = 3.5
"""While it answers they matter little: with every fourth round, so that each report still follows a fresh look."""

CLOSE_SECONDS = 0.5

SLEEP_SECONDS = 1.0
"""A jump of boot time against the monotonic clock beyond this is a suspend; starvation moves both alike."""

NEIGHBOR_AGES_AFTER = 60
"""Silent probes after which a confirmed neighbour is believed: the kernel holds a confirmation for up to 45 s."""

GATEWAY = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkReport:
    """All targets and the way out at one time; `path` is nothing before it was looked at or if it cannot be."""

    gateway: TargetReport | None
    targets: tuple[TargetReport, ...]
    path: Path | None
    errors: tuple[str, ...]


class PingThread:
    """Runs until closed. Faults of sockets and interfaces are contained per target."""

    def __init__(self, targets: tuple[Target, ...], host: HostFs, clock: Callable[[], float], *, burst: bool) -> None:
        """Start it."""
        self._host = host
        self._clock = clock
        self._burst = burst
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._waker, self._alarm = socket.socketpair()
        self._selector.register(self._waker, selectors.EVENT_READ)
        self._targets = tuple(self._open_target(target) for target in targets)
        self._gateway: PingTarget | None = None
        self._outlook: Outlook | None = None
        self._errors: tuple[str, ...] = ()
        self._due_at = self._next_look_at = clock()
        self._round_count = 0
        self._slept_seconds = _slept_seconds()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="ping", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    @property
    def round_count(self) -> int:
        """How many times every target was probed."""
        return self._round_count

    def report(self) -> NetworkReport:
        """What is known now."""
        now = self._clock()
        with self._lock:
            targets = tuple(target.report(now) for target in self._targets)
            gateway = None if self._gateway is None else self._gateway.report(now)
            return NetworkReport(
                gateway=gateway, targets=targets, path=self._path(gateway, targets), errors=self._errors
            )

    def close(self) -> None:
        """End the thread and close the sockets; a second call does nothing."""
        self._is_closing = True
        try:
            self._alarm.send(b"!")
        except OSError:  # closed by the thread, which had ended
            return
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            while not self._is_closing:
                self._turn()
        finally:
            for target in self._everyone():
                target.close()
            self._selector.close()
            self._waker.close()
            self._alarm.close()

    def _turn(self) -> None:
        ready = self._selector.select(max(self._due_at - self._clock(), 0.0))
        now = self._clock()
        with self._lock:
            for key, _ in ready:
                if key.data is not None:
                    key.data(now)
        if now >= self._due_at:
            self._round(now)

    def _round(self, now: float) -> None:
        is_looking = now >= self._next_look_at
        outlook = self._look(now) if is_looking else self._outlook  # outside the lock: it may take a while
        with self._lock:
            self._notice_sleep()
            if is_looking:
                self._use(outlook)
            for target in self._everyone():
                self._probe(target, now)
        self._round_count += 1
        self._due_at = max(self._due_at, now - INTERVAL_SECONDS) + self._interval()

    def _probe(self, target: PingTarget, now: float) -> None:
        try:
            target.probe(now)
        except OSError as error:  # no descriptor left, an interface that vanished half-way: the others go on
            target.close()
            self._errors = (f"probing fails: {error}",)

    def _interval(self) -> float:
        is_bursting = self._burst and self._round_count < BURST_PROBES
        interval = BURST_INTERVAL_SECONDS if is_bursting else INTERVAL_SECONDS
        return interval * (1 - SPREAD + 2 * SPREAD * os.urandom(1)[0] / 255)

    def _look(self, now: float) -> Outlook | None:
        is_answering = self._gateway is not None and self._gateway.report(now).seen is Seen.ANSWERS
        self._next_look_at = now + (CALM_LOOK_OUT_SECONDS if is_answering else LOOK_OUT_SECONDS)
        ask = self._gateway is not None and not is_answering
        try:
            outlook = look_out(self._host, ask_neighbor=ask)
        except (OSError, ValueError) as error:
            self._errors = (f"the routing table cannot be read: {error}",)
            return None
        self._errors = ()
        return outlook

    def _use(self, outlook: Outlook | None) -> None:
        before, self._outlook = self._outlook, outlook
        route = None if outlook is None else outlook.route
        address = None if route is None else route.gateway
        if before is not None and before.route != route:
            for target in self._targets:
                target.close()
        if (None if self._gateway is None else self._gateway.address) == address:
            return
        if self._gateway is not None:
            self._gateway.close()
        self._gateway = None
        if address is not None:
            self._gateway = self._open_target(Target(name=GATEWAY, role=GATEWAY, address=str(address)))

    def _path(self, gateway: TargetReport | None, targets: tuple[TargetReport, ...]) -> Path | None:
        if self._outlook is None:
            return None
        return Path(
            has_default_route=self._outlook.route is not None,
            has_carrier=self._outlook.has_carrier,
            gateway=None if gateway is None else gateway.seen,
            gateway_has_answered=gateway is not None and gateway.has_answered_echo,
            neighbor=_believed(self._outlook.neighbor, gateway),
            has_router_report=any(target.has_router_report for target in targets),
            targets=tuple(target.seen for target in targets),
        )

    def _notice_sleep(self) -> None:
        slept_seconds = _slept_seconds()
        if slept_seconds - self._slept_seconds > SLEEP_SECONDS:
            for target in self._everyone():
                target.restart()
            self._next_look_at = 0.0
        self._slept_seconds = slept_seconds

    def _open_target(self, target: Target) -> PingTarget:
        return PingTarget(target, self._selector, self._clock, burst=self._burst)

    def _everyone(self) -> tuple[PingTarget, ...]:
        return self._targets if self._gateway is None else (*self._targets, self._gateway)


def _believed(neighbor: Neighbor, gateway: TargetReport | None) -> Neighbor:
    """A confirmation is only worth something where the gateway never answers pings, or when it has had time to age."""
    if neighbor is Neighbor.CONFIRMED and gateway is not None and gateway.has_answered_echo:
        return neighbor if gateway.echo_silent_run >= NEIGHBOR_AGES_AFTER else Neighbor.UNKNOWN
    return neighbor


def _slept_seconds() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
