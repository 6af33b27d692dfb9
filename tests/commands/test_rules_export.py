"""`device-health rules export`: what Prometheus and Alertmanager are given."""

import yaml

from tests.running_agent import device_health


def test_the_rules_are_exported_in_two_languages_with_links() -> None:
    """Prometheus' file has the words in the configured language, beside it the other, and the runbook's address."""
    given = device_health("rules", "export", "prometheus", "--beside", "en", "--runbooks", "https://it/{rule}")
    alerts = [rule for group in yaml.safe_load(given.stdout)["groups"] for rule in group["rules"]]
    hot = next(rule for rule in alerts if rule["alert"] == "fan-stalled")["annotations"]
    assert (hot["summary"], hot["summary_en"], hot["runbook_url"]) == (
        "风扇停转",
        "A fan has stopped",
        "https://it/fan-stalled",
    )


def test_one_address_for_every_runbook_is_refused() -> None:
    given = device_health("rules", "export", "prometheus", "--runbooks", "https://it/runbooks")
    assert given.returncode == 2
    assert "{rule} must stand in it, or every alert links to one page" in given.stderr


def test_the_inhibition_rules_are_exported() -> None:
    given = device_health("rules", "export", "alertmanager")
    assert len(yaml.safe_load(given.stdout)["inhibit_rules"]) > 1
