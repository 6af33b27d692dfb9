"""What tests protect a listener or a server with: a certificate, hashes of passwords, a web configuration."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import bcrypt
import yaml

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


def make_certificate(certificate: Path, key: Path, common_name: str, alternative: str = "IP:127.0.0.1") -> None:
    """A certificate that is its own authority, for two days."""
    names = ("-subj", f"/CN={common_name}", "-addext", f"subjectAltName={alternative}")
    command = ["openssl", "req", "-x509", *CURVE, *names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)


def hashed(password: str) -> str:
    """The cheapest hash: a test has no time for a good one."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def write_web_config(path: Path, certificate: Path, key: Path, users: Mapping[str, str]) -> None:
    """In Prometheus' format, which the agent's listener and Prometheus itself read; `users` are hashes by name."""
    tls = {"cert_file": str(certificate), "key_file": str(key)}
    path.write_text(yaml.safe_dump({"tls_server_config": tls, "basic_auth_users": dict(users)}))
