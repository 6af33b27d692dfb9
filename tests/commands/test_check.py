"""`device-health check` as an operator and a script meet it."""

import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.running_agent import ROOT, copy_of_host, device_health, running, write_config

pytestmark = pytest.mark.slow  # a check looks for four seconds

WITHOUT_PERSON = ["answers", "clauses", "recorded", "taken_at", "verdict"]
RULE_KEYS = {"rule", "resource", "verdict", "value", "limit", "summary", "problem", "action"}
EXIT = {"normal": 0, "warning": 1, "critical": 2, "unknown": 3}


def captured(folder: Path, headroom: int | None = None) -> tuple[str, ...]:
    """A captured laptop, its processor at so many degrees where one is given."""
    host = copy_of_host("thinkpad-laptop", folder)
    if headroom is not None:
        chips = host.glob("sys/class/hwmon/*/name")
        chip = next(path.parent for path in chips if path.read_text().strip() == "coretemp")
        (chip / "temp1_input").write_text(f"{headroom * 1000}\n")
    return ("--sysfs", str(host / "sys"), "--procfs", str(host / "proc"))


def english(folder: Path) -> str:
    write_config(folder, extra="language: en\n")
    return str(folder / "agent.yaml")


def clause(document: dict[str, list[dict[str, object]]], name: str) -> dict[str, object]:
    return next(one for one in document["clauses"] if one["clause"] == name)


@pytest.fixture(scope="module")
def hot(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """A check of a laptop at 97 degrees, in English and piped."""
    folder = tmp_path_factory.mktemp("hot")
    return device_health("check", "--config", english(folder), *captured(folder, 97))


def test_a_hot_processor_is_critical(hot: subprocess.CompletedProcess[str]) -> None:
    """97 degrees of 100 end with status 2, and the last line says stop and why."""
    assert hot.returncode == 2
    assert hot.stdout.splitlines()[-1] == "critical: Stop work and notify IT. Reason: The processor is too hot"


def test_a_warm_processor_is_a_warning_behind_nothing_worse(tmp_path: Path) -> None:
    """90 degrees of 100 warn: a known fault comes before what cannot be told."""
    made = device_health("check", "--json", "--config", english(tmp_path), *captured(tmp_path, 90))
    document = json.loads(made.stdout)
    assert (made.returncode, document["verdict"], clause(document, "4.1.a.1")["verdict"]) == (1, "warning", "warning")


def test_a_healthy_machine_that_cannot_be_seen_whole_is_not_normal(tmp_path: Path) -> None:
    """Without a network to ask, a cool laptop is unknown, with the reason, in the contract's JSON."""
    begun = time.monotonic()
    made = device_health("check", "--json", "--config", english(tmp_path), *captured(tmp_path))
    assert time.monotonic() - begun < 15
    document = json.loads(made.stdout)
    assert (made.returncode, document["verdict"], sorted(document)) == (3, "unknown", WITHOUT_PERSON)
    assert clause(document, "4.1.a.1")["verdict"] == "normal"
    assert clause(document, "4.1.c.2")["reasons"] == [
        {
            "text": "gateway reachability: cannot be measured here",
            "detail": "ping_reachable (role=gateway): not part of a captured machine: it can only be read on the "
            "machine itself",
        }
    ]
    assert all(set(rule) == RULE_KEYS for one in document["clauses"] for rule in one["rules"])
    assert made.stderr == "The check is not recorded: this is a captured machine.\n"


def test_each_reason_is_told_once(hot: subprocess.CompletedProcess[str]) -> None:
    """What stands under its own clause is only pointed to by the clauses that sum it up."""
    assert hot.stdout.count("gateway reachability: cannot be measured here") == 1
    assert hot.stdout.count("      The processor is too hot\n") == 1
    assert "see 4.1.a.1, " in hot.stdout


def test_piped_output_is_plain(hot: subprocess.CompletedProcess[str]) -> None:
    """No escape codes and no progress where nobody looks; every reason is one line."""
    assert "\x1b" not in hot.stdout + hot.stderr
    assert "Checking" not in hot.stderr
    assert "  critical     4.1.a.1  The computer's hardware makes no odd noise and does not overheat\n" in hot.stdout


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What a terminal shows of a command."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", *arguments],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux answers EIO when the last writer is gone
            break
        shown += part
    process.wait()
    os.close(ours)
    return shown.decode()


def test_a_terminal_gets_colours_and_progress(tmp_path: Path) -> None:
    """Red for critical, and how far it is; with NO_COLOR no colour."""
    arguments = ("check", "--config", english(tmp_path), *captured(tmp_path, 97))
    shown = on_a_terminal(*arguments, NO_COLOR="")
    assert "\x1b[31m\x1b[1mcritical\x1b[0m" in shown
    assert "Checking 1/5 …" in shown
    assert re.search(r"\x1b\[\d+m", on_a_terminal(*arguments, NO_COLOR="1")) is None


def test_without_an_agent_it_says_that_nothing_was_recorded(tmp_path: Path) -> None:
    """The check itself works; the operator reads in their language that it is not in the journal."""
    write_config(tmp_path)
    made = device_health("check", "--config", str(tmp_path / "agent.yaml"))
    assert made.returncode in (1, 2, 3)
    assert made.stderr.splitlines()[:2] == ["检查未记录。", "监测程序没有应答，可能没有运行。"]


def test_a_no_is_critical_and_every_answer_is_recorded(tmp_path: Path) -> None:
    """Answers enter the journal with question, time and user; a slip is asked again; the ended input is skipped."""
    with running(tmp_path, extra="language: en\n") as agent:
        made = agent.command("check", "--ask", "--json", input_text="y\nperhaps\nn\n\n")
        document = json.loads(made.stdout)
        journal = device_health("journal", "list", "--config", str(agent.config), "--kind", "answer").stdout
    assert (made.returncode, document["verdict"]) == (2, "critical")
    assert "Please type y or n, or press Enter." in made.stderr
    assert [answer["answer"] for answer in document["answers"]] == ["yes", "no", *["skipped"] * 5]
    assert document["recorded"]
    lines = journal.splitlines()
    assert len(lines) == 7
    assert re.fullmatch(
        r" +\d+  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  answer: Do the computer, the screen and the cables look "
        r"undamaged\? no \[\w+\]",
        lines[1],
    )


def test_closing_tells_what_is_open_and_reminds(tmp_path: Path) -> None:
    """The end of work has the open alerts, the day's report and the reminder; the verdict is the last line."""
    with running(tmp_path, extra="language: en\n") as agent:
        made = agent.command("check", "--closing")
        journal = device_health("journal", "list", "--config", str(agent.config), "--kind", "check").stdout
    for part in ("No alert is open.", "Today's report:", "Switch off headset", "The check is recorded."):
        assert part in made.stdout
    assert made.stdout.splitlines()[-1].startswith(("cannot tell: ", "warning: ", "critical: "))
    assert len(journal.splitlines()) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_verdict_is_said_in_one_language(tmp_path: Path, language: str) -> None:
    """The operator's lines are in the configured language alone; IT's detail stands on lines of its own."""
    write_config(tmp_path, extra=f"language: {language}\n")
    made = device_health("check", "--config", str(tmp_path / "agent.yaml"), *captured(tmp_path, 97))
    said = [line for line in made.stdout.splitlines() if line and not line.startswith("        ")]
    has_chinese = [bool(re.search(r"[\u4e00-\u9fff]", line)) for line in said if "coretemp" not in line]
    assert set(has_chinese) == {language == "zh"}
