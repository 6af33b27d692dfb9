"""The section `push` of agent.yaml: the words are those of Prometheus' own remote_write section."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from agent.config_values import is_label, is_loopback, read_path, seconds_within
from agent.outputs.push.settings import PushSettings
from agent.yamlsource import Findings, Node, Section, read_text, read_whole

_KEYS = (
    "url",
    "every",
    "labels",
    "spool_megabytes",
    "basic_auth",
    "authorization",
    "tls_config",
    "proxy_url",
    "allow_unprotected",
)
_EVERY_SECONDS = (5.0, 120.0)
"""Prometheus looks back five minutes; a sample that is lost on the way must not make a gap."""
_SPOOL_MEGABYTES = (1, 10_000)


def read_push(top: Section) -> PushSettings | None:
    """The section, or nothing where there is none: then nothing is pushed."""
    section = top.section("push", _KEYS)
    if section is None or not section.require("url"):
        return None
    url = section.read("url", _url)
    default = PushSettings(url=url.geturl() if url else "")
    username, password = _basic_auth(section)
    token = _authorization(section)
    if password and token:
        section.refuse("authorization", "there is a `basic_auth` too; expected one of them")
    authorities, certificate, key = _tls(section, url)
    if url is not None and url.scheme == "http" and not is_loopback(url.hostname or ""):
        _refuse_plain(section)
    return PushSettings(
        url=default.url,
        every_seconds=section.read("every", seconds_within(*_EVERY_SECONDS)) or default.every_seconds,
        labels=_labels(section),
        spool_megabytes=section.read("spool_megabytes", _megabytes) or default.spool_megabytes,
        username=username,
        password_file=password,
        token_file=token,
        ca_file=authorities,
        cert_file=certificate,
        key_file=key,
        proxy_url=_proxy(section, url) or default.proxy_url,
    )


def _url(findings: Findings, node: Node) -> SplitResult | None:
    text = read_text(findings, node)
    if text is None:
        return None
    url = _split(text)
    if url is None or url.scheme not in ("http", "https") or url.fragment:
        expected = "expected one such as https://prometheus.example.com/api/v1/write"
        findings.add(node, f"`{text}` is no address of a receiver; {expected}")
    elif url.username is not None or url.password is not None:
        findings.add(node, "the address has a password in it; expected it in the file of `basic_auth`")
    else:
        return url
    return None


def _split(text: str) -> SplitResult | None:
    """The address in its parts; nothing where no connection could be made to it."""
    try:
        url = urlsplit(text)
        is_usable = bool(url.hostname) and url.port != 0
    except ValueError:
        return None
    return url if is_usable and text.isascii() and text.isprintable() and " " not in text else None


def _megabytes(findings: Findings, node: Node) -> int | None:
    return read_whole(findings, node, *_SPOOL_MEGABYTES)


def _labels(section: Section) -> dict[str, str]:
    """What a scrape would add; without a word of the file the job is `endpoint` and the instance this host."""
    labels = {"job": "endpoint", "instance": socket.gethostname()}
    given = section.section("labels", None)
    for key, node in given.table.entries if given is not None else ():
        if not is_label(key.text):
            section.findings.add(key, f"`{key.text}` cannot be a label; expected letters, digits and _")
        elif (text := read_text(section.findings, node)) is not None:
            labels[key.text] = text
    return labels


def _basic_auth(section: Section) -> tuple[str, Path | None]:
    basic = section.section("basic_auth", ("username", "password_file"))
    if basic is None or not basic.require("username", "password_file"):
        return "", None
    return basic.text("username") or "", read_path(basic, "password_file")


def _authorization(section: Section) -> Path | None:
    authorization = section.section("authorization", ("credentials_file",))
    if authorization is None or not authorization.require("credentials_file"):
        return None
    return read_path(authorization, "credentials_file")


def _tls(section: Section, url: SplitResult | None) -> tuple[Path | None, Path | None, Path | None]:
    tls = section.section("tls_config", ("ca_file", "cert_file", "key_file"))
    if tls is None:
        return None, None, None
    if url is not None and url.scheme == "http":
        section.refuse("tls_config", "the address begins with http:, where there is no TLS; expected https:")
    authorities, certificate, key = (read_path(tls, name) for name in ("ca_file", "cert_file", "key_file"))
    if tls.node("cert_file") is None and tls.node("key_file") is not None:
        tls.refuse("key_file", "there is a key and no `cert_file`; expected both or neither")
    if tls.node("cert_file") is not None and tls.node("key_file") is None:
        tls.refuse("cert_file", "there is a certificate and no `key_file`; expected both or neither")
    return authorities, certificate, key


def _proxy(section: Section, url: SplitResult | None) -> str | None:
    proxy = section.read("proxy_url", _proxy_url)
    if proxy is not None and url is not None and url.scheme == "http":
        section.refuse("proxy_url", "the address begins with http:, which no tunnel protects; expected https:")
    return proxy


def _proxy_url(findings: Findings, node: Node) -> str | None:
    text = read_text(findings, node)
    if text is None:
        return None
    proxy = _split(text)
    if proxy is not None and (proxy.username is not None or proxy.password is not None):
        findings.add(node, "a proxy that asks for a password cannot be used; expected an address without one")
    elif proxy is None or proxy.port is None or text.rstrip("/") != f"http://{proxy.netloc}":
        findings.add(node, f"`{text}` is no address of a proxy; expected one such as http://proxy.example.com:3128")
    else:
        return f"http://{proxy.netloc}"
    return None


def _refuse_plain(section: Section) -> None:
    if not section.boolean("allow_unprotected"):
        advice = "expected https:, or `allow_unprotected: true` where another program protects the way"
        section.refuse("url", f"without TLS everybody on the way can read it; {advice}")
