"""Values keep their places, every fault of a text is found at once, and YAML's own guesses are refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.yamlsource import (
    Fault,
    Faults,
    Findings,
    Items,
    Scalar,
    Table,
    parse,
    parse_file,
    read_boolean,
    read_choice,
    read_duration,
    read_items,
    read_number,
    read_section,
    read_text,
    read_whole,
)


def faults_of(text):
    findings = Findings("f")
    parse(text, findings)
    return [str(fault) for fault in findings.faults]


def read(reader, text):
    """The value of one scalar, and what is wrong with it."""
    findings = Findings("f")
    node = parse(text, findings)
    assert node is not None
    value = reader(findings, node)
    return value, [fault.message for fault in findings.faults]


def test_nodes_know_their_places():
    """Lines and columns count from 1; a quoted scalar is not plain."""
    key, value = Scalar(line=2, column=1, text="a"), Scalar(line=2, column=5, text="x y", is_plain=False)
    items = Items(line=2, column=4, nodes=(value,))
    assert parse("# first\na: ['x y']\n", Findings("f")) == Table(line=2, column=1, entries=((key, items),))


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_an_empty_text_is_nothing(text):
    """A file without a document is no fault."""
    findings = Findings("f")
    assert (parse(text, findings), findings.faults) == (None, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", ["f:2:1: `a` is given twice, first in line 1; keep one"]),
        ("a:\n\tb: 1\n", ["f:2:1: a tab cannot indent; use spaces"]),
        ("a: b: c\n", ["f:1:5: not valid YAML: mapping values are not allowed in this context"]),
        ("--- 1\n--- 2\n", ["f:2:1: a second document starts here; expected one in a file"]),
        ("a: !!python/object:os.system 1\n", ["f:1:4: a tag (!) is not allowed here; expected a plain value"]),
        ("{[1]: 2}\n", ["f:1:2: a list or mapping cannot be a key; expected a word"]),
        ("a\0b", ["f:1:2: the character U+0000 is not allowed in YAML; remove it"]),
        ("a: \ud800", ["f:1:4: the character U+D800 is not allowed in YAML; remove it"]),
        ("[" * 30 + "]" * 30, ["f:1:20: nested more than 20 deep; expected a flatter file"]),
        ("x" * 1_000_001, ["f:1:1: the file has 1000001 characters; expected at most 1000000"]),
        (
            "a: &x 1\nb: *x\n",
            [
                "f:1:4: an anchor (&) is not allowed here; write the value out where it is needed",
                "f:2:4: an alias (*) is not allowed here; write the value out",
            ],
        ),
    ],
)
def test_what_is_not_ours_is_refused_at_its_place(text, expected):
    """Repeated keys, several documents, aliases, tags, depth and odd characters are faults with a position."""
    assert faults_of(text) == expected


def test_a_billion_laughs_cost_nothing():
    """Aliases are refused before anything is multiplied."""
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert len(faults_of("\n".join(lines))) == 12 + 11 * 9


def test_a_file_that_is_not_utf8_is_refused_at_the_byte(tmp_path):
    """The place counts characters before the wrong byte."""
    path = tmp_path / "f.yaml"
    path.write_bytes("é: 1\nnäme: ".encode() + b"\xff\n")
    findings = Findings("f")
    assert parse_file(path, findings) is None
    assert [str(fault) for fault in findings.faults] == ["f:2:7: byte 0xff is not UTF-8; save the file as UTF-8"]


def test_a_missing_file_is_a_fault(tmp_path):
    """The system's own words say why it cannot be read."""
    findings = Findings("f")
    assert parse_file(tmp_path / "none.yaml", findings) is None
    assert [str(fault) for fault in findings.faults] == [
        "f:1:1: the file cannot be read: No such file or directory; expected a readable file"
    ]


def test_a_byte_order_mark_is_passed_over(tmp_path):
    """Windows' editors write one."""
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa\n")
    assert parse_file(path, Findings("f")) == Scalar(line=1, column=1, text="a")


@pytest.mark.parametrize(
    ("text", "value"),
    [("hot", "hot"), ("'no'", "no"), ('"1:30"', "1:30"), ("10.0.0.1", "10.0.0.1"), ("4.1.a", "4.1.a")],
)
def test_text_is_what_was_written(text, value):
    """Quotes make anything text."""
    assert read(read_text, text) == (value, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no", "`no` is the boolean false in YAML; put it in quotes to make it text"),
        ("On", "`On` is the boolean true in YAML; put it in quotes to make it text"),
        ("1:30", "`1:30` is the number 90 in YAML; put it in quotes to make it text"),
        ("22:30:00", "`22:30:00` is the number 81000 in YAML; put it in quotes to make it text"),
        ("012", "`012` is a number in YAML; put it in quotes to make it text"),
        ("3.9", "`3.9` is a number in YAML; put it in quotes to make it text"),
        ("2025-01-06", "`2025-01-06` is a date in YAML; put it in quotes to make it text"),
        ("~", "nothing stands here; expected text"),
        ("' '", "this text is empty; expected some words"),
        ("[a]", "a list stands here; expected text"),
        ("{a: b}", "a mapping stands here; expected text"),
    ],
)
def test_what_yaml_would_turn_into_something_else_is_no_text(text, message):
    """The message says what YAML makes of it."""
    assert read(read_text, text) == (None, [message])


@pytest.mark.parametrize(("text", "value"), [("15", 15.0), ("-71.5", -71.5), ("1e3", 1000.0), ("0.02", 0.02)])
def test_numbers_are_decimal(text, value):
    """Digits with a sign, a fraction and an exponent."""
    assert read(read_number, text) == (value, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1:30", "`1:30` is 90 in YAML; write the number that is meant"),
        ("-1:30", "`-1:30` is -90 in YAML; write the number that is meant"),
        ("012", "`012` is octal in YAML; write it without the leading zero"),
        ("'15'", '"15" is text; write the number without quotes'),
        ("200ms", "`200ms` carries a unit; expected a plain number"),
        (".nan", "`.nan` is not a number; expected digits such as 15 or 0.2"),
        (".inf", "`.inf` is not a number; expected digits such as 15 or 0.2"),
        ("0x1F", "`0x1F` is not a number; expected digits such as 15 or 0.2"),
        ("", "nothing stands here; expected a number"),
    ],
)
def test_no_threshold_is_left_to_guessing(text, message):
    """Every other writing of a number is refused with the way to write it."""
    findings = Findings("f")
    node = parse(text, findings) or Scalar(line=1, column=1, text="")
    assert (read_number(findings, node), [fault.message for fault in findings.faults]) == (None, [message])


@pytest.mark.parametrize(
    ("text", "value"), [("5s", 5.0), ("500ms", 0.5), ("10m", 600.0), ("2h", 7200.0), ("1d", 86400.0), ("1.5s", 1.5)]
)
def test_durations_carry_a_unit(text, value):
    """ms, s, m, h and d."""
    assert read(read_duration, text) == (value, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("60", "`60` has no unit; write 60s if seconds are meant"),
        ("1:30", "`1:30` is 90 in YAML; write 90s if seconds are meant"),
        ("1w", "`1w` is not a duration; expected a number with ms, s, m, h or d, such as 90s"),
        ("-5s", "`-5s` is not a duration; expected a number with ms, s, m, h or d, such as 90s"),
        ("[5s]", "a list stands here; expected a duration such as 90s"),
    ],
)
def test_a_bare_number_is_no_duration(text, message):
    """The fix is named."""
    assert read(read_duration, text) == (None, [message])


@pytest.mark.parametrize(
    ("reader", "text", "expected"),
    [
        (read_boolean, "true", (True, [])),
        (read_boolean, "off", (None, ["`off` is not a yes or no here; write false"])),
        (read_boolean, '"true"', (None, ["`true` is not a yes or no here; write true"])),
        (read_boolean, "1", (None, ["`1` is not a yes or no here; write true or false"])),
        (lambda f, n: read_whole(f, n, 1, 9), "9", (9, [])),
        (lambda f, n: read_whole(f, n, 1, 9), "3.5", (None, ["3.5 does not fit; expected a whole number from 1 to 9"])),
        (lambda f, n: read_choice(f, n, ("zh", "en")), "en", ("en", [])),
        (lambda f, n: read_choice(f, n, ("zh", "en")), "eng", (None, ["`eng` is not known here; did you mean `en`?"])),
        (lambda f, n: read_choice(f, n, ("zh", "en")), "x", (None, ["`x` is not known here; expected one of zh, en"])),
        (read_items, "~", ((), [])),
        (read_items, "a", ((), ["`a` stands here; expected a list"])),
    ],
)
def test_the_other_readers(reader, text, expected):
    """Each gives a value, or nothing and one fault."""
    assert read(reader, text) == expected


def test_a_section_knows_its_keys():
    """An unknown key is told with the nearest known one; a missing one when it is required."""
    findings = Findings("f")
    node = parse("reading: a\ncleer: 3\n", findings)
    assert node is not None
    section = read_section(findings, node, ("reading", "clear", "limit"))
    assert section is not None
    assert (section.text("reading"), section.number("clear"), section.require("limit")) == ("a", None, False)
    assert [str(fault) for fault in findings.faults] == [
        "f:2:1: unknown key `cleer`; did you mean `clear`?",
        "f:1:1: `limit` is missing here; expected a value for it",
    ]


def test_faults_come_sorted_and_once():
    """The exception says all of them, line by line."""
    later = Fault(path="f", line=10, column=1, message="b")
    first = Fault(path="f", line=2, column=7, message="a")
    assert str(Faults([later, first, later])) == "f:2:7: a\nf:10:1: b"


@settings(deadline=None)
@given(
    st.text(max_size=200) | st.lists(st.sampled_from(list("ab:-[]{}&*!|>'\"%@`,?# \t\n~1")), max_size=60).map("".join)
)
def test_no_text_brings_the_reader_down(text):
    """Any text is a tree or faults."""
    findings = Findings("f")
    node = parse(text, findings)
    assert node is None or isinstance(node, (Scalar, Items, Table))
