"""EDIDs for tests: the standard's own example, and ways to change it."""

from __future__ import annotations

STANDARD = bytes.fromhex(
    "00ffffffffffff0010acab50000000002a0901030e261d96efee91a3544c99260f5054a54300a94fa959715961594559"
    "315 9c28f0101863d00c05100304040a013007c2211000 01e000000ff003535333437424f4e5a4834370a000000fc00"
    "44454c4c2055523131310a2020000000fd0030a01e791c02002850100e8046008d".replace(" ", "")
)
"""The worked example at the end of the E-EDID standard."""


def with_checksum(block: bytes) -> bytes:
    """A block of 127 bytes or more whose 128th byte makes its sum 0."""
    return block[:127] + bytes([-sum(block[:127]) % 256])


def patched(**at: bytes) -> bytes:
    """The example with bytes replaced at offsets given as `at_10=b"…"`, and its checksum put right."""
    block = bytearray(STANDARD)
    for name, content in at.items():
        start = int(name.removeprefix("at_"))
        block[start : start + len(content)] = content
    return with_checksum(bytes(block))
