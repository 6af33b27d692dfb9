"""Rule files: every fault at its place, overrides by name, and nothing but faults raised whatever is written."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.rules.loader import RuleSource, advise, load_rules, rule_sources
from agent.rules.rule import Audience, Rule, Severity, Side, Threshold
from agent.rules.rulefile import KEYS, LEVEL_KEYS
from agent.yamlsource import Faults

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))

HOT = """
rules:
  - name: hot
    clause: 4.1.a.1
    reading: temperature_headroom_celsius
    match: {component: cpu}
    warning: {below: 15, clear: 20, for: 60s}
    critical: {below: 5, clear: 10, for: 15s}
    keep_firing_for: 1m
    audience: operator
    summary: {zh: 热, en: Hot}
    problem: {zh: "{value}", en: "{value}"}
    action: {zh: "{it_contact}", en: "{it_contact}"}
"""

COLD = HOT.replace("name: hot", "name: cold")


def load(catalogue, *texts):
    return load_rules([RuleSource(path=f"{at}.yaml", text=text) for at, text in enumerate(texts)], catalogue)


def faults_of(catalogue, *texts):
    with pytest.raises(Faults) as caught:
        load(catalogue, *texts)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_with_the_whole_message(path, catalogue):
    """The first lines of each file under bad/ say what must be said about it."""
    text = path.read_text(encoding="utf-8")
    expected = [line.removeprefix("# expect: ") for line in text.splitlines() if line.startswith("# expect: ")]
    with pytest.raises(Faults) as caught:
        load_rules([RuleSource(path=str(path))], catalogue)
    assert [str(fault).removeprefix(f"{path}:") for fault in caught.value.faults] == expected


def test_a_rule_is_loaded_whole(catalogue):
    """Every key of the format lands in its field."""
    (rule,) = load(catalogue, HOT)
    assert rule == Rule(
        name="hot",
        clause="4.1.a.1",
        reading="temperature_headroom_celsius",
        match=(("component", "cpu"),),
        levels=(
            Threshold(severity=Severity.WARNING, side=Side.BELOW, limit=15, clear=20, for_seconds=60),
            Threshold(severity=Severity.CRITICAL, side=Side.BELOW, limit=5, clear=10, for_seconds=15),
        ),
        keep_firing_seconds=60,
        audience=Audience.OPERATOR,
        summary={"zh": "热", "en": "Hot"},
        problem={"zh": "{value}", "en": "{value}"},
        action={"zh": "{it_contact}", "en": "{it_contact}"},
        defined_at="0.yaml:3",
    )


def test_clear_is_the_limit_and_for_is_nothing_unless_given(catalogue):
    """The defaults."""
    (rule,) = load(catalogue, HOT.replace("{below: 15, clear: 20, for: 60s}", "{below: 15}"))
    assert rule.levels[0] == Threshold(severity=Severity.WARNING, side=Side.BELOW, limit=15, clear=15, for_seconds=0)


def test_an_override_replaces_only_what_it_names(catalogue):
    """A site changes a threshold; the rest stays, and the rule is now said to be defined by the site."""
    (rule,) = load(catalogue, HOT, "rules:\n  - name: hot\n    warning: {below: 18}\n    summary: {en: Warm}\n")
    assert (rule.levels[0].limit, rule.levels[0].clear, rule.levels[1].limit) == (18, 20, 5)
    assert (rule.summary, rule.defined_at) == ({"zh": "热", "en": "Warm"}, "1.yaml:2")


def test_an_override_past_the_shipped_clear_is_told_where_it_is(catalogue):
    """The fault stands at the site's limit and names the line of the shipped `clear`."""
    assert faults_of(catalogue, HOT, "rules:\n  - name: hot\n    warning: {below: 25}\n") == [
        "1.yaml:3:22: `clear: 20` in 0.yaml:7 is on the wrong side of `below: 25`; expected 25 or a value above it"
    ]


def test_a_misspelt_override_is_not_taken_for_a_new_rule(catalogue):
    """It is told which rule it resembles."""
    assert faults_of(catalogue, COLD, "rules:\n  - name: could\n    warning: {below: 18}\n") == [
        (
            "1.yaml:2:5: the rule `could` lacks `clause`, `reading`, `audience`, `summary`, `problem`, `action`; "
            "did you mean `cold`?"
        )
    ]


def test_a_site_adds_rules_and_switches_others_off(catalogue):
    """A rule that depended on a disabled one stands alone."""
    cold = COLD.replace("audience", "depends_on: [hot]\n    audience")
    assert [rule.depends_on for rule in load(catalogue, HOT, cold)] == [(), ("hot",)]
    (rule,) = load(catalogue, HOT, cold, "rules: [{name: hot, disabled: true}]")
    assert (rule.name, rule.depends_on) == ("cold", ())


def test_faults_of_all_files_are_told_at_once(catalogue):
    """Sorted by file and line."""
    assert faults_of(catalogue, HOT.replace("15,", "hot,"), "rools: []\n") == [
        "0.yaml:7:22: `hot` is not a number; expected digits such as 15 or 0.2",
        "1.yaml:1:1: unknown key `rools`; did you mean `rules`?",
    ]


@pytest.mark.parametrize("text", ["", "rules:\n", "rules: []\n"])
def test_an_empty_file_has_no_rules(text, catalogue):
    """Nothing written is no fault."""
    assert load(catalogue, text) == ()


def test_the_site_comes_after_the_shipped_files(tmp_path):
    """Each folder sorted by name; the procedure is no rule file; a missing folder is none."""
    for name in ("b.yaml", "a.yaml", "procedure.yaml", "notes.txt"):
        (tmp_path / name).write_text("rules: []\n", encoding="utf-8")
    shipped = [Path(source.path).name for source in rule_sources(None)]
    assert [Path(source.path).name for source in rule_sources(tmp_path)] == [*shipped, "a.yaml", "b.yaml"]
    assert "procedure.yaml" not in shipped
    assert rule_sources(tmp_path / "none") == rule_sources(None)


def test_advice_tells_what_is_probably_not_meant(catalogue):
    """A `for` within one look, a limit that is its own clear, a window within two looks, a cause only IT sees."""
    hot = HOT.replace("{below: 15, clear: 20, for: 60s}", "{below: 15, for: 3s}").replace("keep_firing_for: 1m", "")
    drops = (
        HOT.replace("name: hot", "name: drops")
        .replace("    match: {component: cpu}\n", "")
        .replace("temperature_headroom_celsius", "display_drops_total\n    increase_over: 5s\n    depends_on: [quiet]")
        .replace("{below: 15, clear: 20, for: 60s}", "{above: 1}")
        .replace("{below: 5, clear: 10, for: 15s}", "{above: 9, clear: 1}")
    )
    quiet = "\n".join(line for line in HOT.replace("hot", "quiet").split("\n") if "critical" not in line)
    quiet = quiet.replace("audience: operator", "audience: it")
    rules = load(catalogue, hot, drops, quiet)
    intervals = {"temperature_headroom_celsius": 5.0, "display_drops_total": 5.0}
    assert [str(fault) for fault in advise(rules, intervals)] == [
        (
            "0.yaml:3:1: hot: warning waits 3 s, but temperature_headroom_celsius is read every 5 s: one value "
            "decides; expected `for` of 10s or more, or 0s"
        ),
        "0.yaml:3:1: hot: warning clears at its own limit 15, so it may flap; expected another, or `keep_firing_for`",
        "1.yaml:3:1: drops: `increase_over` spans less than two looks; expected 10s or more",
        "1.yaml:3:1: drops: its critical level is hidden from the operator while quiet fires, which only IT is told of",
    ]


SCALARS = st.sampled_from(
    [
        "15",
        "-3",
        "60s",
        "1:30",
        "no",
        "~",
        "''",
        "4.1.a.1",
        "hot",
        "{value}",
        "cpu",
        "operator",
        "it",
        "display_drops_total",
    ]
)
KEY = st.sampled_from([*KEYS, *LEVEL_KEYS, "zh", "en", "component", "rules", "x"])
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda parts: f"[{', '.join(parts)}]")
        | st.lists(st.tuples(KEY, inner), max_size=6).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=30,
)


@settings(deadline=None, max_examples=300)
@given(tree=TREES | st.lists(TREES, max_size=3).map(lambda rules: f"rules: [{', '.join(rules)}]"))
def test_whatever_is_written_only_faults_are_raised(tree, catalogue):
    """Any tree of our own keys and likely values is rules or faults."""
    with contextlib.suppress(Faults):
        assert all(isinstance(rule, Rule) for rule in load(catalogue, tree, HOT, tree))


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_a_rule_with_a_hole_or_a_splinter_only_raises_faults(data, catalogue):
    """Any line of a good rule may be lost, repeated or cut."""
    lines = HOT.split("\n")
    at = data.draw(st.integers(1, len(lines) - 2))
    cut = data.draw(st.integers(0, len(lines[at])))
    kept = [*lines[:at], lines[at][:cut], *lines[at + data.draw(st.integers(0, 1)) :]]
    with contextlib.suppress(Faults):
        assert len(load(catalogue, "\n".join(kept))) <= 1
