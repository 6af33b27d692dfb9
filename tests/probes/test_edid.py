from __future__ import annotations

import pytest

from agent.probes.edid import Edid, parse_edid
from tests.probes.edids import STANDARD, patched, with_checksum


def test_the_standards_example():
    """Maker, name and native mode of the standard's worked example; the serial number is only there as a hash."""
    assert parse_edid(STANDARD) == Edid(
        maker="DEL", model="DELL UR111", serial_hash="962b5dfc3253", mode="1280x1024@85", is_valid=True
    )


def test_two_displays_of_one_model_have_different_hashes():
    """A different serial number gives a different hash, whether it is the number or the text."""
    hashes = {
        parse_edid(edid).serial_hash for edid in (STANDARD, patched(at_12=b"\1\2\3\4"), patched(at_77=b"55347BONZH48"))
    }
    assert len(hashes) == 3


def test_a_display_without_texts():
    """The product number stands in for a name; without a serial number there is no hash, without a timing no mode."""
    blank = bytes([0, 0, 0, 0x10]) + bytes(14)
    assert parse_edid(patched(at_54=blank, at_72=blank, at_90=blank)) == Edid(
        maker="DEL", model="0x50ab", serial_hash="", mode="", is_valid=True
    )


def test_letters_and_texts_that_are_none():
    """A maker of no letters is empty; control characters and bytes beyond ASCII leave a name."""
    edid = parse_edid(patched(at_8=b"\0\0", at_95=b"A\x07\xffB C\n      "))
    assert (edid.maker, edid.model) == ("", "AB C")


def test_an_interlaced_mode_counts_both_fields():
    """1920x540 interlaced is 1920x1080i: 74.25 MHz over 2200 by 562 lines is 60 fields a second."""
    timing = bytes.fromhex("011d80187 11c1620582c2500c48e2100009e".replace(" ", ""))
    assert parse_edid(patched(at_54=timing)).mode == "1920x1080i@60"


def test_an_extension_that_is_missing_or_broken_makes_it_invalid():
    """Every announced block must be there and sum up to zero; names from a whole first block still count."""
    first = patched(at_126=b"\1")
    whole = with_checksum(b"\x02\x03" + bytes(125))
    results = [parse_edid(first + extension) for extension in (b"", whole[:-1], whole, whole[:-1] + b"\1")]
    assert [(edid.is_valid, edid.model) for edid in results] == [
        (False, "DELL UR111"),
        (False, "DELL UR111"),
        (True, "DELL UR111"),
        (False, "DELL UR111"),
    ]


@pytest.mark.parametrize(
    ("edid", "reason"),
    [
        (b"", "0 bytes without an EDID's header"),
        (STANDARD[:127], "127 bytes without an EDID's header"),
        (b"\1" + STANDARD[1:], "128 bytes without an EDID's header"),
        (STANDARD[:-1] + b"\0", "the first block's checksum is wrong"),
    ],
)
def test_no_edid(edid, reason):
    """What has no whole first block is refused with the reason."""
    with pytest.raises(ValueError, match=f"^{reason}$"):
        parse_edid(edid)
