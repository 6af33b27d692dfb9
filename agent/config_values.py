"""Values that several sections of agent.yaml have: paths, durations, addresses, names of labels."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from agent.yamlsource import Findings, Node, Section, read_duration

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def read_path(section: Section, key: str) -> Path | None:
    """The path, which must not depend on where the agent is started; nothing where it is missing or wrong."""
    text = section.text(key)
    if text is None or Path(text).is_absolute():
        return None if text is None else Path(text)
    section.refuse(key, f"`{text}` depends on where the agent is started; expected a path that begins with /")
    return None


def seconds_within(lowest: float, highest: float) -> Callable[[Findings, Node], float | None]:
    """A reader of durations that refuses what lies outside these bounds, in seconds."""

    def read(findings: Findings, node: Node) -> float | None:
        seconds = read_duration(findings, node)
        if seconds is not None and not lowest <= seconds <= highest:
            findings.add(node, f"{seconds:g} s does not fit; expected {lowest:g}s to {highest:g}s")
            return None
        return seconds

    return read


def is_loopback(host: str) -> bool:
    """Whether the host is this computer and cannot be reached from outside."""
    return host in ("localhost", "::1") or host.startswith("127.")


def is_label(name: str) -> bool:
    """Whether every version of Prometheus takes the name for a label of ours; two underscores are its own."""
    return _LABEL.fullmatch(name) is not None and not name.startswith("__")
