"""deploy/grafana: the committed dashboards are current, whole, and leave out no metric."""

import importlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from agent.looking import CATALOGUE
from agent.outputs import selfmetrics
from agent.readings import PREFIX, MetricSpec
from tests.deploy.dashboards import FILES, GRAFANA, dashboard_documents, panels_of, used_metrics

_OF_A_SESSION = "says what one user's screen shows, for whoever talks with that user; no fleet or fault is seen in it"
_OF_A_PUSH = "only where a workstation pushes; deploy/prometheus/README.md says how to look"
UNUSED = {
    "endpoint_display_resolution_pixels": _OF_A_SESSION,
    "endpoint_display_refresh_hertz": _OF_A_SESSION,
    "endpoint_night_light_enabled": _OF_A_SESSION,
    "endpoint_push_samples_total": _OF_A_PUSH,
    "endpoint_push_dropped_samples_total": _OF_A_PUSH,
    "endpoint_push_spool_bytes": _OF_A_PUSH,
    "endpoint_push_last_success_timestamp_seconds": _OF_A_PUSH,
}
"""Exported metrics that no panel shows, each with its reason."""

has_sdk = importlib.util.find_spec("grafana_foundation_sdk") is not None


def exported_metrics() -> set[str]:
    """Everything that the metrics page can have: readings, and what the agent says about itself."""
    own = {spec.name for spec in vars(selfmetrics).values() if isinstance(spec, MetricSpec)}
    return {PREFIX + name for name in own | set(CATALOGUE)}


@pytest.mark.skipif(not has_sdk, reason="grafana-foundation-sdk is not installed (dependency group grafana)")
def test_the_committed_dashboards_are_current(tmp_path: Path) -> None:
    """The generator writes exactly these files."""
    subprocess.run([sys.executable, GRAFANA / "generate.py", tmp_path], check=True, timeout=120)
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_text(encoding="utf-8") for path in FILES}


@pytest.mark.skipif(not has_sdk, reason="grafana-foundation-sdk is not installed (dependency group grafana)")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_grafanas_own_model_reads_a_dashboard_whole(path: Path) -> None:
    """Nothing is lost or added on the way through its types, so every key is one that Grafana knows."""
    cog = importlib.import_module("grafana_foundation_sdk.cog.plugins")
    cog.register_default_plugins()
    model = importlib.import_module("grafana_foundation_sdk.models.dashboard")
    encoder = importlib.import_module("grafana_foundation_sdk.cog.encoder")
    document = json.loads(path.read_text(encoding="utf-8"))
    again = json.loads(json.dumps(model.Dashboard.from_json(document), cls=encoder.JSONEncoder))
    assert again == document


def test_every_exported_metric_is_shown_or_named_as_unused() -> None:
    """And no panel asks for a metric that does not exist."""
    used = used_metrics()
    assert used - exported_metrics() == set()
    assert exported_metrics() - used == set(UNUSED)


def test_every_panel_says_what_it_shows_in_two_languages() -> None:
    """Chinese first, English beside it, in titles and descriptions."""
    for name, document in dashboard_documents().items():
        for shown in (document, *panels_of(document)):
            for text in (str(shown["title"]), str(shown["description"])):
                chinese, separator, english = text.partition(" · ")
                assert separator, (name, text)
                assert not chinese.isascii(), (name, text)
                assert english.isascii() or "’" in english, (name, text)


def test_panels_have_units_and_do_not_overlap() -> None:
    """Each lies in a grid of 24 columns."""
    for name, document in dashboard_documents().items():
        cells: set[tuple[int, int]] = set()
        for panel in panels_of(document):
            place = panel["gridPos"]
            assert isinstance(place, dict)
            across = range(place["x"], place["x"] + place["w"])
            down = range(place["y"], place["y"] + place["h"])
            taken = {(x, y) for x in across for y in down}
            assert across.stop <= 24, (name, panel["title"])
            assert not cells & taken, (name, panel["title"])
            cells |= taken
            config = panel["fieldConfig"]
            assert isinstance(config, dict)
            assert panel["type"] == "table" or config["defaults"]["unit"], (name, panel["title"])


def test_queries_of_a_panel_have_names_of_their_own() -> None:
    """Grafana gives each answer to the query of that name."""
    for name, document in dashboard_documents().items():
        for panel in panels_of(document):
            targets = panel["targets"]
            assert isinstance(targets, list)
            names = [target["refId"] for target in targets]
            assert all(names), (name, panel["title"])
            assert len(set(names)) == len(names), (name, panel["title"])


def test_links_lead_to_dashboards_that_exist() -> None:
    """From a workstation's name to its page."""
    text = "".join(path.read_text(encoding="utf-8") for path in FILES)
    assert "/d/endpoint-workstation?var-instance=" in text
    assert {str(document["uid"]) for document in dashboard_documents().values()} == {path.stem for path in FILES}


def test_the_provisioning_files_are_what_grafana_reads() -> None:
    """Version 1 of both formats: https://grafana.com/docs/grafana/latest/administration/provisioning/ ."""
    sources = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8"))
    providers = yaml.safe_load((GRAFANA / "provisioning/dashboards/device-health.yaml").read_text(encoding="utf-8"))
    assert (sources["apiVersion"], sources["datasources"][0]["type"]) == (1, "prometheus")
    assert (providers["apiVersion"], providers["providers"][0]["type"]) == (1, "file")
