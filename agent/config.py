"""agent.yaml to frozen values: every key optional, every fault told with its place, unknown keys refused.

Defaults depend on whose agent it is: the system's folders for a service, for root and for all where there is a file in
/etc; else the XDG ones, for an agent by hand.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.config_journal import JournalLimits, read_journal
from agent.config_push import read_push
from agent.config_targets import read_targets
from agent.config_values import is_label, is_loopback, read_path, seconds_within
from agent.outputs.push.settings import PushSettings
from agent.probes import PROBES
from agent.probes.probe import Target
from agent.yamlsource import (
    Findings,
    Node,
    Scalar,
    Section,
    parse_file,
    read_duration,
    read_section,
    read_text,
)

DEFAULT_PATH = Path("/etc/device-health/agent.yaml")
LANGUAGES = ("zh", "en")
MOST_LABELS = 8
"""They stand on one info series; more would be an inventory, which belongs elsewhere."""
INTERVALS_SECONDS = (1.0, 300.0)
"""Faster costs more than it shows; slower misses what an operator feels."""

_KEYS = (
    "language",
    "it_contact",
    "labels",
    "interval",
    "data_dir",
    "rules_dir",
    "metrics",
    "local",
    "journal",
    "push",
    "network",
    "probes",
)
_LISTEN = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.%]+)\]|(?P<host>[^:\[\]\s]+)):(?P<port>[0-9]{1,5})")
_LOGIN = re.compile(r"[\w.@\\+-]{1,256}\$?")
_RESERVED_LABELS = ("version",)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsListener:
    """Where `/metrics` is served, and the file with TLS and users, if any.

    `allow_unprotected`: the administrator wants an open listener without either; otherwise it is refused.
    """

    host: str = "127.0.0.1"
    port: int = 9847
    web_config: Path | None = None
    allow_unprotected: bool = False

    @property
    def needs_protection(self) -> bool:
        """Whether the web configuration must have TLS or users."""
        return not self.allow_unprotected and not is_loopback(self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalListener:
    """Where the local API is served: on loopback, and on a socket for commands.

    Users and groups are login names of those who may silence rules besides root and the agent's own user.
    """

    host: str = "127.0.0.1"
    port: int = 9848
    socket: Path
    silence_users: tuple[str, ...] = ()
    silence_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """What the configuration says of one probe; nothing leaves the probe's own value."""

    enabled: bool = True
    every_seconds: float | None = None
    deadline_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The effective configuration."""

    language: str = "zh"
    it_contact: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    interval_seconds: float = 5.0
    data_dir: Path
    rules_dir: Path = Path("/etc/device-health/rules.d")
    metrics: MetricsListener = MetricsListener()
    local: LocalListener
    journal: JournalLimits = field(default_factory=JournalLimits)
    push: PushSettings | None = None
    targets: tuple[Target, ...] = ()
    probes: Mapping[str, ProbeSettings] = field(default_factory=dict)


def load_config(path: Path | None, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration in the file; without a path the default file, or the built-in defaults where it is missing.

    Raises:
        Faults: everything that is wrong with the file; a file named by `path` must be there.
    """
    if path is None and not os.path.lexists(DEFAULT_PATH):  # false also where the folder may not be entered
        return _defaults(environment, is_system=False)
    default = _defaults(environment, is_system=path in (None, DEFAULT_PATH))
    findings = Findings(str(path or DEFAULT_PATH))
    node = parse_file(path or DEFAULT_PATH, findings)
    top = read_section(findings, node, _KEYS) if node is not None else None
    config = _read(top, default) if top is not None else default
    findings.raise_if_any()
    return config


def _defaults(environment: Mapping[str, str], *, is_system: bool) -> Config:
    """The built-in defaults: the system's folders for a service and for root, the user's own otherwise.

    `is_system`: the system's own file is read, so this is about the machine's agent, whoever asks.
    """
    is_system = is_system or os.geteuid() == 0 or "STATE_DIRECTORY" in environment
    home = Path(environment.get("HOME", "/nonexistent"))
    own_state = Path(environment.get("XDG_STATE_HOME") or home / ".local" / "state") / "device-health"
    data_dir = Path("/var/lib/device-health") if is_system else own_state
    runtime = environment.get("XDG_RUNTIME_DIR")
    own_socket = (Path(runtime) / "device-health" if runtime else data_dir) / "agent.sock"
    return Config(
        data_dir=data_dir,
        local=LocalListener(socket=Path("/run/device-health/agent.sock") if is_system else own_socket),
    )


def _read(top: Section, default: Config) -> Config:
    return Config(
        language=top.choice("language", LANGUAGES) or default.language,
        it_contact=top.text("it_contact") or default.it_contact,
        labels=_labels(top),
        interval_seconds=top.read("interval", seconds_within(*INTERVALS_SECONDS)) or default.interval_seconds,
        data_dir=read_path(top, "data_dir") or default.data_dir,
        rules_dir=read_path(top, "rules_dir") or default.rules_dir,
        metrics=_metrics(top, default.metrics),
        local=_local(top, default.local),
        journal=read_journal(top),
        push=read_push(top),
        targets=read_targets(top),
        probes=_probes(top),
    )


def _labels(top: Section) -> dict[str, str]:
    section = top.section("labels", None)
    if section is None:
        return {}
    if len(section.table.entries) > MOST_LABELS:
        top.findings.add(section.table, f"{len(section.table.entries)} labels; expected at most {MOST_LABELS}")
    labels: dict[str, str] = {}
    for key, node in section.table.entries:
        if not is_label(key.text) or key.text in _RESERVED_LABELS:
            top.findings.add(key, f"`{key.text}` cannot be a label; expected letters, digits and _, not `version`")
        elif (text := read_text(top.findings, node)) is not None:
            labels[key.text] = text
    return labels


def _metrics(top: Section, default: MetricsListener) -> MetricsListener:
    section = top.section("metrics", ("listen", "web_config", "allow_unprotected"))
    if section is None:
        return default
    host, port = section.read("listen", _listen) or (default.host, default.port)
    web_config, is_allowed = read_path(section, "web_config"), section.boolean("allow_unprotected") or False
    listener = MetricsListener(host=host, port=port, web_config=web_config, allow_unprotected=is_allowed)
    if listener.needs_protection and section.node("web_config") is None:
        advice = "name a `web_config` with TLS or users, or write `allow_unprotected: true`"
        section.refuse("listen", f"`{host}` can be reached from outside by everybody; {advice}")
    return listener


def _local(top: Section, default: LocalListener) -> LocalListener:
    section = top.section("local", ("listen", "socket", "silence_users", "silence_groups"))
    if section is None:
        return default
    host, port = section.read("listen", _listen) or (default.host, default.port)
    if not is_loopback(host):
        section.refuse("listen", f"`{host}` can be reached from outside; expected a loopback address such as 127.0.0.1")
    return LocalListener(
        host=host,
        port=port,
        socket=read_path(section, "socket") or default.socket,
        silence_users=_names(section, "silence_users"),
        silence_groups=_names(section, "silence_groups"),
    )


def _names(section: Section, key: str) -> tuple[str, ...]:
    """Login names; whether the system knows them is not asked, a directory may be away for a while."""
    names: list[str] = []
    for node in section.items(key):
        name = read_text(section.findings, node)
        if name is None:
            continue
        if not _LOGIN.fullmatch(name):
            section.findings.add(node, f"`{name}` is no login name; expected letters, digits and . _ - @ \\ +")
        elif name in names:
            section.findings.add(node, f"`{name}` stands here twice; expected each name once")
        names.append(name)
    return tuple(names)


def _listen(findings: Findings, node: Node) -> tuple[str, int] | None:
    """A host and a port; YAML's own reading of 127.0.0.1:80 as text is what is wanted."""
    if not isinstance(node, Scalar) or node.is_unusable:
        return None
    found = _LISTEN.fullmatch(node.text)
    if found is None or int(found["port"]) > 65535:
        findings.add(node, f"`{node.text}` is no address; expected host:port such as 127.0.0.1:9847 or [::1]:9847")
        return None
    return found["six"] or found["host"], int(found["port"])


def _probes(top: Section) -> dict[str, ProbeSettings]:
    names = tuple(spec.name for spec in PROBES)
    section = top.section("probes", names)
    found: dict[str, ProbeSettings] = {}
    for key, node in section.table.entries if section is not None else ():
        settings = read_section(top.findings, node, ("enabled", "every", "deadline"))
        if settings is not None and key.text in names:
            enabled = settings.boolean("enabled")
            found[key.text] = ProbeSettings(
                enabled=True if enabled is None else enabled,
                every_seconds=settings.read("every", _positive),
                deadline_seconds=settings.read("deadline", _positive),
            )
    return found


def _positive(findings: Findings, node: Node) -> float | None:
    seconds = read_duration(findings, node)
    if seconds is not None and not 0.1 <= seconds <= 86400:
        findings.add(node, f"{seconds:g} s does not fit; expected 100ms to 1d")
        return None
    return seconds
