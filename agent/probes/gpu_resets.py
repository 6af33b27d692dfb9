"""How often a graphics processor hung and was reset, from what its driver writes to the kernel log.

The user sees each as a freeze, a flicker or a black screen. A driver writes several lines about one of them, so lines
about the same driver within ten seconds of the first are one reset.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent.probes.kernel_log import KernelMessage

ONE_RESET_SECONDS = 10
"""From a hung ring to the full reset took 2 s on a handheld console's log; ten is generous and still counts repeats."""

_APPLICATION_FAULTS = ("13", "31", "43", "45")
"""NVIDIA's Xids that a program's own mistake brings about; only that program suffers (NVIDIA, Xid Errors)."""

_SIGNS = (
    ("i915", re.compile(r"\bGPU HANG: ecode|\bi915\b.*\bResetting (?:chip|[a-z]+\d+) (?:for|after) ")),
    ("xe", re.compile(r"\bxe [0-9a-f:.]+: .*\b(?:Engine reset:|Timedout job:|trying reset from|reset started)")),
    ("amdgpu", re.compile(r"\bamdgpu\b.*(?:\bring \S+ timeout\b|\bGPU reset begin\b)")),
    ("radeon", re.compile(r"\bradeon\b.*\bGPU lockup\b")),
    ("nvidia", re.compile(rf"\bNVRM: Xid \([^)]*\): (?!(?:{'|'.join(_APPLICATION_FAULTS)})\b)\d+")),
    ("nouveau", re.compile(r"\bnouveau\b.*(?:\bGPU lockup\b|\bSCHED_ERROR\b|\bchannel \d+.*\bkilled\b)")),
)
"""Wording as found in public kernel logs of these drivers, kernels 4.x to 6.x."""


class ResetCounter:
    """Counts from 0 at its making."""

    def __init__(self) -> None:
        self.total = 0
        self._first_at_seconds: dict[str, float] = {}

    def add(self, messages: Iterable[KernelMessage]) -> None:
        """Take in further messages, in the order of their time."""
        for message in messages:
            driver = hung_driver(message.text)
            if driver is None:
                continue
            first = self._first_at_seconds.get(driver)
            if first is None or message.at_seconds - first > ONE_RESET_SECONDS:
                self._first_at_seconds[driver] = message.at_seconds
                self.total += 1


def hung_driver(text: str) -> str | None:
    """The driver whose hang or reset a line tells of; nothing for any other line."""
    return next((driver for driver, sign in _SIGNS if sign.search(text)), None)
