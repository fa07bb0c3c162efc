// The same grid for who listens: rows and cells as elements, of what can be seen now and no more.
import { NOTHING, STATES, store } from "./store.js";
import { layout } from "./layout.js";
import { byId, el } from "./dom.js";

const grid = byId("grid"), spoken = byId("spoken");
let timer = 0, last = 0;

/** Soon, and not at each of many changes. */
export function speak(cursor, visible) {
  if (timer) return;
  const wait = document.activeElement === grid ? 30 : Math.max(250, 1000 - performance.now() + last);
  timer = setTimeout(() => { timer = 0; last = performance.now(); render(cursor, visible); }, wait);
}

const stateOf = (node, column) => {
  const state = node.cells[column.index] ?? NOTHING;
  return state === NOTHING ? "not wanted" : STATES[state];
};

function render(cursor, { first, last: end, firstColumn, lastColumn }) {
  grid.setAttribute("aria-rowcount", layout.rows.length + 1);
  grid.setAttribute("aria-colcount", layout.columns.length + 1);
  const from = Math.max(0, Math.min(first, cursor.row)), to = Math.max(Math.min(end, first + 60), cursor.row + 1);
  const columns = layout.columns.slice(firstColumn, lastColumn);
  const head = el("div", { role: "row", "aria-rowindex": 1 },
    el("span", { role: "columnheader", "aria-colindex": 1 }, "node"),
    columns.map((column, index) => el("span", { role: "columnheader", "aria-colindex": firstColumn + index + 2 }, column.image.name)));
  const lines = [];
  for (let index = from; index < Math.min(to, from + 80); index += 1) {
    const row = layout.rows[index];
    if (!row) break;
    const active = (column) => (index === cursor.row && column === cursor.column ? { id: "active", "aria-selected": "true" } : {});
    if (!row.node) {
      lines.push(el("div", { role: "row", "aria-rowindex": index + 2, "aria-expanded": String(row.isOpen) },
        el("span", { role: "rowheader", "aria-colindex": 1, ...active(-1) },
          `${row.group.name || "nodes"}: ${row.group.warm} of ${row.group.able} nodes are warm`),
        columns.map((column, place) => el("span", { role: "gridcell", "aria-colindex": firstColumn + place + 2, ...active(firstColumn + place) },
          `${row.group.counts[column.index * (STATES.length + 1)]} warm`))));
      continue;
    }
    lines.push(el("div", { role: "row", "aria-rowindex": index + 2 },
      el("span", { role: "rowheader", "aria-colindex": 1, ...active(-1) }, row.node.name),
      columns.map((column, place) => el("span", { role: "gridcell", "aria-colindex": firstColumn + place + 2, ...active(firstColumn + place) },
        `${column.label} on ${row.node.name}: ${stateOf(row.node, column)}`))));
  }
  spoken.replaceChildren(head, ...lines);
  if (byId("active")) grid.setAttribute("aria-activedescendant", "active");
  else grid.removeAttribute("aria-activedescendant");
}

export { store };
