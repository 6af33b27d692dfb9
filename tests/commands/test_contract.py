"""Every command's contract that needs no running agent: help, exit status, words for bad input."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cli import COMMANDS
from tests.running_agent import ROOT, device_health, eventually, running, write_config

LAPTOP = ROOT / "tests" / "hosts" / "thinkpad-laptop"
CAPTURED = ("--sysfs", str(LAPTOP / "sys"), "--procfs", str(LAPTOP / "proc"))


@pytest.fixture
def config(tmp_path: Path) -> str:
    write_config(tmp_path, extra="language: en\n")
    return str(tmp_path / "agent.yaml")


@pytest.mark.parametrize("name", [*COMMANDS, "--help"])
def test_every_command_says_what_it_is_for(name: str) -> None:
    """`--help` of every command in the table ends well; the table and the modules agree."""
    helped = device_health(*((name, "--help") if name != "--help" else (name,)))
    assert (helped.returncode, helped.stdout.splitlines()[0].startswith("Usage: device-health")) == (0, True)


def test_every_module_of_the_commands_is_in_the_table() -> None:
    """A command that nobody can call would be dead code."""
    shared = {"__init__", "options", "reporting", "closing", "asking", "throughagent", "agentcall"}
    modules = {path.stem for path in (ROOT / "agent" / "commands").glob("*.py")} - shared
    assert modules == set(COMMANDS)


NEEDS_AGENT = (
    ("status",),
    ("alerts",),
    ("acknowledge", "no-such"),
    ("silence", "cpu-busy", "--for", "1h", "--reason", "test"),
)


@pytest.mark.parametrize("arguments", NEEDS_AGENT)
def test_without_an_agent_the_status_is_cannot_tell(arguments: tuple[str, ...], config: str, tmp_path: Path) -> None:
    """What asks the running agent says that there is none and how to start it, with status 3."""
    asked = device_health(arguments[0], "--config", config, *arguments[1:])
    where = f"nobody answers at {tmp_path}/agent.sock"
    assert (asked.returncode, asked.stdout) == (3, "")
    assert asked.stderr == f"No agent is running: {where}. Start it with `device-health run`.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("silence", "cpu-busy", "--for", "soon", "--reason", "x"), "'soon' is no time"),
        (("silence", "cpu-busy", "--for", "0h", "--reason", "x"), "'0h' is no time"),
        (("silence", "cpu-busy", "--for", "1h"), "--for and --reason are needed, or --end"),
        (("report", "--date", "yesterday"), "'yesterday' does not match the format"),
        (("report", "--from", "2026-03-02T09:00", "--to", "2026-03-02T08:00"), "--from must lie before --to."),
        (("journal", "list", "--kind", "nonsense"), "'nonsense' is not one of"),
        (("journal", "verify", "--witness", "x"), "expected the entry's id, a colon and its hash"),
        (("status", "--watch", "--json"), "--watch is for people"),
        (("check", "--sysfs", "/no/such"), "does not exist"),
        (("nonsense",), "No such command 'nonsense'"),
    ],
)
def test_a_wrong_command_line_is_refused_with_what_was_expected(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    """Status 2 and one message, never a traceback."""
    write_config(tmp_path, extra="language: en\n")
    words = list(arguments)
    if words[0] in COMMANDS:
        at = 2 if words[0] == "journal" else 1
        words[at:at] = ["--config", str(tmp_path / "agent.yaml")]
    refused = device_health(*words)
    assert (refused.returncode, message in refused.stderr, "Traceback" in refused.stderr) == (2, True, False)


def test_a_wrong_configuration_is_told_by_every_command(tmp_path: Path) -> None:
    """The fault's place and status 2, whichever command met it first."""
    write_config(tmp_path, extra="langauge: zh\n")
    path = str(tmp_path / "agent.yaml")
    for words in (["status"], ["check"], ["readings"], ["rules", "list"], ["journal", "list"], ["config", "show"]):
        met = device_health(*words, "--config", path)
        assert (met.returncode, met.stderr.startswith(f"{path}:7:1: "), met.stdout) == (2, True, ""), words
    checked = device_health("config", "check", path)
    assert (checked.returncode, checked.stdout.startswith(f"{path}:7:1: ")) == (1, True)


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    """A file asked for by name must be there."""
    met = device_health("status", "--config", str(tmp_path / "none.yaml"))
    assert (met.returncode, "none.yaml" in met.stderr, "Traceback" in met.stderr) == (2, True, False)


def test_config_check_accepts_the_shipped_example() -> None:
    """The annotated example is a valid configuration."""
    example = ROOT / "deploy" / "agent.yaml"
    checked = device_health("config", "check", str(example))
    assert (checked.returncode, checked.stdout) == (0, f"{example}: ok\n")


def test_config_check_reads_a_web_configuration(tmp_path: Path) -> None:
    """Every fault with its place and status 1, a certificate that cannot be used included; ok for a right one."""
    web = tmp_path / "web.yaml"
    web.write_text(f"basic_auth_users: {{prometheus: {'$2b$10$' + 'a' * 53}}}\n")
    checked = device_health("config", "check", "--web", str(web))
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, f"{web}: ok\n", "")
    web.write_text("basic_auth_users: {prometheus: plain}\ntls_server_config: {cert_file: a.pem}\n")
    checked = device_health("config", "check", "--web", str(web))
    assert (checked.returncode, checked.stderr) == (1, "")
    hint = "expected the output of htpasswd -nBC 10 ''"
    assert checked.stdout.splitlines() == [
        f"{web}:2:20: tls_server_config: key_file is missing; TLS needs a certificate and its key",
        f"{web}:1:32: prometheus: the password of 'prometheus' is no bcrypt hash; {hint}",
    ]
    web.write_text("tls_server_config: {cert_file: a.pem, key_file: a.pem}\n")
    checked = device_health("config", "check", "--web", str(web))
    assert (checked.returncode, f"{web}:1:32: cert_file: {tmp_path}/a.pem" in checked.stdout) == (1, True)


def test_readings_have_the_contracts_keys(config: str) -> None:
    """`readings --json` names every probe with its reason, and every reading with its labels."""
    made = device_health("readings", "--json", "--config", config, *CAPTURED)
    document = json.loads(made.stdout)
    assert (made.returncode, sorted(document)) == (0, ["probes", "readings", "taken_at"])
    assert {"probe", "status", "reason", "duration_seconds"} <= set(document["probes"][0])
    assert set(document["readings"][0]) == {"name", "labels", "value", "suspect"}
    assert next(one for one in document["probes"] if one["probe"] == "display")["reason"]


@pytest.mark.slow  # a pass looks for four seconds
def test_procedure_answers_every_clause(config: str) -> None:
    """All clauses of the written procedure are there, none without an answer: status 0.

    Without an agent the probes are still measured, and what the record answers is not called normal.
    """
    made = device_health("procedure", "--json", "--config", config)
    document = json.loads(made.stdout)
    written = (ROOT / "rules" / "procedure.yaml").read_text(encoding="utf-8").count("  - clause: ")
    assert (made.returncode, len(document["clauses"]), document["uncovered"]) == (0, written, [])
    assert {clause["verdict"] for clause in document["clauses"]} <= {"normal", "warning", "critical", "unknown"}
    of_record = [clause for clause in document["clauses"] if clause["answered_by"] == "record"]
    assert {(clause["verdict"], clause["remarks"][-1]) for clause in of_record} == {
        ("unknown", "no agent answers, so nothing is being recorded")
    }
    watched = next(clause for clause in document["clauses"] if clause["clause"] == "3.4.b")
    assert watched["verdict"] in {"normal", "warning"}


def test_rules_check_tells_the_place_of_every_fault(tmp_path: Path) -> None:
    """Two faults in one file are two lines `file:line:column`, with status 1."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("rules:\n  - nmae: x\n    reading: no_such\n", encoding="utf-8")
    checked = device_health("rules", "check", str(bad))
    assert checked.returncode == 1
    assert checked.stdout.count(f"{bad}:2:5: ") >= 1


@pytest.mark.parametrize("form", ["state", "readings"])
@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_exported_rules_pass_promtool(form: str, config: str, tmp_path: Path) -> None:
    """Both forms are Prometheus rule files."""
    made = device_health("rules", "export", "prometheus", "--from", form, "--config", config)
    path = tmp_path / "rules.yml"
    path.write_text(made.stdout, encoding="utf-8")
    checked = subprocess.run(
        ["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (made.returncode, checked.returncode) == (0, 0), checked.stdout + checked.stderr


def test_without_a_journal_the_file_is_named(config: str, tmp_path: Path) -> None:
    """No journal yet: which file was looked for, and status 1."""
    for words in (["journal", "list"], ["journal", "verify"], ["journal", "export"], ["report"]):
        met = device_health(*words, "--config", config)
        assert (met.returncode, f"{tmp_path}/state/agent.db" in met.stderr) == (1, True), (words, met.stderr)
        assert "Traceback" not in met.stderr


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database at all, " * 100)


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()


def tampered(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE journal SET at = '2001-01-01T00:00:00.000000Z' WHERE id = 1")
    connection.close()


@pytest.fixture(scope="module")
def recorded_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an agent that ran and ended."""
    folder = tmp_path_factory.mktemp("recorded")
    with running(folder, extra="language: en\n") as agent:
        agent.stop()
    return folder


@pytest.mark.parametrize(
    ("spoil", "message"),
    [(garbage, "damaged"), (newer, "newer")],
)
def test_a_spoilt_database_is_a_message(
    spoil: Callable[[Path], None], message: str, recorded_state: Path, tmp_path: Path
) -> None:
    """A damaged file and one of a newer version end with status 1 and a sentence; the file stays as it is."""
    shutil.copytree(recorded_state / "state", tmp_path / "state")
    write_config(tmp_path, extra="language: en\n")
    path = tmp_path / "state" / "agent.db"
    spoil(path)
    before = path.read_bytes()
    for words in (["journal", "list"], ["journal", "verify"], ["report"]):
        met = device_health(*words, "--config", str(tmp_path / "agent.yaml"))
        assert (met.returncode, message in met.stderr, "Traceback" in met.stderr) == (1, True, False), met
    assert path.read_bytes() == before


def test_verify_finds_an_edit(recorded_state: Path, tmp_path: Path) -> None:
    """A whole journal verifies; one whose first entry was edited by SQL ends with status 1 and names it."""
    shutil.copytree(recorded_state / "state", tmp_path / "state")
    write_config(tmp_path, extra="language: en\n")
    config = str(tmp_path / "agent.yaml")
    assert device_health("journal", "verify", "--config", config).returncode == 0
    tampered(tmp_path / "state" / "agent.db")
    found = device_health("journal", "verify", "--config", config)
    assert found.returncode == 1
    assert "1" in found.stdout


def test_a_report_of_an_empty_day_says_so(recorded_state: Path) -> None:
    """A day before the first entry: one sentence and status 1."""
    made = device_health("report", "--date", "2001-02-03", "--config", str(recorded_state / "agent.yaml"))
    expected = "Nothing is recorded from 2001-02-03 00:00 to 2001-02-04 00:00.\n"
    assert (made.returncode, made.stdout, made.stderr) == (1, "", expected)


def test_the_page_is_self_contained(recorded_state: Path, tmp_path: Path) -> None:
    """The HTML report is one file that loads nothing."""
    path = tmp_path / "report.html"
    config = str(recorded_state / "agent.yaml")
    made = device_health("report", "--format", "html", "--output", str(path), "--config", config)
    page = path.read_text(encoding="utf-8")
    assert (made.returncode, page.startswith("<!DOCTYPE html>")) == (0, True)
    for fetched in ("<script", "<link", "src=", "url(h", 'url("', "@import", "http://", "https://"):
        assert fetched not in page.replace("http://www.w3.org/2000/svg", ""), fetched


def test_an_export_is_json_lines(recorded_state: Path) -> None:
    """Every line of the export is one entry with its hash."""
    made = device_health("journal", "export", "--config", str(recorded_state / "agent.yaml"))
    entries = [json.loads(line) for line in made.stdout.splitlines()]
    assert [entry["id"] for entry in entries] == list(range(1, len(entries) + 1))
    assert all(entry["hash"] for entry in entries)


@pytest.mark.parametrize("words", [["rules", "list"], ["journal", "export"], ["readings", *CAPTURED]])
def test_a_closed_pipe_ends_a_command_quietly(words: list[str], recorded_state: Path) -> None:
    """Nobody reads any more: no traceback, and no exit status that is a verdict."""
    reading, writing = os.pipe()
    os.close(reading)
    arguments = [*words, "--config", str(recorded_state / "agent.yaml")]
    with os.fdopen(writing, "wb") as closed:
        made = subprocess.run(
            [sys.executable, "-m", "agent", *arguments],
            cwd=ROOT,
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert (made.returncode, made.stderr) == (141, b"")


def test_ctrl_c_ends_a_check_quietly(config: str) -> None:
    """Status 130, no traceback and no word besides an empty line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", "check", "--config", config, *CAPTURED],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert eventually(lambda: _has_started(process.pid))
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert (process.returncode, out, error.strip()) == (130, "", "")


def _has_started(pid: int) -> bool:
    """Whether Python catches SIGINT by now."""
    caught = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) & (1 << (signal.SIGINT - 1)))
