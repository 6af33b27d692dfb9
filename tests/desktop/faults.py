"""A fault that a test can make, worsen and end on any machine: a rule on free memory whose limits move."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.running_agent import RunningAgent, eventually

RULE = """\
rules:
  - name: test-memory
    clause: 4.1.a.3
    reading: memory_available_ratio
    warning: {{below: {warning}, clear: {warning}, for: 0s}}
    critical: {{below: {critical}, clear: {critical}, for: 0s}}
    keep_firing_for: 0s
    audience: operator
    summary: {{zh: 内存 <几乎> 用完 & 变慢, en: memory is <nearly> used up & slow}}
    problem: {{zh: "还剩 {{value}}，应不少于 {{limit}}。", en: "{{value}} is left, {{limit}} or more is expected."}}
    action:
      zh: "请关闭不用的程序，并通知 {{it_contact}}。"
      en: "Close what you do not need, and notify {{it_contact}}."
"""
NEVER, ALWAYS = "0.0002", "1"
LIMITS = {
    "none": {"warning": NEVER, "critical": "0.0001"},
    "warning": {"warning": ALWAYS, "critical": "0.0001"},
    "critical": {"warning": ALWAYS, "critical": "0.9999"},
}


def write_fault(folder: Path, level: str) -> None:
    """The rule file for a machine at this level: none, warning or critical."""
    rules = folder / "rules.d"
    rules.mkdir(parents=True, exist_ok=True)
    (rules / "site.yaml").write_text(RULE.format(**LIMITS[level]), encoding="utf-8")


def set_fault(agent: RunningAgent, level: str) -> None:
    """Let the running agent see the fault at this level."""
    write_fault(agent.folder, level)
    agent.process.send_signal(signal.SIGHUP)
    severity = {"none": None, "warning": "warning", "critical": "critical"}[level]
    assert eventually(lambda: _worst(agent) == severity), (agent.folder / "agent.log").read_text()


def _worst(agent: RunningAgent) -> str | None:
    firing = [name for name, value in agent.series().items() if name.startswith("endpoint_alert_state{") and value == 2]
    own = [name for name in firing if 'rule="test-memory"' in name]
    return next((level for level in ("critical", "warning") if any(f'"{level}"' in name for name in own)), None)
