"""What `procedure` says of the record itself."""

import pytest

from agent.commands.procedure import CAPTURED, record_fault
from agent.rules.rule import Text


@pytest.mark.parametrize(
    ("entries_waiting", "fault"),
    [
        (0, None),
        (3, {"zh": "磁盘还没有写入 3 条记录", "en": "the disk has not taken 3 entries of the record"}),
        (None, CAPTURED),
    ],
)
def test_the_record_is_answered_for_only_while_it_is_kept(entries_waiting: int | None, fault: Text | None) -> None:
    """Entries that wait for a full disk, and a captured machine, are a fault with its reason."""
    assert record_fault(entries_waiting) == fault
