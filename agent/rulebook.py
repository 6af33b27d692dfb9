"""The rules in force: shipped and site rules, the procedure they serve, and the words they speak.

Everything that needs rules, procedure, catalogue and language together asks here: the service, `check` and `status`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.alerts.alert import Alert, Message, State, Update
from agent.config import Config
from agent.readings import MetricSpec, Snapshot
from agent.rules.assessment import assess, findings
from agent.rules.clause import ClauseState, Evidence, Finding, Procedure, Standing
from agent.rules.evaluate import CompiledRules, compile_rules
from agent.rules.loader import RuleSource, load_rules, rule_sources, shipped_rules_dir
from agent.rules.procedure import load_procedure
from agent.rules.reader import Reader
from agent.rules.rule import Rule, Severity, Text
from agent.rules.texts import LANGUAGES, render

_STANDING = {Severity.WARNING: Standing.WARNING, Severity.CRITICAL: Standing.CRITICAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """Rules, procedure and words of one load. `digest` is the SHA-256 of every file that it came from."""

    rules: tuple[Rule, ...]
    compiled: CompiledRules
    procedure: Procedure
    catalogue: Mapping[str, MetricSpec]
    providers: Mapping[str, str]
    reader: Reader
    digest: str
    by_name: Mapping[str, Rule] = field(default_factory=dict)

    def in_language(self, language: str) -> Rulebook:
        """The same rules, speaking another language."""
        return replace(self, reader=replace(self.reader, language=language))

    def message(self, rule: Rule, alert: Alert) -> Message:
        """An alert's words in the configured language."""
        return self._message(rule, alert, self.reader.language)

    def messages(self, rule: Rule, alert: Alert) -> Mapping[str, Message]:
        """An alert's words in every language."""
        return {language: self._message(rule, alert, language) for language in LANGUAGES}

    def _message(self, rule: Rule, alert: Alert, language: str) -> Message:
        words = render(
            rule,
            language,
            severity=alert.key.severity,
            spec=self.catalogue[rule.reading],
            resource=alert.key.resource,
            value=alert.value,
            limit=alert.limit,
            it_contact=self.reader.it_contact,
        )
        return Message(title=words.title, problem=words.problem, action=words.action)

    def states_of_update(self, update: Update) -> dict[str, ClauseState]:
        """How every clause stands by the running agent: only what fires is a fault."""
        return self.states(update.snapshot, findings(update.verdicts, firing_findings(update.alerts)))

    def states(
        self, snapshot: Snapshot, found: Sequence[Finding], record_fault: Text | None = None
    ) -> dict[str, ClauseState]:
        """How every clause stands by these findings; `record_fault` says why nothing is being recorded, if so."""
        evidence = Evidence(
            snapshot=snapshot, findings=tuple(found), providers=self.providers, record_fault=record_fault
        )
        return assess(self.procedure, self.by_name, evidence)


def firing_findings(alerts: Iterable[Alert]) -> list[Finding]:
    """Every firing alert as a finding."""
    return [
        Finding(
            rule=alert.key.rule,
            resource=alert.key.resource,
            standing=_STANDING[alert.key.severity],
            value=alert.value,
            limit=alert.limit,
        )
        for alert in alerts
        if alert.state is State.FIRING
    ]


def load_rulebook(config: Config, catalogue: Mapping[str, MetricSpec], providers: Mapping[str, str]) -> Rulebook:
    """Read the shipped rules, the site's rules and the procedure.

    Raises:
        Faults: every fault of every rule file, at its position.
    """
    sources = rule_sources(config.rules_dir)
    rules = load_rules(sources, catalogue)
    procedure_source = RuleSource(path=str(shipped_rules_dir() / "procedure.yaml"))
    return Rulebook(
        rules=rules,
        compiled=compile_rules(rules, catalogue, providers),
        procedure=load_procedure(procedure_source, catalogue),
        catalogue=catalogue,
        providers=providers,
        reader=Reader(catalogue=catalogue, language=config.language, it_contact=config.it_contact),
        digest=digest_of(Path(source.path) for source in (*sources, procedure_source)),
        by_name={rule.name: rule for rule in rules},
    )


def digest_of(paths: Iterable[Path]) -> str:
    """One SHA-256 over the names and contents of files, in this order."""
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
