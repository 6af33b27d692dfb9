// What the page asks of the agent. Nothing is kept by the browser; an unchanged document costs a few bytes.

const PATIENCE_MILLISECONDS = 4000;
// A check takes six seconds, on a loaded machine up to its deadline of 25.
const CHECK_MILLISECONDS = 30000;

/** The agent said no, in its own words. */
export class Refused extends Error {}

let known = { language: "", tag: "", document: null };

/** The page's document; the same object while it has not changed. Throws where the agent does not answer. */
export async function overview(language) {
  const headers = known.language === language && known.tag ? { "If-None-Match": known.tag } : {};
  const answer = await fetch(`api/v1/overview?language=${language}`, {
    headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
  });
  if (answer.status !== 304) {
    if (!answer.ok) throw new Error(String(answer.status));
    known = { language, tag: answer.headers.get("ETag"), document: await answer.json() };
  }
  return known.document;
}

/** Who is behind this page, and whether they may silence. */
export async function session() {
  const answer = await fetch("api/v1/page-sessions", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
  return answer.json();
}

/** Ask for something to be done; the answer's fields. Throws Refused with the agent's reason. */
export async function ask(method, path, fields, { patience = PATIENCE_MILLISECONDS * 2 } = {}) {
  const answer = await fetch(`api/v1/${path}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(fields),
    signal: AbortSignal.timeout(patience),
  });
  if (answer.status === 204) return {};
  const said = await answer.json();
  if (!answer.ok) throw new Refused(said.error);
  return said;
}

export const measureNow = () => ask("POST", "page-checks", {}, { patience: CHECK_MILLISECONDS });
