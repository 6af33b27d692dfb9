"""Writes the dashboards as JSON: `python deploy/grafana/generate.py [FOLDER]`, by default into dashboards/ beside it.

Needs the dependency group `grafana`. The JSON is committed, so that who installs it needs nothing of this.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from network import network
from overview import overview
from workstation import workstation


def main() -> None:
    """One file for each dashboard, named by its uid."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "dashboards"
    for dashboard in (overview(), workstation(), network()):
        _write(dashboard, folder)


def _write(dashboard: Dashboard, folder: Path) -> None:
    built = dashboard.build()
    text = json.dumps(built, cls=JSONEncoder, indent=1, ensure_ascii=False, sort_keys=True)
    (folder / f"{built.uid}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
