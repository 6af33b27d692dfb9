"""Which NVIDIA cards are awake, from sysfs alone: reading these files wakes nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass

from agent.probes.hostfs import entries, read_text
from agent.probes.probe import Unsupported

_NVIDIA = "0x10de"
_DISPLAY = "0x03"
"""PCI vendor, and the first byte of the class of display controllers (PCI Code and ID Assignment, base class 03h)."""

_ASLEEP = ("suspended", "suspending", "resuming")
"""Everything else is awake: `active`, and what machines without run-time power management say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NvidiaCard:
    """One card: its PCI address, and whether the kernel lets it fall asleep when nobody uses it."""

    address: str
    may_sleep: bool


def awake_cards(sysfs: str) -> list[NvidiaCard]:
    """The cards that NVIDIA's driver runs and that are awake now, in the order of their addresses.

    Raises:
        Unsupported: there is none, another driver runs them, or all are asleep.
    """
    folder = f"{sysfs}/bus/pci/devices"
    cards = [address for address in entries(folder) if _is_nvidia(f"{folder}/{address}")]
    if not cards:
        raise Unsupported("no NVIDIA graphics card")
    driven = [address for address in cards if _driver(f"{folder}/{address}") == "nvidia"]
    if not driven:
        raise Unsupported(f"the NVIDIA card is run by {_driver(f'{folder}/{cards[0]}')}, which gives no such readings")
    awake = [address for address in driven if _word(f"{folder}/{address}/power/runtime_status") not in _ASLEEP]
    if not awake:
        raise Unsupported("the NVIDIA card is asleep and is not woken")
    return [
        NvidiaCard(address=address, may_sleep=_word(f"{folder}/{address}/power/control") == "auto") for address in awake
    ]


def _is_nvidia(device: str) -> bool:
    return _word(f"{device}/vendor") == _NVIDIA and _word(f"{device}/class").startswith(_DISPLAY)


def _driver(device: str) -> str:
    try:
        return os.path.basename(os.readlink(f"{device}/driver"))
    except OSError:
        return "no driver"


def _word(path: str) -> str:
    """A file's text; empty where this device does not have it."""
    try:
        return read_text(path)
    except OSError:
        return ""
