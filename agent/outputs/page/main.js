// Holds the page's state: asks the agent every two seconds, draws what changed, and says so when nothing comes any more.

import { ask, overview, Refused, session } from "./agent.js";
import { newCheck } from "./check.js";
import { patch } from "./patch.js";
import { pageView } from "./view.js";
import { firstLanguage, keepLanguage, speaker } from "./words.js";

const ASK_MILLISECONDS = 2000;
const ASK_HIDDEN_MILLISECONDS = 15000;
// Two unanswered questions: one may be lost to a sleep or a restart.
const GONE_AFTER_FAILURES = 2;
// Cycles without new data, and some seconds for a slow machine, until the agent counts as stalled.
const STALLED_CYCLES = 3;
const STALLED_SECONDS = 10;

const state = {
  say: speaker(firstLanguage()),
  document: null,
  session: { user: null, may_silence: false },
  failures: 0,
  changedAt: performance.now(),
  ageAtChange: 0,
  notice: "",
  check: newCheck(),
  seen: new Set(),
  timer: 0,
};

/** Seconds since the agent measured last, by this page's own clock: two clocks that differ do not matter. */
function age() {
  return state.ageAtChange + (performance.now() - state.changedAt) / 1000;
}

function view() {
  const { document: shown, say } = state;
  const isStalled = Boolean(shown?.taken_at) && age() > STALLED_CYCLES * shown.interval_seconds + STALLED_SECONDS;
  const isGone = state.failures >= GONE_AFTER_FAILURES || isStalled;
  const verdict = shown?.taken_at ? shown.verdict : "starting";
  const takenAt = shown?.taken_at ? Date.parse(shown.taken_at) : 0;
  return {
    say, isGone, isStalled: isStalled && state.failures < GONE_AFTER_FAILURES,
    state: isGone ? "gone" : verdict,
    session: state.session, notice: state.notice,
    secondsSince: (iso) => Math.max(0, (takenAt - Date.parse(iso)) / 1000 + age()),
  };
}

function draw() {
  const now = view();
  const { say } = state;
  document.documentElement.lang = say.language === "zh" ? "zh-CN" : "en";
  patch(document.getElementById("page"), pageView(state.document, now, state.check, actions).filter(Boolean));
  setText(document.getElementById("announcement"), spoken(now));
  const title = `${say(now.state)} · ${say("product")}`;
  if (document.title !== title) document.title = title;
  const icon = document.getElementById("icon");
  const picture = `${now.state === "starting" ? "unknown" : now.state}.svg`;
  if (icon.getAttribute("href") !== picture) icon.setAttribute("href", picture);
}

/** What a screen reader says by itself: the verdict and the faults, and only when they change. */
function spoken(now) {
  const { say } = state;
  const firing = now.isGone ? [] : (state.document?.alerts ?? []).filter((alert) => alert.state === "firing");
  return [`${say(now.state)}${say.colon}${say(`go_${now.state}`)}`, ...firing.map((alert) => alert.title)].join(" ");
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

async function refresh() {
  clearTimeout(state.timer);
  const { language } = state.say;
  try {
    const found = await overview(language);
    if (language === state.say.language) take(found);
    state.failures = 0;
  } catch {
    state.failures += 1;
  }
  draw();
  markSeen();
  clearTimeout(state.timer);
  state.timer = setTimeout(refresh, document.hidden ? ASK_HIDDEN_MILLISECONDS : ASK_MILLISECONDS);
}

function take(found) {
  if (found.taken_at !== state.document?.taken_at) {
    state.ageAtChange = state.document ? 0 : Math.max(0, (Date.now() - Date.parse(found.taken_at ?? 0)) / 1000);
    state.changedAt = performance.now();
  }
  if (state.failures >= GONE_AFTER_FAILURES) refreshSession();
  state.document = found;
}

/** A stop that stands on a user's screen has been seen by that user; each is told once. */
function markSeen() {
  if (document.hidden || !state.session.user) return;
  for (const alert of state.document?.alerts ?? []) {
    const episode = `${alert.alert} ${alert.since}`;
    if (alert.state === "firing" && !alert.seen_at && !state.seen.has(episode)) {
      state.seen.add(episode);
      ask("POST", "seen", { alert: alert.alert }).catch(() => state.seen.delete(episode));
    }
  }
}

async function refreshSession() {
  try {
    state.session = await session();
  } catch {
    state.session = { user: null, may_silence: false };
  }
  draw();
}

/** Do something, then show how things are; what was refused is said, and a session that ended is noticed. */
async function act(method, path, fields) {
  state.notice = "";
  try {
    await ask(method, path, fields);
  } catch (error) {
    state.notice = state.say("failed", error instanceof Refused ? error.message : error.name);
    await refreshSession();
  }
  await refresh();
}

const actions = {
  changed: draw,
  acknowledge: async (alert) => {
    await act("POST", "acknowledge", { alert: alert.alert });
    document.getElementById("faults-title")?.focus();
  },
  silence: (rule, seconds, reason) => act("POST", "silence", { rule, seconds, reason }),
  endSilence: (rule) => act("DELETE", "silence", { rule }),
  signOut: async () => {
    await act("DELETE", "page-sessions", {});
    await refreshSession();
  },
  dismiss: () => {
    state.notice = "";
    draw();
  },
  speak: (language) => {
    keepLanguage(language);
    state.say = speaker(language);
    draw();
    refresh();
  },
};

/** A token in the address becomes a session; the address forgets it before anything else. */
async function enter() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) {
    history.replaceState(null, "", location.pathname);
    try {
      await ask("POST", "page-sessions", { token });
    } catch {
      state.notice = state.say("session_failed");
    }
  }
  await refreshSession();
}

document.addEventListener("visibilitychange", () => document.hidden || refresh());
window.addEventListener("hashchange", enter);
setInterval(draw, 1000);
draw();
enter();
refresh();
