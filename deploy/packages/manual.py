#!/usr/bin/env python3
"""Prints device-health(1) in roff, called as `manual.py README.md SITE-PACKAGES`.

Every command with its options as click knows them, so that the page and `--help` cannot differ; the Chinese and English
summary of each command comes from the README's table. A page for each of thirteen commands, as PyPI's click-man writes,
would hold no Chinese.
"""

import re
import sys
from pathlib import Path

ROW = re.compile(r"^\| (`.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
TAIL = r"""
.SH EXIT STATUS
.TP
.B check, status
0 normal 正常, 1 warning 警告, 2 critical 严重, 3 cannot tell 无法判断
.TP
.B other commands
0 done; 1 something was found or refused; 2 a wrong command line or configuration
.SH FILES
.TP
.I /etc/device-health/agent.yaml
configuration 配置; every key is optional
.TP
.I /etc/device-health/rules.d
the site's own rules 站点规则
.TP
.I /var/lib/device-health/agent.db
alerts and the operation record 告警与操作记录
.TP
.I /run/device-health/agent.sock
what commands ask the agent through 本机命令的接口
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1);
.I /usr/share/doc/device-health/README.md
"""


def escaped(text: str) -> str:
    """Text that roff prints as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in text.splitlines())


def summaries(readme: str) -> list[tuple[str, str, str]]:
    """The README's table of commands: how each is called, and what it does in both languages."""
    return [row for row in ROW.findall(readme) if not row[0].startswith("`endpoint_")]


def options(command: object, context: object) -> list[str]:
    """Every option and argument of a command."""
    records = [one.get_help_record(context) for one in command.get_params(context)]
    return [f".TP\n.B {escaped(name)}\n{escaped(text)}" for name, text in filter(None, records)]


def pages(name: str, command: object, context: object) -> list[str]:
    """A command's part of the page, and those of the commands below it."""
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    lines = [f".SS {escaped(usage)}", escaped(command.help or command.short_help or ""), *options(command, context)]
    for below in getattr(command, "commands", {}):
        found = command.get_command(context, below)
        lines += pages(f"{name} {below}", found, type(context)(found, info_name=below, parent=context))
    return lines


def manual(readme: str, click: object, cli: object, version: str) -> str:
    """The whole page."""
    top = click.Context(cli.device_health, info_name="device-health")
    lines = [
        f'.TH DEVICE-HEALTH 1 "" "device-health {version}" "Device health agent"',
        ".SH NAME\ndevice\\-health \\- watch this workstation's health against the written procedure 设备健康代理",
        ".SH SYNOPSIS\n.B device\\-health\n.I COMMAND\n[\\fIOPTIONS\\fR]",
        ".SH DESCRIPTION\n" + escaped(cli.device_health.help or ""),
        ".SH 命令 COMMANDS",
        *(f".TP\n.B {escaped(call)}\n{escaped(zh)}\n.br\n{escaped(en)}" for call, zh, en in summaries(readme)),
        ".SH OPTIONS",
    ]
    for name in cli.COMMANDS:
        command = cli.device_health.get_command(top, name)
        lines += pages(name, command, click.Context(command, info_name=name, parent=top))
    return "\n".join(lines) + TAIL


def main() -> None:
    """Read the README and the agent that will be packaged."""
    sys.path.insert(0, sys.argv[2])  # before these, and not on import
    import click  # noqa: PLC0415

    from agent import cli  # noqa: PLC0415
    from agent.version import VERSION  # noqa: PLC0415

    text = manual(Path(sys.argv[1]).read_text(encoding="utf-8"), click, cli, VERSION)
    sys.stdout.buffer.write(text.encode())


if __name__ == "__main__":
    main()
