from __future__ import annotations

import pytest

from agent.probes.gpu_resets import ResetCounter, hung_driver
from agent.probes.kernel_log import KernelMessage


@pytest.mark.parametrize(
    ("text", "driver"),
    [
        ("i915 0000:00:02.0: [drm] GPU HANG: ecode 12:1:84dffffb, in Renderer [1676]", "i915"),
        ("[drm] GPU HANG: ecode 7:0:0x87c3ffff, reason: Ring hung, action: reset", "i915"),
        ("i915 0000:00:02.0: [drm] Resetting rcs0 for preemption time out", "i915"),
        ("xe 0000:00:02.0: [drm] Tile0: GT0: Engine reset: engine_class=rcs, logical_mask: 0x1, guc_id=27", "xe"),
        ("[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gfx timeout, signaled seq=1, emitted seq=3", "amdgpu"),
        ("[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gfx timeout, but soft recovered", "amdgpu"),
        ("amdgpu 0000:07:00.0: amdgpu: GPU reset begin!", "amdgpu"),
        ("radeon 0000:01:00.0: GPU lockup (current fence id 0x1 last fence id 0x2 on ring 0)", "radeon"),
        ("NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', GPU has fallen off the bus.", "nvidia"),
        ("NVRM: Xid (PCI:0000:01:00): 8, Channel 00000020", "nvidia"),
        ("nouveau 0000:01:00.0: fifo: SCHED_ERROR 0a [CTXSW_TIMEOUT]", "nouveau"),
        ("nouveau 0000:01:00.0: fifo: channel 5: killed", "nouveau"),
        ("NVRM: Xid (PCI:0000:01:00): 31, pid=4, Ch 00000007, intr 00000000. MMU Fault", None),
        ("NVRM: Xid (PCI:0000:01:00): 13, Graphics Exception", None),
        ("amdgpu 0000:07:00.0: amdgpu: GPU reset succeeded, trying to resume", None),
        ("i915 0000:00:02.0: [drm] GT0: GUC: submission enabled", None),
        ("usb 1-2: reset high-speed USB device number 3 using xhci_hcd", None),
    ],
)
def test_whose_hang_a_line_tells_of(text, driver):
    """Lines that begin a hang or reset are known; ends of one, programs' own faults and other resets are not."""
    assert hung_driver(text) == driver


def test_lines_about_one_reset_count_once():
    """The hung ring and the reset after it are one; another driver's is another; a later one counts again."""
    counter = ResetCounter()
    ring = "[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gfx timeout, signaled seq=1, emitted seq=3"
    counter.add(
        [
            KernelMessage(at_seconds=100.0, text=ring),
            KernelMessage(at_seconds=102.0, text="amdgpu 0000:03:00.0: amdgpu: GPU reset begin!"),
            KernelMessage(at_seconds=103.0, text="[drm] GPU HANG: ecode 9:0:85dffffb"),
        ]
    )
    assert counter.total == 2
    counter.add([KernelMessage(at_seconds=110.0, text=ring), KernelMessage(at_seconds=110.0, text=ring)])
    assert counter.total == 2
    counter.add([KernelMessage(at_seconds=111.0, text=ring)])
    assert counter.total == 3
