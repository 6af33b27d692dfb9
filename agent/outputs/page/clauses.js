// The clauses, group by group: state, values with limit and curve, and when each was last checked.

import { picture, sign } from "./icons.js";
import { h } from "./patch.js";
import { spark } from "./spark.js";
import { ago } from "./times.js";

const SHOWN_AT_ONCE = 3;

/** Every group; while the agent is gone no state is shown as if it held now. */
export function groups(document, view) {
  return document.groups.map((group) =>
    h("section", { class: "card group", key: group.key, "aria-labelledby": `group-${group.key}` },
      h("h3", { id: `group-${group.key}` }, picture(group.key), group.title),
      h("ul", { class: "clauses" }, group.clauses.map((clause) => clauseItem(clause, view)))));
}

function clauseItem(clause, view) {
  const { say } = view;
  const state = view.isGone ? "gone" : clause.verdict;
  return h("li", { class: `clause ${state}`, key: clause.clause },
    h("div", { class: "clause-head" },
      h("p", { class: "state" }, sign(state), h("span", {}, view.isGone ? say("not_known_now") : clause.word)),
      h("h4", {}, clause.statement, " ", h("small", {}, say("clause", clause.clause)))),
    clause.of.length ? h("p", { class: "note", key: "of" }, say("summed_up", clause.of.join(say.language === "zh" ? "、" : ", "))) : null,
    clause.verdict === "person" ? h("p", { class: "note", key: "person" }, say("person_hint")) : null,
    numbers(clause, view),
    clause.of.length ? null : clause.reasons.map((reason, index) => h("p", { class: "note", key: `reason ${index}` }, reason.text)));
}

/** What was measured: the first few at once, the rest and what is not to be had here folded away. */
function numbers(clause, view) {
  const rows = clause.measures.flatMap((measure) => measure.resources.map((resource) => ({ measure, resource })));
  const there = rows.filter(({ resource }) => resource.curve.length > 0 || resource.verdict !== "unknown");
  const heads = there.filter(({ measure, resource }) => measure.resources[0] === resource);
  const isFault = ({ resource }) => ["critical", "warning"].includes(resource.verdict);
  const first = there.filter((row) => isFault(row) || heads.slice(0, SHOWN_AT_ONCE).includes(row));
  const more = there.filter((row) => !first.includes(row));
  const missing = rows.filter((row) => !there.includes(row));
  return [
    list("first", first, view),
    folded("more", more, view.say("more", more.length), view),
    folded("missing", missing, view.say("not_here", missing.length), view),
  ];
}

function folded(key, rows, title, view) {
  if (rows.length === 0) return null;
  return h("details", { key }, h("summary", {}, title), list(key, rows, view));
}

function list(key, rows, view) {
  if (rows.length === 0) return null;
  return h("ul", { class: "measures", key }, rows.map((row) => measureItem(row, view)));
}

function measureItem({ measure, resource }, view) {
  const { say } = view;
  const state = view.isGone ? "gone" : resource.verdict;
  const isMissing = resource.verdict === "unknown" && resource.curve.length === 0;
  const checked = measure.checked_at ? say("checked", ago(view.secondsSince(measure.checked_at), say)) : "";
  return h("li", { class: `measure ${state}`, key: `${measure.rule} ${resource.resource}` },
    h("span", { class: "name" }, measure.name, resource.resource ? h("small", {}, resource.resource) : null),
    h("span", { class: "value" }, ["critical", "warning"].includes(state) ? sign(state) : null, resource.value),
    h("span", { class: "limit" }, resource.limit),
    isMissing ? h("small", { class: "why" }, resource.reason) : spark(resource.curve, resource.limit_value, curveLabel(resource, say)),
    h("small", { class: "checked" }, checked));
}

function curveLabel(resource, say) {
  const values = resource.curve.filter((value) => value !== null);
  if (values.length === 0) return say("curve_none");
  const short = (value) => String(Number(value.toPrecision(3)));
  return say("curve", short(Math.min(...values)), short(Math.max(...values)));
}
