"""Fans of hwmon chips: their speed, and whether they have stalled or race.

`tachometer` says which fans there are, this module reads them, `fan_evidence` says what their speeds prove. Duty and
heat are only read where they decide something, so a turning fan costs one read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.probes import fan_evidence
from agent.probes.fan_evidence import History
from agent.probes.hostfs import read_bytes
from agent.probes.hwmon import Chips, describe, is_asleep, is_off, is_set
from agent.probes.plausibility import implausible
from agent.probes.probe import Context, ProbeSpec, Sample, Unsupported
from agent.probes.tachometer import Fan, fans
from agent.probes.thermometer import Thermometer
from agent.readings import Labels, MetricSpec, Reading

METRICS = (
    MetricSpec(
        name="fan_speed_rpm",
        help="Speed of a fan; 0 alone is no fault, many fans stop when they are not needed.",
        source="hwmon fan*_input (/sys/class/hwmon)",
        labels=("chip", "fan"),
        lowest=0.0,
        highest=fan_evidence.HIGHEST_RPM,
    ),
    MetricSpec(
        name="fan_stalled",
        help="Whether a fan that was seen turning stands still though duty or heat asks for it (1) or not (0).",
        source="hwmon fan*_input, pwm*, temp*_input; fan_evidence.py",
        labels=("chip", "fan"),
        lowest=0.0,
        highest=1.0,
    ),
    MetricSpec(
        name="fan_racing",
        help="Whether a fan keeps running at full speed though all it cools is cool (1) or not (0).",
        source="hwmon fan*_input, fan*_max, temp*_input; fan_evidence.py",
        labels=("chip", "fan"),
        lowest=0.0,
        highest=1.0,
    ),
)


@dataclass(slots=True, kw_only=True)
class _Watch:
    """A fan and what it showed so far; `shown` are its latest readings, `key` is what they were made from."""

    fan: Fan
    labels: Labels
    history: History
    maximum_rpm: float | None
    shown: tuple[Reading, ...] = ()
    key: tuple[object, ...] = ()
    error: str | None = None


class Fans:
    """The open probe."""

    def __init__(self, context: Context) -> None:
        self._chips = Chips(context.host)
        self._watches: list[_Watch] = []
        self._remembered = _speeds(context.facts)
        self._facts: frozenset[str] = context.facts

    def sample(self) -> Sample:
        """Read every fan and judge what it did so far.

        Raises:
            Unsupported: there is none.
            OSError: the kernel's list of chips cannot be read.
        """
        if self._chips.have_changed():
            self._find()
        if not self._watches and not self._chips.errors:
            raise Unsupported(
                "no fan sensor: the kernel's hwmon chips show no fan; it may have none, or only the firmware knows it"
            )
        has_learnt = [_look(watch) for watch in self._watches]
        if any(has_learnt):
            self._facts = frozenset(fact for watch in self._watches for fact in _facts(watch))
        return Sample(
            readings=tuple(reading for watch in self._watches for reading in watch.shown),
            errors=(*self._chips.errors, *(watch.error for watch in self._watches if watch.error)),
            facts=self._facts,
        )

    def close(self) -> None:
        """Nothing is held open between looks."""

    def _find(self) -> None:
        """Learn which fans there are; those that stay keep their history."""
        before = {_key(watch.fan): watch.history for watch in self._watches}
        self._watches = [
            _Watch(
                fan=fan,
                labels=(("chip", fan.chip), ("fan", fan.name)),
                history=before.get(_key(fan)) or fan_evidence.recall(self._remembered.get(_key(fan), ())),
                maximum_rpm=None if fan.maximum is None else _number(fan.maximum),
            )
            for fan in fans(self._chips.present)
        ]


def _look(watch: _Watch) -> bool:
    """Read one fan; true when something was learnt that has to be remembered."""
    fan = watch.fan
    watch.error = None
    if (fan.sleeper is not None and is_asleep(fan.sleeper)) or not is_set(fan.enable, otherwise=True):
        return _show_nothing(watch)
    if is_set(fan.fault, otherwise=False):
        watch.error = f"{fan.chip} {fan.name}: the chip says that this fan's sensor is faulty or not connected"
        return _show_nothing(watch)
    try:
        rpm = float(int(read_bytes(fan.path)))
    except (OSError, ValueError) as error:
        if not is_off(error):
            watch.error = f"{fan.chip} {fan.name}: {describe(error, fan.path)}"
        return _show_nothing(watch)
    before = watch.history
    watch.history = _history(watch, rpm)
    _show(watch, rpm)
    return (before.lowest_rpm, before.highest_rpm) != (watch.history.lowest_rpm, watch.history.highest_rpm)


def _show_nothing(watch: _Watch) -> bool:
    watch.shown, watch.key = (), ()
    return False


def _history(watch: _Watch, rpm: float) -> History:
    history, fan = watch.history, watch.fan
    if not 0 <= rpm <= fan_evidence.HIGHEST_RPM:
        return history
    is_wanted = rpm == 0 and history.has_turned and fan_evidence.should_turn(_duty(fan), _hottest(fan.heat))
    is_needless = False
    if fan_evidence.is_fast(rpm, fan_evidence.full_speed(history, watch.maximum_rpm)):
        celsius = _hottest(fan.cooled)
        is_needless = celsius is not None and celsius < fan_evidence.COOL_CELSIUS
    return fan_evidence.advance(history, rpm, is_wanted=is_wanted, is_needless=is_needless)


def _duty(fan: Fan) -> int | None:
    """The least duty (0 to 255) that may drive the fan; nothing where it cannot be told."""
    found = [_number(path) if is_set(mode, otherwise=True) else 255 for path, mode in fan.duties]  # mode 0: full speed
    known = [duty for duty in found if duty is not None]
    return min(known) if known and len(known) == len(found) else None


def _hottest(heat: Iterable[Thermometer]) -> float | None:
    """The highest believable temperature in °C; nothing if none can be read."""
    found = ((each, _number(each.path)) for each in heat)
    celsius = ((each.component, number / each.steps_per_degree) for each, number in found if number is not None)
    return max((value for component, value in celsius if implausible(component, value) is None), default=None)


def _number(path: str) -> int | None:
    """The attribute's number; nothing where it cannot be read: then it is no evidence."""
    try:
        return int(read_bytes(path))
    except (OSError, ValueError):
        return None


def _show(watch: _Watch, rpm: float) -> None:
    """Make the readings, or keep the old ones where nothing differs."""
    history = watch.history
    is_believable = 0 <= rpm <= fan_evidence.HIGHEST_RPM
    can_race = (
        history.has_turned
        and fan_evidence.full_speed(history, watch.maximum_rpm) is not None
        and bool(watch.fan.cooled)
    )
    is_stalled = history.stopped_run >= fan_evidence.LOOKS
    is_racing = history.fast_run >= fan_evidence.LOOKS
    key = (rpm, history.has_turned, is_stalled, can_race, is_racing)
    if key == watch.key:
        return
    suspect = None if is_believable else f"no fan turns faster than {fan_evidence.HIGHEST_RPM:g} rpm"
    made = [Reading(metric="fan_speed_rpm", value=rpm, labels=watch.labels, suspect=suspect)]
    if is_believable and history.has_turned:
        made.append(Reading(metric="fan_stalled", value=float(is_stalled), labels=watch.labels))
    if is_believable and can_race:
        made.append(Reading(metric="fan_racing", value=float(is_racing), labels=watch.labels))
    watch.key, watch.shown = key, tuple(made)


def _key(fan: Fan) -> str:
    return f"{fan.chip}|{fan.name}"


def _facts(watch: _Watch) -> set[str]:
    """What to remember of a fan over restarts: its lowest and highest speed, `1750|chip|fan`."""
    speeds = {watch.history.lowest_rpm, watch.history.highest_rpm} - {0}
    return {f"{speed}|{_key(watch.fan)}" for speed in speeds}


def _speeds(facts: Iterable[str]) -> dict[str, list[int]]:
    """Remembered speeds by fan; a fact in an unknown form is passed over."""
    found: dict[str, list[int]] = {}
    for fact in facts:
        speed, _, key = fact.partition("|")
        if speed.isdecimal():
            found.setdefault(key, []).append(int(speed))
    return found


PROBE = ProbeSpec(
    name="fan",
    metrics=METRICS,
    every_seconds=5.0,
    deadline_seconds=2.0,
    redirectable=True,
    open=Fans,
)
