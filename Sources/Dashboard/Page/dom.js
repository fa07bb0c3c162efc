// Elements are made here and nowhere else. Texts go in as text nodes: whatever a cluster calls its things stays text.

const SVG = "http://www.w3.org/2000/svg";

function make(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(4).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An HTML element: el("p", {class: "muted"}, "text", …). */
export const el = (name, attributes = {}, ...children) => make(document.createElement(name), attributes, children);

/** An SVG element. */
export const svg = (name, attributes = {}, ...children) =>
  make(document.createElementNS(SVG, name), attributes, children);

export const byId = (id) => document.getElementById(id);

/** Sets a text where it differs, so that screen readers hear changes only. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// The shape of each state within a square of 14; matrix.js draws the same on its canvas.
const shapes = {
  warm: () => [svg("rect", { x: 1, y: 1, width: 12, height: 12, rx: 2.5, fill: "currentColor" })],
  stale: () => [svg("path", { d: "M7 .8 13.2 7 7 13.2 .8 7z", fill: "currentColor" })],
  pulling: () => [
    svg("rect", { x: 1.75, y: 1.75, width: 10.5, height: 10.5, rx: 2.2, fill: "none", stroke: "currentColor", "stroke-width": 1.5 }),
    svg("path", { d: "M7 3.6v6M4.4 7.2 7 9.9l2.6-2.7", fill: "none", stroke: "currentColor", "stroke-width": 1.6 }),
  ],
  pending: () => [
    svg("rect", { x: 1.75, y: 1.75, width: 10.5, height: 10.5, rx: 2.2, fill: "none", stroke: "currentColor", "stroke-width": 1.3 }),
  ],
  failed: () => [svg("path", { d: "M2.4 2.4l9.2 9.2M11.6 2.4l-9.2 9.2", fill: "none", stroke: "currentColor", "stroke-width": 2.6 })],
  unsupported: () => [svg("path", { d: "M3.5 7h7", fill: "none", stroke: "currentColor", "stroke-width": 1.8 })],
};

export function mark(state) {
  const picture = svg("svg", { viewBox: "0 0 14 14", class: `mark tone-${state}`, "aria-hidden": "true" });
  picture.append(...(shapes[state]?.() ?? []));
  return picture;
}
