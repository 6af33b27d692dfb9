"""`device-health silence`: mute a rule for a while, with a reason; for those whom the configuration permits."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from agent.commands.agentcall import ask_agent
from agent.commands.options import Duration, config_option, read_config

WORDS = {
    "zh": {"silenced": "规则 {} 静默到 {}。", "ended": "规则 {} 的静默已结束。"},
    "en": {"silenced": "Rule {} is silenced until {}.", "ended": "Rule {} is no longer silenced."},
}


@click.command("silence")
@click.argument("rule")
@click.option("--for", "seconds", type=Duration(), metavar="TIME", help="How long, such as 30m or 2h; at most 30d.")
@click.option("--reason", help="Why; it is recorded.")
@click.option("--end", is_flag=True, help="End the silence now.")
@config_option
def command(rule: str, seconds: float | None, reason: str | None, end: bool, config_path: Path | None) -> None:  # noqa: FBT001  # click passes flags by name
    """Do not announce RULE for a while. Its alerts are still shown, measured and recorded."""
    config = read_config(config_path)
    words = WORDS[config.language]
    if end:
        ask_agent(config, "DELETE", "/api/v1/silence", {"rule": rule})
        click.echo(words["ended"].format(rule))
        return
    if seconds is None or not reason:
        raise click.UsageError("--for and --reason are needed, or --end")
    answer = ask_agent(config, "POST", "/api/v1/silence", {"rule": rule, "seconds": seconds, "reason": reason})
    until = datetime.fromisoformat(answer["until"]).astimezone()
    click.echo(words["silenced"].format(rule, until.strftime("%Y-%m-%d %H:%M:%S")))
