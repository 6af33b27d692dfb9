// A description of the page in, the smallest change to the document out: what stays keeps its focus, scroll and state.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "circle", "line", "polyline", "rect"]);

// What a person may have changed since: set when the element is made, never again.
const ONLY_AT_FIRST = new Set(["open", "checked", "value"]);

/** An element: properties that begin with `on` are listeners, `key` tells siblings apart; empty children are left out. */
export function h(tag, properties = {}, ...children) {
  const kept = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
  return { tag, properties, children: kept.map((child) => (typeof child === "object" ? child : String(child))) };
}

/** Make the children of `parent` look as described. */
export function patch(parent, described) {
  const known = new Map();
  for (const node of parent.childNodes) {
    if (node.patchKey) known.set(node.patchKey, node);
  }
  let at = parent.firstChild;
  described.forEach((child, index) => {
    const key = keyOf(child, index);
    const node = known.get(key) ?? made(child, key);
    known.delete(key);
    update(node, child);
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  });
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function keyOf(child, index) {
  if (typeof child === "string") return `text ${index}`;
  return `${child.tag} ${child.properties.key ?? index}`;
}

function made(child, key) {
  const node = typeof child === "string" ? document.createTextNode(child) : element(child);
  node.patchKey = key;
  return node;
}

function element({ tag, properties }) {
  const node = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  node.listeners = {};
  node.described = {};
  for (const name of ONLY_AT_FIRST) {
    if (properties[name] !== undefined) node[name] = properties[name];
  }
  return node;
}

function update(node, child) {
  if (typeof child === "string") {
    if (node.data !== child) node.data = child;
    return;
  }
  for (const name of Object.keys(node.described)) {
    if (!(name in child.properties)) set(node, name, undefined);
  }
  for (const [name, value] of Object.entries(child.properties)) {
    if (node.described[name] !== value) set(node, name, value);
  }
  node.described = child.properties;
  patch(node, child.children);
}

function set(node, name, value) {
  if (name === "key" || ONLY_AT_FIRST.has(name)) return;
  if (name.startsWith("on")) listen(node, name.slice(2), value);
  else if (value === undefined || value === null || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : value);
}

function listen(node, event, listener) {
  if (!(event in node.listeners)) node.addEventListener(event, (happened) => node.listeners[event]?.(happened));
  node.listeners[event] = listener;
}
