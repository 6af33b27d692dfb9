"""How fast the journal takes entries, proves them, and becomes a report; prints medians.

Run: python tests/benchmarks/bench_journal.py
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.outputs.journal.entry import Draft, Kind
from agent.outputs.journal.history import SLOT_SECONDS, History
from agent.outputs.journal.store import Journal
from agent.outputs.report.collect import read_report
from agent.outputs.report.page import report_page
from agent.outputs.report.report import Request

NOW = datetime(2025, 3, 1, tzinfo=UTC)
BODY = {
    "change": "firing",
    "value": 97.2,
    "limit": 95.0,
    "title": "处理器过热",
    "problem": "x" * 120,
    "action": "y" * 120,
}
MONTH_ENTRIES = 6000
"""A workstation with 200 entries a day."""


def draft(number: int) -> Draft:
    change = "firing" if number % 2 else "resolved"
    return Draft(
        at=NOW + timedelta(seconds=number * 30 * 86_400 / MONTH_ENTRIES),
        kind=Kind.ALERT if number else Kind.AGENT_START,
        rule="cpu-overheating",
        clause="4.1.a.1",
        severity="warning",
        resource=f"chip=k10temp, sensor=T{number // 2 % 5}",
        body={**BODY, "change": change},
    )


def median_seconds(action: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def appending(folder: Path) -> None:
    journal = Journal(str(folder / "append.db"), now=NOW)
    one = draft(1)
    print(f"append, one entry a transaction      {median_seconds(lambda: journal.append(one), 5000) * 1e6:8.1f} µs")
    batch = [one] * 1000
    whole = median_seconds(lambda: journal.append_many(batch), 20)
    print(f"append, 1000 entries a transaction   {whole * 1e3:8.1f} µs an entry")
    print(
        f"sign of life, once a minute          {median_seconds(lambda: journal.sign_of_life(NOW), 200) * 1e6:8.1f} µs"
    )
    journal.close()


def verifying(folder: Path) -> None:
    path = str(folder / "verify.db")
    journal = Journal(path, now=NOW)
    for first in range(0, 100_000, 10_000):
        journal.append_many([draft(number) for number in range(first, first + 10_000)])
    head = journal.head()
    journal.close()
    opened = median_seconds(lambda: Journal(path, now=NOW).close(), 5)
    journal = Journal(path, now=NOW)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = median_seconds(lambda: journal.verify(head), 5)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert journal.verify(head).is_whole
    journal.close()
    print(f"file of 100 000 entries              {Path(path).stat().st_size / 1e6:8.1f} MB")
    print(f"opening it, checked                  {opened * 1e3:8.1f} ms")
    print(f"verifying it                         {taken * 1e3:8.1f} ms, {grown} KiB more memory")


def reporting(folder: Path) -> None:
    path = str(folder / "month.db")
    journal = Journal(path, now=NOW)
    journal.append_many([draft(number) for number in range(MONTH_ENTRIES)])
    history = History(journal.connection)
    start, end = int(NOW.timestamp()), int(NOW.timestamp()) + 30 * 86_400
    resources = [("temperature_celsius", "cpu")]
    resources += [(f"ping_{kind}", name) for kind in ("round_trip_seconds", "loss_ratio") for name in ("a", "b", "c")]
    with journal.transaction() as connection:
        slots = [(*one, slot, 0.0, 0.01, 0.02, 60) for one in resources for slot in range(start, end, SLOT_SECONDS)]
        connection.executemany("INSERT INTO readings_history VALUES (?, ?, ?, ?, ?, ?, ?)", slots)
        spans = [(f"4.1.{n}", at, at + 3600, "normal") for n in range(25) for at in range(start, end, 3600)]
        connection.executemany("INSERT INTO clause_spans VALUES (?, ?, ?, ?)", spans)
    journal.sign_of_life(NOW + timedelta(days=30))
    history.forget()
    wanted = Request(machine="A-17", since=NOW, until=NOW + timedelta(days=30), now=NOW + timedelta(days=30))
    report = read_report(path, wanted)
    read = median_seconds(lambda: read_report(path, wanted), 5)
    shown = median_seconds(lambda: report_page(report, "zh"), 5)
    size = len(report_page(report, "zh").encode())
    print(f"30-day month, {len(report.episodes)} alerts: reading    {read * 1e3:8.1f} ms")
    print(f"its page, {size / 1e6:.1f} MB                     {shown * 1e3:8.1f} ms")
    journal.close()


def main() -> None:
    """Run all three on files of their own."""
    with tempfile.TemporaryDirectory() as folder:
        appending(Path(folder))
        verifying(Path(folder))
        reporting(Path(folder))


if __name__ == "__main__":
    main()
