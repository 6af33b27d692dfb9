"""The metrics page, read by the tools that will read it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from agent.alerts.alert import Silence, Update
from agent.outputs.metrics import MetricsOutput, accepts_openmetrics
from agent.outputs.selfmetrics import resident_memory_bytes
from agent.readings import MetricSpec, ProbeStatus
from tests.outputs.conftest import NOON
from tests.running_agent import ROOT

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
GOLDEN = Path(__file__).parent / "golden"
OF_THIS_PROCESS = ("endpoint_agent_cpu_seconds_total ", "endpoint_agent_resident_memory_bytes ")


@pytest.fixture
def output(catalogue: dict[str, MetricSpec]) -> MetricsOutput:
    return MetricsOutput(
        catalogue,
        {"site": "hq", "seat": "4-12"},
        "0.1.0",
        clause_status=lambda _: {"4.1.a.1": 2, "4.1.c.1": 3},
        witness=lambda: (42, "c0ffee"),
        machine=(("vendor", "LENOVO"), ("model", "ThinkPad T14 Gen 3")),
        digest=lambda: "0123456789abcdef" * 4,
    )


def page(output: MetricsOutput, accept: str | None = None) -> str:
    return output.render(accept)[0].decode()


def without_process_values(text: str) -> str:
    return "".join(
        line.split(" ")[0] + " …\n" if line.startswith(OF_THIS_PROCESS) else line
        for line in text.splitlines(keepends=True)
    )


def series_of(families: Iterable[Metric]) -> dict[tuple[object, ...], float]:
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if not f"{sample.name} ".startswith(OF_THIS_PROCESS)
    }


@pytest.mark.parametrize(("accept", "golden"), [(None, "metrics.txt"), (OPENMETRICS, "openmetrics.txt")])
def test_page_is_the_golden_one(output: MetricsOutput, example: Update, accept: str | None, golden: str) -> None:
    """Every kind of series is there; suspect, inactive, repeated, unknown and not-a-number values are not."""
    output.publish(example)
    assert without_process_values(page(output, accept)) == (GOLDEN / golden).read_text()


def test_both_formats_hold_the_same_series(output: MetricsOutput, example: Update) -> None:
    """The library's own parsers read both pages, and read the same."""
    output.publish(example)
    assert series_of(parse_text(page(output))) == series_of(parse_openmetrics(page(output, OPENMETRICS)))


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_finds_nothing(output: MetricsOutput, example: Update) -> None:
    """`promtool check metrics` has not a line to say; it knows the text format only."""
    output.publish(example)
    command = ["promtool", "check", "metrics"]
    checked = subprocess.run(command, input=page(output).encode(), capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_a_scrape_of_the_same_cycle_is_not_rendered_again(output: MetricsOutput, example: Update) -> None:
    """The very same bytes are handed out until the next update."""
    output.publish(example)
    first = output.render(None)[0]
    assert output.render("text/plain")[0] is first
    output.publish(example)
    assert output.render(None)[0] is not first


def test_before_the_first_cycle_there_is_no_series(output: MetricsOutput) -> None:
    """A scrape that comes early gets an empty page, which is a valid one."""
    assert page(output) == ""
    assert page(output, OPENMETRICS) == "# EOF\n"


def test_a_failing_probe_keeps_the_time_of_its_last_success(output: MetricsOutput, example: Update) -> None:
    """The series stays at the time when it last worked, while its readings are gone."""
    output.publish(example)
    failed = replace(example.snapshot.results["cpu"], status=ProbeStatus.FAILED, reason="EIO", readings=())
    snapshot = replace(example.snapshot, results={"cpu": failed})
    output.publish(replace(example, snapshot=snapshot))
    lines = page(output).splitlines()
    assert 'endpoint_probe_last_success_timestamp_seconds{probe="cpu"} 1.7673552e+09' in lines
    assert not [line for line in lines if line.startswith("endpoint_cpu_usage_ratio")]


def test_what_nobody_has_seen_is_timed_only_where_somebody_was_told(output: MetricsOutput, example: Update) -> None:
    """Not for what is silenced or explained by a cause, nor once it was seen; a clock set back gives no negative."""

    def unseen(update: Update) -> list[str]:
        output.publish(update)
        lines = page(output).splitlines()
        return [line.rpartition(" ")[2] for line in lines if line.startswith("endpoint_alert_unseen_seconds{")]

    first, *rest = example.alerts
    silence = Silence(rule=first.key.rule, until=NOON, reason="x", by="root", created_at=NOON)
    assert unseen(example) == ["15.0"]
    assert unseen(replace(example, told=frozenset())) == []
    assert unseen(replace(example, silences=(silence,))) == []
    assert unseen(replace(example, alerts=(replace(first, seen_at=NOON), *rest))) == []
    assert unseen(replace(example, alerts=(replace(first, fired_at=NOON + timedelta(hours=1)), *rest))) == ["0.0"]


def test_a_series_that_is_gone_leaves_nothing_behind(output: MetricsOutput, example: Update) -> None:
    """What is kept between pages is dropped with the series it belongs to."""
    output.publish(example)
    page(output)
    output.publish(replace(example, snapshot=replace(example.snapshot, results={}), alerts=(), verdicts=()))
    assert "coretemp" not in page(output)
    assert not [key for key in output._encoder._line_starts if key[0] == "temperature_celsius"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, False),
        ("*/*", False),
        ("text/plain;version=0.0.4", False),
        (OPENMETRICS, True),
        ("application/openmetrics-text; version=1.0.0; escaping=allow-utf-8; q=0.5", True),
        ("application/openmetrics-text;version=0.0.1", False),
        ("application/openmetrics-text;version=nonsense", False),
        ("Application/OpenMetrics-Text", True),
    ],
)
def test_format_follows_the_accept_header(accept: str | None, expected: bool) -> None:
    assert accepts_openmetrics(accept) is expected


@pytest.mark.parametrize("label", ["version", "my-label", "1st", "__name__", "座位", ""])
def test_a_label_name_that_some_prometheus_refuses_is_refused_here(label: str) -> None:
    with pytest.raises(ValueError, match="cannot be used"):
        MetricsOutput({}, {label: "x"}, "0.1.0", clause_status=lambda _: {})


def test_memory_is_absent_where_the_kernel_does_not_tell_it(tmp_path: Path) -> None:
    assert resident_memory_bytes(str(tmp_path / "statm")) is None
    (tmp_path / "statm").write_text("900 300 100 1 0 200 0\n")
    assert resident_memory_bytes(str(tmp_path / "statm")) == 300 * 4096


LOADING = """
import sys
from agent.outputs.encoders import SERVERS
loaded = [name for name in SERVERS if name in sys.modules]
from http.server import BaseHTTPRequestHandler
print(loaded, hasattr(BaseHTTPRequestHandler, "send_response"))
"""


def test_the_librarys_servers_are_not_loaded_and_can_be_had_later() -> None:
    """The encoders come without prometheus_client's servers; who imports those modules afterwards gets them."""
    command = [sys.executable, "-c", LOADING]
    assert subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout == "[] True\n"
