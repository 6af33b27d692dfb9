// A curve of the last quarter of an hour: the newest value at the right edge, holes where nothing was measured.

import { h } from "./patch.js";

const WIDTH = 120;
const HEIGHT = 28;
const MARGIN = 3;
const SLOTS = 90;

/** The curve with its limit as a dashed line; `label` says the same in words. */
export function spark(curve, limit, label) {
  const values = curve.filter((value) => value !== null);
  if (values.length === 0) return h("span", { class: "spark none" });
  const low = Math.min(limit, ...values);
  const high = Math.max(limit, ...values);
  const y = (value) => (high === low ? HEIGHT / 2 : HEIGHT - MARGIN - ((value - low) / (high - low)) * (HEIGHT - 2 * MARGIN));
  const x = (index) => WIDTH - MARGIN - (curve.length - 1 - index) * ((WIDTH - 2 * MARGIN) / (SLOTS - 1));
  const last = curve.length - 1;
  return h("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    h("line", { class: "limit", x1: 0, x2: WIDTH, y1: round(y(limit)), y2: round(y(limit)) }),
    h("path", { class: "curve", d: path(curve, x, y) }),
    curve[last] === null ? null : h("circle", { class: "now", cx: round(x(last)), cy: round(y(curve[last])), r: 2.5 }));
}

function path(curve, x, y) {
  let isOpen = false;
  return curve.map((value, index) => {
    if (value === null) {
      isOpen = false;
      return "";
    }
    const step = `${isOpen ? "L" : "M"}${round(x(index))} ${round(y(value))}`;
    isOpen = true;
    return step;
  }).join("");
}

function round(number) {
  return Math.round(number * 10) / 10;
}
