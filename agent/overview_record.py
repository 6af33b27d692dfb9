"""Today's record as the status page shows it: checks, alerts, and the times that were not monitored."""

from __future__ import annotations

from agent.measures import Json
from agent.outputs.journal.wording import word
from agent.outputs.report.report import Check, Episode, Gap
from agent.today import Day


def record_shown(day: Day, language: str) -> Json:
    """The day's record, or why there is none."""
    if day.report is None:
        return {"fault": day.fault, "checks": [], "alerts": [], "gaps": []}
    report = day.report
    return {
        "fault": "",
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "monitored_seconds": report.monitored_seconds,
        "checks": [_check(check) for check in report.checks],
        "alerts": [_episode(episode) for episode in report.episodes],
        "gaps": [_unwatched(gap, language) for gap in report.gaps],
    }


def _check(check: Check) -> Json:
    return {
        "at": check.at.isoformat(),
        "user": check.user,
        "verdict": check.verdict,
        "is_closing": check.is_closing,
        "findings": list(dict.fromkeys(finding.summary for finding in check.findings if finding.verdict != "unknown")),
    }


def _episode(episode: Episode) -> Json:
    return {
        "title": episode.title,
        "severity": episode.severity,
        "resource": episode.resource,
        "fired_at": episode.fired_at.isoformat(),
        "ended_at": episode.ended_at.isoformat() if episode.ended_at else None,
        "acknowledged_by": episode.acknowledged_by,
    }


def _unwatched(gap: Gap, language: str) -> Json:
    return {"since": gap.since.isoformat(), "until": gap.until.isoformat(), "reason": word(gap.reason, language)}
