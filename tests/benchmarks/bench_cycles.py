"""How long one full cycle takes, how many series it exports, and whether memory stays flat; prints a JSON line each.

Run: python tests/benchmarks/bench_cycles.py [--cycles 10000]

Cycles follow each other without a pause and every probe is made due in each, which no real cycle does: so a cycle here
is the dearest one. This machine is recorded (state and journal in a folder that is thrown away); of the fake machines
nothing is. Nothing is pinged: `peers.py` measures that.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import logging
import statistics
import sys
import tempfile
import time
from array import array
from collections.abc import MutableSequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.config import load_config
from agent.looking import CATALOGUE, PROVIDERS, host_at
from agent.outputs.log import LogOutput
from agent.outputs.selfmetrics import resident_memory_bytes
from agent.rulebook import load_rulebook
from agent.service import Agent
from agent.stages import Orders

HOSTS = Path(__file__).parents[1] / "hosts"
WARM_UP_CYCLES = 500
"""Not counted: windows fill, caches settle, the allocator takes its arenas."""

AGENT_YAML = """\
language: en
data_dir: {folder}
rules_dir: {folder}/rules.d
local: {{socket: {folder}/agent.sock}}
probes: {{ping: {{enabled: false}}}}
"""


def build(folder: Path, machine: str | None) -> Agent:
    """An agent of this machine, or of a fake one, that is never started: its cycles are called."""
    config_path = folder / "agent.yaml"
    config_path.write_text(AGENT_YAML.format(folder=folder), encoding="utf-8")
    config = load_config(config_path)
    rulebook = load_rulebook(config, CATALOGUE, PROVIDERS)
    host = host_at(*((str(HOSTS / machine / part) for part in ("sys", "proc")) if machine else (None, None)))
    log = LogOutput("en", io.StringIO())
    return Agent(Orders(config=config, rulebook=rulebook, read_rules=lambda: rulebook, host=host, log=log))


def run(agent: Agent, durations: MutableSequence[float] | memoryview) -> None:
    """One cycle for each place in `durations`, which takes its seconds."""
    for index in range(len(durations)):
        agent._runner.forget()
        begun = time.perf_counter()
        agent.cycle()
        durations[index] = time.perf_counter() - begun


def measure(name: str, machine: str | None, cycles: int) -> dict[str, object]:
    """Run the cycles; times in milliseconds, memory in MiB from the first counted cycle to the last."""
    with tempfile.TemporaryDirectory() as folder:
        agent = build(Path(folder), machine)
        gc.collect()
        gc.freeze()  # as `run` does
        durations = array("d", bytes(8 * cycles))  # as large at the start as at the end, or it would count as growth
        run(agent, array("d", bytes(8 * WARM_UP_CYCLES)))
        quarters = [resident_memory_bytes() or 0]
        for part in range(4):
            run(agent, memoryview(durations)[part * cycles // 4 : (part + 1) * cycles // 4])
            quarters.append(resident_memory_bytes() or 0)
        body, _ = agent._metrics.render(None)
        agent._publisher.close()
        agent._runner.close()
    return {
        "machine": name,
        "cycles": cycles,
        "cycle_ms_median": round(statistics.median(durations) * 1000, 2),
        "cycle_ms_99_percent": round(statistics.quantiles(durations, n=100)[98] * 1000, 2),
        "series": sum(1 for line in body.splitlines() if not line.startswith(b"#")),
        "resident_mib_at_quarters": [round(size / 2**20, 1) for size in quarters],
    }


def main() -> None:
    """Measure this machine, then every fake one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=10_000)
    cycles = parser.parse_args().cycles
    logging.disable(logging.CRITICAL)
    print(json.dumps(measure("this machine", None, cycles)))
    for path in sorted(HOSTS.glob("*/sys")):
        print(json.dumps(measure(path.parent.name, path.parent.name, max(100, cycles // 20))))


if __name__ == "__main__":
    main()
