"""The one thread that paces the probes of all targets and takes in what comes back.

It sleeps in one selector until a packet arrives or a probe is due. `report` is called from the probe runner's thread
and waits at most for one target's send.
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

LOOK_OUT_SECONDS = 2.0
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
        self._waker.settimeout(0)
        self._alarm.settimeout(0)
        self._selector.register(self._waker, selectors.EVENT_READ, self._answer_alarm)
        now = clock()
        self._paced = [
            _Paced(self._open_target(target), now + self._interval(index) * (index + 1) / (len(targets) + 1))
            for index, target in enumerate(targets)
        ]
        self._gateway: _Paced | None = None
        self._outlook: Outlook | None = None
        self._errors: tuple[str, ...] = ()
        self._next_look_at = now
        self._slept_seconds = _slept_seconds()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="ping", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    def report(self) -> NetworkReport:
        """What is known now."""
        now = self._clock()
        with self._lock:
            targets = tuple(paced.target.report(now) for paced in self._paced)
            gateway = None if self._gateway is None else self._gateway.target.report(now)
            return NetworkReport(
                gateway=gateway, targets=targets, path=self._path(gateway, targets), errors=self._errors
            )

    def close(self) -> None:
        """End the thread and close the sockets."""
        self._is_closing = True
        self._sound_alarm()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            while not self._is_closing:
                self._turn()
        finally:
            for paced in self._everyone():
                paced.target.close()
            self._selector.close()
            self._waker.close()
            self._alarm.close()

    def _turn(self) -> None:
        due_at = min([self._next_look_at, *(paced.due_at for paced in self._everyone())])
        ready = self._selector.select(max(due_at - self._clock(), 0.0))
        now = self._clock()
        is_looking = now >= self._next_look_at
        outlook = self._look(now) if is_looking else self._outlook
        with self._lock:
            self._notice_sleep()
            for key, _ in ready:
                key.data(now)
            if is_looking:
                self._use(outlook, now)
            for paced in self._everyone():
                if now >= paced.due_at:
                    self._probe(paced, now)

    def _probe(self, paced: _Paced, now: float) -> None:
        try:
            paced.target.probe(now)
        except OSError as error:  # no descriptor left, an interface that vanished half-way: the others go on
            paced.target.close()
            self._errors = (f"probing fails: {error}",)
        paced.sent_count += 1
        paced.due_at = max(paced.due_at, now - INTERVAL_SECONDS) + self._interval(paced.sent_count)

    def _interval(self, sent_count: int) -> float:
        interval = BURST_INTERVAL_SECONDS if self._burst and sent_count < BURST_PROBES else INTERVAL_SECONDS
        return interval * (1 - SPREAD + 2 * SPREAD * os.urandom(1)[0] / 255)

    def _look(self, now: float) -> Outlook | None:
        self._next_look_at = now + (BURST_INTERVAL_SECONDS * 5 if self._burst else LOOK_OUT_SECONDS)
        gateway = self._gateway
        ask = gateway is not None and gateway.target.report(now).seen is not Seen.ANSWERS
        try:
            outlook = look_out(self._host, ask_neighbor=ask)
        except (OSError, ValueError) as error:
            self._errors = (f"the routing table cannot be read: {error}",)
            return None
        self._errors = ()
        return outlook

    def _use(self, outlook: Outlook | None, now: float) -> None:
        before, self._outlook = self._outlook, outlook
        route = None if outlook is None else outlook.route
        address = None if route is None else route.gateway
        if before is not None and before.route != route:
            for paced in self._paced:
                paced.target.close()
        if (None if self._gateway is None else self._gateway.target.address) == address:
            return
        if self._gateway is not None:
            self._gateway.target.close()
        self._gateway = None
        if address is not None:
            target = Target(name=GATEWAY, role=GATEWAY, address=str(address))
            self._gateway = _Paced(self._open_target(target), now)

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
            for paced in self._everyone():
                paced.target.restart()
            self._next_look_at = 0.0
        self._slept_seconds = slept_seconds

    def _open_target(self, target: Target) -> PingTarget:
        return PingTarget(self._selector, target, burst=self._burst, on_lookup=self._sound_alarm)

    def _everyone(self) -> list[_Paced]:
        return self._paced if self._gateway is None else [*self._paced, self._gateway]

    def _sound_alarm(self) -> None:
        try:
            self._alarm.send(b"!")
        except OSError:  # full: it is awake already; closed: a look-up came back after the end
            return

    def _answer_alarm(self, now: float) -> None:
        self._waker.recv(64)
        for paced in self._everyone():
            paced.target.take_lookup(now)


class _Paced:
    """A target and when it is due."""

    __slots__ = ("due_at", "sent_count", "target")

    def __init__(self, target: PingTarget, due_at: float) -> None:
        self.target = target
        self.due_at = due_at
        self.sent_count = 0


def _believed(neighbor: Neighbor, gateway: TargetReport | None) -> Neighbor:
    """A confirmation is only worth something where the gateway never answers pings, or when it has had time to age."""
    if neighbor is Neighbor.CONFIRMED and gateway is not None and gateway.has_answered_echo:
        return neighbor if gateway.echo_silent_run >= NEIGHBOR_AGES_AFTER else Neighbor.UNKNOWN
    return neighbor


def _slept_seconds() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
