"""Sets delay, loss and faults on the way to a gateway and a server behind it, and prints what the probes say."""

import subprocess
import sys
import time
from collections.abc import Callable

from agent.probes.network import PROBE as NETWORK
from agent.probes.ping import PROBE as PING
from agent.probes.probe import Context, Sampler, Target
from agent.probes.wifi import PROBE as WIFI

CONTEXT = Context(targets=(Target(name="crm", role="business", address="198.51.100.10"),))
Values = dict[str, float]
failures = 0


def do(command: str) -> None:
    subprocess.run(["bash", "-ec", command], check=True)


def values(sampler: Sampler) -> Values:
    return {
        f"{r.metric}{{{','.join(value for _, value in r.labels)}}}": round(r.value, 4)
        for r in sampler.sample().readings
    }


def say(text: str, *, is_right: bool) -> None:
    global failures  # noqa: PLW0603  # a job's only state
    failures += not is_right
    sys.stdout.write(f"{'ok ' if is_right else 'NOT'} {text}\n")
    sys.stdout.flush()


def watch(sampler: Sampler, what: str, is_right: Callable[[Values], bool], seconds: float, show: str) -> None:
    """Sample once a second until it is right; print how long that took and what was seen."""
    began_at = time.monotonic()
    while not is_right(seen := values(sampler)) and time.monotonic() - began_at < seconds:
        time.sleep(1)
    shown = {name: value for name, value in seen.items() if name.startswith(show)}
    say(f"{what}, after {time.monotonic() - began_at:.0f} s: {shown}", is_right=is_right(seen))


def is_place(place: str) -> Callable[[Values], bool]:
    places = ("this_computer", "local_network", "beyond", "server")
    expected = {f"network_fault{{{name}}}": float(name == place) for name in places}
    return lambda seen: {name: value for name, value in seen.items() if name.startswith("network_fault")} == expected


def measure_at_rest(ping: Sampler) -> None:
    time.sleep(25)
    seen = values(ping)
    say(f"at rest: {seen}", is_right=seen.get("ping_loss_ratio{crm,business}") == 0.0)


def measure_impairment() -> None:
    do("network_impair delay 60ms 10ms loss 20%")
    ping = PING.open(CONTEXT)
    time.sleep(62)
    seen = values(ping)
    ping.close()
    do("network_clear")
    for target in ("gateway,gateway", "crm,business"):
        lower, upper = (seen[f"ping_loss_ratio_{end}_bound{{{target}}}"] for end in ("lower", "upper"))
        trip, jitter = seen[f"ping_round_trip_seconds{{{target}}}"], seen[f"ping_jitter_seconds{{{target}}}"]
        text = f"60 ms +- 10 ms and 20 % loss, {target}: round trip {trip}, jitter {jitter}, loss {lower}..{upper}"
        say(text, is_right=lower <= 0.2 <= upper and 0.05 <= trip <= 0.09 and jitter < 0.02)


def place_faults(ping: Sampler, network: Sampler) -> None:
    address = "ip -n gateway address {} 192.0.2.2/24 dev lan"
    uplink = "ip -n server link set uplink {}"
    back = "; ip -n server route replace default via 198.51.100.1"
    for what, break_it, mend_it, place in (
        ("pulled cable", "link_down", "link_up", "this_computer"),
        ("dead gateway", address.format("del"), address.format("add"), "local_network"),
        ("dead server", uplink.format("down"), uplink.format("up") + back, "server"),
    ):
        do(break_it)
        watch(ping, what, is_place(place), 20, "network_fault")
        carrier = values(network).get("network_carrier{desk}")
        say(f"{what}: carrier {carrier}", is_right=carrier == float(place != "this_computer"))
        do(mend_it)
        watch(ping, f"{what} mended", is_place("none"), 20, "network_fault")


def hear_radios() -> None:
    wifi = WIFI.open(CONTEXT)
    do("modprobe mac80211_hwsim radios=2; sleep 1")
    for radio in ("wlan0", "wlan1"):
        do(f"iw dev {radio} set type ibss; ip link set {radio} up")
    watch(wifi, "radio on, no network", lambda seen: seen.get("wifi_connected{wlan0}") == 0.0, 5, "wifi")
    for radio in ("wlan0", "wlan1"):
        do(f"iw dev {radio} ibss join office 2412 fixed-freq 02:00:00:00:00:aa")
    watch(wifi, "associated", lambda seen: seen.get("wifi_signal_dbm{wlan0}", 0) < 0, 20, "wifi")
    do("iw dev wlan0 station dump | grep -E 'signal|bitrate|retries|failed|beacon' || true")
    began_at = time.process_time()
    for _ in range(20):
        wifi.sample()
    say(
        f"one Wi-Fi sample takes {(time.process_time() - began_at) * 50:.1f} ms in this emulated machine", is_right=True
    )
    do("for s in /sys/class/rfkill/rfkill*/soft; do echo 1 >$s; done; sleep 1")
    watch(wifi, "switched off", lambda seen: seen.get("wifi_radio_on{wlan0}") == 0.0, 5, "wifi")


def main() -> int:
    ping, network = PING.open(CONTEXT), NETWORK.open(CONTEXT)
    say(f"interfaces: {values(network)}", is_right=values(network).get("network_carrier{desk}") == 1.0)
    measure_at_rest(ping)
    place_faults(ping, network)
    ping.close()
    measure_impairment()
    hear_radios()
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
