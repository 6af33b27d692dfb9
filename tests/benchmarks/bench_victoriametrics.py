"""What Debian's VictoriaMetrics and vmalert need for the fleet of `bench_fleet.py`; prints a JSON line.

Run: python tests/benchmarks/bench_victoriametrics.py [--endpoints 2000] [--settle 130] [--measure 120]

The configuration is deploy/victoriametrics over deploy/prometheus, changed as there. A real Alertmanager takes the
alerts: vmalert does not start without one. Answers leave out the newest 30 s (latencyOffset), so findings come later.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.bench_fleet import COST, growth, lost_evaluations, measure, scrapes
from tests.benchmarks.fleet_plan import PORT
from tests.benchmarks.fleet_servers import (
    own_metrics,
    own_total,
    shorten_findings,
    simulated_fleet,
    victoria_metrics,
    vmalert,
)
from tests.deploy.servers import Prometheus, WebHook, alertmanager, prometheus_folder


def run(endpoints: int, settle: float, seconds: float) -> dict[str, object]:
    """One size; nobody listens where the messages go."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with simulated_fleet(folder, endpoints, PORT) as simulated, alertmanager(folder, WebHook(port=9)) as port:
            home = prometheus_folder(folder, simulated.targets, port, simulated.secrets)
            shorten_findings(home)
            with victoria_metrics(home) as server, vmalert(home, server, port) as rules:
                time.sleep(settle)
                before = dict(own_metrics(rules))
                processes = {"victoria_metrics": server.process_id, "vmalert": rules.process_id}
                samples, costs = growth(
                    lambda: own_total(server, "vm_rows_inserted_total"), lambda: measure(processes, seconds)
                )
                return {
                    "endpoints": endpoints,
                    "samples_a_second": round(samples),
                    **{f"{process}_{key}": getattr(cost, key) for process, cost in costs.items() for key in COST},
                    **scrapes(server, endpoints, seconds),
                    **_rules(rules, before),
                }


def _rules(server: Prometheus, before: dict[str, float]) -> dict[str, object]:
    """One evaluation of each group in the measured time, as the mean; what was missed then, and since the start."""
    now = dict(own_metrics(server))
    name = "vmalert_iteration_duration_seconds"
    took, count = (
        {series.split('"')[1]: now[series] - before.get(series, 0.0) for series in now if series.startswith(part)}
        for part in (f"{name}_sum", f"{name}_count")
    )
    durations = {group: round(took[group] / count[group], 3) for group in took}
    return {
        "rules_seconds_mean": round(sum(durations.values()), 3),
        "rules_seconds_by_group": durations,
        **lost_evaluations(now, before, ("vmalert_iteration_missed_total", "vmalert_execution_errors_total")),
    }


def main() -> None:
    """One size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=2000)
    parser.add_argument("--settle", type=float, default=130.0)
    parser.add_argument("--measure", type=float, default=120.0)
    options = parser.parse_args()
    print(json.dumps(run(options.endpoints, options.settle, options.measure), ensure_ascii=False))


if __name__ == "__main__":
    main()
