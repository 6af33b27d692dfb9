"""The fans of hwmon chips: where their files lie, what drives each and what it cools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.probes.hwmon import GRAPHICS_CHIPS, PROCESSOR_CHIPS, Chip, attribute, channels
from agent.probes.thermometer import Thermometer, thermometers

WISHFUL_CHIPS = frozenset({"thinkpad", "asus", "asus_custom_fan_curve"})
"""Laptop drivers whose `pwm` is what was once asked for, not what the firmware does: thinkpad_acpi shows the last level
set, by default the full one, while the firmware rightly keeps the fan off. Only heat counts there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """One fan to read. `duties` are its own pwm, or all of the chip where it has none of its own.

    `heat` are the thermometers it is there for, `cooled` all that it may have reason to cool.
    """

    chip: str
    name: str
    path: str
    fault: str | None
    enable: str | None
    maximum: str | None
    duties: tuple[tuple[str, str | None], ...]
    heat: tuple[Thermometer, ...]
    cooled: tuple[Thermometer, ...]
    sleeper: str | None


def fans(chips: Sequence[Chip]) -> list[Fan]:
    """Every fan of the chips. A graphics card's fans cool it alone; the others are there for the processor."""
    processor = tuple(
        each
        for chip in chips
        if chip.name in PROCESSOR_CHIPS
        for each in thermometers(chip)
        if each.limits or each.assumed is not None  # the package, not its cores
    )
    return [_fan(chip, channel, name, processor) for chip in chips for channel, name in channels(chip, "fan").items()]


def _fan(chip: Chip, channel: str, name: str, processor: tuple[Thermometer, ...]) -> Fan:
    own = thermometers(chip)
    is_graphics = chip.name in GRAPHICS_CHIPS
    return Fan(
        chip=chip.id,
        name=name,
        path=f"{chip.path}/{channel}_input",
        fault=attribute(chip, f"{channel}_fault"),
        enable=attribute(chip, f"{channel}_enable"),
        maximum=attribute(chip, f"{channel}_max"),
        duties=() if chip.name in WISHFUL_CHIPS else _duties(chip, channel),
        heat=own if is_graphics or not processor else processor,
        cooled=own if is_graphics else (*processor, *own),
        sleeper=chip.device if is_graphics else None,
    )


def _duties(chip: Chip, channel: str) -> tuple[tuple[str, str | None], ...]:
    """The pwm channels that may drive a fan, each with its mode; that fan 1 hangs on pwm 1 is only a convention."""
    every = sorted(name for name in chip.attributes if name.startswith("pwm") and name[3:].isdecimal())
    own = channel.replace("fan", "pwm")
    return tuple(
        (f"{chip.path}/{name}", attribute(chip, f"{name}_enable")) for name in ([own] if own in every else every)
    )
