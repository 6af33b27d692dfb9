// Today's record, and what cannot be told.

import { sign } from "./icons.js";
import { h } from "./patch.js";
import { clock, span } from "./times.js";

const SHOWN_AT_ONCE = 8;

/** Checks, alerts and gaps of the day, the newest first. */
export function recordPanel(document, view) {
  const { say } = view;
  const { record } = document;
  const lines = [
    ...record.checks.map((check) => checkLine(check, say)),
    ...record.alerts.map((alert) => alertLine(alert, say)),
    ...record.gaps.map((gap) => gapLine(gap, say)),
  ].sort((one, other) => (one.at < other.at ? 1 : -1));
  const items = lines.map((line) => h("li", { key: line.key }, sign(line.state), h("time", { datetime: line.at }, line.when), h("span", {}, line.text)));
  return h("section", { class: "card", key: "record", "aria-labelledby": "record-title" },
    h("h2", { id: "record-title" }, say("record")),
    record.fault ? h("p", { class: "note", key: "fault" }, record.fault) : h("p", { class: "note", key: "sum" }, sum(record, say)),
    !record.fault && lines.length === 0 ? h("p", { class: "note", key: "empty" }, say("record_empty")) : null,
    lines.length ? h("ol", { class: "timeline", key: "lines" }, items.slice(0, SHOWN_AT_ONCE)) : null,
    lines.length > SHOWN_AT_ONCE
      ? h("details", { key: "earlier" }, h("summary", {}, say("earlier", lines.length - SHOWN_AT_ONCE)), h("ol", { class: "timeline" }, items.slice(SHOWN_AT_ONCE)))
      : null);
}

function sum(record, say) {
  return [
    say("monitored", span(record.monitored_seconds, say)),
    say("count_checks", record.checks.length),
    say("count_alerts", record.alerts.length),
    say("count_gaps", record.gaps.length),
  ].join(" · ");
}

function checkLine(check, say) {
  const found = check.findings.length ? `${say(check.verdict)} — ${check.findings.join(say.language === "zh" ? "、" : ", ")}` : say(check.verdict);
  return {
    at: check.at, key: `check ${check.at}`, state: check.verdict, when: clock(check.at),
    text: say(check.is_closing ? "was_closing" : "was_check", check.user, found),
  };
}

function alertLine(alert, say) {
  const end = alert.ended_at ? say("until", clock(alert.ended_at)) : say("lasts");
  const by = alert.acknowledged_by ? ` · ${alert.acknowledged_by}` : "";
  return {
    at: alert.fired_at, key: `alert ${alert.fired_at} ${alert.title} ${alert.resource} ${alert.severity}`, state: alert.severity,
    when: clock(alert.fired_at), text: `${alert.title} · ${end}${by}`,
  };
}

function gapLine(gap, say) {
  const [since, until] = [clock(gap.since), clock(gap.until)];
  return {
    at: gap.since, key: `gap ${gap.since}`, state: "unknown", when: since === until ? since : `${since}–${until}`,
    text: say("was_gap", gap.reason),
  };
}

/** What cannot be measured and why: clauses and their parts in people's words, then the probes' own. */
export function untoldPanel(document, view) {
  const { say } = view;
  const untold = document.untold ?? [];
  const probes = document.probes ?? [];
  return h("section", { class: "card untold", key: "untold", "aria-labelledby": "untold-title" },
    h("h2", { id: "untold-title" }, say("untold")),
    h("p", { class: "note" }, say("untold_intro")),
    h("dl", {}, untold.map((one, index) => h("div", { key: `${index} ${one.what}` },
      h("dt", {}, one.what, " ", h("small", {}, say("clause", one.clause))), h("dd", {}, one.why)))),
    probes.length ? h("details", { key: "probes" }, h("summary", {}, say("probes")),
      h("dl", {}, probes.map((probe) => h("div", { key: probe.probe }, h("dt", {}, h("code", {}, probe.probe)), h("dd", {}, probe.reason))))) : null);
}
