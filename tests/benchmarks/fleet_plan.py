"""Who is who in the simulated fleet: sites, models, versions, and what is wrong with whom.

Everything follows from a workstation's number, so that a test can say which findings must come, and which must not:
one site has lost its server, one model is too hot at every site and no site as a whole, one probe fails with the new
version; some are switched off, some have an agent that has stopped, and one pilot group has wrong rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import yaml

from agent.version import VERSION
from tests.benchmarks.fleet_workstation import Condition

PORT = 9847
SITES = ("上海", "北京", "广州", "武汉", "成都", "西安", "长沙", "杭州", "南京", "青岛")
MODELS = (("LENOVO", "ThinkPad T14 Gen 3"), ("Dell Inc.", "OptiPlex 7010"), ("HP", "ProDesk 400 G9"))
NEW_VERSION = "9.9.9"
LOST_SITE, PILOT_SITE = 3, 5
FINDINGS = ("fleet-model-overheating", "fleet-probe-broken", "fleet-server-lost")
"""Raised once each, and no other of the fleet: `fleet-rules-wrong` asks for days of history, which no short run has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstation:
    """One simulated workstation. `is_off`: nothing answers; `is_stopped`: the machine refuses the connection."""

    number: int
    site: str
    vendor: str
    model: str
    version: str
    condition: Condition
    is_off: bool
    is_stopped: bool

    @property
    def address(self) -> str:
        """One of its own, as every workstation has: on Linux all of 127.0.0.0/8 is this computer."""
        return f"127.1.{self.number // 250}.{self.number % 250 + 1}"

    @property
    def instance(self) -> str:
        return f"ws-{self.number:05d}"


def fleet(count: int) -> tuple[Workstation, ...]:
    """The first workstations of the fleet; of 100 on every finding has its three machines."""
    return tuple(_workstation(number) for number in range(count))


def answering(workstations: Iterable[Workstation]) -> tuple[Workstation, ...]:
    """Those that can be scraped."""
    return tuple(one for one in workstations if not one.is_off and not one.is_stopped)


def discovery(workstations: Iterable[Workstation], port: int = PORT) -> str:
    """A file for Prometheus' file discovery."""
    groups = [
        {"targets": [f"{one.address}:{port}"], "labels": {"site": one.site, "instance": one.instance}}
        for one in workstations
    ]
    return yaml.safe_dump(groups, allow_unicode=True)


def _workstation(number: int) -> Workstation:
    seat, site = divmod(number, len(SITES))
    vendor, model = MODELS[seat % len(MODELS)]
    is_new = seat % 5 == 1
    return Workstation(
        number=number,
        site=SITES[site],
        vendor=vendor,
        model=model,
        version=NEW_VERSION if is_new else VERSION,
        condition=_condition(seat, site, is_new=is_new),
        is_off=seat % 20 == 7,
        is_stopped=seat % 50 == 4,
    )


def _condition(seat: int, site: int, *, is_new: bool) -> Condition:
    if site == LOST_SITE and seat % 5 != 2:
        return Condition.SERVER_LOST
    if seat % 9 == 0:  # a third of the first model, a ninth of every site
        return Condition.OVERHEATING
    if is_new and seat % 2 == 1:
        return Condition.PROBE_BROKEN
    if site == PILOT_SITE and seat % 4 == 3:
        return Condition.RULES_WRONG
    return Condition.WELL
