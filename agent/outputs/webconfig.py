"""TLS and users of the metrics listener, from a file in the format of Prometheus' web configuration.

Format: github.com/prometheus/exporter-toolkit, docs/web-configuration.md. What the file asks for and this listener
cannot do is refused, never left out silently: an administrator must not believe in a protection that is not there.
"""

from __future__ import annotations

import logging
import os
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import yaml

from agent.outputs.webconfig_yaml import Choice, Entry, Faults, WebConfigError, read_mapping

_log = logging.getLogger(__name__)

HIGHEST_COST = 14
"""A bcrypt check at 14 takes about a second of processor time; each further step doubles it."""
CHECK_SECONDS = 1.0
"""Files are looked at when somebody connects, and not more often than this."""

_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_TOP_KEYS = ("tls_server_config", "basic_auth_users", "http_server_config")
_FILE_KEYS = ("cert_file", "key_file", "client_ca_file")
_TLS_KEYS = (
    *_FILE_KEYS,
    "client_auth_type",
    "min_version",
    "max_version",
    "prefer_server_cipher_suites",
)
_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """What the listener needs: a TLS context or plain HTTP, bcrypt hashes by user, and the files it came from."""

    tls: ssl.SSLContext | None = None
    users: Mapping[str, bytes] = field(default_factory=dict)
    files: tuple[str, ...] = ()


class WebConfigFile:
    """A web configuration that follows its files: a renewed certificate or a new user needs no restart.

    Wrong new files are logged once and the old settings stay in force. `needs_protection`: a file with neither TLS
    nor users is wrong too, because the listener can be reached from outside.

    Raises:
        WebConfigError: the file is wrong from the start.
    """

    def __init__(self, path: str, *, needs_protection: bool = False, now: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._needs_protection = needs_protection
        self._now = now
        self._config = load(path, needs_protection=needs_protection)
        self._signature = _signature(self._config.files)
        self._checked_at = now()

    def current(self) -> WebConfig:
        """The settings of this moment."""
        now = self._now()
        if now - self._checked_at >= CHECK_SECONDS:
            self._checked_at = now
            self._follow()
        return self._config

    def _follow(self) -> None:
        signature = _signature(self._config.files)
        if signature == self._signature:
            return
        self._signature = signature
        try:
            self._config = load(self._path, needs_protection=self._needs_protection)
        except WebConfigError as error:
            _log.error("web configuration not reloaded, the old one stays in force: %s", error)
        else:
            self._signature = _signature(self._config.files)
            _log.info("web configuration reloaded from %s", self._path)


def load(path: str, *, needs_protection: bool = False) -> WebConfig:
    """Read the file and everything it names; relative names are relative to it.

    Raises:
        WebConfigError: with every fault at `file:line:column`.
    """
    faults = Faults(path)
    try:
        with open(path, encoding="utf-8") as file:
            top = read_mapping(file.read(), faults, _TOP_KEYS)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WebConfigError(f"{path}: cannot be read: {error}") from error
    tls, files = _tls(top.get("tls_server_config"), faults)
    users = _users(top.get("basic_auth_users"), faults)
    if "http_server_config" in top:
        _log.info("%s: http_server_config has no effect: HTTP/1.1 is spoken and no header added", path)
    faults.raise_if_any()
    if needs_protection and tls is None and not users:
        message = "it asks for neither TLS nor users, and the listener can be reached from outside"
        advice = (
            "expected tls_server_config or basic_auth_users, or `allow_unprotected: true` under metrics in agent.yaml"
        )
        raise WebConfigError(f"{path}: {message}; {advice}")
    return WebConfig(tls=tls, users=users, files=(path, *files))


def _users(entry: Entry | None, faults: Faults) -> dict[str, bytes]:
    users: dict[str, bytes] = {}
    for name, hashed in (entry.mapping(faults) if entry else {}).items():
        found = _BCRYPT.fullmatch(hashed.text(faults))
        if not found:
            hashed.fault(
                faults, f"the password of {name!r} is no bcrypt hash; expected the output of htpasswd -nBC 10 ''"
            )
        elif int(found[1]) > HIGHEST_COST:
            hashed.fault(faults, f"cost {found[1]} would block logins for seconds; expected at most {HIGHEST_COST}")
        elif not name or ":" in name:
            hashed.fault(faults, f"user name {name!r} cannot be sent by basic authentication")
        else:
            users[name] = found[0].encode()
    return users


def _tls(entry: Entry | None, faults: Faults) -> tuple[ssl.SSLContext | None, tuple[str, ...]]:
    if entry is None:
        return None, ()
    settings = entry.mapping(faults, _TLS_KEYS)
    files = {key: named.path(faults) for key, named in settings.items() if key in _FILE_KEYS}
    for key in ("cert_file", "key_file"):
        if key not in settings:
            entry.fault(faults, f"{key} is missing; TLS needs a certificate and its key")
    lowest = _choice(settings, "min_version", _VERSIONS, ssl.TLSVersion.TLSv1_2, faults)
    highest = _choice(settings, "max_version", _VERSIONS, ssl.TLSVersion.TLSv1_3, faults)
    auth = _choice(settings, "client_auth_type", _CLIENT_AUTH, ssl.CERT_NONE, faults)
    if lowest > highest:
        settings["max_version"].fault(faults, "it is below min_version; expected at least that")
    if (auth is ssl.CERT_NONE) != ("client_ca_file" not in files):
        entry.fault(faults, "client_auth_type and client_ca_file go together; expected both or none")
    if faults.found:
        return None, tuple(files.values())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = lowest
    context.maximum_version = highest
    context.set_alpn_protocols(["http/1.1"])
    _load_files(context, auth, files, settings, faults)
    return context, tuple(files.values())


def _choice(
    settings: Mapping[str, Entry], key: str, choices: Mapping[str, Choice], default: Choice, faults: Faults
) -> Choice:
    chosen = settings[key].choice(faults, choices) if key in settings else None
    return default if chosen is None else chosen


def _load_files(
    context: ssl.SSLContext,
    auth: ssl.VerifyMode,
    files: Mapping[str, str],
    settings: Mapping[str, Entry],
    faults: Faults,
) -> None:
    try:
        # An encrypted key would ask for its password on the terminal; the empty one is wrong, which is the answer.
        context.load_cert_chain(files["cert_file"], files["key_file"], password="")
    except OSError as error:
        names = f"{files['cert_file']} and {files['key_file']}"
        settings["cert_file"].fault(faults, f"{names} cannot be used: {error.strerror or error}; expected PEM files")
    if "client_ca_file" in files:
        context.verify_mode = auth
        try:
            context.load_verify_locations(files["client_ca_file"])
        except OSError as error:
            message = f"{files['client_ca_file']} cannot be used: {error.strerror or error}; expected a PEM file"
            settings["client_ca_file"].fault(faults, message)


def _signature(files: tuple[str, ...]) -> tuple[tuple[int, int, int] | None, ...]:
    return tuple(_file_signature(path) for path in files)


def _file_signature(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
