"""What a display says about itself: the EDID block, bytes in, values out.

Format: VESA Enhanced EDID Standard (E-EDID) release A2, EDID 1.4, section 3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER = b"\x00\xff\xff\xff\xff\xff\xff\x00"
_BLOCK_BYTES = 128
_DESCRIPTORS = (54, 72, 90, 108)
_NAME, _SERIAL = 0xFC, 0xFF
_HASH_DIGITS = 12
"""48 bits: enough to tell the monitors of a company apart, short enough for a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edid:
    """A display's identity; a text that it does not give is empty.

    `maker` is the three-letter PNP id, `mode` the native one as `1920x1080@60`, `serial_hash` stands for the serial
    numbers, which are not kept. `is_valid`: every announced block is there and each sums up to zero.
    """

    maker: str
    model: str
    serial_hash: str
    mode: str
    is_valid: bool


def parse_edid(edid: bytes) -> Edid:
    """Read an EDID, whose first block must be whole: names made of damaged bytes would change from look to look.

    Raises:
        ValueError: the first block is too short, lacks the header, or does not sum up to zero.
    """
    if len(edid) < _BLOCK_BYTES or not edid.startswith(_HEADER):
        raise ValueError(f"{len(edid)} bytes without an EDID's header")
    if sum(edid[:_BLOCK_BYTES]) % 256:
        raise ValueError("the first block's checksum is wrong")
    texts = dict(_texts(edid))
    return Edid(
        maker=_maker(edid),
        model=texts.get(_NAME) or f"0x{int.from_bytes(edid[10:12], 'little'):04x}",
        serial_hash=_serial_hash(edid, texts.get(_SERIAL, "")),
        mode=_mode(edid[_DESCRIPTORS[0] : _DESCRIPTORS[0] + 18]),
        is_valid=_is_valid(edid),
    )


def _is_valid(edid: bytes) -> bool:
    blocks = 1 + edid[126]
    whole = edid[: blocks * _BLOCK_BYTES]
    sums = (sum(whole[start : start + _BLOCK_BYTES]) % 256 for start in range(0, len(whole), _BLOCK_BYTES))
    return len(whole) == blocks * _BLOCK_BYTES and not any(sums)


def _maker(edid: bytes) -> str:
    """Three letters of five bits, A is 1; empty where one of them is no letter."""
    packed = int.from_bytes(edid[8:10], "big")
    letters = [packed >> shift & 31 for shift in (10, 5, 0)]
    return "".join(chr(64 + letter) for letter in letters) if all(1 <= letter <= 26 for letter in letters) else ""


def _texts(edid: bytes) -> Iterator[tuple[int, str]]:
    """Descriptors that hold text, by their tag. A text ends at its line feed; what is not printable is left out."""
    for start in _DESCRIPTORS:
        descriptor = edid[start : start + 18]
        if descriptor[:3] == b"\0\0\0":
            text = descriptor[5:].split(b"\n", 1)[0].decode("ascii", "ignore")
            yield descriptor[3], "".join(filter(str.isprintable, text)).strip()


def _serial_hash(edid: bytes, serial: str) -> str:
    """Maker, product and both serial numbers, hashed; empty where the display gives no serial number."""
    number = edid[12:16]
    if not serial and not any(number):
        return ""
    return hashlib.sha256(edid[8:12] + number + serial.encode()).hexdigest()[:_HASH_DIGITS]


def _mode(timing: bytes) -> str:
    """The first detailed timing, which is the native mode; empty where the descriptor holds no timing."""
    clock_hertz = int.from_bytes(timing[0:2], "little") * 10_000
    width, horizontal_blank = timing[2] | (timing[4] & 0xF0) << 4, timing[3] | (timing[4] & 0x0F) << 8
    height, vertical_blank = timing[5] | (timing[7] & 0xF0) << 4, timing[6] | (timing[7] & 0x0F) << 8
    total = (width + horizontal_blank) * (height + vertical_blank)
    if not clock_hertz or not width or not height:
        return ""
    is_interlaced = bool(timing[17] & 0x80)
    lines = height * 2 if is_interlaced else height
    return f"{width}x{lines}{'i' if is_interlaced else ''}@{round(clock_hertz / total)}"
