"""What `device-health alerts` shows of the agent's answer."""

from agent.commands.alerts import lines


def alert(identifier: str, severity: str, state: str) -> dict[str, object]:
    return {
        "alert": identifier,
        "rule": "cpu-overheating",
        "severity": severity,
        "resource": "chip=k10temp",
        "state": state,
        "cannot_tell": False,
        "active_at": "2026-03-02T08:00:00+00:00",
        "acknowledged_by": "",
        "summary": {"zh": "处理器过热", "en": "The processor is too hot"},
    }


def test_one_fault_is_one_line() -> None:
    """The warning of what is critical already is left out; while critical only waits, the warning stays."""
    warning = alert("0001", "warning", "firing")
    for state, shown in (("firing", ["0002"]), ("pending", ["0001", "0002"])):
        document = {"alerts": [warning, alert("0002", "critical", state)], "silences": []}
        said = [line.split()[0] for line in lines(document, "en")]
        assert [word for word in said if word in ("0001", "0002")] == shown


def test_no_alert_is_said() -> None:
    """An empty list is a sentence."""
    assert list(lines({"alerts": [], "silences": []}, "zh")) == ["没有告警。"]
