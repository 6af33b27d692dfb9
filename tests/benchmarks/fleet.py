"""Simulates a fleet: N agents' metrics listeners in one process, each on an address of its own.

Run: python tests/benchmarks/fleet.py --endpoints 2000 --targets FILE [--port 9847] [--web-config FILE]

Every page begins as a real agent's (`fleet_workstation`), moves (`fleet_motion`) and is served by the agent's own
listeners: one socket, one kept-open connection and one compression each, as Prometheus meets them in an office; with
a web configuration, which all of them share, over TLS and for its users only. Who has which fault is said in
`fleet_plan`. FILE is written for Prometheus' file discovery once everything answers; the process then serves until it
is told to end (SIGTERM). Linux only: elsewhere 127.1.2.3 is not this computer.
"""

from __future__ import annotations

import argparse
import gc
import random
import signal
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.outputs.encoders import CONTENT_TYPE_PLAIN_0_0_4, openmetrics
from agent.outputs.exchange import App
from agent.outputs.exposition import Page
from agent.outputs.http import Listener, Listeners
from agent.outputs.metrics import accepts_openmetrics
from agent.outputs.metrics_pages import metrics_pages
from agent.outputs.sockets import Tcp
from agent.outputs.webauth import protected
from agent.outputs.webconfig import WebConfigFile
from agent.version import VERSION
from tests.benchmarks.fleet_motion import LivePage, Mover, Template, template
from tests.benchmarks.fleet_plan import MODELS, PORT, Workstation, answering, discovery, fleet
from tests.benchmarks.fleet_workstation import Condition, workstation_pages

ENDS = {signal.SIGTERM, signal.SIGINT}
SEAT, MONITOR = "4-12", "a472a0a339bd"
"""Words of the recorded page that no two workstations share: the seat, and the hash of a monitor's serial number."""
LONGEST_UP_SECONDS = 86_400.0
"""How long a workstation has been up when the simulation begins, at most; so their counters are not alike."""


def templates() -> dict[Condition, Template]:
    """One real agent's page for each condition; takes some seconds."""
    return {condition: template(workstation_pages(condition)) for condition in Condition}


def live_page(one: Workstation, pages: dict[Condition, Template], now: float) -> LivePage:
    """The page of this workstation, from now on."""
    generator = random.Random(one.number)  # noqa: S311  # the same fleet in every run
    vendor, model = MODELS[0]
    words = {VERSION: one.version, vendor: one.vendor, model: one.model, SEAT: f"{one.number:05d}"}
    words[MONITOR] = f"{generator.getrandbits(48):012x}"
    started_at = now - LONGEST_UP_SECONDS * generator.random()
    return LivePage(template=pages[one.condition], words=words, mover=Mover(random=generator, started_at=started_at))


def listener(one: Workstation, page: LivePage, port: int, web: WebConfigFile | None) -> Listener:
    """The workstation's door: the agent's own pages over its own HTTP or HTTPS."""

    def render(accept: str | None) -> Page:
        in_openmetrics = accepts_openmetrics(accept)
        text = page.render(time.time(), in_openmetrics=in_openmetrics)
        return text.encode(), openmetrics.CONTENT_TYPE_LATEST if in_openmetrics else CONTENT_TYPE_PLAIN_0_0_4

    pages = metrics_pages(render, lambda: True)
    if web is not None:
        pages = protected(pages, lambda: web.current().users)
    app = App(handler=pages, body_limit_bytes=0)
    tls = None if web is None else lambda: web.current().tls
    return Listener(name=one.instance, address=Tcp(host=one.address, port=port), app=app, tls=tls)


@contextmanager
def switched_off(addresses: Iterable[str], port: int) -> Iterator[None]:
    """Addresses where nothing answers, as of a machine that is off: neither an acceptance nor a refusal.

    Their sockets listen and accept nobody. Linux drops what asks for more connections than may wait (listen(2)), and
    one waits already.
    """
    with ExitStack() as stack:
        for address in addresses:
            deaf = stack.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            deaf.bind((address, port))
            deaf.listen(0)
            waiting = stack.enter_context(socket.socket())
            waiting.connect((address, port))
        yield


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, required=True)
    parser.add_argument("--targets", type=Path, required=True)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--web-config", type=Path)
    options = parser.parse_args()
    web = None if options.web_config is None else WebConfigFile(str(options.web_config), needs_protection=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    workstations, pages, now = fleet(options.endpoints), templates(), time.time()
    listeners = Listeners(
        [listener(one, live_page(one, pages, now), options.port, web) for one in answering(workstations)]
    )
    with switched_off((one.address for one in workstations if one.is_off), options.port):
        gc.freeze()  # as the agent does: the templates live for as long as the process
        listeners.start()
        # Whole at once: who reads it may begin.
        draft = options.targets.with_suffix(".draft")
        draft.write_text(discovery(workstations, options.port), encoding="utf-8")
        draft.replace(options.targets)
        signal.sigwait(ENDS)
        listeners.close()


if __name__ == "__main__":
    main()
