// The same grid for who listens: rows and cells as elements, of what can be seen now and no more.
import { NOTHING, STATES } from "./store.js";
import { layout } from "./layout.js";
import { byId, el } from "./dom.js";

const grid = byId("grid"), spoken = byId("spoken");
let timer = 0, last = 0;

/** Soon, and not at each of many changes: what can be seen (`visible`) is asked then, since a wait may begin before the first rows. */
export function speak(cursor, visible) {
  if (timer) return;
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

function render(cursor, { first, last: end, firstColumn, lastColumn }) {
  set(grid, { "aria-rowcount": layout.rows.length + 1, "aria-colcount": layout.columns.length + 1 });
  const from = Math.max(0, Math.min(first, cursor.row));
  const to = Math.min(layout.rows.length, from + 80, Math.max(Math.min(end, first + 60), cursor.row + 1));
  const columns = layout.columns.slice(firstColumn, lastColumn);
  resize(spoken, Math.max(0, to - from) + 1, "div");
  line(spoken.children[0], { "aria-rowindex": 1 }, [
    { role: "columnheader", column: 1, text: "node" },
    ...columns.map((column, index) => ({ role: "columnheader", column: firstColumn + index + 2, text: column.image.name })),
  ]);
  for (let index = from; index < to; index += 1) {
    const { node, group, isOpen } = layout.rows[index];
    const isActive = (column) => index === cursor.row && column === cursor.column;
    const name = node ? node.name : `${group.name || "nodes"}: ${group.warm} of ${group.able} nodes are warm`;
    line(spoken.children[index - from + 1], { "aria-rowindex": index + 2, ...(node ? {} : { "aria-expanded": String(isOpen) }) }, [
      { role: "rowheader", column: 1, isActive: isActive(-1), text: name },
      ...columns.map((column, place) => ({
        role: "gridcell", column: firstColumn + place + 2, isActive: isActive(firstColumn + place),
        text: node ? `${column.label} on ${node.name}: ${stateOf(node, column)}` : `${group.counts[column.index * (STATES.length + 1)]} warm`,
      })),
    ]);
  }
  set(grid, { "aria-activedescendant": byId("active") ? "active" : null });
}
