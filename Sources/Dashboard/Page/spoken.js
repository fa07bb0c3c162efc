// The same grid for who listens: rows and cells as elements, of what can be seen now and no more.
import { NOTHING, STATES } from "./store.js";
import { layout } from "./layout.js";
import { byId, el } from "./dom.js";

const grid = byId("grid"), spoken = byId("spoken");
let timer = 0, last = 0, isAsked = false, again = () => {};

/** Soon, and not at each of many changes; what can be seen is asked then, as a wait may begin before the first rows. */
export function speak(cursor, visible) {
  again = () => speak(cursor, visible);
  if (timer) { isAsked = true; return; }
  const wait = document.activeElement === grid ? 30 : Math.max(250, 1000 - performance.now() + last);
  timer = setTimeout(() => { timer = 0; last = performance.now(); render(cursor, visible()); }, wait);
}

const stateOf = (node, column) => {
  const state = node.cells[column.index] ?? NOTHING;
  return state === NOTHING ? "not wanted" : STATES[state];
};

/** Sets what differs only: most of it stays as it is from one change to the next. */
function set(element, attributes, text) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
  }
  if (text !== undefined && element.firstChild?.nodeValue !== text) element.textContent = text;
}

/** Makes an element have so many children. */
function resize(element, number, tag) {
  while (element.children.length > number) element.lastElementChild.remove();
  while (element.children.length < number) element.append(el(tag));
}

function line(element, attributes, cells) {
  set(element, { role: "row", "aria-expanded": null, ...attributes });
  resize(element, cells.length, "span");
  cells.forEach((cell, index) => set(element.children[index], {
    role: cell.role, "aria-colindex": cell.column, id: cell.isActive ? "active" : null, "aria-selected": cell.isActive ? "true" : null,
  }, cell.text));
}

/** What a line was made for, by its element: most lines are the same at the next time. */
const made = new WeakMap();
/** Milliseconds of a frame that making lines may take; the others follow. */
const SHARE = 8;

function render(cursor, { first, last: end, firstColumn, lastColumn }) {
  set(grid, { "aria-rowcount": layout.rows.length + 1, "aria-colcount": layout.columns.length + 1 });
  const from = Math.max(0, Math.min(first, cursor.row));
  const to = Math.min(layout.rows.length, from + 80, Math.max(Math.min(end, first + 60), cursor.row + 1));
  const columns = layout.columns.slice(firstColumn, lastColumn);
  while (spoken.children.length > to - from + 1) spoken.lastElementChild.remove();
  const child = (place) => spoken.children[place] ?? spoken.appendChild(el("div"));
  line(child(0), { "aria-rowindex": 1 }, [
    { role: "columnheader", column: 1, text: "node" },
    ...columns.map((column, index) => ({ role: "columnheader", column: firstColumn + index + 2, text: column.image.name })),
  ]);
  const names = columns.map((column) => column.label).join();
  const row = (index) => {
    const { node, group, isOpen } = layout.rows[index];
    const element = child(index - from + 1);
    const active = index === cursor.row ? cursor.column : null;
    const key = [index, active, firstColumn, names];
    const old = made.get(element);
    if (node && old?.node === node && key.every((part, place) => part === old.key[place])) return;
    made.set(element, { node, key });
    const isActive = (column) => column === active;
    const name = node ? node.name : `${group.name || "nodes"}: ${group.warm} of ${group.able} nodes are warm`;
    line(element, { "aria-rowindex": index + 2, ...(node ? {} : { "aria-expanded": String(isOpen) }) }, [
      { role: "rowheader", column: 1, isActive: isActive(-1), text: name },
      ...columns.map((column, place) => ({
        role: "gridcell", column: firstColumn + place + 2, isActive: isActive(firstColumn + place),
        text: node ? `${column.label} on ${node.name}: ${stateOf(node, column)}` : `${group.counts[column.index * (STATES.length + 1)]} warm`,
      })),
    ]);
  };
  // In parts, so that no frame waits for all of them; the layout may be another one by then.
  const rows = layout.rows;
  const go = (index) => {
    const begun = performance.now();
    let next = index;
    while (next < to && (next === index || performance.now() - begun < SHARE)) row(next++);
    if (next < to && rows === layout.rows) {
      timer = setTimeout(() => {
        timer = 0;
        if (rows === layout.rows) go(next); else again();
      }, 0);
      return;
    }
    set(grid, { "aria-activedescendant": byId("active") ? "active" : null });
    if (isAsked) again();
  };
  isAsked = false;
  go(from);
}
