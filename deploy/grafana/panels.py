"""The few kinds of panels that the dashboards are made of, in one look.

A panel is described by what it shows; how it looks is decided here. Limits are never written into a panel: they are
drawn from `endpoint_rule_limit`, so that a site's own thresholds are the ones that are shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

Query = tuple[str, str]
"""PromQL and the legend of its series."""
Shown = timeseries.Panel | stat.Panel | bargauge.Panel | table.Panel
"""Any panel."""

SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
RUNBOOKS = "https://runbooks.example.com"
"""As in the alerting rules: a placeholder, replaced by the same command (README.md)."""
WORKSTATION_UID = "endpoint-workstation"
SEVERITIES = (("0", "正常 · well", "green"), ("1", "警告 · warning", "orange"), ("2", "严重 · critical", "red"))
CLAUSE_STATES = (*SEVERITIES, ("3", "无法判断 · cannot tell", "purple"))
YES_GOOD = (("0", "否 · no", "red"), ("1", "是 · yes", "green"))
_LIMIT = "限值 limit"
_NAMES = "ABCDEFGH"
"""Grafana tells a panel's queries apart by these."""


def chart(  # each is one thing that is shown
    title: str,
    about: str,
    queries: Sequence[Query],
    unit: str = "short",
    limits: str = "",
    limit_scope: str = 'instance="$instance"',
) -> timeseries.Panel:
    """Values over time; `limits` is a pattern of rules whose limits are drawn as dashed lines."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .unit(unit)
        .height(8)
        .span(8)
        .line_width(1)
        .fill_opacity(5)
        .legend(
            common.VizLegendOptions()
            .display_mode(looks.LegendDisplayMode.LIST)
            .placement(looks.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI).sort(looks.SortOrder.DESCENDING))
    )
    for name, (expression, legend) in zip(_NAMES, queries, strict=False):
        panel.with_target(_range(expression, legend).ref_id(name))
    if limits:
        expression = f'max by (rule, severity) (endpoint_rule_limit{{{limit_scope},rule=~"{limits}"}})'
        panel.with_target(_range(expression, f"{_LIMIT} {{{{rule}}}} {{{{severity}}}}").ref_id("L"))
        panel.override_by_regexp(f"/^{_LIMIT}.*warning$/", _dashed("orange"))
        panel.override_by_regexp(f"/^{_LIMIT}.*critical$/", _dashed("red"))
    return panel


def number(title: str, about: str, expression: str, unit: str = "short", bad_from: float | None = None) -> stat.Panel:
    """One number now; red from `bad_from` on."""
    steps = [model.Threshold(value=None, color="green")]
    if bad_from is not None:
        steps.append(model.Threshold(value=bad_from, color="red"))
    return (
        stat.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .unit(unit)
        .height(4)
        .span(4)
        .thresholds(dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps))
        .with_target(_instant(expression, PromQueryFormat.TIME_SERIES).ref_id("A"))
    )


def bars(title: str, about: str, queries: Sequence[Query], unit: str = "short") -> bargauge.Panel:
    """The present values beside each other."""
    panel = (
        bargauge.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .unit(unit)
        .height(8)
        .span(8)
        .orientation(looks.VizOrientation.HORIZONTAL)
    )
    for name, (expression, legend) in zip(_NAMES, queries, strict=False):
        panel.with_target(_instant(expression, PromQueryFormat.TIME_SERIES).legend_format(legend).ref_id(name))
    return panel


def listing(  # noqa: PLR0913  # each is one thing that is shown
    title: str,
    about: str,
    expression: str,
    columns: Sequence[Query],
    *,
    value: str = "",
    states: Sequence[tuple[str, str, str]] = (),
    unit: str = "short",
) -> table.Panel:
    """A table of series now: their labels under titles for people, and their value where it has a title.

    The columns `instance` and `rule` lead to the workstation and to the runbook.
    """
    labels = dict(columns)
    shown = {**labels, **({"Value": value} if value else {})}
    panel = (
        table.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .height(9)
        .span(12)
        .filterable(True)
        .with_target(_instant(expression, PromQueryFormat.TABLE).ref_id("A"))
        .with_transformation(
            model.DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": list(shown)}})
        )
        .with_transformation(
            model.DataTransformerConfig(
                id_val="organize",
                options={"renameByName": shown, "indexByName": {name: at for at, name in enumerate(shown)}},
            )
        )
    )
    if "instance" in labels:
        url = f"/d/{WORKSTATION_UID}?var-instance=${{__value.raw}}&var-datasource=${{datasource}}"
        panel.override_by_name(labels["instance"], [_link("打开 · open", url)])
    if "rule" in labels or "alertname" in labels:
        heading = labels.get("rule") or labels["alertname"]
        panel.override_by_name(heading, [_link("怎么办 · runbook", "${runbooks}/${__value.raw}.md")])
    if value:
        cell = [model.DynamicConfigValue(id_val="unit", value=unit)]
        panel.override_by_name(value, [*cell, *([_mapped(states), _coloured()] if states else [])])
    return panel


def row(title: str) -> dashboard.Row:
    """A heading between panels."""
    return dashboard.Row(title)


def choice(name: str, label: str, query: str, *, every: bool = True) -> dashboard.QueryVariable:
    """A variable whose values are a label's; with `every` several or all of them."""
    variable = (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query({"query": query, "refId": "StandardVariableQuery"})
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )
    if every:
        everything = model.VariableOption(selected=True, text="All", value="$__all")
        variable = variable.multi(True).include_all(True).all_value(".*").current(everything)
    return variable


def page(uid: str, title: str, about: str) -> dashboard.Dashboard:
    """An empty dashboard with what all three have: source, runbooks, links to each other."""
    return (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(about)
        .tags(["device-health"])
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .time("now-6h", "now")
        .refresh("1m")
        .timezone("browser")
        .with_variable(dashboard.DatasourceVariable("datasource").label("数据源 · source").type("prometheus"))
        .with_variable(dashboard.ConstantVariable("runbooks").value(RUNBOOKS))
        .link(
            dashboard.DashboardLink("设备健康 · device health")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags(["device-health"])
            .icon("external link")
            .as_dropdown(True)
            .include_vars(False)
            .keep_time(True)
        )
    )


def _range(expression: str, legend: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().datasource(SOURCE).expr(expression).legend_format(legend).range()


def _instant(expression: str, form: PromQueryFormat) -> prometheus.Dataquery:
    return prometheus.Dataquery().datasource(SOURCE).expr(expression).instant().format(form)


def _dashed(colour: str) -> list[model.DynamicConfigValue]:
    return [
        model.DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [10, 10]}),
        model.DynamicConfigValue(id_val="custom.fillOpacity", value=0),
        model.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour}),
    ]


def _link(title: str, url: str) -> model.DynamicConfigValue:
    return model.DynamicConfigValue(id_val="links", value=[{"title": title, "url": url}])


def _mapped(states: Sequence[tuple[str, str, str]]) -> model.DynamicConfigValue:
    options = {value: {"text": text, "color": colour, "index": at} for at, (value, text, colour) in enumerate(states)}
    return model.DynamicConfigValue(id_val="mappings", value=[{"type": "value", "options": options}])


def _coloured() -> model.DynamicConfigValue:
    return model.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"})
