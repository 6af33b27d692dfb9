"""`device-health rules`: check, test, list and export rules."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import click

from agent.alerts.alert import Alert
from agent.alerts.inhibition import export_inhibition
from agent.alerts.lifecycle import step
from agent.commands.options import config_option, read_config, read_rulebook
from agent.looking import CATALOGUE, PROVIDERS, configured_probes
from agent.rules.evaluate import compile_rules
from agent.rules.listing import procedure_document, rule_table
from agent.rules.loader import RuleSource, advise, load_rules, rule_sources, shipped_rules_dir
from agent.rules.prometheus_export import RUNBOOKS, Extras, export_readings, export_state
from agent.rules.ruletest import Step, run_tests
from agent.rules.ruletestfile import load_tests
from agent.rules.texts import LANGUAGES
from agent.yamlsource import Faults

FILES = click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False, exists=True))


@click.group("rules")
def command() -> None:
    """Check, test, list and export rules."""


@command.command("check")
@FILES
@config_option
def check(files: tuple[Path, ...], config_path: Path | None) -> None:
    """Check rule FILES as they would be loaded over the shipped rules; without FILES the rules in force.

    Every fault is told with its place, then advice. Exit status 1 for any.
    """
    config = read_config(config_path)
    named = [RuleSource(path=str(path)) for path in files]
    sources = (*rule_sources(None), *named) if named else rule_sources(config.rules_dir)
    try:
        rules = load_rules(sources, CATALOGUE)
    except Faults as faults:
        click.echo(str(faults))
        sys.exit(1)
    intervals = {metric.name: spec.every_seconds for spec in configured_probes(config) for metric in spec.metrics}
    paths = {source.path for source in named or sources}
    advice = [fault for fault in advise(rules, intervals) if fault.path in paths]
    for fault in advice:
        click.echo(str(fault))
    click.echo(f"{len(rules)} rules: ok" if not advice else f"{len(rules)} rules, {len(advice)} to think about")
    sys.exit(1 if advice else 0)


@command.command("test")
@FILES
def test(files: tuple[Path, ...]) -> None:
    """Run rule unit tests; without FILES those of the shipped rules. Exit status 1 if an expectation does not hold."""
    paths = files or tuple(sorted((shipped_rules_dir() / "tests").glob("*.yaml")))
    faults = sum(_run_file(path) for path in paths)
    sys.exit(1 if faults else 0)


def _run_file(path: Path) -> int:
    """Run one file and print what came of it; how many faults there were."""
    try:
        file = load_tests(path, CATALOGUE)
        sources = [RuleSource(path=str(rule_file)) for rule_file in file.rule_files] or rule_sources(None)
        compiled = compile_rules(load_rules(sources, CATALOGUE), CATALOGUE, PROVIDERS)
    except Faults as wrong:
        click.echo(str(wrong))
        return 1
    life: Step[Alert] = step
    faults = run_tests(file, compiled, CATALOGUE, life)
    for fault in faults:
        click.echo(str(fault))
    click.echo(
        f"{path}: {len(file.tests)} tests, {len(faults)} differences"
        if faults
        else f"{path}: {len(file.tests)} tests ok"
    )
    return len(faults)


@command.command("list")
@config_option
@click.option("--format", "form", type=click.Choice(["table", "markdown"]), default="table", show_default=True)
def list_rules(config_path: Path | None, form: str) -> None:
    """List the rules in force, as a table or as the Markdown that a manager signs."""
    config = read_config(config_path)
    rulebook = read_rulebook(config)
    if form == "markdown":
        click.echo(procedure_document(rulebook.procedure, rulebook.by_name, rulebook.reader))
    else:
        width = shutil.get_terminal_size((140, 40)).columns
        click.echo(rule_table(rulebook.by_name, rulebook.reader, width))


@command.group("export")
def export() -> None:
    """Turn the rules in force into another system's."""


@export.command("prometheus")
@config_option
@click.option("--from", "source", type=click.Choice(["state", "readings"]), default="state", show_default=True)
@click.option(
    "--runbooks",
    metavar="URL",
    default=RUNBOOKS,
    show_default=True,
    help="Where the site publishes the runbooks; {rule} stands for the rule's name.",
)
@click.option("--beside", type=click.Choice(LANGUAGES), help="The words in this language too: summary_en and so on.")
def export_prometheus(config_path: Path | None, source: str, runbooks: str, beside: str | None) -> None:
    """Print Prometheus alerting rules, on the agents' own state or on their readings."""
    if "{rule}" not in runbooks:
        raise click.BadParameter("{rule} must stand in it, or every alert links to one page", param_hint="--runbooks")
    rulebook = read_rulebook(read_config(config_path))
    form = export_state if source == "state" else export_readings
    second = replace(rulebook.reader, language=beside) if beside else None
    click.echo(form(rulebook.by_name, rulebook.reader, Extras(runbooks=runbooks, beside=second)), nl=False)


@export.command("alertmanager")
@config_option
def export_alertmanager(config_path: Path | None) -> None:
    """Print Alertmanager's inhibit_rules: of one computer's alerts, the cause is told and not its effects."""
    click.echo(export_inhibition(read_rulebook(read_config(config_path)).by_name), nl=False)
