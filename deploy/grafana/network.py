"""The network as the workstations see it, by site and target."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard
from panels import Shown, chart, choice, listing, page

_PATH = '{site=~"$site",target=~"$target"}'
_BY = "by (site, target)"
_LEGEND = "{{site}} {{target}}"
_SITE = 'site=~"$site"'


def network() -> dashboard.Dashboard:
    """Where it fails, then how good it is, then the links themselves."""
    built = (
        page(
            "endpoint-network",
            "网络质量：按站点和目标 · Network quality by site and target",
            "由每台电脑自己测得；虚线是限值。 · As each workstation measures it; dashed lines are limits.",
        )
        .with_variable(choice("site", "站点 · site", "label_values(endpoint_agent_info, site)"))
        .with_variable(
            choice("target", "目标 · target", 'label_values(endpoint_ping_reachable{site=~"$site"}, target)')
        )
    )
    for panel in (*_failing(), *_quality(), *_links()):
        built.with_panel(panel)
    return built


def _failing() -> list[Shown]:
    return [
        chart(
            "能连上的比例 · share that reaches it",
            "能 ping 通的电脑的比例。 · Share of the workstations that get answers.",
            [(f"avg {_BY} (endpoint_ping_reachable{_PATH})", _LEGEND)],
            unit="percentunit",
        ),
        chart(
            "端口可连的比例 · share whose connections are taken",
            "TCP 端口；只有配置了端口的目标才有。 · The TCP port, for targets that have one configured.",
            [(f"avg {_BY} (endpoint_ping_service_reachable{_PATH})", _LEGEND)],
            unit="percentunit",
        ),
        chart(
            "故障位置 · where the fault lies",
            "报告该位置有故障的电脑数。 · Workstations that report a fault at that place.",
            [(f"sum by (site, place) (endpoint_network_fault{{{_SITE}}})", "{{site}} {{place}}")],
        ),
    ]


def _spread(metric: str) -> list[tuple[str, str]]:
    return [
        (f"quantile {_BY} ({q}, {metric}{_PATH})", f"{_LEGEND} {name}")
        for q, name in (("0.5", "一半 median"), ("0.95", "95%"))
    ]


def _quality() -> list[Shown]:
    return [
        chart(
            "往返时间 · round trip",
            "一半的电脑在此以下，以及 95%。 · Half of the workstations lie below, and 95 %.",
            _spread("endpoint_ping_round_trip_seconds"),
            "s",
            "gateway-slow|business-slow",
            _SITE,
        ),
        chart(
            "抖动 · jitter",
            "RFC 3550；抖动大时通话断续。 · RFC 3550; with much of it calls break up.",
            _spread("endpoint_ping_jitter_seconds"),
            "s",
            "gateway-jitter|business-jitter",
            _SITE,
        ),
        chart(
            "丢包 · loss",
            "至少丢失的比例，规则据此判断。 · Lost at least (lower 95 % bound), which rules judge.",
            [(f"quantile {_BY} (0.95, endpoint_ping_loss_ratio_lower_bound{_PATH})", _LEGEND)],
            "percentunit",
            "gateway-loss|business-loss",
            _SITE,
        ),
        chart(
            "建立连接的时间 · time to connect",
            "TCP，95 % 的电脑在此以下。 · TCP; 95 % of the workstations lie below.",
            [(f"quantile {_BY} (0.95, endpoint_ping_connect_seconds{_PATH})", _LEGEND)],
            "s",
        ),
        *_worst(),
    ]


def _worst() -> list[Shown]:
    return [
        listing(
            "丢包最多的电脑 · workstations that lose most",
            "点名称打开该电脑。 · Its name opens the workstation.",
            f"sort_desc(topk(20, endpoint_ping_loss_ratio{_PATH}))",
            (("site", "站点 · site"), ("instance", "电脑 · workstation"), ("target", "目标 · target")),
            value="丢包 · loss",
            unit="percentunit",
        )
        .span(8)
        .height(8),
        listing(
            "往返最慢的电脑 · slowest workstations",
            "点名称打开该电脑。 · Its name opens the workstation.",
            f"sort_desc(topk(20, endpoint_ping_round_trip_seconds{_PATH}))",
            (("site", "站点 · site"), ("instance", "电脑 · workstation"), ("target", "目标 · target")),
            value="往返 · round trip",
            unit="s",
        )
        .span(8)
        .height(8),
    ]


def _links() -> list[Shown]:
    return [
        chart(
            "没有连接的接口 · links that are down",
            "应有连接而没有的接口数。 · Interfaces that should have a link and have none.",
            [(f"sum by (site) (endpoint_network_carrier{{{_SITE}}} == bool 0)", "{{site}}")],
        ),
        chart(
            "无线信号 · Wi-Fi signal",
            "最弱的 5 % 和一半。 · The weakest 5 % and the median.",
            [
                (f"quantile by (site) (0.05, endpoint_wifi_signal_dbm{{{_SITE}}})", "{{site}} 5%"),
                (f"quantile by (site) (0.5, endpoint_wifi_signal_dbm{{{_SITE}}})", "{{site}} 一半 median"),
            ],
            "dBm",
            "wifi-weak",
            _SITE,
        ),
        chart(
            "接口错误 · interface errors",
            "每分钟，接收和发送。 · A minute, received and sent.",
            [
                (
                    f"60 * sum by (site) (rate(endpoint_network_receive_errors_total{{{_SITE}}}[$__rate_interval]))",
                    "{{site}} 收 in",
                ),
                (
                    f"60 * sum by (site) (rate(endpoint_network_transmit_errors_total{{{_SITE}}}[$__rate_interval]))",
                    "{{site}} 发 out",
                ),
            ],
        ),
    ]
