"""What people read: units, names of resources, missing values, and which limits cannot be meant."""

from types import SimpleNamespace

import pytest

from agent.readings import MetricKind, MetricSpec
from agent.rules.rule import Severity
from agent.rules.texts import Words, fault_of, name_for_people, render
from agent.rules.units import bounds, outside, show, wrong_unit
from agent.yamlsource import Scalar


def spec(name, **more):
    kind = MetricKind.COUNTER if name.endswith("_total") else MetricKind.GAUGE
    return MetricSpec(name=name, help="", source="", kind=kind, **more)


@pytest.mark.parametrize(
    ("name", "value", "english", "chinese"),
    [
        ("temperature_celsius", 97.0, "97 °C", "97 °C"),
        ("temperature_headroom_celsius", 3.25, "3.2 °C", "3.2 °C"),
        ("ping_round_trip_seconds", 0.034, "34 ms", "34 ms"),
        ("ping_round_trip_seconds", 1.5, "1.5 s", "1.5 秒"),
        ("cpu_throttled_seconds_total", 180.0, "3 min", "3 分钟"),
        ("ping_loss_ratio_lower_bound", 0.034, "3.4 %", "3.4 %"),
        ("storage_available_ratio", 0.0004, "0.04 %", "0.04 %"),
        ("network_speed_bytes_per_second", 1.25e8, "1 Gbit/s", "1 Gbit/s"),
        ("memory_swapped_in_bytes_total", 12.5e6, "12.5 MB", "12.5 MB"),
        ("fan_speed_rpm", 0.0, "0 rpm", "0 转/分"),
        ("fan_speed_rpm", 1430.0, "1430 rpm", "1430 转/分"),
        ("wifi_signal_dbm", -71.0, "-71 dBm", "-71 dBm"),
        ("cpu_frequency_hertz", 2.4e9, "2.4 GHz", "2.4 GHz"),
        ("cpu_load_per_core", 2.04, "2", "2"),
        ("display_drops_total", 1.0, "1 time", "1 次"),
        ("display_drops_total", 3.0, "3 times", "3 次"),
    ],
)
def test_values_are_shown_with_the_units_people_use(name, value, english, chinese):
    """The unit is told from the metric's name."""
    assert (show(spec(name), value, "en"), show(spec(name), value, "zh")) == (english, chinese)


def test_yes_or_no_readings_are_not_shown_as_numbers():
    """A gauge of 0 or 1 without a unit says yes or no."""
    stalled = spec("fan_stalled", lowest=0, highest=1)
    assert [show(stalled, value, language) for value in (1, 0) for language in ("en", "zh")] == [
        "yes",
        "是",
        "no",
        "否",
    ]


@pytest.mark.parametrize(
    ("name", "text", "better"),
    [
        (
            "ping_round_trip_seconds",
            "200ms",
            "`200ms` carries a unit; ping_round_trip_seconds is in seconds: write 0.2",
        ),
        ("network_speed_bytes_per_second", "100Mbit/s", "write 12500000"),
        ("storage_available_ratio", "10%", "write 0.1"),
        ("wifi_signal_dbm", "-70 dBm", "write -70"),
        ("wifi_signal_dbm", "-70", None),
        ("cpu_load_per_core", "2x", None),
    ],
)
def test_a_unit_behind_a_number_is_answered_with_the_number(name, text, better):
    """What to write instead is worked out."""
    told = wrong_unit(spec(name), Scalar(line=1, column=1, text=text))
    assert told == better or (told is not None and better is not None and told.endswith(better))


def test_limits_that_no_reading_reaches_cannot_be_meant():
    """By what is believable of the reading; a ratio runs from 0 to 1 even where nobody said so."""
    assert bounds(spec("a_ratio")) == (0.0, 1.0)
    assert outside(spec("a_ratio"), 90) == "90 is beyond a ratio, which runs from 0 to 1; write 0.9 for 90 %"
    assert outside(spec("a_celsius", lowest=-20, highest=150), 300) == (
        "300 is outside what a_celsius can be; expected -20 to 150"
    )
    assert outside(spec("a_total"), -1) == "-1 is outside what a_total can be; expected 0 or more"
    assert outside(spec("a_celsius"), 300) is None


RULE = SimpleNamespace(
    match=(("component", "cpu"),),
    summary={"zh": "热", "en": "Hot"},
    problem={"zh": "{resource}：{value}，限 {limit}", "en": "{resource}: {value}, limit {limit}"},
    action={"zh": "通知 {it_contact}。", "en": "Notify {it_contact}."},
)
RESOURCE = (("chip", "coretemp"), ("sensor", "{value} 0"), ("component", "cpu"))


def words(language, severity, **more):
    return render(RULE, language, severity=severity, spec=spec("a_celsius"), resource=RESOURCE, limit=5.0, **more)


def test_a_text_is_filled_in_once():
    """Braces in a sensor's name stay what they are; critical begins with stopping work."""
    assert words("en", Severity.CRITICAL, value=3.0, it_contact="Anna, 8000") == Words(
        title="Hot", problem="coretemp {value} 0: 3 °C, limit 5 °C", action="Stop work now. Notify Anna, 8000."
    )


def test_a_missing_value_and_a_missing_contact_are_said():
    """Never a made-up zero, never an empty name."""
    assert words("zh", Severity.WARNING, value=None) == Words(
        title="热", problem="coretemp {value} 0：无读数，限 5 °C", action="通知 IT 部门。"
    )


@pytest.mark.parametrize(
    ("resource", "english"),
    [
        ((), "this computer"),
        ((("target", "crm"), ("role", "business")), "crm"),
        ((("chip", "nct6775"), ("fan", "fan1")), "nct6775 fan1"),
        ((("resource", "memory"), ("kind", "full")), "this computer"),
    ],
)
def test_a_resource_is_named_by_its_values(resource, english):
    """Without what the rule already says."""
    assert name_for_people(RULE, resource, "en") == english


@pytest.mark.parametrize("text", ["{value} {limit} {resource} {it_contact}", "no placeholder"])
def test_good_texts_pass(text):
    """All four placeholders exist."""
    assert fault_of("problem", "en", text) is None


def test_chinese_has_half_the_room():
    """A character is twice as wide."""
    assert fault_of("summary", "zh", "热" * 31) == (
        "this summary has 31 characters; expected at most 30, so that it is shown whole"
    )
