"""One workstation: its alerts, then every value against its limit, area by area as in the agent's probes."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders import dashboard
from panels import CLAUSE_STATES, WORKSTATION_UID, Shown, chart, choice, listing, number, page, row
from workstation_hardware import display, heat, power, smoothness, storage
from workstation_network import network_charts

_HERE = '{instance="$instance"}'
_STATES = (("1", "等待 · pending", "orange"), ("2", "触发 · firing", "red"))
_ALERT = (
    ("rule", "规则 · rule"),
    ("severity", "级别 · severity"),
    ("clause", "条款 · clause"),
    ("resource", "部位 · resource"),
)


def workstation() -> dashboard.Dashboard:
    """Everything that one workstation exports."""
    built = (
        page(
            WORKSTATION_UID,
            "设备健康：一台电脑 · Device health: one workstation",
            "虚线是这台电脑上生效的限值。 · Dashed lines are the limits in force on this workstation.",
        )
        .with_variable(choice("site", "站点 · site", "label_values(endpoint_agent_info, site)"))
        .with_variable(
            choice(
                "instance",
                "电脑 · workstation",
                'label_values(endpoint_agent_info{site=~"$site"}, instance)',
                every=False,
            )
        )
    )
    areas = {
        "现在 · Now": _now(),
        "温度与风扇 · Heat and fans": heat(),
        "流畅程度 · Smoothness": smoothness(),
        "存储 · Storage": storage(),
        "显示 · Display": display(),
        "网络 · Network": network_charts(),
        "电源 · Power": power(),
        "代理自身 · The agent itself": _agent(),
    }
    for title, panels in areas.items():
        built.with_row(row(title))
        for panel in panels:
            built.with_panel(panel)
    return built


def _now() -> Iterator[Shown]:
    yield from _standing()
    yield from _dealt_with()
    yield _machine()


def _standing() -> Iterator[Shown]:
    yield listing(
        "告警 · alerts",
        "等待中的还没有超过规则要求的时间。 · Pending ones have not lasted as long as their rule asks.",
        f"endpoint_alert_state{_HERE}",
        _ALERT,
        value="状态 · state",
        states=_STATES,
    )
    yield listing(
        "条款 · clauses",
        "规程各条的状态。 · The clauses of the procedure.",
        f"sort_desc(endpoint_clause_status{_HERE})",
        (("clause", "条款 · clause"),),
        value="状态 · state",
        states=CLAUSE_STATES,
    )


def _dealt_with() -> Iterator[Shown]:
    yield (
        listing(
            "还没有人看到 · not seen yet",
            "已提示使用者。 · The operator was told.",
            f"endpoint_alert_unseen_seconds{_HERE}",
            _ALERT,
            value="多久 · for",
            unit="s",
        )
        .height(6)
        .span(8)
    )
    yield (
        listing(
            "有人处理 · taken care of",
            "已有人确认。 · Somebody has acknowledged these.",
            f"endpoint_alert_acknowledged{_HERE}",
            _ALERT,
        )
        .height(6)
        .span(8)
    )


def _machine() -> Shown:
    return (
        listing(
            "这台电脑 · this workstation",
            "型号、版本和规则。 · Model, version and rules.",
            f"endpoint_machine_info{_HERE} * on (instance) group_left (version) endpoint_agent_info{_HERE}"
            f" * on (instance) group_left (digest) endpoint_rules_info{_HERE}",
            (
                ("vendor", "厂商 · maker"),
                ("model", "型号 · model"),
                ("version", "代理 · agent"),
                ("digest", "规则 · rules"),
            ),
        )
        .height(6)
        .span(8)
    )


def _agent() -> Iterator[Shown]:
    yield chart(
        "监测项 · probes",
        "1 为正常；不可信和消失的按个数。 · 1 is working; suspect and lost ones are counted.",
        [
            (f"endpoint_probe_success{_HERE}", "{{probe}}"),
            (f"endpoint_probe_suspect_readings{_HERE}", "{{probe}} 不可信 suspect"),
            (f"endpoint_probe_lost_sensors{_HERE}", "{{probe}} 消失 lost"),
        ],
    )
    yield chart(
        "监测项用时 · time that probes take",
        "最近一次，以及距上次成功的时间。 · The latest run, and the time since the last success.",
        [
            (f"endpoint_probe_duration_seconds{_HERE}", "{{probe}}"),
            (f"time() - endpoint_probe_last_success_timestamp_seconds{_HERE}", "{{probe}} 距上次成功 since success"),
        ],
        "s",
    )
    yield chart(
        "代理占用的处理器 · the agent's processor time",
        "一个核的比例。 · Share of one core.",
        [(f"rate(endpoint_agent_cpu_seconds_total{_HERE}[$__rate_interval])", "占用 in use")],
        "percentunit",
    )
    yield number(
        "代理内存 · memory", "常驻内存。 · Resident.", f"endpoint_agent_resident_memory_bytes{_HERE}", unit="bytes"
    )
    yield number("记录条数 · entries", "操作记录。 · The operation record.", f"endpoint_journal_entries{_HERE}")
    yield (
        listing(
            "记录的见证 · witness of the record",
            "与 journal verify 给出的散列比较。 · To compare with what journal verify prints.",
            f"endpoint_journal_head_info{_HERE}",
            (("hash", "散列 · hash"),),
        )
        .height(4)
        .span(16)
    )
