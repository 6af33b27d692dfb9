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


_MEASURES: Mapping[str, Text] = {
    "temperature_headroom_celsius": {"zh": "温度余量", "en": "temperature headroom"},
    "temperature_celsius": {"zh": "温度", "en": "temperature"},
    "gpu_temperature_margin_celsius": {"zh": "显卡温度余量", "en": "graphics card headroom"},
    "fan_stalled": {"zh": "风扇停转", "en": "fan standing still"},
    "fan_racing": {"zh": "风扇全速转动", "en": "fan at full speed"},
    "cpu_throttled_seconds_total": {"zh": "因过热降速", "en": "slowed down by heat"},
    "display_drops_total": {"zh": "显示器断开", "en": "display disconnections"},
    "display_edid_valid": {"zh": "显示器信息完好", "en": "display information sound"},
    "gpu_resets_total": {"zh": "显卡重置", "en": "graphics card resets"},
    "cpu_usage_ratio": {"zh": "处理器占用", "en": "processor in use"},
    "cpu_load_per_core": {"zh": "每核等待任务", "en": "tasks waiting per core"},
    "memory_available_ratio": {"zh": "可用内存", "en": "memory available"},
    "stall_ratio": {"zh": "卡顿时间", "en": "time stalled"},
    "stall_timer_overrun_seconds": {"zh": "响应延迟", "en": "delay in responding"},
    "memory_swapped_in_bytes_total": {"zh": "从交换空间读回", "en": "read back from swap"},
    "storage_available_ratio": {"zh": "可用存储空间", "en": "storage available"},
    "storage_inodes_available_ratio": {"zh": "可建文件数", "en": "room for new files"},
    "storage_read_only": {"zh": "硬盘只读", "en": "disk read-only"},
    "storage_io_seconds": {"zh": "硬盘响应时间", "en": "disk response time"},
    "power_battery_charge_ratio": {"zh": "电池电量", "en": "battery charge"},
    "power_battery_health_ratio": {"zh": "电池健康度", "en": "battery health"},
    "probe_success": {"zh": "监测正常", "en": "monitoring works"},
    "probe_lost_sensors": {"zh": "消失的传感器", "en": "sensors that disappeared"},
    "probe_suspect_readings": {"zh": "不可信的读数", "en": "readings not trusted"},
    "network_carrier": {"zh": "网络已连接", "en": "network link up"},
    "network_carrier_changes_total": {"zh": "连接变化", "en": "link changes"},
    "network_fault": {"zh": "网络故障", "en": "network fault"},
    "network_speed_bytes_per_second": {"zh": "连接速率", "en": "link speed"},
    "network_full_duplex": {"zh": "全双工", "en": "full duplex"},
    "network_receive_errors_total": {"zh": "接收错误", "en": "receive errors"},
    "network_transmit_errors_total": {"zh": "发送错误", "en": "send errors"},
    "wifi_signal_dbm": {"zh": "无线信号", "en": "Wi-Fi signal"},
    "ping_reachable": {"zh": "可以连通", "en": "answers"},
    "ping_name_resolved": {"zh": "域名可以解析", "en": "name can be looked up"},
    "ping_round_trip_seconds": {"zh": "往返时间", "en": "round trip"},
    "ping_jitter_seconds": {"zh": "延迟波动", "en": "jitter"},
    "ping_loss_ratio_lower_bound": {"zh": "丢包率（至少）", "en": "loss (at least)"},
}
"""What a number is called beside its value: neutral, since it stands there in good days too. For every shipped rule."""

_PARTS: Mapping[tuple[str, str], Text] = {
    **_KINDS,
    ("component", "gpu"): {"zh": "显卡", "en": "graphics card"},
    ("component", "board"): {"zh": "主板", "en": "main board"},
    ("component", "disk"): {"zh": "硬盘", "en": "disk"},
    ("resource", "memory"): {"zh": "因内存", "en": "for memory:"},
    ("resource", "io"): {"zh": "因硬盘", "en": "for disks:"},
    ("role", "business"): {"zh": "业务系统", "en": "business system"},
    ("role", "dns"): {"zh": "域名服务器", "en": "name server"},
    ("place", "this_computer"): {"zh": "本机", "en": "this computer:"},
    ("place", "local_network"): {"zh": "办公室网络", "en": "local network:"},
    ("place", "beyond"): {"zh": "外部线路", "en": "beyond the office:"},
    ("place", "server"): {"zh": "业务服务器", "en": "business server:"},
}


def measure(reading: str, match: Labels, language: str) -> str:
    """What a rule's number is called beside its value; a reading without a name keeps its own."""
    name = _MEASURES[reading][language] if reading in _MEASURES else reading
    parts = [_PARTS[pair][language] for pair in match if pair in _PARTS]
    if language == "zh":
        return "".join((*parts, name))
    text = " ".join((*parts, name))
    return text[:1].upper() + text[1:]


def is_measure_named(reading: str) -> bool:
    """Whether people have a word for the number."""
    return reading in _MEASURES
