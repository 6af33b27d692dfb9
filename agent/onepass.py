"""One pre-operation pass: a few looks a second apart, and what held through all of them.

A single look would take a spike for a fault, and `for` would need minutes: so a breach counts here when it was seen at
every look that could tell, and windows (loss, growth, stalled fans) are filled by a burst of samples.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from agent.alerts.store import read_facts
from agent.config import Config
from agent.database import DatabaseDamaged, DatabaseTooNew, DatabaseUnavailable, open_reader
from agent.inventory import Inventory, observe
from agent.looking import looking
from agent.memory import DATABASE
from agent.probes.hostfs import HostFs
from agent.readings import Labels, Snapshot
from agent.rulebook import Rulebook
from agent.rules.evaluate import evaluate
from agent.rules.growth import Growth
from agent.rules.rule import Outcome, Severity, Verdict

LOOKS = 5
"""A stalled fan needs three looks at 0 rpm and a growth two; five also outlast a spike."""

PAUSE_SECONDS = 1.0
"""Between looks: five of them take four seconds, in which a burst of pings gives about forty answers."""

_Key = tuple[str, Severity, Labels]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What the pass found: the last snapshot, and one verdict per rule, level and resource."""

    snapshot: Snapshot
    verdicts: tuple[Verdict, ...]


def one_pass(config: Config, rulebook: Rulebook, host: HostFs, progress: Callable[[int, int], None]) -> Pass:
    """Look a few times and judge; takes about five seconds, and a hung probe its deadline more.

    `progress` is told the looks done and the looks in all.
    """
    growth = Growth(rulebook.compiled.windows)
    inventory = Inventory(rulebook.catalogue)
    looks: list[tuple[Verdict, ...]] = []
    with looking(config, host, {} if host.is_redirected else learnt_facts(config)) as look:
        for index in range(LOOKS):
            progress(index, LOOKS)
            snapshot = look(PAUSE_SECONDS if index else 0.0)
            inventory.learn(snapshot)
            about = observe(snapshot, inventory)
            snapshot = replace(snapshot, results={**snapshot.results, about.probe: about})
            growth.observe(snapshot, time.monotonic())
            looks.append(evaluate(rulebook.compiled, snapshot, inventory.known(), growth))
    progress(LOOKS, LOOKS)
    return Pass(snapshot=snapshot, verdicts=tuple(held_through(looks)))


def held_through(looks: Sequence[Iterable[Verdict]]) -> Iterable[Verdict]:
    """The last look's verdicts; a breach is one only if every look that could tell saw it."""
    spared: set[_Key] = {_key(verdict) for look in looks for verdict in look if verdict.outcome is Outcome.OK}
    for verdict in looks[-1]:
        if verdict.outcome is Outcome.BREACH and _key(verdict) in spared:
            yield replace(verdict, outcome=Outcome.OK)
        else:
            yield verdict


def learnt_facts(config: Config) -> Mapping[str, frozenset[str]]:
    """What the running agent's probes learnt, where its file may be read; nothing otherwise."""
    try:
        connection = open_reader(str(config.data_dir / DATABASE))
    except (DatabaseUnavailable, DatabaseDamaged, DatabaseTooNew):
        return {}
    try:
        return read_facts(connection)
    except sqlite3.Error:
        return {}
    finally:
        connection.close()


def _key(verdict: Verdict) -> _Key:
    return (verdict.rule, verdict.severity, verdict.resource)
