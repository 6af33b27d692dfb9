"""How much of the operation record is kept, as agent.yaml says under `journal`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from agent.yamlsource import Findings, Node, Section, read_duration, read_whole

_DAY_SECONDS = 86_400
_DAYS = (30, 3650)
"""A month's report must be whole; beyond ten years a record belongs in an archive (`journal export`)."""
_MEGABYTES = (10, 10_000)
"""Ten hold some 13 000 entries, two months of an ordinary workstation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLimits:
    """Entries older than `days`, and the oldest beyond `megabytes` (of 10^6 bytes), are dropped once a day."""

    days: int = 730
    megabytes: int = 100


def read_journal(top: Section) -> JournalLimits:
    """The section `journal`; what is missing there keeps its default."""
    section, default = top.section("journal", ("keep", "megabytes")), JournalLimits()
    if section is None:
        return default
    lowest, highest = _MEGABYTES
    return JournalLimits(
        days=section.read("keep", _days) or default.days,
        megabytes=section.read("megabytes", partial(read_whole, lowest=lowest, highest=highest)) or default.megabytes,
    )


def _days(findings: Findings, node: Node) -> int | None:
    seconds = read_duration(findings, node)
    if seconds is None:
        return None
    days, rest = divmod(seconds, _DAY_SECONDS)
    lowest, highest = _DAYS
    if rest or not lowest <= days <= highest:
        findings.add(
            node, f"{seconds / _DAY_SECONDS:g} days do not fit; expected whole days from {lowest}d to {highest}d"
        )
        return None
    return int(days)
