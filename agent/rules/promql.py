"""What a rule judges, as PromQL."""

from __future__ import annotations

import json

from agent.readings import PREFIX, Labels
from agent.rules.rule import Rule


def value_expression(rule: Rule, match: Labels) -> str:
    """PromQL for what the rule judges on resources with these labels: the reading, or a counter's growth.

    Growth is the newest value less the lowest in the window. `increase()` would stretch what it saw to the whole
    window, which makes 1.2 drops out of one.
    """
    series = f"{PREFIX}{rule.reading}{selector(match)}"
    if rule.increase_over_seconds is None:
        return series
    return f"({series} - min_over_time({series}[{duration(rule.increase_over_seconds)}]))"


def selector(labels: Labels) -> str:
    """Labels as PromQL selects them: `{component="cpu"}`; nothing without labels."""
    pairs = ",".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels)
    return f"{{{pairs}}}" if pairs else ""


def duration(seconds: float) -> str:
    """Seconds as Prometheus writes them, in whole milliseconds: `90s`, `1500ms`."""
    milliseconds = round(seconds * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"
