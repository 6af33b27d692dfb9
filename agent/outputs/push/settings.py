"""What agent.yaml says under `push`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSettings:
    """Where the samples go and as whom. The files are read at each connection, so that they can be replaced.

    `labels` stand on every series, as a scrape would put them: job, instance, site. At most one of password and token.
    `proxy_url` is that of an HTTP proxy, which is asked for a tunnel; empty: none.
    """

    url: str
    every_seconds: float = 30.0
    labels: Mapping[str, str] = field(default_factory=dict)
    spool_megabytes: int = 100
    username: str = ""
    password_file: Path | None = None
    token_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    proxy_url: str = ""
