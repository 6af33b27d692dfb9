"""Rule files to rules: the shipped ones first, then the site's, which replace single values or add rules by name.

Every fault of every file is found before anything is refused, so that `rules check` and a reload tell all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from agent.readings import MetricSpec
from agent.rules.rule import Audience, Rule, Severity
from agent.rules.rulebuild import build
from agent.rules.rulefile import Draft, RuleSource, merged, read_drafts
from agent.yamlsource import Fault, Faults, Findings, Scalar, closest, read_items

__all__ = ["RuleSource", "advise", "load_rules", "rule_sources", "shipped_rules_dir"]

NOT_RULES = frozenset({"procedure.yaml"})
"""Files beside the rules that hold something else."""


def shipped_rules_dir() -> Path:
    """The rules that come with the agent: inside the wheel, else beside the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "shipped_rules"
    return inside if inside.is_dir() else package.parent / "rules"


def rule_sources(rules_dir: Path | None) -> tuple[RuleSource, ...]:
    """The shipped rule files, then those of the site's folder, each sorted by name; a missing folder has none."""
    folders = [shipped_rules_dir(), *([rules_dir] if rules_dir is not None else [])]
    return tuple(
        RuleSource(path=str(path))
        for folder in folders
        for path in sorted(folder.glob("*.yaml"))
        if path.name not in NOT_RULES
    )


def load_rules(sources: Sequence[RuleSource], catalogue: Mapping[str, MetricSpec]) -> tuple[Rule, ...]:
    """The rules in the order of first mention, without the disabled ones; the catalogue is by metric name.

    Raises:
        Faults: every fault of every file.
    """
    files = [Findings(source.path) for source in sources]
    written = [draft for source, file in zip(sources, files, strict=True) for draft in read_drafts(source, file)]
    drafts = merged(written)
    built = [build(draft, catalogue, list(drafts)[:at]) for at, draft in enumerate(drafts.values())]
    _check_dependencies(drafts)
    if faults := [fault for file in files for fault in file.faults]:
        raise Faults(faults)
    rules = [rule for rule in built if rule is not None]
    return tuple(_without_disabled_causes(rules))


def advise(rules: Iterable[Rule], intervals: Mapping[str, float]) -> list[Fault]:
    """What is allowed and probably not meant; `intervals` are the seconds between two looks, by metric name."""
    named = {rule.name: rule for rule in rules}
    return [
        Fault(path=path, line=int(line), column=1, message=f"{rule.name}: {message}")
        for rule in named.values()
        for path, _, line in (rule.defined_at.rpartition(":"),)
        for message in (*_advice(rule, intervals.get(rule.reading, 0.0)), *_hidden(rule, named))
    ]


def _advice(rule: Rule, interval: float) -> Iterable[str]:
    for level in rule.levels:
        name = level.severity.value
        if 0 < level.for_seconds < interval:
            yield (
                f"{name} waits {level.for_seconds:g} s, but {rule.reading} is read every {interval:g} s: one value "
                f"decides; expected `for` of {2 * interval:g}s or more, or 0s"
            )
        if level.clear == level.limit and not rule.keep_firing_seconds and not _is_step(level.limit):
            limit = f"{level.limit:.12g}"
            yield f"{name} clears at its own limit {limit}, so it may flap; expected another, or `keep_firing_for`"
    if rule.increase_over_seconds is not None and rule.increase_over_seconds < 2 * interval:
        yield f"`increase_over` spans less than two looks; expected {2 * interval:g}s or more"


def _hidden(rule: Rule, named: Mapping[str, Rule]) -> Iterable[str]:
    """A cause hides its effects while it fires, so what stops work must not wait behind a warning."""
    if all(level.severity is not Severity.CRITICAL for level in rule.levels):
        return
    for cause in (named[name] for name in rule.depends_on if name in named):
        if cause.audience is Audience.IT:
            yield f"its critical level is hidden from the operator while {cause.name} fires, which only IT is told of"


def _is_step(limit: float) -> bool:
    """Yes-or-no readings and counts from nothing have no room for a distance."""
    return limit in (0.0, 1.0)


def _without_disabled_causes(rules: list[Rule]) -> Iterable[Rule]:
    names = {rule.name for rule in rules}
    for rule in rules:
        causes = tuple(cause for cause in rule.depends_on if cause in names)
        yield rule if causes == rule.depends_on else replace(rule, depends_on=causes)


def _check_dependencies(drafts: Mapping[str, Draft]) -> None:
    causes = {name: _causes(draft) for name, draft in drafts.items()}
    for name, nodes in causes.items():
        for node in nodes:
            if node.text not in drafts:
                _file(drafts[name]).add(node, f"there is no rule `{node.text}`; {closest(node.text, sorted(drafts))}")
    for circle in _circles({name: [node.text for node in nodes] for name, nodes in causes.items()}):
        first = next(node for node in causes[circle[0]] if node.text == circle[1])
        _file(drafts[circle[0]]).add(first, f"depends_on runs in a circle: {' → '.join(circle)}; remove one of them")


def _causes(draft: Draft) -> list[Scalar]:
    """The names in `depends_on`; what is wrong with them otherwise is told where the rule is built."""
    cell = draft.cell("depends_on")
    nodes = read_items(Findings(""), cell.node) if cell is not None else ()
    return [node for node in nodes if isinstance(node, Scalar) and not (node.is_nothing or node.is_unusable)]


def _file(draft: Draft) -> Findings:
    cell = draft.cell("depends_on")
    return draft.findings if cell is None else cell.findings


def _circles(causes: Mapping[str, list[str]]) -> list[list[str]]:
    """Each circle once, from its first name in the order of the rules and back to it."""
    found: list[list[str]] = []
    done: set[str] = set()
    for start in causes:
        path = _way_back(start, causes, done)
        if path is not None:
            found.append(path)
        done.add(start)
    return found


def _way_back(start: str, causes: Mapping[str, list[str]], done: set[str]) -> list[str] | None:
    """The shortest way from the rule to itself that touches no rule in `done`."""
    ways, seen = [[start]], set(done)
    for way in ways:
        for cause in causes.get(way[-1], ()):
            if cause == start:
                return [*way, start]
            if cause not in seen:
                seen.add(cause)
                ways.append([*way, cause])
    return None
