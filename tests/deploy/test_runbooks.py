"""deploy/runbooks: every alert has its page, and the page says what the alert says, without numbers of its own."""

import re
from pathlib import Path

import click
import pytest
import yaml

from agent.cli import COMMANDS, device_health
from agent.looking import CATALOGUE
from agent.rules.loader import load_rules, rule_sources
from agent.rules.units import is_yes_or_no, show
from tests.running_agent import ROOT

RUNBOOKS = ROOT / "deploy" / "runbooks"
PAGES = sorted(RUNBOOKS.glob("*.md"))
RULES = {rule.name: rule for rule in load_rules(rule_sources(None), CATALOGUE)}
SECTIONS = ["含义 · What it means", "怎么看 · How to look", "怎么办 · How to mend"]


def fleet_alerts() -> dict[str, tuple[str, str, str]]:
    """Summary in both languages and clause of the alerts that are written by hand."""
    file = ROOT / "deploy" / "prometheus" / "rules" / "fleet.yml"
    rules = [rule for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
    return {
        rule["alert"]: (rule["annotations"]["summary"], rule["annotations"]["summary_en"], rule["labels"]["clause"])
        for rule in rules
        if "alert" in rule
    }


def alerts() -> dict[str, tuple[str, str, str]]:
    shipped = {rule.name: (rule.summary["zh"], rule.summary["en"], rule.clause) for rule in RULES.values()}
    return {**shipped, **fleet_alerts()}


def test_every_alert_has_its_page_and_no_page_is_orphaned() -> None:
    assert {page.stem for page in PAGES} == set(alerts())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_about_its_alert(page: Path) -> None:
    """Title and clause are the alert's own words; it says what it means, how to look and how to mend."""
    zh, en, clause = alerts()[page.stem]
    text = page.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0] == f"# {zh} · {en}"
    assert lines[2].startswith(f"`{page.stem}` · 条款 clause {clause} · ")
    assert re.findall(r"^## (.*)$", text, flags=re.MULTILINE) == SECTIONS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_agents_commands_in_a_page_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name, second in re.findall(
        r"(?<!systemctl )(?:^|\| |：|: )device-health ([a-z]+)(?: ([a-z]+))?", text, flags=re.M
    ):
        assert name in COMMANDS, name
        command = device_health.get_command(click.Context(device_health), name)
        if isinstance(command, click.Group):
            assert second in command.commands, (name, second)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_a_page_repeats_no_limit(rule) -> None:  # type: ignore[no-untyped-def]
    """A site may change it; the page sends the reader to `rules list`."""
    text = (RUNBOOKS / f"{rule.name}.md").read_text(encoding="utf-8")
    spec = CATALOGUE[rule.reading]
    assert "`device-health rules list`" in text
    for level in rule.levels if not is_yes_or_no(spec) else ():
        for language in ("zh", "en"):
            shown = show(spec, level.limit, language)
            if " " in shown:  # with its unit; a bare number may stand for anything
                assert not re.search(rf"(?<![\d.-]){re.escape(shown)}", text), shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_only_alerts_that_exist(page: Path) -> None:
    """A hyphenated name that looks like one of ours is one."""
    known = set(alerts())
    families = {name.split("-")[0] for name in known} - {"stop", "name"}
    prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    named = {
        word for word in re.findall(r"(?<![\w/.-])[a-z]+(?:-[a-z]+)+(?![\w-])", prose) if word.split("-")[0] in families
    }
    assert named <= known
