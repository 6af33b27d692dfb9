"""Puts the status page together: its files, its document, its sessions and its checks, around the API's handler."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from agent.config import Config
from agent.memory import DATABASE
from agent.outputs.api import executed
from agent.outputs.command import Execute
from agent.outputs.exchange import Handler
from agent.outputs.journal_output import JournalOutput
from agent.outputs.page import page
from agent.outputs.page_api import PageSettings, page_api
from agent.outputs.sessions import Sessions
from agent.outputs.users import Silencers, may_silence
from agent.overview import Overview, PageSources
from agent.pagecheck import PageChecks
from agent.probes.hostfs import HostFs
from agent.today import Today


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """What others need of the page: whose session a request carries, who may silence, the page around a handler."""

    sessions: Sessions
    silencers: Silencers
    around: Callable[[Handler], Handler]


def status_page(
    config: Config, host: HostFs, sources: PageSources, execute: Execute, address: Callable[[], str]
) -> StatusPage:
    """The page of this agent; `address` is where it is served, known once the listeners run."""
    sessions = Sessions(f"device_health_{config.local.port}")
    local = config.local
    silencers = Silencers(own_uid=os.geteuid(), users=local.silence_users, groups=local.silence_groups)
    settings = PageSettings(
        overview=Overview(sources).document,
        checks=PageChecks(config, host, sources.rulebook),
        sessions=sessions,
        execute=partial(executed, execute=execute),
        may_silence=partial(may_silence, silencers=silencers),
        address=address,
    )
    return StatusPage(sessions=sessions, silencers=silencers, around=lambda other: page(page_api(settings, other)))


def today_of(config: Config, journal: JournalOutput | None) -> Today | None:
    """The day's record; nothing where none is kept."""
    return None if journal is None else Today(str(config.data_dir / DATABASE), lambda: journal.witness().id)
