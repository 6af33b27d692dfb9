// The check before work: the agent measures while the operator answers; then both are joined and recorded.

import { ask, measureNow, Refused } from "./agent.js";
import { sign } from "./icons.js";
import { h } from "./patch.js";
import { clock } from "./times.js";

const ANSWERS = ["yes", "no", "skipped"];

/** The course of one check: idle, measuring, measured, finishing, done or failed. */
export function newCheck() {
  return { stage: "idle", answers: {}, measured: null, result: null, fault: "" };
}

/** The panel; without a session it says how to come by one. */
export function checkPanel(document, view, check, changed) {
  const { say } = view;
  return h("section", { class: "card check", key: "check", "aria-labelledby": "check-title" },
    h("h2", { id: "check-title", tabindex: "-1" }, say("check")),
    view.session.user && !view.isGone ? course(document, view, check, changed) : null,
    view.session.user ? null : h("p", { class: "note", key: "how" }, readOnly(say)));
}

/** How to open the page so that it may do more than show. */
export function readOnly(say) {
  const [before, after] = say("read_only", "\n").split("\n");
  return [before, h("code", {}, "device-health page"), after];
}

function course(document, view, check, changed) {
  const { say } = view;
  const isUnderWay = ["measuring", "measured", "finishing"].includes(check.stage);
  return h("div", { key: "course" },
    check.stage === "idle" ? h("p", { class: "note", key: "intro" }, say("check_intro")) : null,
    check.fault ? h("p", { class: "fault-line", role: "alert", key: "fault" }, say("failed", check.fault)) : null,
    isUnderWay ? dialogue(document, view, check, changed) : null,
    check.result ? outcome(view, check) : null,
    isUnderWay ? null : h("button", { class: "main", type: "button", key: "begin", onclick: () => begin(check, changed) },
      say(check.stage === "idle" ? "check_begin" : "check_again")));
}

function dialogue(document, view, check, changed) {
  const { say } = view;
  const finish = (event) => {
    event.preventDefault();
    conclude(check, view.say.language, changed);
  };
  const stage = check.stage === "finishing" ? "finishing" : check.measured ? "measured" : "measuring";
  return h("form", { key: "dialogue", onsubmit: finish },
    h("p", { class: "progress", role: "status" }, stage === "measured" ? sign("normal") : h("span", { class: "turning" }), say(stage)),
    h("p", { class: "asked" }, say("questions")),
    document.questions.map((question) => fieldset(question, say, check)),
    h("button", { class: "main", type: "submit", disabled: check.stage === "finishing" }, say("check_finish")));
}

function fieldset(question, say, check) {
  const choice = (answer) =>
    h("label", { class: `choice ${answer}`, key: answer },
      h("input", {
        type: "radio", name: question.name, checked: answer === (check.answers[question.name] ?? "skipped"),
        onchange: () => { check.answers[question.name] = answer; },
      }),
      h("span", {}, say(answer)));
  return h("fieldset", { key: question.name }, h("legend", {}, question.ask), ANSWERS.map(choice));
}

function outcome(view, check) {
  const { say } = view;
  const { result } = check;
  const faults = unique(result.clauses.flatMap((clause) => clause.rules)
    .filter((rule) => ["warning", "critical"].includes(rule.verdict)));
  return h("div", { class: `outcome ${result.verdict}`, key: "outcome", role: "status" },
    h("p", { class: "state" }, sign(result.verdict), h("strong", {}, say(result.verdict))),
    h("p", {}, say(`go_${result.verdict}`)),
    faults.length ? h("ul", { class: "lines" }, faults.map((rule) => h("li", { key: rule.summary }, h("strong", {}, rule.summary), " ", rule.action))) : null,
    h("p", { class: "note" }, result.recorded ? say("recorded", clock(result.recorded, { seconds: true })) : say("not_recorded", result.not_recorded)));
}

function unique(rules) {
  return [...new Map(rules.map((rule) => [`${rule.summary} ${rule.resource}`, rule])).values()];
}

function begin(check, changed) {
  Object.assign(check, newCheck(), { stage: "measuring" });
  check.measured = null;
  const measuring = measureNow();
  check.pending = measuring;
  measuring.then(
    (answer) => settle(check, measuring, changed, { measured: answer.taken_at, stage: check.stage === "measuring" ? "measured" : check.stage }),
    (error) => settle(check, measuring, changed, { stage: "failed", fault: told(error) }));
  changed();
}

/** A check that was begun anew meanwhile is left alone. */
function settle(check, measuring, changed, what) {
  if (check.pending !== measuring) return;
  Object.assign(check, what);
  changed();
}

async function conclude(check, language, changed) {
  const { pending } = check;
  check.stage = "finishing";
  changed();
  try {
    await pending;
    const result = await ask("POST", "page-checks/answers", { answers: check.answers, language });
    settle(check, pending, changed, { stage: "done", result });
  } catch (error) {
    settle(check, pending, changed, { stage: "failed", fault: told(error) });
  }
}

function told(error) {
  return error instanceof Refused ? error.message : error.name;
}
