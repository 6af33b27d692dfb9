"""`device-health record` writes what `rules test` replays."""

import time
from pathlib import Path

import pytest

from tests.running_agent import ROOT, device_health

HOST = ROOT / "tests" / "hosts" / "thinkpad-laptop"
CAPTURED = ("--sysfs", str(HOST / "sys"), "--procfs", str(HOST / "proc"))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("record") / "laptop.yaml"
    made = device_health("record", *CAPTURED, "--cycles", "2", "--every", "1s", "--output", str(path))
    assert (made.returncode, made.stdout) == (0, "")
    return path


def test_a_recording_passes_as_it_is(recorded: Path) -> None:
    """The fresh file holds its own expectations, and the shipped rules meet them."""
    replayed = device_health("rules", "test", str(recorded))
    assert (replayed.returncode, replayed.stdout) == (0, f"{recorded}: 1 tests ok\n")


def test_a_changed_value_fails(recorded: Path, tmp_path: Path) -> None:
    """A processor made hot in the file brings an alert that nobody expected, named with its line."""
    text = recorded.read_text(encoding="utf-8")
    changed = tmp_path / "hot.yaml"
    series = 'temperature_headroom_celsius{chip="coretemp@coretemp.0", sensor="Package id 0", component="cpu"}'
    was, hot = f"'{series}'\n        values: '39x1'", f"'{series}'\n        values: '3x60'"
    assert was in text
    text = text.replace(was, hot).replace("eval_time: 1s", "eval_time: 60s")
    changed.write_text(text, encoding="utf-8")
    replayed = device_health("rules", "test", str(changed))
    assert replayed.returncode == 1
    assert "cpu-overheating: expected no alert; got firing critical" in replayed.stdout


def test_looks_keep_their_distance(tmp_path: Path) -> None:
    """Three looks a second apart take two seconds."""
    begun = time.monotonic()
    assert device_health("record", *CAPTURED, "--for", "2s", "--every", "1s").returncode == 0
    assert 2 <= time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--cycles", "2", "--for", "1m"), "--cycles and --for say the same; give one of them"),
        (("--for", "soon"), "'soon' is no time; expected a number with s, m, h or d, such as 2h"),
        (("--every", "1.5s"), "--every: expected whole seconds"),
        (
            (
                "--for",
                "99999d",
            ),
            "looks; expected at most 100000",
        ),
    ],
)
def test_what_cannot_be_recorded_is_refused(arguments: tuple[str, ...], message: str) -> None:
    """A wrong time ends with status 2 and what was expected."""
    refused = device_health("record", *CAPTURED, *arguments)
    assert (refused.returncode, message in refused.stderr) == (2, True)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The message says which file and why; no traceback."""
    path = tmp_path / "none" / "x.yaml"
    refused = device_health("record", *CAPTURED, "--cycles", "1", "--output", str(path))
    assert (refused.returncode, refused.stderr) == (1, f"{path} cannot be written: No such file or directory\n")
