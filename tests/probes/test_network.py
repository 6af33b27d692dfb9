"""Interfaces out of a machine's /sys, written as drivers write it."""

from pathlib import Path

import pytest

from agent.probes.hostfs import HostFs
from agent.probes.network import PROBE
from agent.probes.probe import Context, Sample, Sampler, Unsupported

ROUTE = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


class Machine:
    """A captured machine under a folder."""

    def __init__(self, folder: Path) -> None:
        self.host = HostFs(sysfs=str(folder / "sys"), procfs=str(folder / "proc"))
        self._net = folder / "sys/class/net"
        self._net.mkdir(parents=True)
        (folder / "proc/net").mkdir(parents=True)
        self._routes = folder / "proc/net/route"
        self.route()
        self.interface("lo", physical=False, carrier="1")

    def interface(self, name: str, *, physical: bool = True, **attributes: str) -> None:
        """Make or change an interface; an empty attribute is removed, as reading it would give EINVAL."""
        folder = self._net / name
        (folder / "statistics").mkdir(parents=True, exist_ok=True)
        if physical:
            (folder / "device").mkdir(exist_ok=True)
        defaults = {} if (folder / "flags").exists() else {"flags": "0x1003", "carrier_changes": "2", "type": "1"}
        for attribute, value in {**defaults, **attributes}.items():
            (folder / attribute.replace("statistics_", "statistics/")).write_text(f"{value}\n")
            if not value:
                (folder / attribute).unlink()

    def route(self, device: str | None = None) -> None:
        line = f"{device}\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" if device else ""
        self._routes.write_text(ROUTE + line)

    def open(self, *facts: str) -> Sampler:
        return PROBE.open(Context(host=self.host, facts=frozenset(facts)))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def table(sample: Sample) -> dict[str, float]:
    return {f"{dict(r.labels)['device']} {r.metric.removeprefix('network_')}": r.value for r in sample.readings}


def carriers(sample: Sample) -> dict[str, float]:
    return {name.split()[0]: value for name, value in table(sample).items() if name.endswith(" carrier")}


def test_everything_a_driver_tells_is_read(machine: Machine) -> None:
    """Megabits become bytes per second; every counter has its reading."""
    machine.interface(
        "eth0", carrier="1", speed="1000", duplex="full", statistics_rx_errors="3", statistics_tx_errors="4"
    )
    machine.route("eth0")
    sample = machine.open().sample()
    assert table(sample) == {
        "eth0 carrier": 1.0,
        "eth0 speed_bytes_per_second": 125_000_000.0,
        "eth0 full_duplex": 1.0,
        "eth0 receive_errors_total": 3.0,
        "eth0 transmit_errors_total": 4.0,
        "eth0 carrier_changes_total": 2.0,
    }
    assert (sample.errors, sample.facts) == ((), frozenset({"default-route=eth0"}))


@pytest.mark.parametrize("speed", ["-1", "0", "4294967295", "", "fast"])
def test_a_speed_that_the_driver_does_not_know_is_absent(machine: Machine, speed: str) -> None:
    """No sentinel becomes a number, and an unknown duplex is neither full nor half."""
    machine.interface("eth0", carrier="1", speed=speed, duplex="unknown")
    machine.route("eth0")
    assert table(machine.open().sample()) == {"eth0 carrier": 1.0, "eth0 carrier_changes_total": 2.0}


def test_a_renegotiated_link_is_read_again(machine: Machine) -> None:
    """Speed and duplex follow a carrier change at once."""
    machine.interface("eth0", carrier="1", speed="1000", duplex="full")
    machine.route("eth0")
    sampler = machine.open()
    sampler.sample()
    machine.interface("eth0", speed="100", duplex="half", carrier_changes="4")
    found = table(sampler.sample())
    assert (found["eth0 speed_bytes_per_second"], found["eth0 full_duplex"]) == (12_500_000.0, 0.0)


def test_a_pulled_cable_is_a_fault(machine: Machine) -> None:
    """The interface of the default route has carrier 0, also when the route goes with the cable."""
    machine.interface("eth0", carrier="1")
    machine.interface("eth1", carrier="0")
    machine.route("eth0")
    sampler = machine.open()
    seen = [carriers(sampler.sample())]
    machine.interface("eth0", carrier="0")
    seen.append(carriers(sampler.sample()))
    machine.route()
    seen.append(carriers(sampler.sample()))
    assert seen == [{"eth0": 1.0}, {"eth0": 0.0}, {"eth0": 0.0}]


def test_a_spare_port_is_no_fault(machine: Machine) -> None:
    """A laptop on Wi-Fi with an empty LAN port shows the Wi-Fi only."""
    machine.interface("eth0", carrier="0")
    machine.interface("wlan0", carrier="1")
    machine.route("wlan0")
    assert carriers(machine.open().sample()) == {"wlan0": 1.0}


def test_moving_to_another_interface_is_no_fault(machine: Machine) -> None:
    """A laptop taken from its cable to Wi-Fi misses nothing."""
    machine.interface("eth0", carrier="1")
    machine.interface("wlan0", carrier="0")
    machine.route("eth0")
    sampler = machine.open()
    sampler.sample()
    machine.interface("eth0", carrier="0")
    machine.interface("wlan0", carrier="1")
    machine.route("wlan0")
    assert carriers(sampler.sample()) == {"wlan0": 1.0}


def test_an_interface_that_was_switched_off_is_no_fault(machine: Machine) -> None:
    """Administratively down it has no carrier reading, even if it carried the default route."""
    machine.interface("eth0", carrier="1")
    machine.route("eth0")
    sampler = machine.open()
    sampler.sample()
    machine.interface("eth0", carrier="", flags="0x1002")
    machine.route()
    assert carriers(sampler.sample()) == {}


def test_a_cable_pulled_before_the_start_is_remembered(machine: Machine) -> None:
    """What carried the default route before a restart is missed after it."""
    machine.interface("eth0", carrier="0")
    machine.interface("wlan0", carrier="0")
    assert carriers(machine.open("default-route=eth0").sample()) == {"eth0": 0.0}


def test_a_machine_without_any_link_misses_all_of_them(machine: Machine) -> None:
    """When nothing is known and nothing is connected, every interface that is up counts."""
    machine.interface("eth0", carrier="0")
    machine.interface("eth1", carrier="", flags="0x1002")
    assert carriers(machine.open().sample()) == {"eth0": 0.0}


def test_virtual_interfaces_do_not_count(machine: Machine) -> None:
    """Bridges, tunnels and containers' ends have no device; a CAN bus is no network."""
    machine.interface("eth0", carrier="1")
    machine.interface("docker0", physical=False, carrier="0")
    machine.interface("can0", carrier="0", type="280")
    machine.route("eth0")
    assert carriers(machine.open().sample()) == {"eth0": 1.0}


def test_the_routed_interface_counts_whatever_it_is(machine: Machine) -> None:
    """A bridge over the cable is watched, and a virtual lab's only link, also after its route is gone."""
    machine.interface("desk", physical=False, carrier="1")
    machine.route("desk")
    sampler = machine.open()
    seen = [carriers(sampler.sample())]
    machine.interface("desk", carrier="0")
    machine.route()
    seen.append(carriers(sampler.sample()))
    assert seen == [{"desk": 1.0}, {"desk": 0.0}]


def test_a_machine_with_loopback_only_is_unsupported(machine: Machine) -> None:
    """Nothing is invented where there is no interface."""
    with pytest.raises(Unsupported, match=r"^no network interface in .*/sys/class/net$"):
        machine.open().sample()
