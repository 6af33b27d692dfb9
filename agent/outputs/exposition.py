"""Series as text in Prometheus' and OpenMetrics' formats, written by prometheus_client.

Its encoders take 2.5 ms for 250 series, nearly all of it for names and labels that are the same in every cycle. So
each series is given to the encoder once, and the start of its line is kept for as long as the series is there; only
the value is written anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agent.outputs.encoders import (
    CONTENT_TYPE_PLAIN_0_0_4,
    Metric,
    Sample,
    floatToGoString,
    generate_latest,
    openmetrics,
)
from agent.readings import PREFIX, Labels, MetricKind, MetricSpec

Series = tuple[MetricSpec, Labels, float]
Page = tuple[bytes, str]
"""The body and its content type."""

_openmetrics_text: Callable[[_Family], bytes] = openmetrics.generate_latest
_value_text: Callable[[float], str] = floatToGoString
"""The library leaves these two without types."""


@dataclass(frozen=True, slots=True)
class _Family:
    """What an encoder asks for its metrics: one family."""

    metric: Metric

    def collect(self) -> list[Metric]:
        return [self.metric]


class Encoder:
    """Writes pages; not to be used by two threads at once."""

    def __init__(self) -> None:
        self._line_starts: dict[tuple[str, Labels], str] = {}
        self._heads: dict[tuple[str, bool], str] = {}

    def page(self, series: Iterable[Series], *, in_openmetrics: bool) -> Page:
        """All series, family by family. What is not a number has no line, and a repeated series only its first."""
        families: dict[str, list[str]] = {}
        line_starts: dict[tuple[str, Labels], str] = {}
        for spec, labels, value in series:
            key = (spec.name, labels)
            if key in line_starts or not math.isfinite(value):  # the scraper would refuse the page, or believe it
                continue
            start = line_starts[key] = self._line_starts.get(key) or _line_start(spec, labels)
            lines = families.get(spec.name)
            if lines is None:
                lines = families[spec.name] = [self._head(spec, in_openmetrics=in_openmetrics)]
            lines.append(f"{start}{_value_text(value)}\n")
        self._line_starts = line_starts
        text = "".join("".join(lines) for lines in families.values())
        if in_openmetrics:
            return f"{text}# EOF\n".encode(), openmetrics.CONTENT_TYPE_LATEST
        return text.encode(), CONTENT_TYPE_PLAIN_0_0_4

    def _head(self, spec: MetricSpec, *, in_openmetrics: bool) -> str:
        key = (spec.name, in_openmetrics)
        if key not in self._heads:
            self._heads[key] = _head(spec, in_openmetrics=in_openmetrics)
        return self._heads[key]


def _head(spec: MetricSpec, *, in_openmetrics: bool) -> str:
    family = _Family(_metric(spec))
    text = _openmetrics_text(family) if in_openmetrics else generate_latest(family)
    return text.decode().removesuffix("# EOF\n")


def _line_start(spec: MetricSpec, labels: Labels) -> str:
    metric = _metric(spec)
    metric.samples.append(Sample(PREFIX + spec.name, {name: encodable(value) for name, value in labels}, 0))
    line = generate_latest(_Family(metric)).decode().rstrip("\n").rpartition("\n")[2]
    return line.removesuffix(_value_text(0))


def _metric(spec: MetricSpec) -> Metric:
    name = PREFIX + spec.name
    if spec.kind is MetricKind.COUNTER:
        name = name.removesuffix("_total")  # the encoders put it back where the format wants it
    described = spec.help.rstrip(".")
    return Metric(name, f"{described} (source: {spec.source})" if spec.source else described, spec.kind.value)


def encodable(value: str) -> str:
    """The value without lone surrogates: a mount point's name may be bytes that are no UTF-8."""
    return value.encode("utf-8", "replace").decode("utf-8")
