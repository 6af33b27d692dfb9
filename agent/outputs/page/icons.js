// The states' pictures: each has a shape of its own, so that none rests on its colour.

import { h } from "./patch.js";

const CIRCLE = "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z";
const SHAPES = {
  normal: [CIRCLE, "M7 12.5l3.4 3.4L17 9"],
  warning: ["M12 2.6L23 21.4H1z", "M12 9v6M12 17.6v.9"],
  critical: ["M7.9 2h8.2L22 7.9v8.2L16.1 22H7.9L2 16.1V7.9z", "M12 6.5v7M12 16.6v.9"],
  unknown: [CIRCLE, "M9 9.4a3 3 0 1 1 4.3 2.7c-.9.4-1.3 1-1.3 1.9v.4M12 17v.6"],
  person: [CIRCLE, "M12 6.5a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4zM7 17.4c.6-2.4 2.5-3.6 5-3.6s4.4 1.2 5 3.6"],
  gone: [CIRCLE, "M7 12h10"],
  starting: [CIRCLE, "M8 12h.1M12 12h.1M16 12h.1"],
};
const PICTURES = {
  phone: "M6 3l3.5 1 1 4.5-2 1.7a13 13 0 0 0 5.3 5.3l1.7-2L20 14.500l1 3.500a2 2 0 0 1-2 2.500C11 20.500 3.500 13 3.500 5A2 2 0 0 1 6 3z",
  computer: "M3 4.500h18v11.500H3zM9 20h6M12 16v4",
  network: "M12 3v6M5 21v-6h14v6M12 9v6M9.500 3h5M2.500 21h5M16.500 21h5",
  other: "M6 3h9l4 4v14H6zM9 11h6M9 15h6",
};

/** A state's sign; the word beside it says the same, so readers skip it. */
export function sign(state) {
  const [outline, mark] = SHAPES[state];
  return h("svg", { class: `sign ${state}`, viewBox: "0 0 24 24", "aria-hidden": "true", key: `sign ${state}` },
    h("path", { class: "outline", d: outline }), h("path", { class: "mark", d: mark }));
}

/** A picture of a thing. */
export function picture(name) {
  return h("svg", { class: "picture", viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d: PICTURES[name] }));
}
