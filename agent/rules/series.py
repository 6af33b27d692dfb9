"""promtool's series notation, read into one look after another.

`a+bxn` is a, a+b, … a+n·b: n+1 looks; `axn` is n+1 looks of the same; `_` is a look without a reading, `_xn` are n of
them; `stale` says that the resource was unplugged. Ours besides: `suspect`, `failed`, `timed_out` and `unsupported`,
each with or without `xn`, are looks at a reading that is not trusted, and at a probe that did not answer.

Source: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/ (Series).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum

from agent.readings import Labels, MetricSpec

MOST_LOOKS = 100_000
"""Six days at a 5 s cycle; more in one word is a slip of the finger."""


class Missing(Enum):
    """A look that gives no trusted value."""

    NOT_READ = "_"
    """The probe works and could not read this one."""
    STALE = "stale"
    """The resource was unplugged."""
    SUSPECT = "suspect"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    UNSUPPORTED = "unsupported"


Look = float | Missing

_FLOAT = r"[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_WORD = re.compile(rf"(-?{_FLOAT})(?:([-+])({_FLOAT}))?(?:x([0-9]{{1,6}}))?")
_MISSING = re.compile(r"(_|stale|suspect|failed|timed_out|unsupported)(?:x([0-9]{1,6}))?")
_SERIES = re.compile(r"([a-z][a-z0-9_]*)(?:\{(.*)\})?")
_LABEL = re.compile(r'\s*([a-z_][a-z0-9_]*)\s*=\s*"((?:[^"\\]|\\["\\])*)"\s*(?:,|$)')


def parse_values(text: str) -> list[Look] | str:
    """The looks, or what is wrong with the text."""
    looks: list[Look] = []
    for word in text.split():
        part = _looks(word)
        if part is None:
            return f"`{word}` is not in the series notation; expected the like of 45x10, 20+5x6, _x3 or stale"
        looks.extend(part)
        if len(looks) > MOST_LOOKS:
            return f"more than {MOST_LOOKS} values; expected fewer"
    return looks


def parse_series(text: str, catalogue: Mapping[str, MetricSpec]) -> tuple[str, Labels] | str:
    """The metric and its labels in the order of the declaration, or what is wrong with the text."""
    found = _SERIES.fullmatch(text.strip())
    if found is None:
        return f'`{text}` is not a series; expected the like of fan_stalled{{chip="nct6775", fan="fan1"}}'
    spec = catalogue.get(found[1])
    if spec is None:
        return f"no probe gives the reading `{found[1]}`"
    labels = _labels(found[2] or "")
    if labels is None:
        return f'`{{{found[2]}}}` are not labels; expected name="value", …'
    if set(labels) != set(spec.labels):
        return f"{spec.name} has the labels {', '.join(spec.labels) or 'none'}; expected each of them once"
    return spec.name, tuple((name, labels[name]) for name in spec.labels)


def _looks(word: str) -> Iterator[Look] | list[Look] | None:
    if found := _MISSING.fullmatch(word):
        return [Missing(found[1])] * int(found[2] or 1)
    found = _WORD.fullmatch(word)
    if found is None or (found[2] and not found[4]) or int(found[4] or 0) > MOST_LOOKS:
        return None
    first = float(found[1])
    step = float(found[3] or 0) * (-1 if found[2] == "-" else 1)
    return (first + step * index for index in range(int(found[4] or 0) + 1))


def _labels(text: str) -> dict[str, str] | None:
    labels: dict[str, str] = {}
    at = 0
    while at < len(text.rstrip()):
        found = _LABEL.match(text, at)
        if found is None or found[1] in labels:
            return None
        labels[found[1]] = re.sub(r"\\(.)", r"\1", found[2])
        at = found.end()
    return labels
