"""What a reading is called by the person at the desk; its technical name stays for IT."""

from __future__ import annotations

from collections.abc import Mapping

from agent.readings import Labels
from agent.rules.rule import Text

_NAMES: Mapping[str, Text] = {
    "temperature_headroom_celsius": {"zh": "温度", "en": "temperature"},
    "display_edid_valid": {"zh": "显示器信息", "en": "display information"},
    "cpu_load_per_core": {"zh": "处理器负载", "en": "processor load"},
    "memory_available_ratio": {"zh": "可用内存", "en": "available memory"},
    "storage_available_ratio": {"zh": "可用存储空间", "en": "available storage"},
    "network_carrier": {"zh": "网络接口", "en": "network interface"},
    "ping_loss_ratio_lower_bound": {"zh": "丢包率", "en": "packet loss"},
    "ping_round_trip_seconds": {"zh": "往返时间", "en": "round-trip time"},
    "ping_reachable": {"zh": "可达性", "en": "reachability"},
    "probe_success": {"zh": "探测项", "en": "probes"},
}
"""By reading, for every reading that a clause needs; a test compares it with the procedure."""

_KINDS: Mapping[tuple[str, str], Text] = {
    ("component", "cpu"): {"zh": "处理器", "en": "processor"},
    ("role", "gateway"): {"zh": "网关", "en": "gateway"},
}
"""What a label narrows the reading to; other labels are names already."""


def subject(reading: str, labels: Labels, language: str) -> str:
    """A reading in words, narrowed by its labels; a reading without a name keeps its own."""
    name = _NAMES.get(reading)
    kinds = [_KINDS[pair][language] for pair in labels if pair in _KINDS]
    if name is None:
        return reading
    return "".join((*kinds, name[language])) if language == "zh" else " ".join((*kinds, name[language]))


def has_name(reading: str) -> bool:
    """Whether people have a word for it."""
    return reading in _NAMES
