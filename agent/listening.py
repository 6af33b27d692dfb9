"""Where the agent answers: its metrics, the local API on loopback, and the socket for commands."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from agent.config import Config
from agent.memory import DATABASE
from agent.outputs.api import BODY_LIMIT_BYTES, ApiSettings, api
from agent.outputs.api_reads import Sources
from agent.outputs.command import Execute
from agent.outputs.exchange import Handler, application
from agent.outputs.exposition import Page
from agent.outputs.http import Listener, Listeners
from agent.outputs.metrics_pages import metrics_pages
from agent.outputs.record_pages import record_pages
from agent.outputs.sockets import Tcp, Unix
from agent.statuspage import StatusPage

LOCAL_CONNECTIONS = 64
"""Two users with a companion, and a page in two browsers that open six connections each, are 26; who waits counts."""


class WrongWebConfig(Exception):
    """The web configuration is wrong; the message has every fault at its position."""


def build_listeners(
    config: Config,
    *,
    render: Callable[[str | None], Page],
    is_ready: Callable[[], bool],
    sources: Sources,
    execute: Execute,
    status_page: StatusPage,
) -> Listeners:
    """The configured listeners, not yet started.

    Raises:
        WrongWebConfig: the web configuration is wrong.
    """
    settings = ApiSettings(
        sources=sources,
        execute=execute,
        silencers=status_page.silencers,
        session_uid=status_page.sessions.uid_of,
    )
    answers = record_pages(api(settings), str(config.data_dir / DATABASE))
    local = application(status_page.around(answers), body_limit_bytes=BODY_LIMIT_BYTES)
    pages = metrics_pages(render, is_ready)
    pages, tls = _behind_web_config(pages, config)
    return Listeners(
        [
            Listener(
                name="metrics",
                address=Tcp(host=config.metrics.host, port=config.metrics.port),
                app=application(pages),
                tls=tls,
            ),
            Listener(
                name="local",
                address=Tcp(host=config.local.host, port=config.local.port, loopback_only=True),
                app=local,
                maximum_connections=LOCAL_CONNECTIONS,
                maximum_per_peer=LOCAL_CONNECTIONS // 2,  # every browser here comes from 127.0.0.1
            ),
            Listener(
                name="socket",
                address=Unix(path=str(config.local.socket)),
                app=local,
                maximum_connections=LOCAL_CONNECTIONS,
            ),
        ]
    )


def _behind_web_config(pages: Handler, config: Config) -> tuple[Handler, Callable[[], ssl.SSLContext | None] | None]:
    """The pages behind the configured users, and the TLS settings of the moment."""
    if config.metrics.web_config is None:
        return pages, None
    from agent.outputs.webauth import protected  # noqa: PLC0415  # bcrypt and its parser only where they are used
    from agent.outputs.webconfig import WebConfigFile  # noqa: PLC0415
    from agent.outputs.webconfig_yaml import WebConfigError  # noqa: PLC0415

    try:
        web = WebConfigFile(str(config.metrics.web_config), needs_protection=config.metrics.needs_protection)
    except WebConfigError as faults:
        raise WrongWebConfig(str(faults)) from faults
    return protected(pages, lambda: web.current().users), lambda: web.current().tls
