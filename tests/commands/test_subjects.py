"""Every reading that a clause needs has a name for people."""

from agent.config import load_config
from agent.looking import CATALOGUE, PROVIDERS
from agent.rulebook import load_rulebook
from agent.rules.subjects import has_name, is_measure_named, measure


def test_every_needed_reading_has_a_name() -> None:
    """A reason never shows the operator a metric's name."""
    procedure = load_rulebook(load_config(None), CATALOGUE, PROVIDERS).procedure
    needed = {need.reading for clause in procedure.clauses.values() for need in clause.needs}
    assert [reading for reading in sorted(needed) if not has_name(reading)] == []


def test_every_shipped_rule_has_a_name_for_its_number() -> None:
    """The status page never shows the operator a metric's name, unless a site's own rule watches an unnamed one."""
    rules = load_rulebook(load_config(None), CATALOGUE, PROVIDERS).rules
    assert [rule.name for rule in rules if not is_measure_named(rule.reading)] == []


def test_a_number_is_named_with_what_its_rule_narrows_it_to() -> None:
    """The part comes first in both languages; a reading without a name keeps its own."""
    assert measure("temperature_headroom_celsius", (("component", "gpu"),), "zh") == "显卡温度余量"
    assert (
        measure("temperature_headroom_celsius", (("component", "gpu"),), "en") == "Graphics card temperature headroom"
    )
    assert measure("stall_ratio", (("resource", "io"), ("kind", "full")), "en") == "For disks: time stalled"
    assert measure("own_reading", (), "zh") == "own_reading"
