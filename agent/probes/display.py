"""Displays: what is connected and lit, which display it is, how often it dropped out, and resets of the graphics.

Data passes from /sys/class/drm (the kernel's cached state; nothing is opened in /dev/dri and nothing written, so no
display is disturbed) and from the kernel log to readings. Only a connector that has or had a display since the agent's
start gives readings: a computer has several that are never used.

What the readings mean, and what they do not:
- *connected = 0* is a display that was there and went: a cable, a dock, a monitor without power, or one switched off.
- *enabled = 0* is no fault by itself: so is a laptop's panel with its lid closed, every display of a locked session on
  some desktops, and one that the user left out. NVIDIA's driver calls lit displays disabled where its own X driver sets
  them up, so it gives no such reading.
- *EDID valid = 0*: a broken checksum or, on a plug with a wire for it, none at all, which a bad cable or switch causes;
  the image then has a wrong size. A built-in panel or a virtual display may have no EDID: no reading, no fault.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from agent.probes.edid import Edid, parse_edid
from agent.probes.gpu_resets import ResetCounter
from agent.probes.hostfs import entries, read_bytes
from agent.probes.kernel_journal import KernelJournal, open_kernel_log
from agent.probes.kernel_log import KernelLog
from agent.probes.probe import Context, ProbeSpec, Sample, Unsupported, gather
from agent.readings import Labels, MetricKind, MetricSpec, Reading

_MOST_CONNECTORS = 16
"""A dock may give its connectors new names at each docking; the ones gone longest are forgotten first."""

_MAY_LACK_EDID = frozenset(
    ("eDP", "LVDS", "DSI", "DPI", "SPI", "Virtual", "USB", "Composite", "SVIDEO", "Component", "DIN", "TV", "Unknown")
)
"""Connector types without a wire for it, or whose panel the firmware describes (kernel, drm_connector.c, names)."""


@dataclass(slots=True, kw_only=True)
class _Connector:
    """What is remembered of a connector that has or had a display."""

    folder: str
    labels: Labels
    says_enabled: bool
    is_connected: bool = True
    drops: int = 0
    edid: bytes | None = None
    identity: tuple[Reading, ...] = ()


class _Displays:
    def __init__(self, context: Context) -> None:
        self._folder = f"{context.host.sysfs}/class/drm"
        self._seen: dict[str, _Connector] = {}
        self._resets = ResetCounter()
        self._log: KernelLog | KernelJournal | None = None
        self._no_log = "a captured machine has no kernel log to follow"
        if not context.host.is_redirected:
            try:
                self._log = open_kernel_log()
            except OSError as error:
                self._no_log = f"the kernel log may not be read ({error.strerror})"

    def sample(self) -> Sample:
        names = [name for name in entries(self._folder) if name.startswith("card")]
        if not names:
            raise Unsupported("no displays: no graphics driver shows any in /sys/class/drm")
        present = [name for name in names if "-" in name and "-Writeback-" not in name]
        unclear = [name for name in present if not self._note(name)]
        for name in self._seen.keys() - set(present):
            self._note_gone(name)
        parts: dict[str, Callable[[], Iterator[Reading]]] = {
            connector.labels[0][1]: partial(_readings, connector) for connector in self._seen.values()
        }
        parts["connectors"] = partial(_complaints, present, unclear)
        parts["graphics resets"] = self._graphics_resets
        return gather(parts)

    def close(self) -> None:
        if self._log:
            self._log.close()

    def _note(self, name: str) -> bool:
        """Take in whether a display is connected; false where that cannot be told of a connector that had one."""
        status = _status(f"{self._folder}/{name}/status")
        if status == b"connected":
            if name not in self._seen:
                self._seen[name] = self._connector(name)
            self._seen[name].is_connected = True
        elif name in self._seen:
            if status != b"disconnected":
                return False
            self._note_gone(name)
        return True

    def _note_gone(self, name: str) -> None:
        connector = self._seen[name]
        if not connector.is_connected:
            return
        connector.is_connected, connector.edid = False, None
        connector.drops += 1
        self._seen[name] = self._seen.pop(name)  # those gone longest come first
        gone = [name for name, connector in self._seen.items() if not connector.is_connected]
        for forgotten in gone[: max(0, len(self._seen) - _MOST_CONNECTORS)]:
            del self._seen[forgotten]

    def _connector(self, name: str) -> _Connector:
        """The label has no card number, which may change; a name that is taken gets its card's address."""
        card, _, label = name.partition("-")
        device = os.path.realpath(f"{self._folder}/{card}/device")
        if any(label == other.labels[0][1] for other in self._seen.values()):
            label = f"{label}@{os.path.basename(device) if os.path.exists(device) else card}"
        driver = os.path.basename(os.path.realpath(f"{device}/driver"))
        return _Connector(
            folder=f"{self._folder}/{name}", labels=(("connector", label),), says_enabled=driver != "nvidia"
        )

    def _graphics_resets(self) -> Iterator[Reading]:
        if self._log is None:
            raise Unsupported(f"no count of graphics resets: {self._no_log}")
        self._resets.add(self._log.messages())
        yield Reading(metric="gpu_resets_total", value=float(self._resets.total))


def _status(path: str) -> bytes:
    """The kernel's cached word; empty where it cannot be read, as of a dock's connector that just went."""
    try:
        return read_bytes(path).strip()
    except OSError:
        return b""


def _complaints(present: list[str], unclear: list[str]) -> Iterator[Reading]:
    if not present:
        raise Unsupported("no graphics driver here has a connector for a display")
    if unclear:
        raise Unsupported(f"the driver cannot tell whether a display is connected: {', '.join(unclear)}")
    return iter(())


def _readings(connector: _Connector) -> Iterator[Reading]:
    labels = connector.labels
    yield Reading(metric="display_connected", value=float(connector.is_connected), labels=labels)
    yield Reading(metric="display_drops_total", value=float(connector.drops), labels=labels)
    if connector.says_enabled:
        enabled = connector.is_connected and read_bytes(f"{connector.folder}/enabled").strip() == b"enabled"
        yield Reading(metric="display_enabled", value=float(enabled), labels=labels)
    if connector.is_connected:
        edid = read_bytes(f"{connector.folder}/edid")
        if edid != connector.edid:
            connector.edid, connector.identity = edid, tuple(_identity(labels, edid))
        yield from connector.identity


def _identity(labels: Labels, edid: bytes) -> Iterator[Reading]:
    kind = labels[0][1].rpartition("@")[0] or labels[0][1]
    if not edid and kind.rpartition("-")[0] in _MAY_LACK_EDID:
        return
    try:
        display = parse_edid(edid)
    except ValueError:
        yield Reading(metric="display_edid_valid", value=0.0, labels=labels)
        return
    yield Reading(metric="display_edid_valid", value=float(display.is_valid), labels=labels)
    yield Reading(metric="display_info", value=1.0, labels=(*labels, *_names(display)))


def _names(display: Edid) -> Labels:
    return (
        ("maker", display.maker),
        ("model", display.model),
        ("serial_hash", display.serial_hash),
        ("mode", display.mode),
    )


_CONNECTOR = ("connector",)

PROBE = ProbeSpec(
    name="display",
    metrics=(
        MetricSpec(
            name="display_connected",
            help="Whether a display is connected, for connectors that have or had one since the agent's start",
            source="/sys/class/drm/card*-*/status",
            labels=_CONNECTOR,
            lowest=0,
            highest=1,
        ),
        MetricSpec(
            name="display_enabled",
            help="Whether an image is sent to the connector; 0 is legal with a closed lid or a display left out",
            source="/sys/class/drm/card*-*/enabled",
            labels=_CONNECTOR,
            lowest=0,
            highest=1,
        ),
        MetricSpec(
            name="display_edid_valid",
            help="Whether the display's description of itself arrived whole, with every checksum right",
            source="/sys/class/drm/card*-*/edid",
            labels=_CONNECTOR,
            lowest=0,
            highest=1,
            removable=True,
        ),
        MetricSpec(
            name="display_info",
            help="Always 1: which display it is, and its native mode; the serial number is hashed",
            source="/sys/class/drm/card*-*/edid",
            labels=("connector", "maker", "model", "serial_hash", "mode"),
            lowest=1,
            highest=1,
            removable=True,
        ),
        MetricSpec(
            name="display_drops_total",
            help="How often a connected display went away since the agent's start",
            source="/sys/class/drm/card*-*/status",
            labels=_CONNECTOR,
            kind=MetricKind.COUNTER,
            lowest=0,
        ),
        MetricSpec(
            name="gpu_resets_total",
            help="Hangs and resets of graphics processors since the agent's start",
            source="/dev/kmsg or the journal: messages of i915, xe, amdgpu, radeon, NVIDIA's driver and nouveau",
            kind=MetricKind.COUNTER,
            lowest=0,
        ),
    ),
    every_seconds=5,
    deadline_seconds=2,
    redirectable=True,
    open=_Displays,
)
