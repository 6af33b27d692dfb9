// Times as people read them, in the browser's zone.

const formats = new Map();

/** `10:32:05`, without the seconds where they say nothing. */
export function clock(iso, { seconds = false } = {}) {
  if (!formats.has(seconds)) {
    const wanted = { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined, hourCycle: "h23" };
    formats.set(seconds, new Intl.DateTimeFormat("en-GB", wanted));
  }
  return formats.get(seconds).format(new Date(iso));
}

/** `10:32` of today, with the date of any other day. */
export function moment(iso) {
  const at = new Date(iso);
  const isToday = at.toDateString() === new Date().toDateString();
  const two = (number) => String(number).padStart(2, "0");
  return isToday ? clock(iso) : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(iso)}`;
}

/** How long ago, coarser with the distance. */
export function ago(seconds, say) {
  if (seconds < 3) return say("just_now");
  if (seconds < 120) return say("ago_seconds", Math.round(seconds));
  if (seconds < 7200) return say("ago_minutes", Math.round(seconds / 60));
  return say("ago_hours", Math.round(seconds / 3600));
}

/** A span in hours and minutes. */
export function span(seconds, say) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return say("minutes", minutes);
  return say("hours_minutes", Math.floor(minutes / 60), minutes % 60);
}
