"""The committed dashboards, as tests read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.running_agent import ROOT

GRAFANA = ROOT / "deploy" / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
METRIC = re.compile(r"\bendpoint_[a-z_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelQuery:
    """One query of one panel."""

    dashboard: str
    panel: str
    expression: str

    def with_variables(self, instance: str) -> str:
        """As Grafana would ask, with everything chosen and this workstation."""
        values = {"$site": ".*", "$target": ".*", "$instance": instance, "$__rate_interval": "30s"}
        text = self.expression
        for name, value in values.items():
            text = text.replace(name, value)
        return text


def dashboard_documents() -> dict[str, dict[str, object]]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES}


def panels_of(document: dict[str, object]) -> list[dict[str, object]]:
    """Every panel that shows data."""
    panels = document["panels"]
    assert isinstance(panels, list)
    return [panel for panel in panels if panel["type"] != "row"]


def panel_queries() -> Iterator[PanelQuery]:
    for name, document in dashboard_documents().items():
        for panel in panels_of(document):
            targets = panel["targets"]
            assert isinstance(targets, list)
            for target in targets:
                yield PanelQuery(dashboard=name, panel=str(panel["title"]), expression=target["expr"])


def used_metrics() -> set[str]:
    """The agents' metrics that any panel reads; recording rules are not among them."""
    return {name for query in panel_queries() for name in METRIC.findall(re.sub(r"\w+:\w+:\w+", "", query.expression))}
