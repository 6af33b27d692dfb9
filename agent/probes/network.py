"""Network interfaces: carrier, speed, duplex, errors and carrier changes of the ones this machine is meant to use.

Physical interfaces have a `device` link in /sys/class/net; bridges, tunnels and containers' ends have none. The
interface of the default route counts whatever it is (a bridge over the cable, the only link of a virtual lab).

`network_carrier` is 1 for every interface with a link. It is 0 only for an interface that should have one: it carries
the default route, or it carried it last and no other has taken over, or nothing at all is connected. A spare port
without a cable, and one that was switched off on purpose, have no such reading.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from agent.probes.hostfs import entries, read_bytes, read_number, read_text
from agent.probes.probe import Context, ProbeSpec, Sample, Unsupported
from agent.probes.routes_linux import default_route
from agent.readings import Labels, MetricKind, MetricSpec, Reading

BYTES_PER_MEGABIT = 125_000

LINK_REREAD_SAMPLES = 12
"""Speed and duplex ask the driver under a lock; they are read after a carrier change, and once a minute besides."""

_SOURCE = "/sys/class/net (Documentation/ABI/testing/sysfs-class-net)"
_FACT = "default-route="
_UP = 0x1  # linux/if.h, IFF_UP
_NETWORK_TYPES = frozenset({b"1", b"32", b"519", b"65534"})
"""linux/if_arp.h: Ethernet and Wi-Fi, InfiniBand, raw IP of mobile modems, none. A CAN bus is no network here."""


def _spec(name: str, text: str, kind: MetricKind = MetricKind.GAUGE, highest: float | None = None) -> MetricSpec:
    return MetricSpec(
        name=name, help=text, source=_SOURCE, labels=("device",), kind=kind, lowest=0, highest=highest, removable=True
    )


METRICS = (
    _spec("network_carrier", "Whether an interface that should have a link has one.", highest=1),
    _spec("network_speed_bytes_per_second", "Negotiated speed of the link, where the driver knows it.", highest=1e11),
    _spec("network_full_duplex", "Whether the link carries both directions at once.", highest=1),
    _spec("network_receive_errors_total", "Packets received with an error.", MetricKind.COUNTER),
    _spec("network_transmit_errors_total", "Packets that could not be sent.", MetricKind.COUNTER),
    _spec("network_carrier_changes_total", "Times the link came up or went down.", MetricKind.COUNTER),
)


@dataclass(frozen=True, slots=True)
class _Look:
    """One interface now; `has_carrier` is nothing while it is administratively down."""

    device: str
    is_up: bool
    has_carrier: bool | None


@dataclass(frozen=True, slots=True)
class _Link:
    """Speed and duplex, and after which carrier change and how many samples ago they were read."""

    carrier_changes: int
    age: int
    speed_bytes_per_second: float | None
    is_full_duplex: bool | None


class NetworkSampler:
    """The open probe."""

    def __init__(self, context: Context) -> None:
        self._host = context.host
        self._root = f"{context.host.sysfs}/class/net"
        self._listing: list[str] = []
        self._physical: tuple[str, ...] = ()
        self._links: dict[str, _Link] = {}
        self._labels: dict[str, Labels] = {}
        self._last_used = _device_of(context.facts)

    def sample(self) -> Sample:
        """Read every interface that counts.

        Raises:
            Unsupported: there is none.
        """
        errors: list[str] = []
        routed = self._routed_device(errors)
        devices = self._devices(routed)
        if not devices:
            raise Unsupported(f"no network interface in {self._root}")
        looks = [_look(self._root, device) for device in devices]
        self._last_used = routed if routed in devices else self._last_used
        readings = tuple(reading for look in looks for reading in self._readings(look, self._missed(looks, routed)))
        facts = frozenset({_FACT + self._last_used}) if self._last_used else frozenset()
        return Sample(readings=readings, errors=tuple(errors), facts=facts)

    def close(self) -> None:
        """Nothing is held open."""

    def _routed_device(self, errors: list[str]) -> str | None:
        try:
            route = default_route(self._host.procfs, self._host.sysfs)
        except (OSError, ValueError) as error:
            errors.append(f"the default route cannot be told: {error}")
            return None
        return None if route is None else route.device

    def _devices(self, routed: str | None) -> tuple[str, ...]:
        listing = entries(self._root)
        if listing != self._listing:
            self._listing = listing
            self._physical = tuple(device for device in listing if _is_physical(f"{self._root}/{device}"))
            self._links = {}
        used = routed or self._last_used
        return self._physical if used in self._physical or used not in listing else (*self._physical, used)

    def _missed(self, looks: list[_Look], routed: str | None) -> frozenset[str]:
        """Interfaces whose missing carrier is a fault."""
        if routed is not None:
            return frozenset({routed})
        up = frozenset(look.device for look in looks if look.is_up)
        if self._last_used in up:
            return frozenset({self._last_used})
        return frozenset() if any(look.has_carrier for look in looks) else up

    def _readings(self, look: _Look, missed: frozenset[str]) -> Iterator[Reading]:
        labels = self._labels.setdefault(look.device, (("device", look.device),))
        path = f"{self._root}/{look.device}"
        if look.has_carrier or (look.is_up and look.device in missed):
            yield Reading(metric="network_carrier", value=float(bool(look.has_carrier)), labels=labels)
        changes = _counter(f"{path}/carrier_changes")
        if look.has_carrier:
            link = self._links[look.device] = _link(path, self._links.get(look.device), changes or 0)
            if link.speed_bytes_per_second is not None:
                yield Reading(metric="network_speed_bytes_per_second", value=link.speed_bytes_per_second, labels=labels)
            if link.is_full_duplex is not None:
                yield Reading(metric="network_full_duplex", value=float(link.is_full_duplex), labels=labels)
        for metric, count in (
            ("network_receive_errors_total", _counter(f"{path}/statistics/rx_errors")),
            ("network_transmit_errors_total", _counter(f"{path}/statistics/tx_errors")),
            ("network_carrier_changes_total", changes),
        ):
            if count is not None:
                yield Reading(metric=metric, value=float(count), labels=labels)


def _device_of(facts: frozenset[str]) -> str | None:
    return next((fact.removeprefix(_FACT) for fact in sorted(facts) if fact.startswith(_FACT)), None)


def _is_physical(path: str) -> bool:
    if not os.path.exists(f"{path}/device"):
        return False
    try:
        return read_bytes(f"{path}/type").strip() in _NETWORK_TYPES
    except OSError:  # unplugged in between
        return False


def _look(root: str, device: str) -> _Look:
    path = f"{root}/{device}"
    try:
        is_up = bool(int(read_bytes(f"{path}/flags"), 16) & _UP)
    except (OSError, ValueError):
        return _Look(device, is_up=False, has_carrier=None)
    try:
        return _Look(device, is_up, read_bytes(f"{path}/carrier").strip() == b"1")
    except OSError:  # EINVAL while it is down
        return _Look(device, is_up, None)


def _link(path: str, known: _Link | None, changes: int) -> _Link:
    """The link's speed and duplex, from memory while nothing can have changed them."""
    if known is not None and known.carrier_changes == changes and known.age < LINK_REREAD_SAMPLES:
        return _Link(changes, known.age + 1, known.speed_bytes_per_second, known.is_full_duplex)
    return _Link(changes, 0, _speed(f"{path}/speed"), _is_full_duplex(f"{path}/duplex"))


def _speed(path: str) -> float | None:
    """Bytes per second; drivers that do not know say -1, 0, or that number without its sign, or refuse (EINVAL)."""
    try:
        megabits = read_number(path)
    except (OSError, ValueError):
        return None
    return float(megabits * BYTES_PER_MEGABIT) if 0 < megabits < 0xFFFF_FFFF else None


def _is_full_duplex(path: str) -> bool | None:
    try:
        return {"full": True, "half": False}.get(read_text(path))
    except OSError:
        return None


def _counter(path: str) -> int | None:
    try:
        return read_number(path)
    except (OSError, ValueError):
        return None


PROBE = ProbeSpec(
    name="network",
    metrics=METRICS,
    every_seconds=5.0,
    deadline_seconds=2.0,
    redirectable=True,
    open=NetworkSampler,
)
