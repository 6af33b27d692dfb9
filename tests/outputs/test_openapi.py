"""The API's description: it knows every path that is served, and no other."""

from __future__ import annotations

import json
from pathlib import Path

from agent.outputs import api_reads
from agent.outputs.api_changes import CHANGES
from agent.outputs.api_reads import Sources, reads
from agent.outputs.feed import Feed


def test_every_path_is_described_and_no_other() -> None:
    text = Path(api_reads.__file__).with_name("openapi.json").read_text(encoding="utf-8")
    described = {(method.upper(), path) for path, methods in json.loads(text)["paths"].items() for method in methods}
    served = reads(Sources(latest=lambda: None, status=dict, notifications=Feed(), language="zh"))
    assert described == {*CHANGES, *(("GET", path) for path in served)}
