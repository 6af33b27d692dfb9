// The whole page as a description: the verdict first, then what to do, then everything behind it.

import { faults, others } from "./alerts.js";
import { checkPanel, readOnly } from "./check.js";
import { groups } from "./clauses.js";
import { sign } from "./icons.js";
import { h } from "./patch.js";
import { recordPanel, untoldPanel } from "./record.js";
import { ago, clock } from "./times.js";

/** The page's children for this state. */
export function pageView(document, view, check, actions) {
  const { say } = view;
  const banner = verdict(document, view);
  return [
    h("a", { class: "skip", href: "#main", key: "skip" }, say("skip")),
    header(document, view, actions),
    h("main", { id: "main", class: view.isGone ? "stale" : "", tabindex: "-1", key: "main" },
      banner,
      view.notice ? h("p", { class: "card notice", role: "alert", key: "notice" }, view.notice, " ", h("button", { type: "button", onclick: actions.dismiss }, say("dismiss"))) : null,
      document?.taken_at ? [faults(document, view, actions), body(document, view, check, actions)] : null),
    document ? footer(document, view, actions) : null,
  ];
}

function header(document, view, actions) {
  const { say } = view;
  const other = say.language === "zh" ? "en" : "zh";
  return h("header", { key: "header" },
    h("p", { class: "product" }, h("strong", {}, say("product")), document ? h("span", {}, document.machine) : null),
    h("p", { class: "updated" }, document?.taken_at ? say("updated", ago(view.secondsSince(document.taken_at), say)) : ""),
    h("button", { type: "button", class: "language", lang: other === "zh" ? "zh-CN" : "en", onclick: () => actions.speak(other) }, say("other_language")));
}

function verdict(document, view) {
  const { say, state } = view;
  const last = document?.taken_at
    ? say("last_data", clock(document.taken_at, { seconds: true }), ago(view.secondsSince(document.taken_at), say))
    : say("no_data");
  return h("section", { class: `verdict ${state}`, key: "verdict", "aria-labelledby": "verdict-word" },
    sign(state),
    h("div", { class: "said" },
      h("h1", { id: "verdict-word" }, say(state)),
      h("p", { class: "go" }, say(`go_${state}`)),
      state === "gone" ? h("p", { class: "last", key: "last" }, view.isStalled ? `${say("stalled")} ` : "", last) : null),
    document ? h("div", { class: "contact" }, h("p", {}, say("contact")), h("p", { class: "whom" }, document.it_contact)) : null);
}

function body(document, view, check, actions) {
  return h("div", { class: "columns", key: "columns" },
    h("div", { class: "clauses-column" },
      h("h2", { class: "unseen" }, view.say("clauses")),
      groups(document, view)),
    h("div", { class: "side" },
      checkPanel(document, view, check, actions.changed),
      others(document, view, actions),
      recordPanel(document, view)),
    untoldPanel(document, view));
}

function footer(document, view, actions) {
  const { say } = view;
  return h("footer", { key: "footer" },
    view.session.user
      ? h("p", { key: "who" }, say("signed_in", view.session.user), " ", h("button", { type: "button", onclick: actions.signOut }, say("sign_out")))
      : h("p", { key: "how" }, readOnly(say)),
    h("p", { key: "version" }, say("version", document.version)));
}
