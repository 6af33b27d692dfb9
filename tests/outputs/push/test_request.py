import struct

from agent.outputs.push.request import STALE, decode, encode, samples_of
from agent.readings import MetricSpec

HOT = MetricSpec(name="temperature_celsius", help="h", source="s")
INFO = MetricSpec(name="agent_info", help="h", source="s")
OUTER = {"job": "endpoint", "instance": "sh-a12", "site": "上海"}


def test_labels_are_those_that_a_scrape_would_store() -> None:
    """Sorted, the name among them; an outer label wins over the series' own, and an empty one is none."""
    series = [
        (HOT, (("chip", "k10temp"), ("sensor", "")), 61.5),
        (INFO, (("version", "1"), ("site", "苏州")), 1.0),
    ]
    assert samples_of(series, OUTER) == {
        (
            ("__name__", "endpoint_temperature_celsius"),
            ("chip", "k10temp"),
            ("instance", "sh-a12"),
            ("job", "endpoint"),
            ("site", "上海"),
        ): 61.5,
        (
            ("__name__", "endpoint_agent_info"),
            ("exported_site", "苏州"),
            ("instance", "sh-a12"),
            ("job", "endpoint"),
            ("site", "上海"),
            ("version", "1"),
        ): 1.0,
    }


def test_what_is_no_number_and_what_is_there_already_have_no_sample() -> None:
    series = [(HOT, (), float("nan")), (HOT, (), 1.0), (HOT, (), 2.0), (HOT, (("chip", "a\udcff"),), 3.0)]
    assert samples_of(series, {}) == {
        (("__name__", "endpoint_temperature_celsius"),): 1.0,
        (("__name__", "endpoint_temperature_celsius"), ("chip", "a?")): 3.0,
    }


def test_a_message_can_be_read_back() -> None:
    """Every label, value and time; the marker for an ended series to the bit."""
    labels = (("__name__", "endpoint_temperature_celsius"), ("site", "上海"))
    request = decode(encode([(labels, 61.5), ((("__name__", "x"),), STALE)], 1_700_000_000_123))
    hot, ended = request.timeseries
    assert [(label.name, label.value) for label in hot.labels] == list(labels)
    assert [(sample.value, sample.timestamp) for sample in hot.samples] == [(61.5, 1_700_000_000_123)]
    assert struct.pack("<d", ended.samples[0].value).hex() == "020000000000f07f"
