"""The hosts that agent.yaml names under `network.targets`, each fault at its place."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import partial

from agent.probes.probe import Target
from agent.yamlsource import Findings, Node, Scalar, Section, read_section, read_text, read_whole

ROLES = ("gateway", "dns", "business", "phone")


def read_targets(top: Section) -> tuple[Target, ...]:
    """Every target that is right; none without the section."""
    network = top.section("network", ("targets",))
    if network is None:
        return ()
    targets: list[Target] = []
    for node in network.items("targets"):
        section = read_section(top.findings, node, ("name", "role", "address", "port"))
        target = _target(section, [one.name for one in targets]) if section is not None else None
        if target is not None:
            targets.append(target)
    return tuple(targets)


def _target(section: Section, taken: Collection[str]) -> Target | None:
    if not section.require("name", "role", "address"):
        return None
    name, role, address = section.text("name"), section.choice("role", ROLES), section.read("address", _address)
    if name in taken or name == "gateway":
        section.refuse("name", f"the name `{name}` is taken; expected one of its own for each target")
        return None
    if name is None or role is None or address is None:
        return None
    port = section.read("port", partial(read_whole, lowest=1, highest=65535))
    return Target(name=name, role=role, address=address, port=port)


def _address(findings: Findings, node: Node) -> str | None:
    """A name or an address, without a port or a scheme."""
    text = node.text if isinstance(node, Scalar) and not node.is_unusable else read_text(findings, node)
    if text is None:
        return None
    if not text or re.search(r"[\s/@\[\]]", text) or re.fullmatch(r"[^:]+:[0-9]+", text):
        findings.add(node, f"`{text}` is no host; expected a name or an address alone, such as crm.example.com")
        return None
    return text
