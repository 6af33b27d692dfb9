"""A typical workstation under each condition of the simulated fleet: the pages that a real agent writes for it.

The agent itself runs, with the shipped rules, on a copy of the fake machine `thinkpad-laptop` and a clock that is set
forward cycle by cycle, until its alerts have fired. `fleet_office` adds what a captured machine cannot have.
"""

from __future__ import annotations

import io
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from agent.clock import ClockWatch
from agent.config import Config, load_config
from agent.looking import CATALOGUE, PROVIDERS, configured_probes, host_at
from agent.outputs.log import LogOutput
from agent.probes import PROBES
from agent.probes.hostfs import HostFs
from agent.probes.probe import Context, Sampler
from agent.probes.runner import Runner
from agent.rulebook import load_rulebook
from agent.service import Agent
from agent.stages import Orders
from tests.benchmarks.fleet_office import COMPANION, in_the_office
from tests.running_agent import copy_of_host

MACHINE = "thinkpad-laptop"
CYCLES = 120
"""Ten minutes at 5 s: the longest wait of a shipped rule that fires here is the five minutes of `probe-failing`."""
CYCLE_SECONDS = 5.0
JOURNAL = (1200, "5f" * 32)
"""Entries and head: of a captured machine nothing is recorded, so they are given; the fleet's motion changes them."""
BROKEN_PROBE = "power"
TOO_HOT = "97000\n"
"""Millidegrees, 3 °C below the processor's limit."""

AGENT_YAML = """\
labels: {{seat: "4-12"}}
data_dir: {folder}/state
rules_dir: {folder}/rules.d
local: {{socket: {folder}/agent.sock}}
"""
WRONG_RULES = "rules:\n  - {name: memory-low, warning: {below: 0.9, clear: 0.95, for: 0s}}\n"
"""A site's override with a slip in its number: every workstation has too little memory."""


class Condition(Enum):
    """How a workstation of the fleet is."""

    WELL = "well"
    OVERHEATING = "overheating"
    SERVER_LOST = "server lost"
    PROBE_BROKEN = "probe broken"
    RULES_WRONG = "rules wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """One page of one agent in both formats."""

    plain: str
    openmetrics: str


def workstation_pages(condition: Condition) -> Pages:
    """What the agent serves after ten minutes in this condition; takes about a second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = copy_of_host(MACHINE, folder)
        if condition is Condition.OVERHEATING:
            _heat(tree)
        if condition is Condition.RULES_WRONG:
            (folder / "rules.d").mkdir()
            (folder / "rules.d" / "site.yaml").write_text(WRONG_RULES, encoding="utf-8")
        agent, pass_time = _agent(tree, folder, condition)
        for _ in range(CYCLES):
            _work(tree)
            pass_time()
            agent._runner.forget()  # every probe is due: less time passes here than for the agent
            agent.cycle()
        plain, openmetrics = (agent._metrics.render(accept)[0] for accept in (None, "application/openmetrics-text"))
        agent._publisher.close()
        agent._runner.close()
        agent._bell.close()
    return Pages(plain=plain.decode(), openmetrics=openmetrics.decode())


def _agent(tree: Path, folder: Path, condition: Condition) -> tuple[Agent, Callable[[], None]]:
    """An agent that is never started, and what lets the time of one cycle pass for it."""
    (folder / "agent.yaml").write_text(AGENT_YAML.format(folder=folder), encoding="utf-8")
    config = load_config(folder / "agent.yaml")
    rulebook = load_rulebook(config, CATALOGUE, PROVIDERS)
    host = host_at(str(tree / "sys"), str(tree / "proc"))
    log = LogOutput("en", io.StringIO())
    agent = Agent(Orders(config=config, rulebook=rulebook, read_rules=lambda: rulebook, host=host, log=log))
    agent._runner.close()
    agent._runner = _runner(config, host, condition)
    agent._metrics._witness = lambda: JOURNAL
    agent._desk.sessions.hear("operator", COMPANION, time.monotonic())
    awake = [1000.0]
    agent._clock = ClockWatch(*(lambda: awake[0],) * 3)

    def pass_time() -> None:
        awake[0] += CYCLE_SECONDS

    return agent, pass_time


def _runner(config: Config, host: HostFs, condition: Condition) -> Runner:
    specs = [
        in_the_office(spec, loses_server=condition is Condition.SERVER_LOST)
        for spec in configured_probes(config, PROBES)
    ]
    if condition is Condition.PROBE_BROKEN:
        specs = [replace(spec, open=_breaks) if spec.name == BROKEN_PROBE else spec for spec in specs]
    return Runner(specs, Context(host=host))


def _breaks(_context: Context) -> Sampler:
    raise OSError("the driver of a new version answers with an error")


def _heat(tree: Path) -> None:
    """Every sensor of the processor, near its limit."""
    for path in (tree / "sys/devices/platform/coretemp.0/hwmon").glob("*/temp*_input"):
        path.write_text(TOO_HOT)


def _work(tree: Path) -> None:
    """Let the processors and the disk have done something since the last cycle, or their shares have no reading."""
    for path, line in ((tree / "proc/stat", r"cpu +"), (tree / "proc/diskstats", r" +259 +0 nvme0n1 ")):
        text = path.read_text()
        found = re.search(rf"^{line}(\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", text, re.MULTILINE)
        assert found is not None, path
        grown = " ".join(str(int(number) + 100) for number in found.groups())
        path.write_text(text[: found.start(1)] + grown + text[found.end(7) :])
