"""How a standing is handed to the record."""

from agent.standing import told_once


def clause(name: str, of: list[str], rules: list[dict[str, str]], reasons: list[dict[str, str]]) -> dict[str, object]:
    return {"clause": name, "verdict": "critical", "of": of, "rules": rules, "reasons": reasons}


def test_the_record_has_each_fault_and_each_reason_once() -> None:
    """Under the clause that they belong to, not under those that sum it up; unknown and normal ones are no fault."""
    hot = {"rule": "cpu-overheating", "resource": "a", "verdict": "critical", "summary": "too hot"}
    unknown = {"rule": "fan-stalled", "resource": "", "verdict": "unknown", "summary": "no fan sensor"}
    well = {"rule": "cpu-busy", "resource": "", "verdict": "normal", "summary": ""}
    worn = {"rule": "battery-worn", "resource": "", "verdict": "warning", "summary": "worn"}
    reason = {"text": "the display cannot be measured here", "detail": "no displays"}
    document = {
        "clauses": [
            clause("2.2.a", ["4.1.a.1"], [hot, unknown], [reason]),
            clause("4.1.a.1", [], [hot, unknown, well], [reason]),
            clause("4.2.a", ["4.1.a.1"], [worn, hot], [reason]),
        ]
    }
    assert told_once(document) == [
        {"clause": "2.2.a", "verdict": "critical", "rules": [], "reasons": []},
        {"clause": "4.1.a.1", "verdict": "critical", "rules": [hot], "reasons": [reason]},
        {"clause": "4.2.a", "verdict": "critical", "rules": [worn], "reasons": []},
    ]
