"""Puts the status page together: its files, its document, its sessions and its checks, around the API's handler."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Protocol

from agent.config import Config
from agent.outputs.api import executed
from agent.outputs.command import Execute
from agent.outputs.exchange import Handler
from agent.outputs.page import page
from agent.outputs.page_api import PageSettings, page_api
from agent.outputs.sessions import Sessions
from agent.outputs.users import Silencers, may_silence
from agent.pagecheck import PageChecks
from agent.pagesources import PageSources
from agent.probes.hostfs import HostFs


class Overview(Protocol):
    """Makes the page's document."""

    async def document(self, language: str) -> Mapping[str, object]:
        """The document in `zh` or `en`, or in the configured language for an empty word."""


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
        overview=_overview(sources),
        checks=PageChecks(config, host, sources.rulebook),
        sessions=sessions,
        execute=partial(executed, execute=execute),
        may_silence=partial(may_silence, silencers=silencers),
        address=address,
    )
    return StatusPage(sessions=sessions, silencers=silencers, around=lambda other: page(page_api(settings, other)))


def _overview(sources: PageSources) -> Callable[[str], Awaitable[Mapping[str, object]]]:
    """The page's document; what makes it is loaded when somebody first looks, as most agents' pages are never open."""
    made: list[Overview] = []

    async def document(language: str) -> Mapping[str, object]:
        if not made:
            overview = await asyncio.to_thread(import_module, "agent.overview")
            made.append(overview.Overview(sources))
        return await made[0].document(language)

    return document
