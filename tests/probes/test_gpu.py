"""The probe runs in a process of its own: a loaded library cannot be unloaded, and the real loader finds it by path."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.probes.tree import write_tree

ADDRESS = "0000:01:00.0"
SCRIPT = """
import os, sys
from agent.probes.gpu import PROBE
from agent.probes.hostfs import HostFs
from agent.probes.probe import Context, Unsupported

def opened():
    import ctypes
    return ctypes.CDLL("libnvidia-ml.so.1").fake_opened()

def look(probe):
    try:
        sample = probe.sample()
    except (Unsupported, OSError) as error:
        return {type(error).__name__: str(error)}
    found = {(r.metric, *(value for _, value in r.labels)): r.value for r in sample.readings}
    return found | ({"errors": sample.errors} if sample.errors else {})

answers = []
probe = PROBE.open(Context(host=HostFs(sysfs=sys.argv[1])))
for words in sys.argv[2].split("/"):
    os.environ["FAKE_NVML"] = words
    answers.append(look(probe))
if len(sys.argv) > 3:
    answers.append({"opened": opened()})
    probe.close()
    answers.append({"opened": opened()})
print(answers)
print("pynvml" in sys.modules, file=sys.stderr)
"""
WHOLE = {
    ("gpu_temperature_celsius", ADDRESS): 61.0,
    ("gpu_temperature_margin_celsius", ADDRESS): 22.0,
    ("gpu_fan_speed_ratio", ADDRESS, "0"): 0.3,
    ("gpu_fan_speed_ratio", ADDRESS, "1"): 0.31,
    ("gpu_usage_ratio", ADDRESS): 0.4,
    ("gpu_memory_available_ratio", ADDRESS): 0.75,
    ("gpu_throttled", ADDRESS, "hardware_slowdown"): 0.0,
    ("gpu_throttled", ADDRESS, "software_thermal"): 1.0,
    ("gpu_throttled", ADDRESS, "hardware_thermal"): 0.0,
    ("gpu_throttled", ADDRESS, "power_brake"): 0.0,
}
REASONS = ("hardware_slowdown", "software_thermal", "hardware_thermal", "power_brake")


def build(folder: Path, *flags: str) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("no C compiler")
    source = Path(__file__).with_name("nvml.c")
    library = folder / "libnvidia-ml.so.1"
    subprocess.run(["gcc", "-shared", "-fPIC", "-w", *flags, "-o", library, source], check=True)
    return folder


@pytest.fixture(scope="session")
def driver(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("driver"))


@pytest.fixture(scope="session")
def old_driver(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("old"), "-DOLD_DRIVER")


def card(root: Path, *, address=ADDRESS, driver="nvidia", status="active", control="on", vendor="0x10de") -> Path:
    folder = f"sys/bus/pci/devices/{address}"
    write_tree(
        root,
        {
            f"{folder}/vendor": f"{vendor}\n",
            f"{folder}/class": "0x030000\n",
            f"{folder}/power/runtime_status": f"{status}\n",
            f"{folder}/power/control": f"{control}\n",
        },
    )
    (root / folder / "driver").symlink_to(f"../../../../bus/pci/drivers/{driver}")
    return root


def run(root: Path, library: Path | None, words: str = "", *more: str) -> tuple[list[dict], bool]:
    """What each look gave, and whether the vendor's module was imported."""
    environment = os.environ | {"LD_LIBRARY_PATH": str(library or root)}
    command = [sys.executable, "-c", SCRIPT, f"{root}/sys", words, *more]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return ast.literal_eval(done.stdout), ast.literal_eval(done.stderr)


def test_a_card_gives_all_its_readings(tmp_path, driver):
    """Temperature, margin, intended fan speeds, use, free memory, and the slow-downs that mean trouble."""
    assert run(card(tmp_path), driver) == ([WHOLE], True)


def test_an_old_driver_is_asked_the_old_way(tmp_path, old_driver):
    """Without the newer calls, temperature and reasons come from the older ones, the margin from the nearest limit."""
    changed = {("gpu_temperature_celsius", ADDRESS): 50.0, ("gpu_temperature_margin_celsius", ADDRESS): 43.0}
    throttled = {("gpu_throttled", ADDRESS, reason): 0.0 for reason in REASONS}
    assert run(card(tmp_path), old_driver) == ([WHOLE | changed | throttled], True)


def test_a_card_without_a_margin_is_measured_by_its_limits(tmp_path, driver):
    """The lower of operating and slow-down limit counts; one alone is enough."""
    answers, _ = run(card(tmp_path), driver, "limits/limits no-operating-limit")
    name = ("gpu_temperature_margin_celsius", ADDRESS)
    assert answers == [WHOLE | {name: 32.0}, WHOLE | {name: 37.0}]


def test_what_a_card_does_not_have_is_absent(tmp_path, driver):
    """A passive, partitioned card has no fan and no use; that is no error and no 0."""
    answers, _ = run(card(tmp_path), driver, "passive partitioned")
    assert answers == [{key: value for key, value in WHOLE.items() if not key[0].startswith(("gpu_fan", "gpu_usage"))}]


def test_a_lost_card_fails_and_comes_back(tmp_path, driver):
    """A card that fell off the bus is an error; when it is back, so are its readings."""
    answers, _ = run(card(tmp_path), driver, "/lost/")
    parts = ("temperature", "fans", "use", "memory", "throttling")
    calls = ("TemperatureV", "NumFans", "UtilizationRates", "MemoryInfo", "CurrentClocksEventReasons")
    lost = "; ".join(
        f"{ADDRESS} {part}: nvmlDeviceGet{call}: GPU is lost" for part, call in zip(parts, calls, strict=True)
    )
    assert answers == [WHOLE, {"OSError": lost}, WHOLE]


def test_a_reloaded_driver_is_opened_anew(tmp_path, driver):
    """A library that was shut down under the probe costs one look."""
    answers, _ = run(card(tmp_path), driver, "/reloaded/")
    assert [answer == WHOLE for answer in answers] == [True, False, True]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("unloaded", {"Unsupported": "NVIDIA's driver is not loaded"}),
        (
            "mismatch",
            {"OSError": "NVIDIA's library does not start: RM has detected an NVML/RM version mismatch."},
        ),
    ],
)
def test_a_driver_that_does_not_start(tmp_path, driver, words, answer):
    """One that is not loaded is a machine without; one that was updated under a running system is an error."""
    assert run(card(tmp_path), driver, words) == ([answer], True)


def test_without_the_driver_library_the_probe_is_unsupported(tmp_path):
    """The real module finds no libnvidia-ml."""
    reason = {"Unsupported": "NVIDIA's driver library libnvidia-ml is not installed"}
    assert run(card(tmp_path), None) == ([reason], True)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ({"vendor": "0x8086"}, "no NVIDIA graphics card"),
        ({"driver": "nouveau"}, "the NVIDIA card is run by nouveau, which gives no such readings"),
        ({"status": "suspended"}, "the NVIDIA card is asleep and is not woken"),
        ({"status": "suspending"}, "the NVIDIA card is asleep and is not woken"),
    ],
)
def test_the_library_is_not_even_loaded_where_it_must_not_be_asked(tmp_path, driver, made, reason):
    """Without a card, with another driver and with a sleeping card, not even the module is imported."""
    assert run(card(tmp_path, **made), driver) == ([{"Unsupported": reason}], False)


def test_only_the_card_that_is_awake_is_asked(tmp_path, driver):
    """The sleeping one is left out; an unknown one that is awake is named, and the other's readings are there."""
    card(tmp_path)
    card(tmp_path, address="0000:02:00.0", status="suspended")
    assert run(tmp_path, driver) == ([WHOLE], True)
    card(tmp_path, address="0000:03:00.0")
    answers, _ = run(tmp_path, driver)
    parts = ("temperature", "fans", "use", "memory", "throttling")
    assert answers == [WHOLE | {"errors": tuple(f"0000:03:00.0 {part}: Not Found" for part in parts)}]


@pytest.mark.parametrize(("control", "opened"), [("on", 1), ("auto", 0)])
def test_a_card_that_may_sleep_is_let_go_after_each_look(tmp_path, driver, control, opened):
    """An open library keeps a card awake: it stays open only for a card that never sleeps, and never after the end."""
    answers, _ = run(card(tmp_path, control=control), driver, "/", "count")
    assert answers == [WHOLE, WHOLE, {"opened": opened}, {"opened": 0}]
