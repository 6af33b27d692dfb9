"""Fake machines through the real commands: `readings` shows what the probes read, `check` judges as `check.txt` says.

A check looks five times, a second apart; so all machines are looked at at once.
"""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any

import pytest

from agent.looking import PROVIDERS
from agent.probes import PROBES
from tests.hosts.recorded import HOSTS, MACHINES, as_text, reading_line, recorded
from tests.running_agent import device_health, write_config

HEALTHY = ("amd-desktop", "eleven-chips", "thinkpad-laptop", "two-nvme-sentinels", "virtual-machine")
EXIT_STATUS = {"normal": 0, "warning": 1, "critical": 2, "unknown": 3}

Documents = Mapping[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """The JSON of both commands for every machine; a check's has its exit status besides."""
    folder = tmp_path_factory.mktemp("agent")
    write_config(folder, extra="language: en\n")

    def answer(asked: tuple[str, str]) -> dict[str, Any]:
        command, machine = asked
        result = device_health(command, "--json", "--config", str(folder / "agent.yaml"), *folders(machine))
        return {**json.loads(result.stdout), "exit_status": result.returncode, "said": result.stderr}

    asked = [(command, machine) for command in ("check", "readings") for machine in MACHINES]
    with ThreadPoolExecutor(len(asked)) as pool:
        return dict(zip(asked, pool.map(answer, asked), strict=True))


def folders(machine: str) -> tuple[str, ...]:
    return "--sysfs", str(HOSTS / machine / "sys"), "--procfs", str(HOSTS / machine / "proc")


def read_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The document of `readings` as a machine's `readings.txt` has it: the redirectable probes only."""
    redirectable = {spec.name for spec in PROBES if spec.redirectable}
    for probe in document["probes"]:
        if probe["probe"] not in redirectable:
            continue
        yield f"# {probe['probe']}"
        if probe["status"] == "unsupported":
            yield f"unsupported: {probe['reason']}"
        for reading in document["readings"]:
            if PROVIDERS[reading["name"]] == probe["probe"]:
                yield reading_line(reading["name"], reading["labels"], reading["value"], reading["suspect"])
        yield from (f"error: {error}" for error in probe["errors"])


def judged_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Every clause's verdict, then why some cannot be told and which rules are not normal, each once.

    Rules on what only the machine itself can read are left out: they are unknown on every captured one.
    """
    yield f"verdict {document['verdict']}"
    yield from (f"{clause['clause']} {clause['verdict']}" for clause in document["clauses"])
    yield "# cannot be told"
    reasons = [reason for clause in document["clauses"] for reason in clause["reasons"]]
    yield from dict.fromkeys(f"{reason['text']} ({reason['detail']})" for reason in reasons)
    yield "# rules that are not normal"
    rules = [rule for clause in document["clauses"] for rule in clause["rules"] if rule["verdict"] != "normal"]
    said = sorted(
        {
            (rule["verdict"], rule["summary"], f"{rule['rule']}{{{rule['resource']}}}")
            for rule in rules
            if not rule["summary"].startswith("not part of a captured machine")
        }
    )
    for (verdict, summary), alike in groupby(said, key=lambda each: each[:2]):
        yield f"{verdict} {', '.join(name.removesuffix('{}') for _, _, name in alike)}: {summary}"


@pytest.mark.parametrize("machine", MACHINES)
def test_readings_shows_what_the_probes_read(machine: str, documents: Documents) -> None:
    """The command's readings are the recorded ones."""
    document = documents["readings", machine]
    assert (document["exit_status"], document["said"]) == (0, "")
    assert as_text(read_lines(document)) == (HOSTS / machine / "readings.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("machine", MACHINES)
def test_check_judges_as_recorded(machine: str, documents: Documents) -> None:
    """Every clause's verdict, every reason and every rule that is not normal is the recorded one."""
    document = documents["check", machine]
    said = "The check is not recorded: this is a captured machine.\n"
    assert (document["exit_status"], document["said"]) == (EXIT_STATUS[document["verdict"]], said)
    assert as_text(judged_lines(document)) == recorded(machine, "check.txt", judged_lines(document))


@pytest.mark.parametrize("machine", HEALTHY)
def test_a_healthy_machine_gives_no_alarm(machine: str, documents: Documents) -> None:
    """Odd but harmless readings never become a warning or worse."""
    rules = [rule for clause in documents["check", machine]["clauses"] for rule in clause["rules"]]
    assert [rule for rule in rules if rule["verdict"] not in ("normal", "unknown")] == []
