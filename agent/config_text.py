"""The effective configuration as text: what `config show` prints, and `config check` accepts."""

from __future__ import annotations

from agent.config import Config, LocalListener, ProbeSettings
from agent.outputs.push.settings import PushSettings
from agent.probes.probe import Target


def describe(config: Config) -> str:
    """The effective configuration as YAML that `load_config` reads back to the same values."""
    import yaml  # noqa: PLC0415  # only this command writes YAML

    document: dict[str, object] = {
        "language": config.language,
        **({"it_contact": config.it_contact} if config.it_contact else {}),
        "labels": dict(config.labels),
        "interval": _seconds(config.interval_seconds),
        "data_dir": str(config.data_dir),
        "rules_dir": str(config.rules_dir),
        "metrics": {
            "listen": _joined(config.metrics.host, config.metrics.port),
            **({"web_config": str(config.metrics.web_config)} if config.metrics.web_config else {}),
            **({"allow_unprotected": True} if config.metrics.allow_unprotected else {}),
        },
        "local": _local_document(config.local),
        "journal": {"keep": f"{config.journal.days}d", "megabytes": config.journal.megabytes},
        **({"push": _push_document(config.push)} if config.push else {}),
        "network": {"targets": [_target_document(target) for target in config.targets]},
        "probes": {name: _probe_document(settings) for name, settings in config.probes.items()},
    }
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


def _local_document(local: LocalListener) -> dict[str, object]:
    names = {"silence_users": list(local.silence_users), "silence_groups": list(local.silence_groups)}
    return {"listen": _joined(local.host, local.port), "socket": str(local.socket), **names}


def _push_document(push: PushSettings) -> dict[str, object]:
    basic = {"username": push.username, "password_file": str(push.password_file)} if push.password_file else {}
    token = {"credentials_file": str(push.token_file)} if push.token_file else {}
    files = {"ca_file": push.ca_file, "cert_file": push.cert_file, "key_file": push.key_file}
    tls = {key: str(path) for key, path in files.items() if path is not None}
    parts: dict[str, object] = {"basic_auth": basic, "authorization": token, "tls_config": tls}
    return {
        "url": push.url,
        "every": _seconds(push.every_seconds),
        "labels": dict(push.labels),
        "spool_megabytes": push.spool_megabytes,
        **{key: part for key, part in parts.items() if part},
        **({"proxy_url": push.proxy_url} if push.proxy_url else {}),
        **({"allow_unprotected": True} if push.url.startswith("http:") else {}),
    }


def _target_document(target: Target) -> dict[str, object]:
    port = {} if target.port is None else {"port": target.port}
    return {"name": target.name, "role": target.role, "address": target.address, **port}


def _probe_document(settings: ProbeSettings) -> dict[str, object]:
    spans = {"every": settings.every_seconds, "deadline": settings.deadline_seconds}
    return {"enabled": settings.enabled, **{key: _seconds(span) for key, span in spans.items() if span is not None}}


def _seconds(seconds: float) -> str:
    return f"{seconds:g}s"


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
