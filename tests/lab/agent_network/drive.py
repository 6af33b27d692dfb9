"""Loses and delays packets, pulls the cable, ends gateway, server and line; judges what the agent said."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import sqrt
from pathlib import Path

from installed_agent import (
    DATA_DIR,
    Key,
    device_health,
    expect,
    firing,
    hardware,
    is_unprivileged,
    process,
    say,
    series,
    start_service,
    tell_log,
    value,
    verdict,
    wait,
)

CYCLE_SECONDS = 2.0
CONFIG = f"""\
language: en
it_contact: IT desk
interval: 2s
data_dir: {DATA_DIR}
local: {{socket: /run/device-health/agent.sock}}
network:
  targets:
    - {{name: crm, role: business, address: 198.51.100.10}}
    - {{name: names, role: dns, address: 203.0.113.53}}
"""
PLACES = ("this_computer", "local_network", "beyond", "server")
TARGETS = {"gateway": "192.0.2.2", "crm": "198.51.100.10"}
SET_LOSS = 0.2
SILENT_SECONDS = 10.0
"""Eight unanswered echoes at 1 Hz, the last one waited for (ping_window.py)."""
SWITCH_SECONDS = 5.0
"""The kernel's own patience with a neighbour: DELAY_PROBE_TIME, then three probes a second apart."""
FOR_SECONDS = 10.0
DEAF = "tc qdisc {} dev {} root netem loss 100%"
"""What a host never says is as if it were dead, while its link stays up: not even ARP is answered."""


def main() -> int:
    hardware("network_impair delay 60ms 10ms loss 20%")
    count_echoes()
    seconds = start_service(CONFIG)
    expect(f"READY after {seconds:.1f} s as {process()}, not root", holds=is_unprivileged(process()))
    loss_and_delay()
    hardware("network_clear")
    wait("all is well", lambda page: _fault(page) == "", at_most=20)
    fault("a pulled cable", "link_down", "link_up", place="this_computer", alert="network-cable", at_most=2)
    fault(
        "a dead gateway",
        f"ip netns exec gateway {DEAF.format('add', 'lan')}",
        f"ip netns exec gateway {DEAF.format('del', 'lan')}",
        place="local_network",
        at_most=SILENT_SECONDS + SWITCH_SECONDS,
    )
    with ended("server"):
        found("a dead server", place="server", at_most=SILENT_SECONDS)
        with ended("names"):
            found("a dead line", place="beyond", at_most=SILENT_SECONDS, after="server")
    wait("all is well again", lambda page: _fault(page) == "", at_most=20)
    said()
    return verdict()


def count_echoes() -> None:
    """Let the kernel count each target's requests and replies: the truth that the agent's loss is compared with."""
    chains = {"output": "daddr {} icmp type echo-request", "input": "saddr {} icmp type echo-reply"}
    lines = ["table ip truth {"]
    for chain, match in chains.items():
        rules = "; ".join(f"ip {match.format(at)} counter" for at in TARGETS.values())
        lines.append(f"chain {chain} {{ type filter hook {chain} priority 0; {rules}; }}")
    Path("/tmp/truth.nft").write_text("\n".join([*lines, "}\n"]), encoding="ascii")
    hardware("nft -f /tmp/truth.nft")


def counted(address: str) -> tuple[int, int]:
    """Requests sent to the address and replies received."""
    lines = [line.split() for line in hardware("nft list table ip truth").splitlines() if f"addr {address} " in line]
    counts = {words[1]: int(words[words.index("packets") + 1]) for words in lines}
    return counts["daddr"], counts["saddr"]


def loss_and_delay() -> None:
    """60 ± 10 ms and 20 % on the way out: measured within their bounds, and as the kernel counted it."""
    wait(
        "a loss is measured and the gateway's proved",
        lambda page: (
            (value(page, "ping_loss_ratio_lower_bound", target="gateway") or 0) > 0.01
            and value(page, "ping_jitter_seconds", target="crm") is not None
        ),
        at_most=60,
    )
    wait("an operator is told of the loss", lambda page: ("gateway-loss", "warning") in firing(page), at_most=60)
    page = series()
    for target, address in TARGETS.items():
        sent, replied = counted(address)
        ratio, lower, upper = (
            value(page, f"ping_loss_ratio{kind}", target=target) or 0.0 for kind in ("", "_lower_bound", "_upper_bound")
        )
        truth = (sent - replied) / sent
        expect(
            f"{target}: {sent - replied} of {sent} lost ({truth:.3f}), measured {ratio:.3f} [{lower:.3f}, {upper:.3f}]",
            holds=abs(ratio - truth) * sent <= 3 and lower <= truth <= upper,
        )
        chance = 3.3 * sqrt(SET_LOSS * (1 - SET_LOSS) / sent)  # three runs of a thousand fall outside by bad luck
        expect(f"{target}: as set, {SET_LOSS:g} ± {chance:.3f}", holds=abs(ratio - SET_LOSS) <= chance + 3 / sent)
        round_trip = value(page, "ping_round_trip_seconds", target=target) or 0.0
        expect(f"{target}: round trip {round_trip * 1000:.1f} ms of 60 ± 10", holds=0.05 <= round_trip <= 0.09)
        jitter = value(page, "ping_jitter_seconds", target=target) or 0.0
        expect(f"{target}: jitter {jitter * 1000:.1f} ms of 6.7 (uniform)", holds=0.002 <= jitter <= 0.03)


def fault(text: str, begin: str, finish: str, *, place: str, at_most: float, alert: str = "") -> None:
    """One fault with its beginning and its end."""
    hardware(begin)
    found(text, place=place, at_most=at_most, alert=alert)
    hardware(finish)
    wait(f"{text} is over", lambda page: _fault(page) == "", at_most=20)


def found(text: str, *, place: str, at_most: float, alert: str = "", after: str = "") -> None:
    """The place is told, then its alert fires; `after` is where another fault lay already."""
    alert = alert or f"fault-{place.replace('_', '-')}"
    seen: list[str | None] = []

    def holds(page: Mapping[Key, float]) -> bool:
        seen.append(_fault(page))
        return seen[-1] == place

    wait(f"{text} is found in {place}", holds, at_most=at_most + 2 * CYCLE_SECONDS)
    others = {one for one in seen if one} - {place, after}
    expect(f"{text} is taken for nothing else meanwhile: {sorted(others)}", holds=not others)
    wait(
        f"{text} gives {alert}",
        lambda page: (alert, "critical") in firing(page),
        at_most=FOR_SECONDS + 2 * CYCLE_SECONDS,
    )


@contextmanager
def ended(host: str) -> Iterator[None]:
    """The host is dead for the block."""
    hardware(f"ip netns exec {host} {DEAF.format('add', 'uplink')}")
    yield
    hardware(f"ip netns exec {host} {DEAF.format('del', 'uplink')}")


def _fault(page: Mapping[Key, float]) -> str | None:
    """The place of the fault, empty without one, nothing while it is not told."""
    told = {place: value(page, "network_fault", place=place) for place in PLACES}
    at = [place for place, found in told.items() if found]
    return at[0] if at else ("" if 0 in told.values() else None)


def said() -> None:
    """What people were told, one critical for each cause."""
    time.sleep(CYCLE_SECONDS)
    hardware("systemctl stop device-health")
    tell_log()
    for line in device_health("journal", "list").stdout.splitlines():
        say(f"       {line}")


if __name__ == "__main__":
    sys.exit(main())
