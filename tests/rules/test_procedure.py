"""procedure.yaml as it ships, and what its loader refuses."""

import pytest

from agent.readings import MetricSpec
from agent.rules.clause import AnsweredBy, Clause, Need, Procedure, Question, Untold
from agent.rules.loader import RuleSource
from agent.rules.procedure import load_procedure
from agent.yamlsource import Faults

CATALOGUE = {
    name: MetricSpec(name=name, help="", source="test", labels=("component",))
    for name in ("headroom_celsius", "fan_stalled")
}

GOOD = """\
sections: {computer: {zh: 电脑, en: Computer}}
questions:
  noise: {ask: {zh: 没有异响吗, en: No odd noise}, denied: {zh: 有异响, en: Odd noise}}
denied_action: {zh: 停止工作, en: Stop work}
clauses:
  - clause: 2.2.a
    section: computer
    statement: {zh: 一切正常, en: All is well}
    by: rules
    of: [4.1.a.1]
  - clause: 4.1.a.1
    section: computer
    statement: {zh: 不过热, en: No heat}
    by: rules
    needs: [{reading: headroom_celsius, match: {component: cpu}}]
    optional: [fan_stalled]
    ask: [noise]
    also: [disk-hot]
    cannot_tell: [{part: {zh: 内存, en: Memory}, reason: {zh: 没有传感器, en: no sensor}}]
  - clause: 2.2.b
    section: computer
    statement: {zh: 已更新, en: Up to date}
    by: none
    answer: {zh: 还不能, en: Not yet}
"""


def source(text: str) -> RuleSource:
    return RuleSource(path="procedure.yaml", text=text)


def faults(text: str) -> list[str]:
    with pytest.raises(Faults) as caught:
        load_procedure(source(text), CATALOGUE)
    return [str(fault) for fault in caught.value.faults]


def test_a_procedure_is_read_whole() -> None:
    computer, text = {"zh": "电脑", "en": "Computer"}, {"zh": "还不能", "en": "Not yet"}
    clauses = (
        Clause(
            name="2.2.a",
            section="computer",
            statement={"zh": "一切正常", "en": "All is well"},
            by=AnsweredBy.RULES,
            of=("4.1.a.1",),
            defined_at="procedure.yaml:6",
        ),
        Clause(
            name="4.1.a.1",
            section="computer",
            statement={"zh": "不过热", "en": "No heat"},
            by=AnsweredBy.RULES,
            needs=(Need(reading="headroom_celsius", match=(("component", "cpu"),)),),
            optional=(Need(reading="fan_stalled"),),
            ask=("noise",),
            also=("disk-hot",),
            cannot_tell=(Untold(part={"zh": "内存", "en": "Memory"}, reason={"zh": "没有传感器", "en": "no sensor"}),),
            defined_at="procedure.yaml:11",
        ),
        Clause(
            name="2.2.b",
            section="computer",
            statement={"zh": "已更新", "en": "Up to date"},
            by=AnsweredBy.NONE,
            answer=text,
            defined_at="procedure.yaml:20",
        ),
    )
    assert load_procedure(source(GOOD), CATALOGUE) == Procedure(
        sections={"computer": computer},
        questions={
            "noise": Question(
                name="noise",
                ask={"zh": "没有异响吗", "en": "No odd noise"},
                denied={"zh": "有异响", "en": "Odd noise"},
            )
        },
        denied_action={"zh": "停止工作", "en": "Stop work"},
        clauses={clause.name: clause for clause in clauses},
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "reading: headroom_celsius",
            "reading: headrom_celsius",
            "15:23: `headrom_celsius` is not known here; did you mean `headroom_celsius`?",
        ),
        (
            "{component: cpu}",
            "{chip: cpu}",
            "15:49: unknown key `chip`; expected component",
        ),
        ("ask: [noise]", "ask: [nose]", "17:11: `nose` is not known here; did you mean `noise`?"),
        ("of: [4.1.a.1]", "of: [4.1.a.2]", "10:10: `4.1.a.2` is not a clause of this file; did you mean `4.1.a.1`?"),
        (
            "also: [disk-hot]",
            "of: [4.1.a.1]",
            "18:10: 4.1.a.1 would sum up itself by way of 4.1.a.1; expected parts that do not lead back",
        ),
        ("by: none", "by: nobody", "23:9: `nobody` is not known here; expected one of rules, person, record, none"),
        (
            "    by: none\n",
            "    by: none\n    ask: [noise]\n",
            "24:5: `ask` has no meaning in a clause answered by none; remove it",
        ),
        ("    answer: {zh: 还不能, en: Not yet}\n", "", "20:5: `answer` is missing here; expected a value for it"),
        ("en: All is well", "de: Alles gut", "8:16: `en` is missing here; expected `zh`, `en`"),
        (
            "clause: 2.2.b",
            "clause: 2.2.a",
            "20:5: the clause 2.2.a is already at procedure.yaml:6; expected each clause once",
        ),
        (
            "    section: computer\n    statement: {zh: 已",
            "    statement: {zh: 已",
            "20:5: `section` is missing here; expected `clause`, `section`, `statement`, `by`",
        ),
        (
            "sections: {computer: {zh: 电脑, en: Computer}}\n",
            "",
            "1:1: `sections` is missing here; expected `sections`, `questions`, `denied_action`, `clauses`",
        ),
    ],
)
def test_a_faulty_procedure_is_refused_with_the_place(before: str, after: str, expected: str) -> None:
    assert f"procedure.yaml:{expected}" in faults(GOOD.replace(before, after))


def test_an_empty_file_is_refused() -> None:
    assert faults("") == ["procedure.yaml:1:1: the file is empty; expected the clauses of a procedure"]
