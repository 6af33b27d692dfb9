"""The metrics page: the last update as Prometheus reads it.

`publish` keeps an update and nothing else; `render` turns it into text when somebody asks. A page is made once per
update and format, so further scrapes of the same cycle cost nothing, and no scrape ever reads hardware.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from agent.alerts.alert import Update
from agent.outputs.exposition import Encoder, Page, Series
from agent.outputs.selfmetrics import AGENT_INFO, MACHINE_INFO, RULES_INFO, Witness, self_series
from agent.readings import Labels, MetricSpec, ProbeStatus

DIGEST_LENGTH = 12
"""Hexadecimal digits of the rules' digest that are shown: enough to tell the rule versions of one fleet apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cycle:
    update: Update
    last_success: Mapping[str, float]
    pages: dict[bool, Page] = field(default_factory=dict)


class MetricsOutput:
    """Serves the last update as text in Prometheus' or OpenMetrics' format.

    `labels` stand on `endpoint_agent_info` only. `clause_status` answers 0 normal, 1 warning, 2 critical, 3 unknown by
    clause; `witness` answers how many entries the journal has and the hash of its last; `machine` names maker and
    model; `digest` answers the SHA-256 of the rules in force; `more` are series of another output.

    Raises:
        ValueError: a label's name is not one that every version of Prometheus accepts.
    """

    name = "metrics"

    def __init__(  # noqa: PLR0913  # each is one thing that the page tells
        self,
        catalogue: Mapping[str, MetricSpec],
        labels: Mapping[str, str],
        version: str,
        *,
        clause_status: Callable[[Update], Mapping[str, int]],
        witness: Witness | None = None,
        machine: Labels = (),
        digest: Callable[[], str] | None = None,
        more: Callable[[], Iterable[Series]] | None = None,
    ) -> None:
        for label in labels:
            if not (label.isascii() and label.isidentifier()) or label.startswith("__") or label == "version":
                raise ValueError(f"label name {label!r} cannot be used; expected letters, digits and _, not 'version'")
        self._catalogue = catalogue
        self._info: Series = (AGENT_INFO, (("version", version), *labels.items()), 1)
        self._machine = machine
        self._digest = digest
        self._more = more
        self._clause_status = clause_status
        self._witness = witness
        self._encoder = Encoder()
        self._cycle: _Cycle | None = None
        self._last_success: dict[str, float] = {}

    def publish(self, update: Update) -> None:
        """Keep this update for the scrapes to come."""
        successes = {
            result.probe: result.started_at.timestamp()
            for result in update.snapshot.results.values()
            if result.status is ProbeStatus.SUCCESS
        }
        self._last_success = {**self._last_success, **successes}
        self._cycle = _Cycle(update=update, last_success=self._last_success)

    def render(self, accept: str | None) -> Page:
        """The page in the format that an Accept header asks for; from one thread. No series before the first cycle."""
        cycle = self._cycle
        in_openmetrics = accepts_openmetrics(accept)
        if cycle is None:
            return Encoder().page((), in_openmetrics=in_openmetrics)
        page = cycle.pages.get(in_openmetrics)
        if page is None:
            page = self._encoder.page(self._series(cycle), in_openmetrics=in_openmetrics)
            cycle.pages[in_openmetrics] = page
        return page

    def series(self) -> Iterator[Series]:
        """The series of the last update; none before the first."""
        return self._series(self._cycle) if self._cycle is not None else iter(())

    def close(self) -> None:
        """Nothing is under way."""

    def _series(self, cycle: _Cycle) -> Iterator[Series]:
        yield self._info
        if self._machine:
            yield MACHINE_INFO, self._machine, 1
        if self._digest:
            yield RULES_INFO, (("digest", self._digest()[:DIGEST_LENGTH]),), 1
        yield from self_series(
            cycle.update,
            last_success=cycle.last_success,
            clause_status=self._clause_status(cycle.update),
            witness=self._witness() if self._witness else None,
        )
        if self._more:
            yield from self._more()
        for reading in cycle.update.snapshot.readings():
            spec = self._catalogue.get(reading.metric)
            if spec is not None and reading.suspect is None:
                yield spec, reading.labels, reading.value


def accepts_openmetrics(accept: str | None) -> bool:
    """Whether an Accept header lists OpenMetrics 1.0.

    The library's own choice is not used: it raises on a version that is not a number and echoes any version back.
    """
    for entry in (accept or "").lower().split(","):
        media_type, *parameters = (part.strip() for part in entry.split(";"))
        if media_type == "application/openmetrics-text":
            versions = [part.removeprefix("version=") for part in parameters if part.startswith("version=")]
            if not versions or versions == ["1.0.0"]:
                return True
    return False
