"""The default route out of /proc/net, written as kernels print it."""

import socket
from pathlib import Path

import pytest

from agent.probes.ping_address import Address
from agent.probes.routes_linux import DefaultRoute, default_route

HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
LAN = "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
ETHERNET = "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
WIFI = "wlan0\t00000000\tFE0200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
TUNNEL = "tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0\n"
HALF = "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n"
REJECTED = "lo\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n"

ZERO = "0" * 32
LINK_LOCAL = "fe80000000000000021122fffe334455"
SIX_LAN = f"20010db8{'0' * 24} 40 {ZERO} 00 {ZERO} 00000100 00000001 00000000 00000001     eth0\n"
SIX = f"{ZERO} 00 {ZERO} 00 {LINK_LOCAL} 00000400 00000001 00000000 00450003     eth0\n"
SIX_NOWHERE = f"{ZERO} 00 {ZERO} 00 {ZERO} ffffffff 00000001 00000000 00200200       lo\n"


def machine(folder: Path, four: str, six: str | None = None) -> tuple[str, str]:
    (folder / "proc/net").mkdir(parents=True)
    (folder / "proc/net/route").write_text(HEADER + four)
    if six is not None:
        (folder / "proc/net/ipv6_route").write_text(six)
    (folder / "sys/class/net/eth0").mkdir(parents=True)
    (folder / "sys/class/net/eth0/ifindex").write_text("7\n")
    return str(folder / "proc"), str(folder / "sys")


def four(host: str) -> Address:
    return Address(family=socket.AF_INET, host=host)


@pytest.mark.parametrize(
    ("table", "route"),
    [
        ("", None),
        (LAN, None),
        (LAN + ETHERNET, DefaultRoute(device="eth0", gateway=four("192.0.2.1"))),
        (WIFI + ETHERNET, DefaultRoute(device="eth0", gateway=four("192.0.2.1"))),
        (ETHERNET + TUNNEL, DefaultRoute(device="tun0", gateway=None)),
        (HALF + WIFI, DefaultRoute(device="wlan0", gateway=four("192.0.2.254"))),
        (REJECTED + ETHERNET, DefaultRoute(device="eth0", gateway=four("192.0.2.1"))),
        ("eth0\t0000\n" + WIFI, DefaultRoute(device="wlan0", gateway=four("192.0.2.254"))),
    ],
    ids=["empty", "link only", "one", "lowest metric", "tunnel", "half a default", "rejected", "cut line"],
)
def test_the_ipv4_default_route_of_the_lowest_metric_is_taken(
    tmp_path: Path, table: str, route: DefaultRoute | None
) -> None:
    """Only whole default routes that are up and lead somewhere count."""
    assert default_route(*machine(tmp_path, table)) == route


def test_a_machine_with_only_ipv6_has_a_gateway(tmp_path: Path) -> None:
    """The link-local gateway carries the index of its interface; the kernel's null route is none."""
    gateway = Address(family=socket.AF_INET6, host="fe80::211:22ff:fe33:4455", scope=7)
    found = default_route(*machine(tmp_path, LAN, SIX_LAN + SIX_NOWHERE + SIX))
    assert found == DefaultRoute(device="eth0", gateway=gateway)


def test_ipv4_comes_before_ipv6(tmp_path: Path) -> None:
    """Where both exist the gateway is asked over IPv4."""
    found = default_route(*machine(tmp_path, ETHERNET, SIX))
    assert found == DefaultRoute(device="eth0", gateway=four("192.0.2.1"))


def test_ipv6_may_be_switched_off(tmp_path: Path) -> None:
    """Without the file there is no IPv6 route, and no error."""
    assert default_route(*machine(tmp_path, LAN)) is None
