"""Wi-Fi: signal, rate and retries of the present association, as the kernel counts them; never a scan.

Asked over nl80211 (linux/nl80211.h): GET_INTERFACE for what an interface is, GET_STATION for its access point. The
netlink library is large, so it is loaded only where /sys shows a Wi-Fi interface.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from agent.probes.hostfs import HostFs, entries, read_number
from agent.probes.probe import Context, ProbeSpec, Sample, Unsupported
from agent.readings import Labels, MetricKind, MetricSpec, Reading

_SOURCE = "nl80211 GET_STATION (linux/nl80211.h); rfkill"
_RATE_UNIT_BYTES_PER_SECOND = 12_500  # nl80211 counts rates in 100 kbit/s
_ADHOC, _STATION, _PEER_CLIENT = 1, 2, 8
_CLIENT_TYPES = frozenset({_ADHOC, _STATION, _PEER_CLIENT})
"""enum nl80211_iftype; an access point or a monitor has no association of its own."""


@runtime_checkable
class Attributes(Protocol):
    """A netlink message or nested attribute as the library gives it."""

    def get_attr(self, name: str) -> object:
        """The value of the named attribute, or None."""


class WirelessSocket(Protocol):
    """What is used of the library's nl80211 socket."""

    def get_interfaces_dump(self) -> Iterator[Attributes]:
        """Every Wi-Fi interface."""

    def get_stations(self, ifindex: int) -> Iterator[Attributes]:
        """Every station known to an interface: of a client, its access point."""

    def close(self) -> None:
        """Close it."""


def _gauge(name: str, text: str, lowest: float, highest: float) -> MetricSpec:
    return MetricSpec(
        name=name, help=text, source=_SOURCE, labels=("device",), lowest=lowest, highest=highest, removable=True
    )


def _counter(name: str, text: str) -> MetricSpec:
    return MetricSpec(
        name=name,
        help=text,
        source=_SOURCE,
        labels=("device",),
        kind=MetricKind.COUNTER,
        lowest=0,
        removable=True,
    )


METRICS = (
    _gauge("wifi_signal_dbm", "Signal of the access point, averaged by the kernel.", -120, 0),
    _counter("wifi_transmit_retries_total", "Frames sent again since the association."),
    _counter("wifi_transmit_failures_total", "Frames given up since the association."),
    _counter("wifi_beacon_losses_total", "Times the access point's beacons failed to come."),
    _gauge("wifi_transmit_rate_bytes_per_second", "Rate of the last frame sent.", 0, 1e11),
    _gauge("wifi_connected", "Whether the interface is associated with a network.", 0, 1),
    _gauge("wifi_radio_on", "Whether no switch, key or setting has turned the radio off.", 0, 1),
)

_STATION_COUNTERS = (
    ("wifi_transmit_retries_total", "NL80211_STA_INFO_TX_RETRIES"),
    ("wifi_transmit_failures_total", "NL80211_STA_INFO_TX_FAILED"),
    ("wifi_beacon_losses_total", "NL80211_STA_INFO_BEACON_LOSS"),
)


class WifiSampler:
    """The open probe."""

    def __init__(self, context: Context) -> None:
        self._host = context.host
        self._socket: WirelessSocket | None = None

    def sample(self) -> Sample:
        """Ask the kernel about every Wi-Fi interface.

        Raises:
            Unsupported: this machine has no Wi-Fi interface.
            Exception: the library's NetlinkError, when the kernel refused.
        """
        devices = wireless_devices(self._host)
        if not devices:
            self.close()
            raise Unsupported("no Wi-Fi interface")
        wireless, self._socket = self._socket or _open_socket(), None
        readings = tuple(self._readings(wireless, devices))
        self._socket = wireless  # kept only when all went well: the next sample opens another
        return Sample(readings=readings)

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _readings(self, wireless: WirelessSocket, devices: tuple[str, ...]) -> Iterator[Reading]:
        for interface in list(wireless.get_interfaces_dump()):
            device = interface.get_attr("NL80211_ATTR_IFNAME")
            if device in devices and interface.get_attr("NL80211_ATTR_IFTYPE") in _CLIENT_TYPES:
                yield from self._interface_readings(str(device), interface, wireless)

    def _interface_readings(self, device: str, interface: Attributes, wireless: WirelessSocket) -> Iterator[Reading]:
        labels = (("device", device),)
        is_on = is_radio_on(self._host, device)
        yield Reading(metric="wifi_radio_on", value=float(is_on), labels=labels)
        index = interface.get_attr("NL80211_ATTR_IFINDEX")
        stations = list(wireless.get_stations(index)) if is_on and isinstance(index, int) else []
        yield Reading(metric="wifi_connected", value=float(bool(stations)), labels=labels)
        if stations:
            yield from station_readings(labels, stations[0].get_attr("NL80211_ATTR_STA_INFO"))


def wireless_devices(host: HostFs) -> tuple[str, ...]:
    """Names of the interfaces that sysfs shows as Wi-Fi."""
    root = f"{host.sysfs}/class/net"
    return tuple(
        device
        for device in entries(root)
        if os.path.exists(f"{root}/{device}/phy80211") or os.path.exists(f"{root}/{device}/wireless")
    )


def is_radio_on(host: HostFs, device: str) -> bool:
    """Whether neither a switch (hard) nor a setting (soft) blocks the radio (kernel: sysfs-class-rfkill)."""
    radio = f"{host.sysfs}/class/net/{device}/phy80211"
    switches = [f"{radio}/{name}/{kind}" for name in entries(radio) if name.startswith("rfkill") for kind in _BLOCKS]
    return not any(_is_set(switch) for switch in switches)


def station_readings(labels: Labels, station: object) -> Iterator[Reading]:
    """The readings of one association; what the driver does not tell is absent."""
    if not isinstance(station, Attributes):
        return
    signal = station.get_attr("NL80211_STA_INFO_SIGNAL_AVG") or station.get_attr("NL80211_STA_INFO_SIGNAL")
    if isinstance(signal, int) and signal != 0:
        yield Reading(metric="wifi_signal_dbm", value=float(signal), labels=labels)
    for metric, name in _STATION_COUNTERS:
        if isinstance(count := station.get_attr(name), int):
            yield Reading(metric=metric, value=float(count), labels=labels)
    rate = station.get_attr("NL80211_STA_INFO_TX_BITRATE")
    if isinstance(rate, Attributes):
        units = rate.get_attr("NL80211_RATE_INFO_BITRATE32") or rate.get_attr("NL80211_RATE_INFO_BITRATE")
        if isinstance(units, int) and units > 0:
            value = float(units * _RATE_UNIT_BYTES_PER_SECOND)
            yield Reading(metric="wifi_transmit_rate_bytes_per_second", value=value, labels=labels)


_BLOCKS = ("hard", "soft")


def _is_set(path: str) -> bool:
    try:
        return read_number(path) != 0
    except (OSError, ValueError):
        return False


def _open_socket() -> WirelessSocket:
    from pyroute2.iwutil import IW  # noqa: PLC0415  # 20 MiB of modules: only where there is Wi-Fi

    socket: WirelessSocket = IW()
    return socket


PROBE = ProbeSpec(
    name="wifi",
    metrics=METRICS,
    every_seconds=10.0,
    deadline_seconds=3.0,
    redirectable=False,
    open=WifiSampler,
)
