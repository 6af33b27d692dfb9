"""One workstation's network: the path from its own link to the servers."""

from __future__ import annotations

from collections.abc import Iterator

from panels import Shown, chart

_HERE = '{instance="$instance"}'


def network_charts() -> Iterator[Shown]:
    """Where the fault lies first, then the path, then the link."""
    yield from _fault()
    yield from _path()
    yield from _link()
    yield from _wifi()


def _fault() -> Iterator[Shown]:
    yield chart(
        "故障位置 · where the fault lies",
        "1 为故障所在。 · 1 is where it lies.",
        [(f"endpoint_network_fault{_HERE}", "{{place}}")],
    )
    yield chart(
        "能否连上 · reachable",
        "ping、端口、域名；1 为能。 · Ping, port, name; 1 is yes.",
        [
            (f"endpoint_ping_reachable{_HERE}", "{{target}} ping"),
            (f"endpoint_ping_service_reachable{_HERE}", "{{target}} 端口 port"),
            (f"endpoint_ping_name_resolved{_HERE}", "{{target}} 域名 name"),
        ],
    )


def _path() -> Iterator[Shown]:
    yield chart(
        "往返与连接时间 · round trip and connection",
        "ping 与 TCP。 · Ping and TCP.",
        [
            (f"endpoint_ping_round_trip_seconds{_HERE}", "{{target}}"),
            (f"endpoint_ping_connect_seconds{_HERE}", "{{target}} 连接 connect"),
        ],
        "s",
        "gateway-slow|business-slow",
    )
    yield chart(
        "抖动 · jitter",
        "抖动大时通话断续。 · With much of it calls break up.",
        [(f"endpoint_ping_jitter_seconds{_HERE}", "{{target}}")],
        "s",
        "gateway-jitter|business-jitter",
    )
    yield chart(
        "丢包 · loss",
        "规则用下限判断，两次偶然丢失不算。 · Rules judge the lower bound: two unlucky packets prove nothing.",
        [
            (f"endpoint_ping_loss_ratio{_HERE}", "{{target}}"),
            (f"endpoint_ping_loss_ratio_lower_bound{_HERE}", "{{target}} 下限 at least"),
            (f"endpoint_ping_loss_ratio_upper_bound{_HERE}", "{{target}} 上限 at most"),
        ],
        "percentunit",
        "gateway-loss|business-loss",
    )
    yield chart(
        "迟到与重复的回应 · late and duplicate replies",
        "每分钟。 · A minute.",
        [
            (f"60 * rate(endpoint_ping_late_replies_total{_HERE}[$__rate_interval])", "{{target}} 迟到 late"),
            (f"60 * rate(endpoint_ping_duplicate_replies_total{_HERE}[$__rate_interval])", "{{target}} 重复 duplicate"),
        ],
    )


def _link() -> Iterator[Shown]:
    yield chart(
        "连接与双工 · link and duplex",
        "1 为是。 · 1 is yes.",
        [
            (f"endpoint_network_carrier{_HERE}", "{{device}} 已连接 link"),
            (f"endpoint_network_full_duplex{_HERE}", "{{device}} 全双工 full duplex"),
            (f"endpoint_wifi_connected{_HERE}", "{{device}} 已入网 associated"),
            (f"endpoint_wifi_radio_on{_HERE}", "{{device}} 无线开 radio on"),
        ],
    )
    yield chart(
        "速率 · speed",
        "协商的速率；无线为最近一帧。 · As negotiated; on Wi-Fi, of the last frame.",
        [
            (f"endpoint_network_speed_bytes_per_second{_HERE}", "{{device}}"),
            (f"endpoint_wifi_transmit_rate_bytes_per_second{_HERE}", "{{device}} Wi-Fi"),
        ],
        "Bps",
        "link-slow",
    )
    yield chart(
        "接口错误与中断 · errors and drops of the link",
        "最近 10 分钟。 · Within ten minutes.",
        [
            (f"increase(endpoint_network_receive_errors_total{_HERE}[10m])", "{{device}} 收错 received"),
            (f"increase(endpoint_network_transmit_errors_total{_HERE}[10m])", "{{device}} 发错 sent"),
            (f"increase(endpoint_network_carrier_changes_total{_HERE}[10m])", "{{device}} 变化 changes"),
        ],
        "short",
        "receive-errors|transmit-errors|link-flapping",
    )


def _wifi() -> Iterator[Shown]:
    yield chart(
        "无线信号 · Wi-Fi signal",
        "越接近 0 越强。 · Nearer to 0 is stronger.",
        [(f"endpoint_wifi_signal_dbm{_HERE}", "{{device}}")],
        "dBm",
        "wifi-weak",
    )
    yield chart(
        "无线重发与丢失 · Wi-Fi retries and losses",
        "每秒。 · A second.",
        [
            (f"rate(endpoint_wifi_transmit_retries_total{_HERE}[$__rate_interval])", "{{device}} 重发 retries"),
            (f"rate(endpoint_wifi_transmit_failures_total{_HERE}[$__rate_interval])", "{{device}} 放弃 given up"),
            (f"rate(endpoint_wifi_beacon_losses_total{_HERE}[$__rate_interval])", "{{device}} 信标丢失 beacons lost"),
        ],
    )
