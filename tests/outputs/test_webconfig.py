"""TLS and basic authentication of the metrics listener, with real certificates and real handshakes."""

from __future__ import annotations

import base64
import http.client
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.outputs.exchange import application, text
from agent.outputs.http import Listener, Listeners
from agent.outputs.sockets import Tcp
from agent.outputs.webauth import protected
from agent.outputs.webconfig import WebConfigFile, load
from agent.outputs.webconfig_yaml import WebConfigError
from tests.protection import hashed, make_certificate

Serve = Callable[..., Listeners]
Logs = pytest.LogCaptureFixture
RIGHT = hashed("right")
OLD_STYLE = hashed("right").replace("$2b$", "$2y$")
needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


@dataclass
class Clock:
    """A monotonic clock that the test moves."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.seconds


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("server", "renewed", "client"):
        make_certificate(folder / f"{name}.pem", folder / f"{name}.key", "127.0.0.1")
    return folder


@pytest.fixture
def folder(tmp_path: Path, certificates: Path) -> Path:
    shutil.copytree(certificates, tmp_path, dirs_exist_ok=True)
    return tmp_path


def serve_with(serve: Serve, folder: Path, content: str, clock: Clock | None = None) -> int:
    (folder / "web.yaml").write_text(content)
    web = WebConfigFile(str(folder / "web.yaml"), now=clock or Clock())

    async def hello(_: object) -> object:
        return text(200, "hello")

    app = application(protected(hello, lambda: web.current().users))  # type: ignore[arg-type]
    address = Tcp(host="127.0.0.1", port=0)
    listeners = serve(Listener(name="metrics", address=address, app=app, tls=lambda: web.current().tls))
    return int(listeners.addresses["metrics"].rpartition(":")[2])


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def ask(port: int, context: ssl.SSLContext | None = None, credentials: str | None = None) -> tuple[int, bytes]:
    connection = (
        http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
        if context
        else http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    )
    encoded = base64.b64encode((credentials or "").encode()).decode()
    try:
        connection.request("GET", "/", headers={"Authorization": f"Basic {encoded}"} if credentials else {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


TLS = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"
OK = (200, b"hello\n")
REFUSED = (401, b"A user name and password are needed.\n")


@needs_openssl
def test_tls_is_served_with_files_named_relative_to_the_configuration(serve: Serve, folder: Path) -> None:
    port = serve_with(serve, folder, TLS)
    assert ask(port, trusting(folder / "server.pem")) == OK
    with pytest.raises(ConnectionError):
        ask(port)


@needs_openssl
def test_a_client_that_says_nothing_does_not_hold_up_the_others(serve: Serve, folder: Path) -> None:
    """Handshakes do not wait for one another."""
    port = serve_with(serve, folder, TLS)
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
    started = time.monotonic()
    assert ask(port, trusting(folder / "server.pem")) == OK
    assert time.monotonic() - started < 1
    for client in silent:
        client.close()


@needs_openssl
def test_a_renewed_certificate_is_served_without_a_restart(
    serve: Serve, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Between the two files being replaced the old pair stays in force, and that is said once."""
    clock = Clock()
    port = serve_with(serve, folder, TLS, clock)
    shutil.copy(folder / "renewed.pem", folder / "server.pem.new")
    old = trusting(folder / "server.pem")
    (folder / "server.pem.new").rename(folder / "server.pem")
    clock.seconds += 2
    assert [ask(port, old), ask(port, old)] == [OK, OK]
    clock.seconds += 2
    assert ask(port, old) == OK
    shutil.copy(folder / "renewed.key", folder / "server.key.new")
    (folder / "server.key.new").rename(folder / "server.key")
    clock.seconds += 2
    assert ask(port, trusting(folder / "renewed.pem")) == OK
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(port, old)
    assert [record.getMessage().partition(":")[0] for record in caplog.records if record.levelname == "ERROR"] == [
        "web configuration not reloaded, the old one stays in force"
    ]


@needs_openssl
def test_clients_without_a_certificate_are_refused_where_one_is_required(serve: Serve, folder: Path) -> None:
    content = TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: client.pem\n"
    port = serve_with(serve, folder, content)
    with pytest.raises(OSError):  # noqa: PT011  # the alert or the reset, whichever comes first
        ask(port, trusting(folder / "server.pem"))
    with_certificate = trusting(folder / "server.pem")
    with_certificate.load_cert_chain(folder / "client.pem", folder / "client.key")
    assert ask(port, with_certificate) == OK


@needs_openssl
def test_an_older_version_than_allowed_is_refused(serve: Serve, folder: Path) -> None:
    port = serve_with(serve, folder, TLS + "  min_version: TLS13\n")
    old = trusting(folder / "server.pem")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        ask(port, old)
    assert ask(port, trusting(folder / "server.pem")) == OK


@pytest.mark.parametrize("stored", [RIGHT, OLD_STYLE], ids=["2b", "2y"])
def test_users_get_in_with_their_password_only(serve: Serve, tmp_path: Path, stored: str) -> None:
    port = serve_with(serve, tmp_path, f"basic_auth_users:\n  prometheus: {stored}\n")
    assert [ask(port, credentials=c) for c in (None, "prometheus:right", "prometheus:right")] == [REFUSED, OK, OK]
    assert ask(port, credentials="prometheus:wrong") == REFUSED


@pytest.mark.parametrize("header", ["nobody:right", "prometheus:", "no colon", "a" * 100 + ":" + "b" * 100, "x:\0"])
def test_what_is_no_credential_is_refused(serve: Serve, tmp_path: Path, header: str) -> None:
    port = serve_with(serve, tmp_path, f"basic_auth_users:\n  prometheus: {RIGHT}\n")
    assert ask(port, credentials=header) == REFUSED


def test_a_flood_of_wrong_passwords_leaves_the_verified_user_alone(serve: Serve, tmp_path: Path) -> None:
    """An address that failed waits, and is told so; the credential that is remembered costs nothing and passes."""
    port = serve_with(serve, tmp_path, f"basic_auth_users:\n  prometheus: {RIGHT}\n")
    assert ask(port, credentials="prometheus:right") == OK
    answers = [ask(port, credentials=f"prometheus:{number}")[0] for number in range(20)]
    assert answers == [401] + [429] * 19
    assert ask(port, credentials="prometheus:right") == OK


def test_a_changed_password_is_not_remembered(serve: Serve, tmp_path: Path) -> None:
    clock = Clock()
    port = serve_with(serve, tmp_path, f"basic_auth_users:\n  prometheus: {RIGHT}\n", clock)
    assert ask(port, credentials="prometheus:right") == OK
    changed = hashed("changed")
    (tmp_path / "web.yaml").write_text(f"basic_auth_users:\n  prometheus: {changed}\n  second: {RIGHT}\n")
    clock.seconds += 2
    assert ask(port, credentials="prometheus:changed") == OK
    assert ask(port, credentials="prometheus:right") == REFUSED


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ("- 1\n", ["1:1: file: expected a mapping"]),
        (
            "tls_server_confg: {}\nrate_limit: {}\n",
            [
                f"{place}: this is not supported here; expected tls_server_config, basic_auth_users, http_server_config"
                for place in ("1:1: tls_server_confg", "2:1: rate_limit")
            ],
        ),
        (
            "tls_server_config:\n  cert_file: a.pem\n  min_version: TLS10\n",
            [
                "2:3: tls_server_config: key_file is missing; TLS needs a certificate and its key",
                "3:16: min_version: 'TLS10' is not possible here; expected TLS12, TLS13",
            ],
        ),
        (
            "tls_server_config:\n  cert_file: a.pem\n  key_file: a.key\n",
            ["2:14: cert_file: {0}/a.pem and {0}/a.key cannot be used: No such file or directory; expected PEM files"],
        ),
        (
            (
                "tls_server_config:\n  {cert_file: a, key_file: b, client_ca_file: c,\n"
                "   min_version: TLS13, max_version: TLS12}"
            ),
            [
                "3:37: max_version: it is below min_version; expected at least that",
                "2:3: tls_server_config: client_auth_type and client_ca_file go together; expected both or none",
            ],
        ),
        (
            f"basic_auth_users:\n  a: secret\n  a: {RIGHT}\n  b: {RIGHT.replace('$04$', '$31$')}\n  c: [1]\n",
            [
                "3:3: a: this key is here twice; expected once",
                "2:6: a: the password of 'a' is no bcrypt hash; expected the output of htpasswd -nBC 10 ''",
                "4:6: b: cost 31 would block logins for seconds; expected at most 14",
                "5:6: c: expected a text",
                "5:6: c: the password of 'c' is no bcrypt hash; expected the output of htpasswd -nBC 10 ''",
            ],
        ),
    ],
)
def test_every_fault_of_a_file_is_named_with_its_place(tmp_path: Path, content: str, faults: list[str]) -> None:
    (tmp_path / "web.yaml").write_text(content)
    with pytest.raises(WebConfigError) as caught:
        load(str(tmp_path / "web.yaml"))
    expected = [f"{tmp_path}/web.yaml:{fault}".replace("{0}", str(tmp_path)) for fault in faults]
    assert str(caught.value).splitlines() == expected


@needs_openssl
def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(folder: Path) -> None:
    command = ["openssl", "ec", "-aes128", "-passout", "pass:secret", "-in", "server.key", "-out", "locked.key"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (folder / "web.yaml").write_text("tls_server_config: {cert_file: server.pem, key_file: locked.key}\n")
    with pytest.raises(WebConfigError, match="expected PEM files"):
        load(str(folder / "web.yaml"))


def test_an_empty_file_means_plain_http_for_all(tmp_path: Path) -> None:
    """As Prometheus reads it."""
    path = tmp_path / "web.yaml"
    path.write_text("# nothing\n")
    config = load(str(path))
    assert (config.tls, config.users, config.files) == (None, {}, (str(path),))


def test_a_file_that_protects_nothing_is_refused_where_all_can_reach_the_listener(tmp_path: Path, caplog: Logs) -> None:
    """From the start, and when a running agent's file loses its users: the old ones stay."""
    path = tmp_path / "web.yaml"
    path.write_text("# nothing\n")
    with pytest.raises(WebConfigError, match="neither TLS nor users"):
        load(str(path), needs_protection=True)
    path.write_text(f"basic_auth_users: {{prometheus: {RIGHT}}}\n")
    clock = Clock()
    web = WebConfigFile(str(path), needs_protection=True, now=clock)
    path.write_text("# nothing any more\n")
    clock.seconds += 2
    assert list(web.current().users) == ["prometheus"]
    assert "the old one stays in force" in caplog.text


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe\xff"])
def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "web.yaml").write_bytes(content)
    with pytest.raises(WebConfigError, match="cannot be read"):
        load(str(tmp_path / "web.yaml"))
    with pytest.raises(WebConfigError, match="cannot be read"):
        load(str(tmp_path / "missing.yaml"))
