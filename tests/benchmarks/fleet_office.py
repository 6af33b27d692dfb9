"""What a captured machine cannot have and a workstation has: pings, Wi-Fi, space, a timer, a user's companion.

The ping probe is the real one, given what its thread would report; the other readings carry the probes' declared names
and labels, which `tests/deploy/test_scale.py` checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from agent.probes.neighbor_linux import Neighbor
from agent.probes.network_fault import Path, Seen
from agent.probes.ping import PingSampler
from agent.probes.ping_target import TargetReport
from agent.probes.ping_thread import NetworkReport
from agent.probes.ping_window import loss_of
from agent.probes.probe import Context, ProbeSpec, Sample, Sampler
from agent.readings import Labels, Reading

LOST_SERVER = "crm"
TARGETS = ((LOST_SERVER, "business", True),)
"""Name, role, and whether a TCP port is tried too; as in `deploy/agent.yaml`, besides the gateway."""
WINDOW_PROBES = 300

_WIFI: Labels = (("device", "wlp0s20f3"),)
_ADDED: dict[str, tuple[Reading, ...]] = {
    "wifi": (
        Reading(metric="wifi_radio_on", value=1, labels=_WIFI),
        Reading(metric="wifi_connected", value=1, labels=_WIFI),
        Reading(metric="wifi_signal_dbm", value=-57, labels=_WIFI),
        Reading(metric="wifi_transmit_retries_total", value=1200, labels=_WIFI),
        Reading(metric="wifi_transmit_failures_total", value=0, labels=_WIFI),
        Reading(metric="wifi_beacon_losses_total", value=3, labels=_WIFI),
        Reading(metric="wifi_transmit_rate_bytes_per_second", value=108_337_500, labels=_WIFI),
    ),
    "stalls": (Reading(metric="stall_timer_overrun_seconds", value=0.0003),),
    "display": (Reading(metric="gpu_resets_total", value=0),),
}

COMPANION = tuple(
    Reading(metric=metric, value=value, labels=labels)
    for metric, value, labels in (
        ("display_resolution_pixels", 2560, (("connector", "DP-3"), ("dimension", "width"))),
        ("display_resolution_pixels", 1440, (("connector", "DP-3"), ("dimension", "height"))),
        ("display_refresh_hertz", 59.951, (("connector", "DP-3"),)),
        ("night_light_enabled", 0, ()),
    )
)
"""What the companion of the one logged-in user says; the agent numbers the session."""


def in_the_office(spec: ProbeSpec, *, loses_server: bool) -> ProbeSpec:
    """The probe as it is on a captured machine, and what the office adds to it."""
    if spec.name == "ping":
        return replace(spec, redirectable=True, open=partial(_Pings, loses_server=loses_server))
    if spec.name == "wifi":
        return replace(spec, redirectable=True, open=lambda _: _Added(_ADDED["wifi"]))
    if spec.name in _ADDED or spec.name == "storage":
        return replace(spec, open=partial(_open_added, spec.open, spec.name))
    return spec


@dataclass(frozen=True, slots=True)
class _Added:
    """A sampler that gives readings beside another's, if any."""

    readings: tuple[Reading, ...]
    inner: Sampler | None = None

    def sample(self) -> Sample:
        sample = self.inner.sample() if self.inner else Sample(readings=())
        return replace(sample, readings=(*sample.readings, *self.readings, *_space(sample)))

    def close(self) -> None:
        """Nothing is held here."""
        if self.inner:
            self.inner.close()


def _open_added(opening: Callable[[Context], Sampler], probe: str, context: Context) -> Sampler:
    return _Added(_ADDED.get(probe, ()), opening(context))


def _space(sample: Sample) -> Iterator[Reading]:
    """Space and inodes of every file system that the storage probe found."""
    for reading in sample.readings:
        if reading.metric == "storage_read_only":
            yield Reading(metric="storage_available_ratio", value=0.43, labels=reading.labels)
            if reading.labels != (("mountpoint", "/boot/efi"),):  # FAT has no inodes
                yield Reading(metric="storage_inodes_available_ratio", value=0.97, labels=reading.labels)


class _Pings(PingSampler):
    """The real probe over a network of words; inherits because the thread is made in the probe."""

    def __init__(self, context: Context, *, loses_server: bool) -> None:
        self._network = _Network(loses_server=loses_server)
        super().__init__(context)

    def _start(self) -> _Network:
        return self._network


@dataclass(slots=True)
class _Network:
    """What the ping thread would report of this office."""

    loses_server: bool
    is_alive: bool = field(default=True)

    def report(self) -> NetworkReport:
        targets = tuple(
            _target(name, role, with_port=with_port, is_lost=self.loses_server and name == LOST_SERVER)
            for name, role, with_port in TARGETS
        )
        path = Path(
            has_default_route=True,
            has_carrier=True,
            gateway=Seen.ANSWERS,
            gateway_has_answered=True,
            neighbor=Neighbor.CONFIRMED,
            has_router_report=False,
            targets=tuple(target.seen for target in targets),
        )
        gateway = _target("gateway", "gateway", with_port=False, is_lost=False)
        return NetworkReport(gateway=gateway, targets=targets, path=path, errors=())

    def close(self) -> None:
        """No thread is there to end."""


def _target(name: str, role: str, *, with_port: bool, is_lost: bool) -> TargetReport:
    return TargetReport(
        name=name,
        role=role,
        seen=Seen.SILENT if is_lost else Seen.ANSWERS,
        has_answered_echo=True,
        echo_silent_run=WINDOW_PROBES if is_lost else 0,
        round_trip_seconds=None if is_lost else 0.0042,
        jitter_seconds=None if is_lost else 0.0003,
        loss=loss_of(WINDOW_PROBES if is_lost else 0, WINDOW_PROBES),
        connect_seconds=0.0061 if with_port and not is_lost else None,
        is_service_up=not is_lost if with_port else None,
        has_router_report=False,
        late_count=0,
        duplicate_count=0,
        is_name_resolved=None if role == "gateway" else True,
        errors=(),
    )
