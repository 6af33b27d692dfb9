// What is wrong now, what to do about it, and who has taken care of it.

import { sign } from "./icons.js";
import { h } from "./patch.js";
import { moment } from "./times.js";

const HOURS = [1, 4, 24];

/** Firing alerts as cards, the worst first; nothing where there are none. */
export function faults(document, view, actions) {
  const firing = document.alerts.filter((alert) => alert.state === "firing");
  if (firing.length === 0) return null;
  return h("section", { class: "faults", key: "faults", "aria-labelledby": "faults-title" },
    h("h2", { id: "faults-title", tabindex: "-1" }, view.say("what_to_do")),
    h("ul", {}, firing.map((alert) => fault(alert, view, actions))));
}

function fault(alert, view, actions) {
  const { say } = view;
  const state = view.isGone ? "gone" : alert.severity;
  return h("li", { class: `card fault ${state}`, key: alert.alert },
    sign(state),
    h("div", { class: "told" },
      h("h3", {}, alert.title),
      h("p", { class: "action" }, alert.action),
      h("p", { class: "problem" }, alert.problem),
      h("p", { class: "note" }, facts(alert, say).join(" · ")),
      h("div", { class: "buttons" }, buttons(alert, view, actions))));
}

function facts(alert, say) {
  return [
    say("since", moment(alert.since)),
    say("clause", alert.clause),
    alert.cannot_tell ? say("cannot_tell_now") : null,
    alert.silenced_until ? say("silenced", moment(alert.silenced_until)) : null,
  ].filter(Boolean);
}

function buttons(alert, view, actions) {
  const { say } = view;
  const done = alert.acknowledged_by
    ? h("p", { class: "acknowledged", key: "done" }, sign("normal"), say("acknowledged", alert.acknowledged_by, moment(alert.acknowledged_at)))
    : null;
  if (!view.session.user || view.isGone) return done;
  return [
    done ?? h("button", { class: "main", type: "button", key: "acknowledge", onclick: () => actions.acknowledge(alert) }, say("acknowledge")),
    view.session.may_silence && !alert.silenced_until ? silenceForm(alert, say, actions) : null,
  ];
}

function silenceForm(alert, say, actions) {
  const submit = (event) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    actions.silence(alert.rule, Number(fields.get("hours")) * 3600, String(fields.get("reason")).trim());
  };
  return h("details", { class: "silence", key: "silence" },
    h("summary", {}, say("silence")),
    h("form", { onsubmit: submit },
      h("label", {}, say("silence_for"), h("select", { name: "hours" }, HOURS.map((hours) => h("option", { value: String(hours), key: hours }, say("hours", hours))))),
      h("label", {}, say("reason"), h("input", { name: "reason", required: true, maxlength: "200", autocomplete: "off" })),
      h("button", { type: "submit" }, say("do_silence"))));
}

/** What is only watched, and what people silenced; nothing where there is neither. */
export function others(document, view, actions) {
  const { say } = view;
  const watched = document.alerts.filter((alert) => alert.state === "pending");
  const silences = document.silences ?? [];
  return [
    watched.length ? h("section", { class: "card", key: "watched", "aria-labelledby": "watched-title" },
      h("h2", { id: "watched-title" }, say("watched")),
      h("ul", { class: "lines" }, watched.map((alert) => h("li", { key: alert.alert }, say("watched_line", alert.title))))) : null,
    silences.length ? h("section", { class: "card", key: "silences", "aria-labelledby": "silences-title" },
      h("h2", { id: "silences-title" }, say("silences")),
      h("ul", { class: "lines" }, silences.map((one) => silenceLine(one, view, actions)))) : null,
  ];
}

function silenceLine(one, view, actions) {
  const { say } = view;
  return h("li", { key: one.rule },
    say("silence_line", one.title, moment(one.until), one.reason, one.by), " ",
    view.session.may_silence ? h("button", { type: "button", onclick: () => actions.endSilence(one.rule) }, say("end_silence")) : null);
}
