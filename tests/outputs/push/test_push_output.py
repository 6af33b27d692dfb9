import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.alerts.alert import Update
from agent.outputs.exposition import Series
from agent.outputs.push.request import decode
from agent.outputs.push.settings import PushSettings
from agent.outputs.push_output import PushOutput
from agent.readings import MetricSpec
from tests.outputs.conftest import NOON
from tests.outputs.push.receiver import Receiver, receiver
from tests.running_agent import eventually, free_port

HOT = MetricSpec(name="temperature_celsius", help="h", source="s")
FAN = MetricSpec(name="fan_speed_rpm", help="h", source="s")
NOON_MILLISECONDS = round(NOON.timestamp() * 1000)
STALE = "020000000000f07f"


@contextmanager
def output(folder: Path, series: list[Series], url: str = "") -> Iterator[PushOutput]:
    settings = PushSettings(url=url or f"http://127.0.0.1:{free_port()}/", labels={"instance": "a"})
    with closing(PushOutput(settings, str(folder / "push.db"), "device-health/1", lambda: series)) as made:
        yield made


def at(update: Update, seconds: float) -> Update:
    return replace(update, snapshot=replace(update.snapshot, taken_at=NOON + timedelta(seconds=seconds)))


def push(output: PushOutput, update: Update) -> None:
    """Publish when it is time."""
    output._due_at = 0
    output.publish(update)


def spooled(output: PushOutput) -> list[tuple[int, dict[str, str]]]:
    """Time and hexadecimal values by name of every message, taken out."""
    found = []
    while (message := output._spool.oldest()) is not None:
        values = {
            next(label.value for label in series.labels if label.name == "__name__"): struct.pack(
                "<d", series.samples[0].value
            ).hex()
            for series in decode(message.body).timeseries
        }
        found.append((message.at_milliseconds - NOON_MILLISECONDS, values))
        output._spool.remove_oldest()
    return found


def number(value: float) -> str:
    return struct.pack("<d", value).hex()


def test_a_series_that_is_gone_is_ended_once(tmp_path: Path, example: Update) -> None:
    """And one that is back goes on."""
    series: list[Series] = [(HOT, (), 61.0), (FAN, (), 900.0)]
    hot, fan = "endpoint_temperature_celsius", "endpoint_fan_speed_rpm"
    with output(tmp_path, series) as pushing:
        push(pushing, example)
        fan_series = series.pop()
        push(pushing, at(example, 30))
        push(pushing, at(example, 60))
        series.append(fan_series)
        push(pushing, at(example, 90))
        assert spooled(pushing) == [
            (0, {hot: number(61), fan: number(900)}),
            (30_000, {hot: number(61), fan: STALE}),
            (60_000, {hot: number(61)}),
            (90_000, {hot: number(61), fan: number(900)}),
        ]


def test_only_every_so_often(tmp_path: Path, example: Update) -> None:
    """Of cycles that come in between nothing is taken; the first comes at a time of this workstation's own."""
    with output(tmp_path, [(HOT, (), 61.0)]) as pushing:
        pushing._due_at = 0
        for seconds in range(0, 20, 5):
            pushing.publish(at(example, seconds))
        assert [when for when, _ in spooled(pushing)] == [0]


def test_a_clock_that_is_set_back_sends_no_time_twice(tmp_path: Path, example: Update) -> None:
    """Also over a restart; set back by more than an hour it was wrong before, and the new time counts."""
    with output(tmp_path, [(HOT, (), 61.0)]) as pushing:
        push(pushing, at(example, 100))
    with output(tmp_path, [(HOT, (), 61.0)]) as pushing:
        push(pushing, at(example, 100))
        push(pushing, at(example, 40))
        push(pushing, at(example, 101))
        push(pushing, at(example, -8000))
        push(pushing, at(example, -8000))
        push(pushing, at(example, 50))
        assert [when for when, _ in spooled(pushing)] == [100_000, 101_000, -8_000_000, 50_000]
        assert {
            labels: value for spec, labels, value in pushing.counts() if spec.name == "push_dropped_samples_total"
        } == {
            (("reason", "spool_full"),): 0,
            (("reason", "clock_set_back"),): 3,
            (("reason", "clock_ahead"),): 0,
            (("reason", "refused"),): 0,
        }


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as state:
        yield state


def test_a_disk_that_takes_nothing_does_not_keep_the_samples_from_the_server(
    tmp_path: Path, example: Update, server: Receiver
) -> None:
    """The publisher hears of the disk, the server gets the samples."""
    (tmp_path / "state").write_text("")
    with output(tmp_path / "state", [(HOT, (), 61.0)], server.url) as pushing:
        with pytest.raises(OSError, match="Not a directory"):
            push(pushing, example)
        assert eventually(lambda: server.taken == [NOON_MILLISECONDS])
