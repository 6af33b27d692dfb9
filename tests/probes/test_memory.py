from __future__ import annotations

import os

import psutil
import pytest

from agent.probes.memory import PROBE
from agent.probes.probe import Context, Unsupported
from tests.probes.tree import captured, values, write_tree

MEMINFO = (
    "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 250 kB\n"
    "SwapCached: 5 kB\nSwapTotal: {total} kB\nSwapFree: {free} kB\n"
)


def test_memory_and_swap(tmp_path):
    """Ratios come from the kernel's own estimate; swap traffic is turned from pages into bytes."""
    write_tree(
        tmp_path,
        {
            "proc/meminfo": MEMINFO.format(total=400, free=100),
            "proc/vmstat": "nr_free 1\npswpin 3\npswpout 5\nzswpin 7\n",
        },
    )
    sample = PROBE.open(captured(tmp_path)).sample()
    page = os.sysconf("SC_PAGE_SIZE")
    assert values(sample) == {
        ("memory_available_ratio",): 0.25,
        ("memory_swap_used_ratio",): 0.75,
        ("memory_swapped_in_bytes_total",): 3.0 * page,
        ("memory_swapped_out_bytes_total",): 5.0 * page,
    }
    assert sample.errors == ()


def test_a_machine_without_swap_has_no_swap_use(tmp_path):
    """No swap space is not an empty one: there is no ratio, and a kernel without swap says so."""
    write_tree(tmp_path, {"proc/meminfo": MEMINFO.format(total=0, free=0), "proc/vmstat": "nr_free 1\n"})
    sample = PROBE.open(captured(tmp_path)).sample()
    assert values(sample) == {("memory_available_ratio",): 0.25}
    assert sample.errors == ("no swap traffic: this kernel is built without swap",)


def test_an_old_kernel_without_the_estimate_is_named(tmp_path):
    """A missing line costs its own readings and is named."""
    write_tree(tmp_path, {"proc/meminfo": "MemTotal: 1000 kB\n", "proc/vmstat": "pswpin 0\npswpout 0\n"})
    sample = PROBE.open(captured(tmp_path)).sample()
    assert values(sample) == {
        ("memory_swapped_in_bytes_total",): 0.0,
        ("memory_swapped_out_bytes_total",): 0.0,
    }
    assert sample.errors == ("memory: MemAvailable: is missing",)


def test_a_capture_without_proc_is_unsupported(tmp_path):
    """A captured machine without these files has no such probe."""
    with pytest.raises(Unsupported) as reason:
        PROBE.open(captured(tmp_path)).sample()
    assert str(reason.value) == "no memory use: there is no /proc/meminfo; no swap traffic: there is no /proc/vmstat"


def test_it_agrees_with_psutil_on_this_machine():
    """The available share is the one that psutil computes from the same kernel."""
    memory = psutil.virtual_memory()
    found = values(PROBE.open(Context()).sample())[("memory_available_ratio",)]
    assert found == pytest.approx(memory.available / memory.total, abs=0.02)
