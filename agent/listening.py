"""Where the agent answers: its metrics, the local API on loopback, and the socket for commands."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable

from agent.config import Config
from agent.outputs.api import BODY_LIMIT_BYTES, ApiSettings, api
from agent.outputs.api_reads import Sources
from agent.outputs.command import Execute
from agent.outputs.exchange import Handler, application
from agent.outputs.exposition import Page
from agent.outputs.http import Listener, Listeners
from agent.outputs.metrics_pages import metrics_pages
from agent.outputs.sockets import Tcp, Unix


class WrongWebConfig(Exception):
    """The web configuration is wrong; the message has every fault at its position."""


def build_listeners(
    config: Config,
    *,
    render: Callable[[str | None], Page],
    is_ready: Callable[[], bool],
    sources: Sources,
    execute: Execute,
) -> Listeners:
    """The configured listeners, not yet started.

    Raises:
        WrongWebConfig: the web configuration is wrong.
    """
    settings = ApiSettings(sources=sources, execute=execute, own_uid=os.geteuid())
    local = application(api(settings), body_limit_bytes=BODY_LIMIT_BYTES)
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
            ),
            Listener(name="socket", address=Unix(path=str(config.local.socket)), app=local),
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
        web = WebConfigFile(str(config.metrics.web_config))
    except WebConfigError as faults:
        raise WrongWebConfig(str(faults)) from faults
    return protected(pages, lambda: web.current().users), lambda: web.current().tls
