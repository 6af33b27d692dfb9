"""The fleet at a glance: who needs help first, then where and in what."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard
from panels import SEVERITIES, Shown, bars, chart, choice, listing, number, page

_HERE = '{site=~"$site"}'
_CLAUSES = f"endpoint_clause_status{_HERE}"
_WORST = f"instance:endpoint_alert_severity:max{_HERE}"
_SEAT = (("site", "站点 · site"), ("instance", "电脑 · workstation"))


def overview() -> dashboard.Dashboard:
    """Numbers, then the worst workstations and what is wrong, then sites, clauses and versions."""
    built = page(
        "endpoint-fleet",
        "设备健康：全体 · Device health: the fleet",
        "最需要处理的电脑排在最前。 · The workstations that need help most come first.",
    ).with_variable(choice("site", "站点 · site", "label_values(endpoint_agent_info, site)"))
    for panel in (*_numbers(), *_lists(), *_shares(), *_agents()):
        built.with_panel(panel)
    return built


def _numbers() -> list[Shown]:
    up = '{job="endpoint",site=~"$site"}'
    return [
        number("在线电脑 · watched now", "正在给出读数的电脑。 · Workstations that give readings now.", f"sum(up{up})"),
        number(
            "已登记 · registered",
            "服务发现中的电脑，关机的也算在内。 · Workstations in discovery, those switched off included.",
            f"count(up{up})",
        ),
        number(
            "严重 · critical",
            "有严重告警的电脑：使用者被要求停止操作。 · Workstations whose user is asked to stop work.",
            f"count({_WORST} == 2) or vector(0)",
            bad_from=1,
        ),
        number(
            "警告 · warning",
            "最坏为警告的电脑。 · Workstations with warnings at worst.",
            f"count({_WORST} == 1) or vector(0)",
        ),
        number(
            "停止操作无人看到 · stop unseen",
            "要求停止操作而没有人看到的提示。 · Requests to stop work that nobody has seen.",
            'count(endpoint_alert_unseen_seconds{severity="critical",site=~"$site"}) or vector(0)',
            bad_from=1,
        ),
        number(
            "有人处理 · taken care of",
            "已有人确认的告警。 · Alerts that somebody has acknowledged.",
            f"count(endpoint_alert_acknowledged{_HERE}) or vector(0)",
        ),
    ]


def _lists() -> list[Shown]:
    alert = (("rule", "规则 · rule"), ("severity", "级别 · severity"), ("clause", "条款 · clause"))
    return [
        listing(
            "从最坏的开始 · worst first",
            "每台电脑最坏的告警；点名称打开该电脑。 · Each workstation by its worst alert; its name opens it.",
            f"sort_desc(topk(100, {_WORST}))",
            _SEAT,
            value="状态 · state",
            states=SEVERITIES,
        ),
        listing(
            "全体的发现 · fleet findings",
            "单台电脑发现不了的问题；点名称看怎么办。 · What no workstation can find; the name opens the runbook.",
            'ALERTS{alertname=~"fleet-.*|agent-silent|record-shortened|stop-unseen",alertstate="firing"}',
            (
                ("alertname", "发现 · finding"),
                *_SEAT,
                ("severity", "级别 · severity"),
                ("target", "服务器 · server"),
            ),
        ),
        listing(
            "正在告警 · firing now",
            "代理判定的全部告警；点规则看怎么办。 · All alerts that agents decided on; a rule opens its runbook.",
            f"endpoint_alert_state{_HERE} == 2",
            (*_SEAT, *alert, ("resource", "部位 · resource")),
        ).span(24),
    ]


def _shares() -> list[Shown]:
    return [
        bars(
            "各站点告警的电脑 · by site",
            "有告警的电脑数。 · Workstations with alerts.",
            [(f"sum by (site) ({_WORST} > bool 0)", "{{site}}")],
        ),
        bars(
            "各条款的故障 · by clause",
            "条款处于警告或严重的电脑数。 · Workstations on which the clause is at warning or critical.",
            [(f"sort_desc(sum by (clause) (({_CLAUSES} > bool 0) * ({_CLAUSES} < bool 3)))", "{{clause}}")],
        ),
        bars(
            "无法判断的条款 · clauses that cannot be told",
            "缺少读数，不等于正常。 · Readings are missing; that is not healthy.",
            [(f"sort_desc(sum by (clause) (endpoint_clause_status{_HERE} == bool 3))", "{{clause}}")],
        ),
        chart(
            "在线电脑 · watched",
            "按站点。 · By site.",
            [(f"site:endpoint_up:sum{_HERE}", "{{site}}")],
        ),
        chart(
            "告警最多的规则 · rules that fire most",
            "触发的电脑数。 · Workstations on which they fire.",
            [(f"topk(8, count by (rule) (endpoint_alert_state{_HERE} == 2))", "{{rule}}")],
        ),
        bars(
            "最久没有消息 · silent longest",
            "关机的电脑也在其中。 · Those switched off are among them.",
            [(f"topk(15, time() - instance:endpoint_agent_seen:timestamp{_HERE})", "{{instance}}")],
            unit="s",
        ),
    ]


def _agents() -> list[Shown]:
    return [
        bars(
            "代理版本 · agent versions",
            "电脑数。 · Workstations.",
            [(f"count by (version) (endpoint_agent_info{_HERE})", "{{version}}")],
        ),
        bars(
            "规则版本 · rule versions",
            "电脑数；长期不同说明有电脑没有更新。 · Workstations; lasting differences mean missed updates.",
            [(f"count by (digest) (endpoint_rules_info{_HERE})", "{{digest}}")],
        ),
        bars(
            "型号 · models",
            "电脑数。 · Workstations.",
            [(f"sort_desc(count by (vendor, model) (endpoint_machine_info{_HERE}))", "{{vendor}} {{model}}")],
        ),
    ]
