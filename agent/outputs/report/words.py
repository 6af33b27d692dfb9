"""The report's own words in both languages, and how it writes dates, numbers and the outcome of the verification."""

from __future__ import annotations

from datetime import datetime

from agent.outputs.journal.verification import Problem, Verification
from agent.outputs.report.report import Report

_WORDS: dict[str, dict[str, str]] = {
    "title": {"zh": "设备健康报告", "en": "Device health report"},
    "machine": {"zh": "设备", "en": "Machine"},
    "period": {"zh": "时段", "en": "Period"},
    "generated": {"zh": "生成时间", "en": "Generated"},
    "monitored": {"zh": "已监测", "en": "Monitored"},
    "of": {"zh": "共", "en": "of"},
    "critical_alerts": {"zh": "严重告警", "en": "Critical alerts"},
    "warning_alerts": {"zh": "警告", "en": "Warnings"},
    "unacknowledged": {"zh": "未确认", "en": "not acknowledged"},
    "all_acknowledged": {"zh": "全部已确认", "en": "all acknowledged"},
    "checks": {"zh": "检查", "en": "Checks"},
    "last_result": {"zh": "最近结果", "en": "latest"},
    "record": {"zh": "记录", "en": "Record"},
    "whole": {"zh": "完整", "en": "whole"},
    "not_whole": {"zh": "不完整", "en": "not whole"},
    "timeline": {"zh": "时间线", "en": "Timeline"},
    "gaps": {"zh": "未监测的时段", "en": "Times not monitored"},
    "no_gaps": {"zh": "整个时段均已监测。", "en": "The whole period was monitored."},
    "alerts": {"zh": "告警", "en": "Alerts"},
    "no_alerts": {"zh": "没有告警。", "en": "No alerts."},
    "no_checks": {"zh": "没有检查记录。", "en": "No checks were recorded."},
    "answers": {"zh": "人工确认", "en": "Answered by a person"},
    "clauses": {"zh": "各条款状态时长", "en": "Time in each state by clause"},
    "no_clauses": {"zh": "没有条款状态数据。", "en": "Nothing is known of the clauses' states."},
    "readings": {"zh": "温度、时延与丢包", "en": "Temperature, latency and loss"},
    "no_readings": {"zh": "没有测量数据。", "en": "Nothing was measured."},
    "events": {"zh": "其他记录", "en": "Other entries"},
    "no_events": {"zh": "没有其他记录。", "en": "No other entries."},
    "from": {"zh": "开始", "en": "From"},
    "to": {"zh": "结束", "en": "To"},
    "length": {"zh": "时长", "en": "Length"},
    "reason": {"zh": "原因", "en": "Reason"},
    "time": {"zh": "时间", "en": "Time"},
    "by": {"zh": "人员", "en": "By"},
    "result": {"zh": "结果", "en": "Result"},
    "findings": {"zh": "发现", "en": "Findings"},
    "nothing_found": {"zh": "无异常", "en": "nothing abnormal"},
    "corrected": {"zh": "更正", "en": "corrected"},
    "question": {"zh": "问题", "en": "Question"},
    "answer": {"zh": "回答", "en": "Answer"},
    "level": {"zh": "级别", "en": "Level"},
    "alert": {"zh": "内容", "en": "Alert"},
    "fired": {"zh": "触发", "en": "Fired"},
    "ended": {"zh": "结束", "en": "Ended"},
    "acknowledged": {"zh": "确认", "en": "Acknowledged"},
    "still_firing": {"zh": "仍在持续", "en": "still firing"},
    "not_acknowledged": {"zh": "未确认", "en": "no"},
    "gone": {"zh": "设备已移除", "en": "device removed"},
    "was_unknown": {"zh": "期间曾无法判断", "en": "could not be told for a time"},
    "silenced": {"zh": "已静默，未通知", "en": "silenced, nobody was told"},
    "inhibited": {"zh": "另有原因，未单独通知", "en": "explained by another alert, not told apart"},
    "clause": {"zh": "条款", "en": "Clause"},
    "shares": {"zh": "比例", "en": "Share of the period"},
    "normal": {"zh": "正常", "en": "Normal"},
    "warning": {"zh": "警告", "en": "Warning"},
    "critical": {"zh": "严重", "en": "Critical"},
    "unknown": {"zh": "无法判断", "en": "Cannot tell"},
    "not_monitored": {"zh": "未监测", "en": "Not monitored"},
    "before_work": {"zh": "检查", "en": "check"},
    "closing": {"zh": "下班检查", "en": "closing check"},
    "entry": {"zh": "编号", "en": "Entry"},
    "what": {"zh": "内容", "en": "What"},
    "temperature_celsius": {"zh": "处理器温度（°C）", "en": "Processor temperature (°C)"},
    "ping_round_trip_seconds": {"zh": "往返时延（毫秒）", "en": "Round trip (ms)"},
    "ping_loss_ratio": {"zh": "丢包率（%）", "en": "Packet loss (%)"},
    "operator": {"zh": "操作人员签字", "en": "Operator"},
    "manager": {"zh": "主管签字", "en": "Manager"},
    "date": {"zh": "日期", "en": "Date"},
    "remarks": {"zh": "备注", "en": "Remarks"},
    "verification": {"zh": "记录校验", "en": "Proof of the record"},
    "head": {"zh": "最后一条记录", "en": "Newest entry"},
    "chained": {
        "zh": "检查、告警和其他记录来自带哈希链的日志；曲线和状态时长为辅助数据，不在链中。",
        "en": "Checks, alerts and other entries come from the hash chain; curves and times by clause stand beside it.",
    },
    "empty": {
        "zh": "这一时段没有任何数据：监测程序没有运行，或记录已到期清理。",
        "en": "There is no data for this period: the agent did not run, or the entries were dropped by retention.",
    },
}
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905 -- on one line
_WEEKDAYS = {
    "zh": ["星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"],
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
}
_PROBLEMS_ZH = {
    Problem.EDITED: "第 {} 条记录被修改过。",
    Problem.MISSING: "从第 {} 条起有记录缺失。",
    Problem.REORDERED: "从第 {} 条起记录的顺序被改动过。",
    Problem.CHAIN_BROKEN: "第 {} 条记录被替换过。",
    Problem.SHORTENED: "从第 {} 条起的记录被删去：见证值记得更多。",
    Problem.REWRITTEN: "第 {} 条或更早的记录被改写过：与见证值不符。",
    Problem.UNREADABLE: "文件已损坏，从第 {} 条起无法读取。",
}


def say(key: str, language: str) -> str:
    """The report's word for a thing."""
    return _WORDS[key][language]


def day(at: datetime, language: str) -> str:
    """A date with its weekday."""
    weekday = _WEEKDAYS[language][at.weekday()]
    if language == "zh":
        return f"{at.year}年{at.month}月{at.day}日（{weekday}）"
    return f"{weekday}, {at.day} {_MONTHS[at.month - 1]} {at.year}"


def period(report: Report, language: str) -> str:
    """The report's period; the date only once where it is one day."""
    since, until = report.since, report.until
    if since.date() == until.date():
        return f"{day(since, language)} {since:%H:%M}–{until:%H:%M}"
    return f"{day(since, language)} {since:%H:%M} – {day(until, language)} {until:%H:%M}"


def moment(at: datetime, report: Report) -> str:
    """A time in the report's own zone, with its date where the report spans several or it lies outside."""
    at = at.astimezone(report.since.tzinfo)
    is_one_day = report.since.date() == report.until.date() == at.date()
    return f"{at:%H:%M:%S}" if is_one_day else f"{at:%Y-%m-%d %H:%M:%S}"


def outcome(verification: Verification, language: str) -> str:
    """The verification's outcome as one sentence."""
    if language != "zh":
        return verification.detail
    if verification.problem is not None:
        return _PROBLEMS_ZH[verification.problem].format(verification.bad_id)
    if verification.entries == 0:
        return "没有记录。"
    witnessed = "，并与见证值一致" if verification.witnessed else ""
    return f"第 {verification.first_id} 至 {verification.head.id} 条记录完整{witnessed}。"
