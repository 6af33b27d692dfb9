"""Ping: round trip, jitter and loss to the gateway and the configured hosts, and where a network fault lies.

A thread of its own probes once a second and keeps the windows; `sample` only writes down what is known. A probe is
lost when it is not answered within one second. What cannot be measured (no permission, a filter) has no reading.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.probes.network_fault import PLACES, Finding, Path, Seen, gateway_works, locate
from agent.probes.ping_socket import PAYLOAD_BYTES
from agent.probes.ping_target import TargetReport
from agent.probes.ping_thread import NetworkReport, PingThread
from agent.probes.probe import Context, ProbeSpec, Sample, Unsupported
from agent.readings import Labels, MetricKind, MetricSpec, Reading

UNDECIDED_HOLD_SECONDS = 30.0
"""A finding stands this long while new evidence is gathered; a few lost packets must not end and restart an alert."""

_LABELS = ("target", "role")
_ECHO = f"ICMP echo, {PAYLOAD_BYTES} bytes, at 1 Hz (RFC 792, RFC 4443); TCP connect where echo is filtered"


def _spec(  # the fields of a MetricSpec, with this probe's defaults
    name: str,
    text: str,
    source: str = _ECHO,
    *,
    kind: MetricKind = MetricKind.GAUGE,
    highest: float | None = None,
    labels: tuple[str, ...] = _LABELS,
) -> MetricSpec:
    return MetricSpec(
        name=name, help=text, source=source, labels=labels, kind=kind, lowest=0, highest=highest, removable=True
    )


METRICS = (
    _spec("ping_round_trip_seconds", "Median round trip of the answers among the last 10 probes.", highest=1),
    _spec("ping_jitter_seconds", "Jitter by the filter of RFC 3550 A.8, fed with round-trip differences.", highest=1),
    _spec("ping_loss_ratio", "Share of the last 300 probes not answered within 1 s; from 20 probes on.", highest=1),
    _spec("ping_loss_ratio_lower_bound", "Lower 95 % Wilson bound of the loss; 0 below two losses.", highest=1),
    _spec("ping_loss_ratio_upper_bound", "Upper 95 % Wilson bound of the loss.", highest=1),
    _spec("ping_reachable", "Whether the host was heard lately; 0 after 8 unanswered echoes in a row.", highest=1),
    _spec(
        "ping_connect_seconds", "Time the last TCP connection took; absent when it failed.", "TCP connect", highest=1
    ),
    _spec(
        "ping_service_reachable",
        "Whether the TCP port takes connections; 0 after 2 failures.",
        "TCP connect",
        highest=1,
    ),
    _spec("ping_late_replies_total", "Echo replies after more than 1 s, counted as lost.", kind=MetricKind.COUNTER),
    _spec("ping_duplicate_replies_total", "Echo replies to a probe already answered.", kind=MetricKind.COUNTER),
    _spec("ping_name_resolved", "Whether the configured name has an address.", "getaddrinfo(3)", highest=1),
    _spec(
        "network_fault",
        "1 for the place where the network fault lies; all 0 when there is none.",
        "carrier, default route, neighbour table, echo and TCP answers, ICMP errors",
        labels=("place",),
        highest=1,
    ),
)


class PingSampler:
    """The open probe."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._thread = self._start()
        self._labels: dict[tuple[str, str], Labels] = {}
        self._finding = Finding.UNDECIDED
        self._found_at = 0.0

    def sample(self) -> Sample:
        """What is known of every target now.

        Raises:
            Unsupported: nothing at all may be probed here.
            RuntimeError: the thread ended by a fault of its own; another one is started.
        """
        if not self._thread.is_alive:
            self._thread = self._start()
            raise RuntimeError("the ping thread had ended; it was started again")
        report = self._thread.report()
        readings = tuple(self._readings(report))
        errors = report.errors + tuple(self._errors(report))
        if not readings and errors and not any(map(_is_measured, _targets(report))):
            raise Unsupported("; ".join(errors))
        return Sample(readings=readings, errors=errors)

    def close(self) -> None:
        """End the thread."""
        self._thread.close()

    def _start(self) -> PingThread:
        context = self._context
        return PingThread(context.targets, context.host, context.now, burst=context.burst)

    def _readings(self, report: NetworkReport) -> Iterator[Reading]:
        for target in report.targets:
            yield from self._target_readings(target, reachable=_REACHABLE.get(target.seen), says_loss=True)
        if report.gateway is not None:
            yield from self._target_readings(
                report.gateway, reachable=_gateway_reachable(report), says_loss=not _is_deaf_gateway(report)
            )
        yield from self._fault_readings(report)

    def _target_readings(self, target: TargetReport, *, reachable: bool | None, says_loss: bool) -> Iterator[Reading]:
        key = (target.name, target.role)
        labels = self._labels.get(key) or self._labels.setdefault(key, tuple(zip(_LABELS, key, strict=True)))
        loss = target.loss if says_loss else None
        values = (
            ("ping_round_trip_seconds", target.round_trip_seconds),
            ("ping_jitter_seconds", target.jitter_seconds if target.round_trip_seconds is not None else None),
            ("ping_loss_ratio", None if loss is None else loss.ratio),
            ("ping_loss_ratio_lower_bound", None if loss is None else loss.lower_bound),
            ("ping_loss_ratio_upper_bound", None if loss is None else loss.upper_bound),
            ("ping_reachable", reachable),
            ("ping_connect_seconds", target.connect_seconds),
            ("ping_service_reachable", target.is_service_up),
            ("ping_late_replies_total", target.late_count if target.has_answered_echo else None),
            ("ping_duplicate_replies_total", target.duplicate_count if target.has_answered_echo else None),
            ("ping_name_resolved", target.is_name_resolved),
        )
        for metric, value in values:
            if value is not None:
                yield Reading(metric=metric, value=float(value), labels=labels)

    def _fault_readings(self, report: NetworkReport) -> Iterator[Reading]:
        finding = self._held(Finding.UNDECIDED if report.path is None else locate(report.path))
        if finding is Finding.UNDECIDED or report.path is None:
            return
        for place in _judged_places(report.path, finding):
            yield Reading(metric="network_fault", value=float(place is finding), labels=_PLACE_LABELS[place])

    def _held(self, finding: Finding) -> Finding:
        now = self._context.now()
        if finding is not Finding.UNDECIDED:
            self._finding, self._found_at = finding, now
        elif now - self._found_at > UNDECIDED_HOLD_SECONDS:
            self._finding = Finding.UNDECIDED
        return self._finding

    def _errors(self, report: NetworkReport) -> Iterator[str]:
        for target in _targets(report):
            yield from target.errors
        if _is_deaf_gateway(report) and _gateway_reachable(report):
            yield "gateway: it passes traffic and answers no pings, so its loss cannot be told"
        if self._finding is Finding.UNDECIDED and self._found_at:
            # Named, so that an alert about a place is unknown now, and does not end as if the place were unplugged.
            yield f"where a fault lies cannot be told now: {', '.join(place.value for place in PLACES)}"


def _targets(report: NetworkReport) -> tuple[TargetReport, ...]:
    return report.targets if report.gateway is None else (*report.targets, report.gateway)


def _is_measured(target: TargetReport) -> bool:
    return target.seen is not Seen.UNKNOWN or target.is_name_resolved is not None


def _gateway_reachable(report: NetworkReport) -> bool | None:
    return None if report.path is None else gateway_works(report.path)


def _is_deaf_gateway(report: NetworkReport) -> bool:
    """Whether the gateway's silence says nothing: it never answered a ping, or works without answering."""
    gateway = report.gateway
    if gateway is None or gateway.seen is Seen.ANSWERS or _gateway_reachable(report) is False:
        return False
    return gateway.seen is Seen.SILENT or not gateway.has_answered_echo


def _judged_places(path: Path, finding: Finding) -> tuple[Finding, ...]:
    """Places that anything was seen of: nothing is called fine that has not been tried."""
    is_judged = {
        Finding.THIS_COMPUTER: True,
        Finding.LOCAL_NETWORK: path.gateway is not None,
        Finding.BEYOND: bool(path.targets),
        Finding.SERVER: bool(path.targets),
    }
    return tuple(place for place in PLACES if is_judged[place] or place is finding)


_REACHABLE = {
    Seen.ANSWERS: True,
    Seen.SERVICE_DOWN: True,
    Seen.SILENT: False,
    Seen.ROUTER_SAYS_NO_HOST: False,
    Seen.ROUTER_SAYS_NO_NETWORK: False,
}
"""A name without an address, or a host that may not be probed, is neither reachable nor unreachable."""

_PLACE_LABELS = {place: (("place", place.value),) for place in PLACES}

PROBE = ProbeSpec(
    name="ping",
    metrics=METRICS,
    every_seconds=5.0,
    deadline_seconds=2.0,
    redirectable=False,
    open=PingSampler,
)
