from __future__ import annotations

import pytest

from agent.probes.mounts import Mount, local_mounts, writable_by_design


def line(*, device="8:2", mountpoint="/", options="rw", fstype="ext4", source="/dev/sda2", superblock="rw") -> str:
    return f"27 1 {device} / {mountpoint} {options},relatime shared:1 - {fstype} {source} {superblock}\n"


def mountpoints(*lines: str) -> list[str]:
    return [mount.mountpoint for mount in local_mounts("".join(lines))]


def test_a_mount_is_read_whole():
    """Device, mountpoint with its escapes undone, type and source; a healthy superblock is writable."""
    assert local_mounts(line(mountpoint="/media/my\\040disk", source="/dev/disk\\134x")) == [
        Mount(
            device="8:2",
            mountpoint="/media/my disk",
            type="ext4",
            source="/dev/disk\\x",
            is_writable=True,
            has_failed=False,
            stops_on_error=False,
        )
    ]


@pytest.mark.parametrize(
    ("mounted", "superblock", "is_writable", "has_failed"),
    [
        ("ro", "rw", True, False),
        ("rw", "ro,errors=remount-ro", False, False),
        ("rw", "rw,errors=remount-ro", True, False),
        ("rw", "rw,errors=remount-ro,emergency_ro", False, True),
        ("rw", "rw,shutdown", False, True),
    ],
    ids=["sandboxed", "read-only", "healthy", "stopped after an error", "device went away"],
)
def test_the_superblock_decides_whether_it_is_writable(mounted, superblock, is_writable, has_failed):
    """A sandbox mounts read-only what is writable; ext4 shows after an error on new kernels that it stopped."""
    (mount,) = local_mounts(line(options=mounted, superblock=superblock))
    assert (mount.is_writable, mount.has_failed) == (is_writable, has_failed)


def test_only_file_systems_that_hold_this_machines_data_count():
    """Memory, images, other machines' file systems and loops are left out."""
    assert mountpoints(
        line(mountpoint="/home", device="8:3"),
        line(mountpoint="/run", device="0:5", fstype="tmpfs"),
        line(mountpoint="/snap/core/1", device="7:0", fstype="squashfs"),
        line(mountpoint="/mnt/image", device="7:1"),
        line(mountpoint="/net", device="0:50", fstype="nfs4"),
        line(mountpoint="/share", device="0:51", fstype="cifs"),
        line(mountpoint="/cd", device="11:0", fstype="iso9660"),
        line(mountpoint="/var/lib/docker/x", device="0:60", fstype="overlay"),
    ) == ["/home"]


def test_a_file_system_mounted_twice_counts_once_at_its_shortest_place():
    """Binds and sub-volumes repeat a file system."""
    assert mountpoints(
        line(mountpoint="/run/netns"),
        line(mountpoint="/"),
        line(mountpoint="/home"),
        line(device="8:9", mountpoint="/b"),
    ) == ["/", "/b"]


def test_a_covered_mountpoint_is_not_asked():
    """What lies on top answers for the path: a network file system there could hang."""
    assert mountpoints(line(mountpoint="/data"), line(mountpoint="/data", device="0:50", fstype="nfs")) == []


def test_lines_of_another_form_are_skipped():
    """A line that is cut off costs only itself."""
    assert mountpoints("27 1 8:2 / /cut\n", "\n", line()) == ["/"]


def test_fstab_says_what_should_be_writable():
    """Every row without the option `ro`; comments and short rows say nothing."""
    fstab = (
        "# /dev/sda9 /old ext4 defaults 0 1\n"
        "UUID=1 / ext4 errors=remount-ro 0 1\n"
        "UUID=2 /media/my\\040disk ext4 noatime,ro 0 2\n"
        "UUID=3 /home ext4\n"
    )
    assert writable_by_design(fstab) == frozenset({"/"})
