"""A rule's words as Prometheus templates, which fill in value and resource when the alert is shown.

The templates are Go's (https://prometheus.io/docs/prometheus/latest/configuration/template_reference/). They cannot
calculate, so a value is brought into its unit by a query, and they choose no prefix: a value is shown in the unit in
which people read the limit, 1200 ms beside a limit of 150 ms.
"""

from __future__ import annotations

import json
import re

from agent.rules.promql import value_expression
from agent.rules.reader import Reader
from agent.rules.rule import Rule, Threshold
from agent.rules.texts import NO_VALUE, action_of, name_for_people
from agent.rules.units import is_yes_or_no, show

_MACHINE = ("instance", "«instance»")
"""Stands for the machine that an alert came from, until the template is written."""
_YES_NO = {"zh": ("是", "否"), "en": ("yes", "no")}
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_SHOWN = re.compile(r"[-+0-9.e]+ ?(.*)")
_FACTORS = {
    "%": 100.0,
    "ms": 1000.0,
    "min": 1 / 60,
    "分钟": 1 / 60,
    "bit/s": 8.0,
    "kbit/s": 8e-3,
    "Mbit/s": 8e-6,
    "Gbit/s": 8e-9,
    "kB": 1e-3,
    "MB": 1e-6,
    "GB": 1e-9,
    "kHz": 1e-3,
    "MHz": 1e-6,
    "GHz": 1e-9,
}
"""From the base unit to the unit that people read; every other unit is the base unit itself."""

_TIMES = ("time", "times")

_DIGITS = (
    "{{{{ $shown := {number} }}}}"
    '{{{{ if and (gt $shown -1.0) (lt $shown 1.0) (ne $shown 0.0) }}}}{{{{ printf "%.3g" $shown }}}}'
    "{{{{ else if and (gt $shown -100.0) (lt $shown 100.0) }}}}"
    '{{{{ printf "%.1f" $shown | reReplaceAll "[.]0$" "" }}}}'
    '{{{{ else }}}}{{{{ printf "%.0f" $shown }}}}{{{{ end }}}}'
)
"""The digits of `units.show`: three below one, one decimal below a hundred."""


def behind_state(rule: Rule, threshold: Threshold, reader: Reader) -> dict[str, str]:
    """Annotations of an alert on the agent's state, which look up the reading of the same machine and resource."""
    value, resource = _looked_up(rule, threshold, reader), _cut_out(rule, reader)
    return _annotations(rule, threshold, reader, value=value, resource=resource)


def of_expression(rule: Rule, threshold: Threshold, reader: Reader) -> dict[str, str]:
    """Annotations of an alert on the reading itself."""
    names = reader.catalogue[rule.reading].labels
    resource = tuple((name, f"{{{{ $labels.{name} }}}}") for name in names)
    scaled = f'(printf "%g * {_factor(rule, threshold, reader)!r}" $value | query | first | value)'
    value = _shown(rule, threshold, reader, scaled)
    return _annotations(rule, threshold, reader, value=value, resource=name_for_people(rule, resource, reader.language))


def _annotations(rule: Rule, threshold: Threshold, reader: Reader, *, value: str, resource: str) -> dict[str, str]:
    parts = {
        "value": value,
        "limit": show(reader.catalogue[rule.reading], threshold.limit, reader.language),
        "resource": resource,
        "it_contact": reader.contact,
    }
    texts = {
        "summary": rule.summary[reader.language],
        "description": rule.problem[reader.language],
        "action": action_of(rule, reader.language, threshold.severity),
    }
    return {name: _PLACEHOLDER.sub(lambda found: parts[found[1]], text) for name, text in texts.items()}


def _looked_up(rule: Rule, threshold: Threshold, reader: Reader) -> str:
    """The value of the series whose labels make the alert's `resource`, or that there is none."""
    labels = reader.catalogue[rule.reading].labels
    expression = f"{value_expression(rule, (*rule.match, _MACHINE))} * {_factor(rule, threshold, reader)!r}"
    machines = " $labels.instance" * expression.count(_MACHINE[1])
    query = json.dumps(expression.replace("%", "%%").replace(f'"{_MACHINE[1]}"', "%q"), ensure_ascii=False)
    resource = json.dumps(", ".join(f"{name}=%s" for name in labels))
    values = "".join(f" .Labels.{name}" for name in labels)
    return (
        f"{{{{ $found := false }}}}{{{{ range query (printf {query}{machines}) }}}}"
        f"{{{{ if eq (printf {resource}{values}) $labels.resource }}}}{{{{ $found = true }}}}"
        f"{_shown(rule, threshold, reader, '.Value')}"
        f"{{{{ end }}}}{{{{ end }}}}{{{{ if not $found }}}}{NO_VALUE[reader.language]}{{{{ end }}}}"
    )


def _cut_out(rule: Rule, reader: Reader) -> str:
    """People's name of the resource, cut out of the state's one label for it."""
    names = reader.catalogue[rule.reading].labels
    groups = tuple((name, f"${{{number}}}") for number, name in enumerate(names, start=1))
    people = name_for_people(rule, groups, reader.language)
    if "$" not in people:
        return people
    pattern = "^" + ", ".join(f"{name}=(.*)" for name in names) + "$"
    return f"{{{{ reReplaceAll {json.dumps(pattern)} {json.dumps(people)} $labels.resource }}}}"


def _shown(rule: Rule, threshold: Threshold, reader: Reader, number: str) -> str:
    """A template's number as `units.show` shows it, in the limit's unit."""
    if is_yes_or_no(reader.catalogue[rule.reading]):
        yes, no = _YES_NO[reader.language]
        return f"{{{{ if eq {number} 0.0 }}}}{no}{{{{ else }}}}{yes}{{{{ end }}}}"
    unit = _unit(rule, threshold, reader)
    if unit in _TIMES:
        unit = "{{ if eq $shown 1.0 }}time{{ else }}times{{ end }}"
    return _DIGITS.format(number=number) + (f" {unit}" if unit else "")


def _factor(rule: Rule, threshold: Threshold, reader: Reader) -> float:
    return _FACTORS.get(_unit(rule, threshold, reader), 1.0)


def _unit(rule: Rule, threshold: Threshold, reader: Reader) -> str:
    """The unit behind the limit's digits."""
    found = _SHOWN.fullmatch(show(reader.catalogue[rule.reading], threshold.limit, reader.language))
    return "" if found is None else found[1]
