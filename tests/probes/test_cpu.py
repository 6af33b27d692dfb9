from __future__ import annotations

import pytest

from agent.probes.cpu import PROBE, busy_ratio, processor_times
from agent.probes.probe import Context, Unsupported
from agent.readings import Reading
from tests.probes.tree import captured, values, write_tree

NO_COUNTERS = "no throttled time: this machine has no heat-throttle counters (only Intel's have them)"
NO_CLOCK = "no clock frequency: this machine shows none (usual in a virtual machine)"


def stat(busy: int, idle: int, cores: int = 2) -> str:
    return f"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\n" + "".join(f"cpu{n} 1 0 0 1 0 0 0 0 0 0\n" for n in range(cores))


def test_the_first_look_has_no_usage(tmp_path):
    """Usage needs two looks: the first has none, and not a 0; without counters and clock the rest is there."""
    write_tree(tmp_path, {"proc/stat": stat(100, 900), "proc/loadavg": "3.00 2.00 1.00 1/99 4242\n"})
    sample = PROBE.open(captured(tmp_path)).sample()
    assert sample.readings == (Reading(metric="cpu_load_per_core", value=1.5),)
    assert sample.errors == (NO_COUNTERS, NO_CLOCK)


def test_usage_is_the_busy_share_between_two_looks(tmp_path):
    """30 of 100 ticks since the last look were busy."""
    write_tree(tmp_path, {"proc/stat": stat(100, 900), "proc/loadavg": "0.00 0 0 1/1 1\n"})
    cpu = PROBE.open(captured(tmp_path))
    cpu.sample()
    write_tree(tmp_path, {"proc/stat": stat(130, 970)})
    assert values(cpu.sample()) == {("cpu_usage_ratio",): pytest.approx(0.3), ("cpu_load_per_core",): 0.0}


@pytest.mark.parametrize(
    ("before", "after", "ratio"),
    [
        ((1, 0, 0, 9, 0, 0, 0, 0), (1, 0, 0, 9, 0, 0, 0, 0), None),
        ((10, 0, 0, 90, 0, 0, 0, 0), (1, 0, 0, 9, 0, 0, 0, 0), None),
        ((0, 0, 0, 0, 10, 0, 0, 0), (5, 0, 0, 15, 8, 0, 0, 0), 0.25),
        ((0, 0, 0, 0, 0, 0, 0, 0), (1, 1, 1, 2, 2, 1, 1, 1), 0.6),
    ],
    ids=["no time passed", "counters ran backwards", "only waiting for I/O ran backwards", "every column"],
)
def test_busy_ratio(before, after, ratio):
    """Idle and waiting for I/O are not busy; nothing is said where no time passed."""
    assert busy_ratio(before, after) == (None if ratio is None else pytest.approx(ratio))


def test_a_damaged_stat_is_an_error():
    """A first line that is not the sum of all processors is refused."""
    with pytest.raises(ValueError, match="does not sum up the processors"):
        processor_times(b"intr 1 2 3\n")


def throttle(cpu: int, package: int, milliseconds: int, counter: str = "package") -> dict[str, str]:
    folder = f"sys/devices/system/cpu/cpu{cpu}"
    return {
        f"{folder}/thermal_throttle/{counter}_throttle_total_time_ms": f"{milliseconds}\n",
        f"{folder}/topology/physical_package_id": f"{package}\n",
    }


def throttled_seconds(cpu) -> float:
    return values(cpu.sample())[("cpu_throttled_seconds_total",)]


def test_throttled_time_counts_each_package_once(tmp_path):
    """The package's time is repeated by its processors: the largest of each package, summed over packages."""
    write_tree(tmp_path, throttle(0, 0, 1500) | throttle(1, 0, 1400) | throttle(2, 1, 500) | throttle(3, 1, 0))
    assert throttled_seconds(PROBE.open(captured(tmp_path))) == 2.0


def test_throttled_time_falls_back_to_the_cores(tmp_path):
    """A processor without a package counter gives its slowest core's time."""
    write_tree(tmp_path, throttle(0, 0, 700, "core") | throttle(1, 0, 900, "core"))
    assert throttled_seconds(PROBE.open(captured(tmp_path))) == 0.9


def test_throttled_time_survives_a_processor_switched_off(tmp_path):
    """The highest time seen stays when its processor is switched off, and grows again past it."""
    write_tree(tmp_path, throttle(0, 0, 1000) | throttle(1, 0, 2000))
    cpu = PROBE.open(captured(tmp_path))
    assert throttled_seconds(cpu) == 2.0
    (tmp_path / "sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_total_time_ms").unlink()
    assert throttled_seconds(cpu) == 2.0
    write_tree(tmp_path, throttle(0, 0, 2500))
    assert throttled_seconds(cpu) == 2.5


def test_frequency_is_the_mean_of_the_processors_that_tell_it(tmp_path):
    """A driver's `<unknown>` and a processor that is switched off do not count."""
    folder = "sys/devices/system/cpu/cpufreq"
    write_tree(
        tmp_path,
        {
            f"{folder}/policy0/scaling_cur_freq": "1000000\n",
            f"{folder}/policy1/scaling_cur_freq": "3000000\n",
            f"{folder}/policy2/scaling_cur_freq": "<unknown>\n",
            f"{folder}/policy3/affected_cpus": "\n",
        },
    )
    assert values(PROBE.open(captured(tmp_path)).sample()) == {("cpu_frequency_hertz",): 2e9}


def test_of_many_clocks_an_even_choice_is_read(tmp_path):
    """Of eight processors every second one, in the order of their numbers and not of their names."""
    folder = "sys/devices/system/cpu/cpufreq"
    write_tree(tmp_path, {f"{folder}/policy{n}/scaling_cur_freq": f"{n}000000\n" for n in range(4, 12)})
    assert values(PROBE.open(captured(tmp_path)).sample()) == {("cpu_frequency_hertz",): (4 + 6 + 8 + 10) / 4 * 1e9}


def test_of_a_large_package_a_few_counters_are_read(tmp_path):
    """Every processor of a package knows its events: of eight, four are read, and all where cores have their own."""
    for n in range(8):
        write_tree(tmp_path / "package", throttle(n, 0, 1000 + n))
        write_tree(tmp_path / "core", throttle(n, 0, 1000 + n, "core"))
    assert throttled_seconds(PROBE.open(captured(tmp_path / "package"))) == 1.006
    assert throttled_seconds(PROBE.open(captured(tmp_path / "core"))) == 1.007


def test_a_machine_without_any_of_it_is_unsupported(tmp_path):
    """A captured machine without /proc and processors has no such probe, with every reason."""
    with pytest.raises(Unsupported) as reason:
        PROBE.open(captured(tmp_path)).sample()
    assert str(reason.value) == "; ".join(
        (
            "no usage: there is no /proc/stat",
            "no load per core: the processors cannot be counted",
            NO_COUNTERS,
            NO_CLOCK,
        )
    )


def test_this_machine():
    """On the machine that runs the tests there is a load for each core, and after two looks a usage."""
    cpu = PROBE.open(Context())
    assert ("cpu_load_per_core",) in values(cpu.sample())
