"""What is made of the kernel's answers about an association; the real radios are in the lab."""

from pathlib import Path

import pytest

from agent.probes.hostfs import HostFs
from agent.probes.probe import Context, Unsupported
from agent.probes.wifi import PROBE, is_radio_on, station_readings, wireless_devices

LABELS = (("device", "wlan0"),)


class Message:
    """A netlink message by attribute names, as the library gives it."""

    def __init__(self, **attributes: object) -> None:
        self._attributes = attributes

    def get_attr(self, name: str) -> object:
        return self._attributes.get(name.split("_INFO_")[1])


def values(station: object) -> dict[str, float]:
    return {reading.metric: reading.value for reading in station_readings(LABELS, station)}


def test_everything_a_driver_tells_is_read() -> None:
    """Rates come in steps of 100 kbit/s; the averaged signal is preferred."""
    rate = Message(BITRATE=0, BITRATE32=8667)
    station = Message(SIGNAL=-40, SIGNAL_AVG=-57, TX_RETRIES=12, TX_FAILED=0, BEACON_LOSS=3, TX_BITRATE=rate)
    assert values(station) == {
        "wifi_signal_dbm": -57.0,
        "wifi_transmit_retries_total": 12.0,
        "wifi_transmit_failures_total": 0.0,
        "wifi_beacon_losses_total": 3.0,
        "wifi_transmit_rate_bytes_per_second": 108_337_500.0,
    }


@pytest.mark.parametrize("station", [None, "0a:0b", Message(), Message(SIGNAL=0, TX_BITRATE=Message(BITRATE=0))])
def test_what_a_driver_does_not_tell_is_absent(station: object) -> None:
    """A signal of 0 dBm is a driver that does not know."""
    assert values(station) == {}


def test_wireless_interfaces_are_known_by_sysfs(tmp_path: Path) -> None:
    """Both the present and the old mark count; a wire has neither."""
    for mark in ("wlan0/phy80211", "wlan1/wireless", "eth0/device"):
        (tmp_path / "class/net" / mark).mkdir(parents=True)
    assert wireless_devices(HostFs(sysfs=str(tmp_path))) == ("wlan0", "wlan1")


@pytest.mark.parametrize(("hard", "soft", "is_on"), [(0, 0, True), (1, 0, False), (0, 1, False)])
def test_a_blocked_radio_is_off(tmp_path: Path, hard: int, soft: int, is_on: bool) -> None:
    """The switch on the case and the setting both count."""
    switch = tmp_path / "class/net/wlan0/phy80211/rfkill1"
    switch.mkdir(parents=True)
    (switch / "hard").write_text(f"{hard}\n")
    (switch / "soft").write_text(f"{soft}\n")
    assert is_radio_on(HostFs(sysfs=str(tmp_path)), "wlan0") is is_on


def test_a_machine_without_wifi_is_unsupported(tmp_path: Path) -> None:
    """The netlink library is not even loaded."""
    sampler = PROBE.open(Context(host=HostFs(sysfs=str(tmp_path))))
    with pytest.raises(Unsupported, match=r"^no Wi-Fi interface$"):
        sampler.sample()
    sampler.close()
