import socket
from pathlib import Path

import pytest

from agent.config import load_config
from agent.config_text import describe
from agent.outputs.push.settings import PushSettings
from tests.test_config import faults, load

URL = "url: 'https://prometheus.example.com/api/v1/write'"


def test_every_key_is_read_and_shown_again(tmp_path: Path) -> None:
    """What `config show` prints is the same configuration."""
    text = f"""\
push:
  {URL}
  every: 15s
  labels: {{instance: sh-a12, site: 上海}}
  spool_megabytes: 20
  basic_auth: {{username: endpoint, password_file: /etc/device-health/push-password}}
  tls_config: {{ca_file: /srv/ca.pem, cert_file: /srv/cert.pem, key_file: /srv/key.pem}}
  proxy_url: http://[fd00::1]:3128/
"""
    config = load(tmp_path, text)
    assert config.push == PushSettings(
        url="https://prometheus.example.com/api/v1/write",
        every_seconds=15,
        labels={"job": "endpoint", "instance": "sh-a12", "site": "上海"},
        spool_megabytes=20,
        username="endpoint",
        password_file=Path("/etc/device-health/push-password"),
        ca_file=Path("/srv/ca.pem"),
        cert_file=Path("/srv/cert.pem"),
        key_file=Path("/srv/key.pem"),
        proxy_url="http://[fd00::1]:3128",
    )
    (tmp_path / "shown.yaml").write_text(describe(config), encoding="utf-8")
    assert load_config(tmp_path / "shown.yaml") == config


def test_an_address_is_enough(tmp_path: Path) -> None:
    """Nothing is pushed without the section; the host's name is the instance."""
    assert load(tmp_path, "").push is None
    assert load(tmp_path, f"push: {{{URL}}}\n").push == PushSettings(
        url="https://prometheus.example.com/api/v1/write", labels={"job": "endpoint", "instance": socket.gethostname()}
    )


RECEIVER = "is no address of a receiver; expected one such as https://prometheus.example.com/api/v1/write"
OPEN = (
    "without TLS everybody on the way can read it; "
    "expected https:, or `allow_unprotected: true` where another program protects the way"
)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("prometheus:9090", f"`prometheus:9090` {RECEIVER}"),
        ("https://p:99999/", f"`https://p:99999/` {RECEIVER}"),
        ("https://p/a b", f"`https://p/a b` {RECEIVER}"),
        ("https://li:pw@p/", "the address has a password in it; expected it in the file of `basic_auth`"),
        ("http://p/w", OPEN),
    ],
)
def test_an_address_that_will_not_do_is_refused(tmp_path: Path, address: str, found: str) -> None:
    assert faults(tmp_path, f"push: {{url: '{address}'}}\n") == [f"agent.yaml:1:13: {found}"]


PROXY = "is no address of a proxy; expected one such as http://proxy.example.com:3128"
BOTH = "basic_auth: {username: li, password_file: /p}\n  authorization: {credentials_file: /t}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("every: 2s", "3:10: 2 s does not fit; expected 5s to 120s"),
        ("spool_megabytes: 0", "3:20: 0 does not fit; expected a whole number from 1 to 10000"),
        ("labels: {a-b: c}", "3:12: `a-b` cannot be a label; expected letters, digits and _"),
        ("basic_auth: {username: li}", "3:15: `password_file` is missing here; expected `username`, `password_file`"),
        (
            "authorization: {credentials_file: token}",
            "3:37: `token` depends on where the agent is started; expected a path that begins with /",
        ),
        (BOTH, "4:18: there is a `basic_auth` too; expected one of them"),
        (
            "tls_config: {cert_file: /c}",
            "3:27: there is a certificate and no `key_file`; expected both or neither",
        ),
        ("tls_config: {key_file: /k}", "3:26: there is a key and no `cert_file`; expected both or neither"),
        ("proxy_url: 'proxy:3128'", f"3:14: `proxy:3128` {PROXY}"),
        ("proxy_url: 'http://proxy'", f"3:14: `http://proxy` {PROXY}"),
        ("proxy_url: 'https://proxy:3128'", f"3:14: `https://proxy:3128` {PROXY}"),
        ("proxy_url: 'http://proxy:99999'", f"3:14: `http://proxy:99999` {PROXY}"),
        ("proxy_url: 'http://[fd00::1'", f"3:14: `http://[fd00::1` {PROXY}"),
        ("proxy_url: 'http://proxy:3128/x'", f"3:14: `http://proxy:3128/x` {PROXY}"),
        (
            "proxy_url: 'http://li:pw@proxy:3128'",
            "3:14: a proxy that asks for a password cannot be used; expected an address without one",
        ),
        ("tls_confg: {}", "3:3: unknown key `tls_confg`; did you mean `tls_config`?"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(tmp_path: Path, text: str, found: str) -> None:
    assert faults(tmp_path, f"push:\n  {URL}\n  {text}\n") == [f"agent.yaml:{found}"]


def test_tls_without_tls_is_refused(tmp_path: Path) -> None:
    """And a section without an address says that one is missing."""
    assert faults(tmp_path, "push: {url: 'http://[::1]:9090/w', tls_config: {ca_file: /c}}\n") == [
        "agent.yaml:1:48: the address begins with http:, where there is no TLS; expected https:"
    ]
    assert faults(tmp_path, "push: {url: 'http://[::1]:9090/w', proxy_url: 'http://p:3128'}\n") == [
        "agent.yaml:1:47: the address begins with http:, which no tunnel protects; expected https:"
    ]
    assert faults(tmp_path, "push: {every: 15s}\n") == [
        "agent.yaml:1:7: `url` is missing here; expected a value for it"
    ]


def test_the_way_may_be_open_where_that_is_meant(tmp_path: Path) -> None:
    """On loopback it needs no word."""
    for text in ("push: {url: 'http://p/w', allow_unprotected: true}", "push: {url: 'http://127.0.0.1:9090/w'}"):
        config = load(tmp_path, text + "\n")
        (tmp_path / "shown.yaml").write_text(describe(config), encoding="utf-8")
        assert load_config(tmp_path / "shown.yaml") == config
