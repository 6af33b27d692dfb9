"""Every reading that a clause needs has a name for people."""

from agent.config import load_config
from agent.looking import CATALOGUE, PROVIDERS
from agent.rulebook import load_rulebook
from agent.rules.subjects import has_name


def test_every_needed_reading_has_a_name() -> None:
    """A reason never shows the operator a metric's name."""
    procedure = load_rulebook(load_config(None), CATALOGUE, PROVIDERS).procedure
    needed = {need.reading for clause in procedure.clauses.values() for need in clause.needs}
    assert [reading for reading in sorted(needed) if not has_name(reading)] == []
