from __future__ import annotations

import os

import pytest

from agent.probes.kernel_log import PATH, KernelLog, KernelMessage, parse_record


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (b"6,339,5140900,-;NET: Registered\n", KernelMessage(at_seconds=5.1409, text="NET: Registered")),
        (
            b"3,1230,5140900,-,caller=T1;i915: hang\n SUBSYSTEM=pci\n",
            KernelMessage(at_seconds=5.1409, text="i915: hang"),
        ),
        (b"14,339,5140900,-;said by a program\n", None),
        (b"no record\n", None),
        (b"", None),
    ],
    ids=["plain", "with fields", "a program's", "another form", "empty"],
)
def test_records(record, message):
    """A record of the kernel gives its time and first line; what a program wrote there does not count."""
    assert parse_record(record) == message


def open_log() -> KernelLog:
    try:
        return KernelLog()
    except OSError as error:
        pytest.skip(f"the kernel log may not be read here: {error.strerror}")


def test_this_machines_log_starts_at_its_end_and_never_waits():
    """Older messages are not given, and a look with nothing new ends at once."""
    log = open_log()
    assert [message for message in log.messages() if message.at_seconds < 0.001] == []
    log.close()


def test_a_program_cannot_feign_a_kernel_message():
    """What a program writes to the real log is left out."""
    log = open_log()
    if not os.access(PATH, os.W_OK):
        pytest.skip("the kernel log may not be written here")
    with open(PATH, "w") as kmsg:
        kmsg.write("<3>device-health: a test of an agent\n")
    assert [message for message in log.messages() if "a test of an agent" in message.text] == []
    log.close()


def test_a_log_that_is_hidden_is_an_error(tmp_path):
    """A sandbox without the log is told by the system's own error."""
    with pytest.raises(FileNotFoundError):
        KernelLog(f"{tmp_path}/kmsg")
