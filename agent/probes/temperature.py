"""Temperatures of hwmon chips and thermal zones, with the limits that count and how far away they are.

`thermometer` and `thermal_zone` say what there is to read, this module reads it, `plausibility` says what to believe.
Disks and firmware are asked once a minute and their last answer stands in between. What sleeps is left asleep and has
no readings meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.probes.hostfs import read_bytes
from agent.probes.hwmon import Chips, describe, inodes, is_asleep, is_off, is_set
from agent.probes.plausibility import Limits, Trace, believable_limits, follow, implausible, suspicion
from agent.probes.probe import Context, ProbeSpec, Sample, Unsupported
from agent.probes.thermal_zone import zone_thermometers
from agent.probes.thermometer import SLOW_SECONDS, Thermometer, thermometers
from agent.readings import Labels, MetricSpec, Reading

LIMITS_SECONDS = 3600.0
"""How long limits are believed: `sensors -s` may set them after the agent has started. A disk's never change."""

_LABELS = ("chip", "sensor", "component")
_SOURCE = "hwmon temp*_{} (/sys/class/hwmon), thermal zones (/sys/class/thermal)"

METRICS = (
    MetricSpec(
        name="temperature_celsius",
        help="Temperature of a sensor.",
        source=_SOURCE.format("input"),
        labels=_LABELS,
        lowest=-40.0,
        highest=150.0,
    ),
    MetricSpec(
        name="temperature_headroom_celsius",
        help="Degrees left to the sensor's critical limit, or to the nearest limit that is known.",
        source="the limit less the temperature",
        labels=_LABELS,
    ),
    MetricSpec(
        name="temperature_limit_celsius",
        help="Limit of a sensor that is really set; limit=assumed where the device gives none.",
        source=_SOURCE.format("crit, temp*_max, temp*_emergency"),
        labels=(*_LABELS, "limit"),
        lowest=40.0,
        highest=200.0,
    ),
    MetricSpec(
        name="temperature_sensor_fault",
        help="Whether the chip says that the sensor is faulty (1) or not (0).",
        source=_SOURCE.format("fault"),
        labels=_LABELS,
        lowest=0.0,
        highest=1.0,
    ),
)


@dataclass(slots=True, kw_only=True)
class _Watch:
    """One thermometer and what it said so far; `shown` are its latest readings, `key` is what they were made from."""

    thermometer: Thermometer
    labels: Labels
    trace: Trace | None = None
    is_faulty: bool | None = None
    limits: Limits | None = None
    limits_due: float = 0.0
    limit_readings: tuple[Reading, ...] = ()
    due: float = 0.0
    seen_activity: bytes = b""
    shown: tuple[Reading, ...] = ()
    key: tuple[object, ...] = ()
    error: str | None = None


class Temperatures:
    """The open probe."""

    def __init__(self, context: Context) -> None:
        self._host = context.host
        self._now = context.now
        self._chips = Chips(context.host)
        self._zones: dict[str, int] = {}
        self._zones_due = 0.0
        self._watches: list[_Watch] = []

    def sample(self) -> Sample:
        """Read every thermometer that is due and judge what it says.

        Raises:
            Unsupported: there is none.
            OSError: the kernel's lists of chips or zones cannot be read.
        """
        now = self._now()
        self._find(now)
        if not self._watches and not self._chips.errors:
            raise Unsupported(_why_none(self._chips))
        looked = [watch for watch in self._watches if _look(watch, now)]
        cpu_celsius = _hottest_processor(self._watches)
        for watch in looked:
            _judge(watch, now, cpu_celsius)
        return Sample(
            readings=tuple(reading for watch in self._watches for reading in watch.shown),
            errors=(*self._chips.errors, *(watch.error for watch in self._watches if watch.error)),
        )

    def close(self) -> None:
        """Nothing is held open between looks."""

    def _find(self, now: float) -> None:
        """Learn which thermometers there are, when chips or zones came or went; those that stay keep their past."""
        is_new = self._chips.have_changed()
        if now >= self._zones_due:
            self._zones_due = now + SLOW_SECONDS
            zones = inodes(f"{self._host.sysfs}/class/thermal")
            is_new, self._zones = is_new or zones != self._zones, zones
        if is_new:
            found = [each for chip in self._chips.present for each in thermometers(chip)]
            found += zone_thermometers(self._host, self._chips.present)
            before = {watch.thermometer: watch for watch in self._watches}
            self._watches = [before.get(each) or _Watch(thermometer=each, labels=_labels(each)) for each in found]


def _labels(each: Thermometer) -> Labels:
    return (("chip", each.chip), ("sensor", each.sensor), ("component", each.component))


def _why_none(chips: Chips) -> str:
    if chips.present:
        names = ", ".join(sorted({chip.name for chip in chips.present}))
        return f"no temperature sensor: the kernel's hwmon chips ({names}) measure none, and there is no thermal zone"
    return (
        "no temperature sensor: the kernel shows no hwmon chip and no thermal zone; a virtual machine usually has none"
    )


def _look(watch: _Watch, now: float) -> bool:
    """Read one thermometer if it is due; true when there is a new value to judge."""
    each = watch.thermometer
    if now < watch.due:
        return False
    watch.due = now + each.interval_seconds
    watch.error = None
    if _is_resting(watch) or not is_set(each.enable, otherwise=True):
        return _show_nothing(watch)
    watch.is_faulty = None if each.fault is None else is_set(each.fault, otherwise=False)
    try:
        celsius = int(read_bytes(each.path)) / each.steps_per_degree
    except (OSError, ValueError) as error:
        if not is_off(error):
            watch.error = f"{each.chip} {each.sensor}: {describe(error, each.path)}"
        return _show_nothing(watch)
    watch.trace = follow(watch.trace, celsius, now)
    if each.activity is not None:
        watch.seen_activity = _activity(each.activity)  # after the look, which may count as use itself
    if now >= watch.limits_due:
        _read_limits(watch, now)
    return True


def _show_nothing(watch: _Watch) -> bool:
    """Forget what was shown; a sensor that comes back has to be seen moving again."""
    watch.trace, watch.shown, watch.key = None, (), ()
    return False


def _is_resting(watch: _Watch) -> bool:
    """Whether the device sleeps, or is a hard disk that has done nothing since the last look.

    Reading a disk's temperature may restart its spin-down timer (drivetemp.rst), so an unused disk is not asked.
    """
    each = watch.thermometer
    if each.sleeper is not None and is_asleep(each.sleeper):
        return True
    return each.activity is not None and _activity(each.activity) == watch.seen_activity != b""


def _activity(path: str) -> bytes:
    try:
        return read_bytes(path)
    except OSError:
        return b""


def _read_limits(watch: _Watch, now: float) -> None:
    each = watch.thermometer
    watch.limits_due = float("inf") if each.component == "disk" else now + LIMITS_SECONDS
    given = {name: value for name, path in each.limits if (value := _limit(path, each.steps_per_degree)) is not None}
    watch.limits = believable_limits(given, each.assumed)
    watch.limit_readings = tuple(
        Reading(metric="temperature_limit_celsius", value=value, labels=(*watch.labels, ("limit", name)))
        for name in ("critical", "maximum", "emergency", "assumed")
        if (value := getattr(watch.limits, name)) is not None
    )
    watch.key = ()


def _limit(path: str, steps_per_degree: float) -> float | None:
    """A limit in °C, nothing if it cannot be read: then it is not set."""
    try:
        return int(read_bytes(path)) / steps_per_degree
    except (OSError, ValueError):
        return None


def _hottest_processor(watches: Sequence[_Watch]) -> float | None:
    """The hottest trusted processor sensor in °C, to hold the board's against."""
    return max(
        (
            watch.trace.celsius
            for watch in watches
            if watch.thermometer.component == "cpu"
            and watch.trace is not None
            and not watch.is_faulty
            and implausible("cpu", watch.trace.celsius) is None
        ),
        default=None,
    )


def _judge(watch: _Watch, now: float, cpu_celsius: float | None) -> None:
    """Make the readings of a fresh value, or keep the old ones where nothing differs."""
    assert watch.trace is not None and watch.limits is not None  # noqa: S101, PT018  # set by the look before
    limit = watch.limits.best
    if watch.is_faulty:
        reason: str | None = "the chip says that this sensor is faulty"
    else:
        reason = suspicion(watch.thermometer.component, watch.trace, limit, now, cpu_celsius)
    key = (watch.trace.celsius, reason, watch.is_faulty)
    if key == watch.key:
        return
    watch.key, watch.shown = key, tuple(_readings(watch, watch.trace.celsius, limit, reason))


def _readings(watch: _Watch, celsius: float, limit: float | None, reason: str | None) -> Sequence[Reading]:
    made = [Reading(metric="temperature_celsius", value=celsius, labels=watch.labels, suspect=reason)]
    if limit is not None:
        # Rounded to the kernel's own resolution, so that 100 - 45.3 is not 54.700000000000003.
        headroom = round(limit - celsius, 3)
        made.append(Reading(metric="temperature_headroom_celsius", value=headroom, labels=watch.labels, suspect=reason))
    made += watch.limit_readings
    if watch.is_faulty is not None:
        made.append(Reading(metric="temperature_sensor_fault", value=float(watch.is_faulty), labels=watch.labels))
    return made


PROBE = ProbeSpec(
    name="temperature",
    metrics=METRICS,
    every_seconds=5.0,
    deadline_seconds=2.0,
    redirectable=True,
    open=Temperatures,
)
