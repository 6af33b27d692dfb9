"""`device-health readings`: all that this machine can measure now, and why the rest cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from agent.commands.options import captured_machine_options, config_option, json_option, read_config
from agent.looking import host_at, looking
from agent.readings import ProbeResult, ProbeStatus, Reading, Snapshot, resource_name

SECOND_LOOK_SECONDS = 1.0
"""Usage, traffic and loss exist only between two looks."""

WORDS = {
    "zh": {
        "success": "正常读取",
        "unsupported": "本机没有或不可读",
        "failed": "读取失败",
        "timed_out": "读取超时",
        "suspect": "可疑",
        "errors": "部分未能读取",
    },
    "en": {
        "success": "read",
        "unsupported": "not on this machine",
        "failed": "failed",
        "timed_out": "timed out",
        "suspect": "suspect",
        "errors": "could not be read",
    },
}


@click.command("readings")
@config_option
@json_option
@captured_machine_options
def command(config_path: Path | None, as_json: bool, sysfs: str | None, procfs: str | None) -> None:  # noqa: FBT001  # click passes flags by name
    """Show all that can be measured here, and why the rest cannot."""
    config = read_config(config_path)
    with looking(config, host_at(sysfs, procfs)) as look:
        look(0)
        snapshot = look(SECOND_LOOK_SECONDS)
    if as_json:
        click.echo(json.dumps(as_document(snapshot), ensure_ascii=False, indent=2))
    else:
        for line in as_lines(snapshot, WORDS[config.language]):
            click.echo(line)


def as_document(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as the JSON of `readings --json` and of the API."""
    return {
        "taken_at": snapshot.taken_at.isoformat(),
        "probes": [_probe_document(result) for result in snapshot.results.values()],
        "readings": [_reading_document(reading) for reading in snapshot.readings()],
    }


def _probe_document(result: ProbeResult) -> dict[str, Any]:
    return {
        "probe": result.probe,
        "status": result.status.value,
        "reason": result.reason or "; ".join(result.errors),
        "errors": list(result.errors),
        "duration_seconds": round(result.duration_seconds, 6),
    }


def _reading_document(reading: Reading) -> dict[str, Any]:
    return {
        "name": reading.metric,
        "labels": dict(reading.labels),
        "value": reading.value,
        "suspect": reading.suspect,
    }


def as_lines(snapshot: Snapshot, words: dict[str, str]) -> Iterator[str]:
    """One block per probe: its state, its readings, and what it could not read."""
    for result in snapshot.results.values():
        yield f"{result.probe}: {words[result.status.value]}" + (f" — {result.reason}" if result.reason else "")
        if result.status is ProbeStatus.SUCCESS:
            for reading in result.readings:
                yield _reading_line(reading, words)
        for error in result.errors:
            yield f"  {words['errors']}: {error}"


def _reading_line(reading: Reading, words: dict[str, str]) -> str:
    resource = f"{{{resource_name(reading.labels)}}}" if reading.labels else ""
    suspicion = f"  [{words['suspect']}: {reading.suspect}]" if reading.suspect else ""
    return f"  {reading.metric}{resource}  {reading.value:.6g}{suspicion}"
