"""For whom words are written: the one value that everything shown to people is made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.readings import MetricSpec
from agent.rules.texts import IT_DEPARTMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads: in which language (zh or en), about which readings, and whom they call; the last may be empty."""

    catalogue: Mapping[str, MetricSpec]
    language: str
    it_contact: str = ""

    @property
    def contact(self) -> str:
        """Whom to call, in words that always name somebody."""
        return self.it_contact or IT_DEPARTMENT[self.language]
