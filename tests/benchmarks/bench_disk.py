"""What a day of workstations takes on disk, in Prometheus and in VictoriaMetrics; prints a JSON line each.

Run: python tests/benchmarks/bench_disk.py [--endpoints 5] [--hours 24]

The simulated fleet's pages (`fleet_motion`) are written with their times for a day past, every 30 s, with the series
that a server adds to each scrape. promtool makes blocks of them with Prometheus' own code: of two hours, as they come
from memory, and of eighteen, as compaction leaves them. VictoriaMetrics imports them and merges its parts. So no day
has to be waited for. Counted are the bytes in the files, index and all; not the write-ahead log of the last hours.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.fleet import live_page, templates
from tests.benchmarks.fleet_plan import Workstation, answering, fleet
from tests.benchmarks.fleet_servers import own_metrics, own_total, victoria_metrics
from tests.deploy.servers import Prometheus, prometheus_folder
from tests.running_agent import eventually

SCRAPE_SECONDS = 30
DAY_SECONDS = 86_400
MEBIBYTE = 2**20
MERGED_WITHIN_SECONDS = 300.0
SCRAPE_SERIES = {
    "up": "1",
    "scrape_samples_scraped": "239",
    "scrape_samples_post_metric_relabeling": "239",
    "scrape_series_added": "0",
}
"""What a server adds to each scrape, besides its duration."""


def history(workstations: list[Workstation], hours: float, ticks_per_second: int) -> Iterator[str]:
    """Every series of every scrape, oldest first; times in seconds for OpenMetrics, in milliseconds for the other."""
    end = time.time() // DAY_SECONDS * DAY_SECONDS  # blocks begin at whole multiples of their length
    pages = templates()
    live = [(one, live_page(one, pages, end - hours * 3600)) for one in workstations]
    for step in range(int(hours * 3600 / SCRAPE_SECONDS)):
        at = end - hours * 3600 + step * SCRAPE_SECONDS
        stamp = int(at * ticks_per_second)
        for one, page in live:
            labels = f'instance="{one.instance}",job="endpoint",site="{one.site}"'
            for line in [*page.lines(at), *_scrape_series(step)]:
                name, value = line.rsplit(" ", 1)
                metric, _, own = name.partition("{")
                yield f"{metric}{{{labels}{',' if own else ''}{own or '}'} {value} {stamp}\n"


def _scrape_series(step: int) -> list[str]:
    duration = f"scrape_duration_seconds {0.0016 + step % 7 * 0.000123456}"
    return [*(f"{name} {value}" for name, value in SCRAPE_SERIES.items()), duration]


def in_prometheus(text: Path, folder: Path, block: str) -> dict[str, object]:
    """Blocks of this length: samples, bytes, and what that comes to."""
    blocks = folder / f"blocks-{block}"
    command = ["promtool", "tsdb", "create-blocks-from", f"--max-block-duration={block}", "openmetrics"]
    subprocess.run([*command, str(text), str(blocks)], check=True, stdout=subprocess.DEVNULL)
    samples = sum(json.loads(meta.read_text())["stats"]["numSamples"] for meta in blocks.glob("*/meta.json"))
    size = sum(path.stat().st_size for path in blocks.rglob("*") if path.is_file())
    return {"store": f"prometheus, blocks of {block}", "samples": samples, "bytes": size}


def in_victoria_metrics(text: Path, folder: Path) -> dict[str, object]:
    """After everything is merged that would be in time."""
    with victoria_metrics(prometheus_folder(folder, "[]")) as server:
        request = urllib.request.Request(f"{_url(server)}/api/v1/import/prometheus", data=text.open("rb"))
        request.add_header("Content-Length", str(text.stat().st_size))
        urllib.request.urlopen(request, timeout=600).close()
        for command in ("force_flush", "force_merge"):
            urllib.request.urlopen(f"{_url(server)}/internal/{command}", timeout=600).close()
        assert eventually(lambda: own_total(server, "vm_active_merges") == 0, MERGED_WITHIN_SECONDS)
        metrics = own_metrics(server)
        size = sum(value for name, value in metrics if name.startswith("vm_data_size_bytes{"))
        kinds = ('vm_rows{type="storage/small"}', 'vm_rows{type="storage/big"}')
        samples = sum(value for name, value in metrics if name in kinds)
    return {"store": "victoria-metrics", "samples": int(samples), "bytes": int(size)}


def _url(server: Prometheus) -> str:
    return f"http://127.0.0.1:{server.port}"


def _write(path: Path, lines: Iterator[str], *, ends: str = "") -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(lines)
        file.write(ends)
    return path


def main() -> None:
    """Both stores, over the same scrapes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=5)
    parser.add_argument("--hours", type=float, default=24.0)
    options = parser.parse_args()
    workstations = list(answering(fleet(options.endpoints)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = _write(folder / "history.txt", history(workstations, options.hours, 1), ends="# EOF\n")
        found = [in_prometheus(text, folder, block) for block in ("2h", "18h")]
        text = _write(folder / "history.txt", history(workstations, options.hours, 1000))
        found.append(in_victoria_metrics(text, folder))
    for one in found:
        size, samples = float(str(one["bytes"])), float(str(one["samples"]))
        days = options.hours / 24
        mebibytes = size / MEBIBYTE / len(workstations) / days
        print(json.dumps({**one, "bytes_a_sample": size / samples, "mib_an_endpoint_and_day": mebibytes}))


if __name__ == "__main__":
    main()
