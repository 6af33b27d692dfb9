"""What Debian's Prometheus needs for a fleet of 500, 1 000 and 2 000 workstations; prints a JSON line each.

Run: python tests/benchmarks/bench_fleet.py [--endpoints 500 1000 2000] [--settle 100] [--measure 120] [--scrape 30s]

Prometheus keeps two to three hours in memory, which no short run fills. `--endpoints 100 --scrape 1s --measure 400`
puts 400 samples into each series, as three hours and twenty minutes at 30 s do: what memory grows by from the first
minute to the most is what the hours add.

The configuration is deploy/prometheus: its intervals, all its rules, and the fleet has faults, so that alerts fire and
are written out. Changed are addresses and the waits of the findings that take minutes; the agents share a certificate.
Memory is the most that was resident in the measured time, without the file cache that mapped files count as.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import ssl
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import psutil

from tests.benchmarks.fleet_plan import FINDINGS, PORT, answering, fleet
from tests.benchmarks.fleet_servers import PASSWORD, own_metrics, own_total, shorten_findings, simulated_fleet
from tests.deploy.servers import Prometheus, prometheus_folder, running_prometheus, set_intervals

LOOK_SECONDS = 2.0
MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process took over the measured time."""

    cores: float
    resident_mib: float
    anonymous_mib: float
    first_minute_mib: float


COST = tuple(one.name for one in fields(Cost))


def measure(processes: dict[str, int], seconds: float) -> dict[str, Cost]:
    """Processor time and the most memory of each process, by name."""
    watched = {name: psutil.Process(number) for name, number in processes.items()}
    begun, before = time.monotonic(), {name: _cpu_seconds(one) for name, one in watched.items()}
    memory: dict[str, list[tuple[int, int]]] = {name: [] for name in watched}
    while time.monotonic() < begun + seconds:
        for name, one in watched.items():
            info = one.memory_info()
            memory[name].append((info.rss, info.rss - info.shared))
        time.sleep(LOOK_SECONDS)
    passed = time.monotonic() - begun
    return {
        name: Cost(
            cores=round((_cpu_seconds(one) - before[name]) / passed, 3),
            resident_mib=round(max(whole for whole, _ in memory[name]) / MEBIBYTE, 1),
            anonymous_mib=round(max(own for _, own in memory[name]) / MEBIBYTE, 1),
            first_minute_mib=round(max(own for _, own in memory[name][: int(60 / LOOK_SECONDS)]) / MEBIBYTE, 1),
        )
        for name, one in watched.items()
    }


def page_sizes(secrets: Path) -> dict[str, float]:
    """The mean page of the fleet's first fifty workstations that answer: series, bytes, bytes as they travel."""
    trust = ssl.create_default_context(cafile=str(secrets / "endpoint-ca.pem"))
    trust.check_hostname = False  # they share one certificate
    login = base64.b64encode(f"prometheus:{PASSWORD}".encode()).decode()
    headers = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"}
    series, plain, packed = [], [], []
    for one in answering(fleet(50)):
        url = f"https://{one.address}:{PORT}/metrics"
        request = urllib.request.Request(url, headers={**headers, "Authorization": f"Basic {login}"})
        with urllib.request.urlopen(request, timeout=10, context=trust) as answer:
            body = answer.read()
        text = gzip.decompress(body)
        series.append(sum(1 for line in text.splitlines() if not line.startswith(b"#")))
        plain.append(len(text))
        packed.append(len(body))
    return {"series": max(series), "bytes": statistics.mean(plain), "gzip_bytes": statistics.mean(packed)}


def scalar(server: Prometheus, expression: str) -> float:
    """The one value of an instant query; 0 where there is none, as of a count of nothing."""
    result = server.query(expression)
    return float(result[0]["value"][1]) if result else 0.0  # type: ignore[index]


def growth(read: Callable[[], float], during: Callable[[], dict[str, Cost]]) -> tuple[float, dict[str, Cost]]:
    """How much a counter grew each second while something ran, and what that gave."""
    before, begun = read(), time.monotonic()
    found = during()
    return (read() - before) / (time.monotonic() - begun), found


def findings(server: Prometheus) -> dict[str, int]:
    """How many alerts each finding of the fleet has firing."""
    names = 'count by (alertname) (ALERTS{alertname=~"fleet-.*", alertstate="firing"})'
    return {str(one["metric"]["alertname"]): int(one["value"][1]) for one in server.query(names)}  # type: ignore[index,call-overload]


def longest_interval(server: Prometheus, scrape: str) -> float:
    """The 99th percentile of the time between two scrapes of one workstation: more than configured is a missed one."""
    name = f'prometheus_target_interval_length_seconds{{interval="{scrape}",quantile="0.99"}}'
    return round(dict(own_metrics(server))[name], 2)


def scrapes(server: Prometheus, endpoints: int, seconds: float) -> dict[str, object]:
    """Whether every workstation was asked as often as it should be, and how long it took."""
    expected_up = len(answering(fleet(endpoints)))
    return {
        "up": int(scalar(server, "sum(up)")),
        "should_be_up": expected_up,
        "fewest_scrapes_in_window": int(scalar(server, f"min(count_over_time(up[{int(seconds)}s]))")),
        "scrape_ms_mean": round(scalar(server, "avg(scrape_duration_seconds and up == 1)") * 1000, 2),
        "scrape_ms_99_percent": round(scalar(server, "quantile(0.99, scrape_duration_seconds and up == 1)") * 1000, 2),
        "alerts_firing": int(scalar(server, 'count(ALERTS{alertstate="firing"})')),
        "findings": findings(server),
        "as_expected": findings(server) == dict.fromkeys(FINDINGS, 1),
    }


def run(endpoints: int, settle: float, seconds: float, scrape: str) -> dict[str, object]:
    """One size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with simulated_fleet(folder, endpoints, PORT) as simulated:
            home = prometheus_folder(folder, simulated.targets, secrets=simulated.secrets)
            shorten_findings(home)
            timeout = scrape if scrape == "1s" else "10s"
            set_intervals(home, scrape=scrape, timeout=timeout, evaluation="30s")
            with running_prometheus(home) as server:
                time.sleep(settle)
                before = dict(own_metrics(server))
                processes = {"prometheus": server.process_id, "simulator": simulated.process_id}
                samples, costs = growth(
                    lambda: own_total(server, "prometheus_tsdb_head_samples_appended_total"),
                    lambda: measure(processes, seconds),
                )
                return {
                    "endpoints": endpoints,
                    **page_sizes(simulated.secrets),
                    "longest_interval_seconds": longest_interval(server, scrape),
                    "head_series": own_total(server, "prometheus_tsdb_head_series"),
                    "samples_a_second": round(samples),
                    **{f"{process}_{key}": getattr(cost, key) for process, cost in costs.items() for key in COST},
                    **scrapes(server, endpoints, seconds),
                    **_rules(server, before),
                }


def _rules(server: Prometheus, before: dict[str, float]) -> dict[str, object]:
    """One evaluation of all groups in the measured time, each group's last; what was missed then, and since the start.

    Starting is apart: hundreds of thousands of series are new at once.
    """
    now = dict(own_metrics(server))
    last = "prometheus_rule_group_last_duration_seconds"
    durations = {name.split(";")[-1].rstrip('"}'): round(now[name], 3) for name in now if name.startswith(last)}
    took, count = (
        now[name] - before[name] for name in (f"prometheus_rule_group_duration_seconds_{part}" for part in _PARTS)
    )
    return {
        "rules_seconds_mean": round(took / count * len(durations), 3),
        "rules_seconds_last": round(sum(durations.values()), 3),
        "rules_seconds_by_group": durations,
        **lost_evaluations(now, before, _LOST),
    }


_PARTS = ("sum", "count")
_LOST = ("prometheus_rule_group_iterations_missed_total", "prometheus_rule_evaluation_failures_total")


def lost_evaluations(now: dict[str, float], before: dict[str, float], names: tuple[str, str]) -> dict[str, object]:
    """Evaluations missed and failed, in the measured time and since the start."""
    found: dict[str, object] = {}
    for word, name in zip(("missed", "failed"), names, strict=True):
        after, until = (_sum(metrics, name) for metrics in (now, before))
        found |= {f"rules_{word}": after - until, f"rules_{word}_since_start": after}
    return found


def _sum(metrics: dict[str, float], name: str) -> float:
    return sum(value for series, value in metrics.items() if series.split("{")[0] == name)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Each size by itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, nargs="+", default=[500, 1000, 2000])
    parser.add_argument("--settle", type=float, default=100.0)
    parser.add_argument("--measure", type=float, default=120.0)
    parser.add_argument("--scrape", default="30s")
    options = parser.parse_args()
    for endpoints in options.endpoints:
        print(
            json.dumps(run(endpoints, options.settle, options.measure, options.scrape), ensure_ascii=False), flush=True
        )


if __name__ == "__main__":
    main()
