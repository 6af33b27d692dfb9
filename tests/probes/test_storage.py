from __future__ import annotations

import os

import pytest

from agent.probes.probe import Context
from agent.probes.storage import PROBE, disk_totals
from tests.probes.tree import captured, values, write_tree

NO_SPACE = "no space and inodes: a captured machine's file systems cannot be asked"
ROOT = "27 1 8:2 / / {mounted},relatime - ext4 /dev/sda2 {superblock}\n"
DISKS = (
    "   7       0 loop0 9 0 0 9 9 0 0 9 0 0 0\n"
    "   8       0 sda {reads} 1 2 {reading} {writes} 3 4 {writing} 0 0 0 0 0 0 0 0 0\n"
    "   8       2 sda2 9 0 0 9 9 0 0 9 0 0 0\n"
    "  11       0 sr0 {reads} 0 0 {reading} 0 0 0 0 0 0 0\n"
)


def machine(*, superblock="rw", mounted="rw", reads=0, reading=0, writes=0, writing=0) -> dict[str, str]:
    return {
        "proc/self/mountinfo": ROOT.format(mounted=mounted, superblock=superblock),
        "proc/diskstats": DISKS.format(reads=reads, reading=reading, writes=writes, writing=writing),
        "sys/block/sda/device/model": "disk\n",
        "sys/block/sr0/device/model": "drive\n",
        "sys/block/loop0/size": "0\n",
    }


def test_time_for_each_operation_since_the_last_look(tmp_path):
    """30 ms for 15 operations; loops, partitions and optical drives are left out; an idle disk gives none."""
    write_tree(tmp_path, machine(reads=100, reading=500, writes=50, writing=700))
    storage = PROBE.open(captured(tmp_path))
    assert values(storage.sample()) == {("storage_read_only", "/"): 0.0}
    write_tree(tmp_path, machine(reads=110, reading=520, writes=55, writing=710))
    assert values(storage.sample()) == {("storage_read_only", "/"): 0.0, ("storage_io_seconds", "sda"): 0.002}
    assert values(storage.sample()) == {("storage_read_only", "/"): 0.0}


def test_a_disk_that_was_plugged_in_again_starts_anew(tmp_path):
    """Counters that ran backwards say nothing; the look after that counts from there."""
    write_tree(tmp_path, machine(reads=1000, reading=9000))
    storage = PROBE.open(captured(tmp_path))
    storage.sample()
    write_tree(tmp_path, machine(reads=5, reading=5))
    assert ("storage_io_seconds", "sda") not in values(storage.sample())
    write_tree(tmp_path, machine(reads=6, reading=9))
    assert values(storage.sample())[("storage_io_seconds", "sda")] == 0.004


def test_a_capture_names_what_it_cannot_know(tmp_path):
    """A captured machine gives what lies in /proc and says that space is not among it."""
    write_tree(tmp_path, machine())
    sample = PROBE.open(captured(tmp_path)).sample()
    assert sample.errors == (NO_SPACE,)
    assert sample.facts == frozenset({"writable /dev/sda2 /"})


def test_a_file_system_that_was_writable_is_read_only(tmp_path):
    """It turned read-only under the agent's eyes, and a restarted agent remembers; a sandbox's mount does not count."""
    write_tree(tmp_path, machine(mounted="ro"))
    storage = PROBE.open(captured(tmp_path))
    assert values(storage.sample()) == {("storage_read_only", "/"): 0.0}
    write_tree(tmp_path, machine(superblock="ro,errors=remount-ro"))
    sample = storage.sample()
    assert values(sample) == {("storage_read_only", "/"): 1.0}
    restarted = PROBE.open(captured(tmp_path, facts=sample.facts))
    assert values(restarted.sample()) == {("storage_read_only", "/"): 1.0}


def test_a_file_system_that_says_it_stopped_needs_no_memory(tmp_path):
    """ext4's own mark after an error is evidence enough at the first look."""
    write_tree(tmp_path, machine(superblock="rw,errors=remount-ro,emergency_ro"))
    assert values(PROBE.open(captured(tmp_path)).sample()) == {("storage_read_only", "/"): 1.0}


def test_a_file_system_that_was_never_writable_is_no_fault(tmp_path):
    """A kiosk's read-only image gives no reading; here nothing else is left, which is said."""
    write_tree(tmp_path, machine(superblock="ro"))
    sample = PROBE.open(captured(tmp_path)).sample()
    assert values(sample) == {}
    assert sample.errors == ("no local file system is mounted for writing (usual in a container)", NO_SPACE)


@pytest.mark.parametrize(
    ("superblock", "failed_at", "read_only"),
    [
        ("rw,errors=remount-ro", 5000, 1.0),
        ("rw,errors=remount-ro", 4999, 0.0),
        ("rw,errors=remount-ro", 0, 0.0),
        ("rw", 5000, 0.0),
    ],
    ids=["since the start", "before the start", "never", "goes on after errors"],
)
def test_ext4_that_hides_its_error_is_found_by_its_counters(tmp_path, superblock, failed_at, read_only):
    """Some kernels leave the table of mounts as it was; the time of the last error tells, where errors stop it."""
    write_tree(
        tmp_path,
        machine(superblock=superblock)
        | {"proc/stat": "cpu 1\nbtime 5000\n", "sys/fs/ext4/sda2/last_error_time": f"{failed_at}\n"},
    )
    (tmp_path / "sys/dev/block").mkdir(parents=True)
    (tmp_path / "sys/dev/block/8:2").symlink_to("../../devices/pci/block/sda/sda2")
    assert values(PROBE.open(captured(tmp_path)).sample()) == {("storage_read_only", "/"): read_only}


def test_disk_totals_of_an_old_and_a_new_kernel():
    """Reads and writes and their milliseconds, whether or not discards and flushes follow."""
    text = b"   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n 259       0 nvme0n1 10 0 0 40 50 0 0 80 0 0 0 0 0 0 0 0 0\n"
    assert disk_totals(text) == {"sda": (6, 12), "nvme0n1": (60, 120)}


def test_this_machine_agrees_with_statvfs():
    """What is said about a file system here is what the kernel answers for its path."""
    found = values(PROBE.open(Context()).sample())
    space = {place: value for (metric, place), value in found.items() if metric == "storage_available_ratio"}
    if not space:
        pytest.skip("no local file system here")
    for mountpoint, value in space.items():
        status = os.statvfs(mountpoint)
        assert value == pytest.approx(status.f_bavail / status.f_blocks, abs=0.01)
