"""What a fake machine shows, as lines for a file that is compared whole.

To accept a change, run with REWRITE_READINGS=1, then read the difference before committing it.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

HOSTS = Path(__file__).parent
MACHINES = sorted(path.parent.name for path in HOSTS.glob("*/sys"))


def reading_line(metric: str, labels: Mapping[str, str], value: float, suspect: str | None) -> str:
    resource = ", ".join(f"{name}={text}" for name, text in labels.items())
    return f"{metric}{{{resource}}} {value:g}" + (f"  suspect: {suspect}" if suspect else "")


def recorded(machine: str, name: str, found: Iterable[str]) -> str:
    """The recorded file of a machine, which becomes what was found where that is asked for."""
    path = HOSTS / machine / name
    if os.environ.get("REWRITE_READINGS"):
        path.write_text(as_text(found), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def as_text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
