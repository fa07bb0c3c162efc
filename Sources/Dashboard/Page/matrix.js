// The matrix on its canvas: what is visible of it is drawn anew when something changed, at most once a frame.
import { NOTHING, STATES, onChange, store } from "./store.js";
import { arrange, isOpen, layout, opened, refresh, rows } from "./layout.js";
import { go, onView, view } from "./address.js";
import { byId } from "./dom.js";
import { count } from "./format.js";
import { paintCell, paintDensity, readColours } from "./paint.js";
import { speak } from "./spoken.js";
import { hideTip, showTip } from "./tip.js";

const grid = byId("grid"), canvas = byId("canvas"), sizer = byId("sizer");
const context = canvas.getContext("2d", { alpha: false });
const reduced = matchMedia("(prefers-reduced-motion: reduce)");
const FLASH = 900;

let colours = {}, tops = [], isDirty = false, isStale = false;
const size = { width: 0, height: 0, scale: 1, left: 180, head: 60, band: 20, column: 26, row: 22, closed: 40, open: 30, bottom: 0 };
/** The cell that the keyboard is at: a row of the layout, and a column or -1 for the row's name. */
export const cursor = { row: 0, column: -1 };
let hovered = null;

function measure() {
  // A picture of the old size must not make a scrollbar, nor one bar the other.
  canvas.style.width = canvas.style.height = "0px";
  plan();
  if (grid.clientWidth !== size.width || grid.clientHeight !== size.height) plan();
  if (canvas.width !== Math.round(size.width * size.scale) || canvas.height !== Math.round(size.height * size.scale)) {
    canvas.width = Math.round(size.width * size.scale);
    canvas.height = Math.round(size.height * size.scale);
  }
  canvas.style.width = `${size.width}px`;
  canvas.style.height = `${size.height}px`;
}

function plan() {
  size.width = grid.clientWidth;
  size.height = grid.clientHeight;
  size.scale = Math.max(1, devicePixelRatio || 1);
  const isNarrow = size.width < 560;
  let longest = 60;
  for (const { node } of layout.rows.slice(0, 400)) {
    if (node) longest = Math.max(longest, node.name.length * 7.1 + (node.flags?.[0] ?? "").length * 6 + 40);
  }
  if (layout.isGrouped) longest = Math.max(longest, widestGroup());
  size.left = Math.ceil(Math.min(longest, isNarrow ? Math.max(118, size.width * 0.4) : 270));
  const room = size.width - size.left - 14;
  size.column = Math.max(26, Math.min(124, Math.floor(room / Math.max(1, layout.columns.length))));
  size.isTilted = size.column < 84;
  const tallest = layout.columns.reduce((most, column) => Math.max(most, column.label.length), 0);
  size.head = size.isTilted ? Math.round(Math.min(150, 18 + tallest * 5.1)) : 42;
  size.row = size.width > 2200 ? 26 : 22;
  const closed = layout.rows.filter((row) => row.isClosed).length;
  size.closed = Math.max(40, Math.min(84, Math.floor((size.height - size.head - size.band - 12) / Math.max(1, closed))));
  tops = new Float64Array(layout.rows.length + 1);
  let top = 0;
  layout.rows.forEach((row, index) => {
    tops[index] = top;
    top += row.node ? size.row : row.isClosed ? size.closed : size.open;
  });
  tops[layout.rows.length] = top;
  const overhang = size.isTilted ? size.head * 0.75 : 0;
  sizer.style.width = `${size.left + size.column * layout.columns.length + overhang + 8}px`;
  sizer.style.height = `${size.head + size.band + top + 6}px`;
  size.bottom = top;
}

const title = (group) => group.name || (layout.groupBy === "none" ? "all nodes" : `no ${layout.groupBy}`);

/** The room of the widest group's name and count, whatever becomes warm. */
function widestGroup() {
  const groups = layout.groups.slice(0, 400);
  context.font = font(12.5, 620);
  const names = groups.map((group) => context.measureText(title(group)).width);
  context.font = font(11.5);
  const counts = groups.map(({ able }) => Math.max(context.measureText(`${able} warm`).width, context.measureText(`${able}/${able}`).width));
  return groups.reduce((most, _, index) => Math.max(most, names[index] + counts[index] + 44), 0);
}

// Asked once: asking makes the browser work out the style of what changed, amid a frame.
const family = getComputedStyle(document.body).fontFamily;
const font = (pixels, weight = 400) => `${weight} ${pixels}px ${family}`;

/** The first row that reaches below a height. */
function rowAt(height) {
  let low = 0, high = layout.rows.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tops[middle + 1] > height) high = middle; else low = middle + 1;
  }
  return low;
}

/** Texts that were cut before: by font and width, then by text. */
const cut = new Map();
const fit = (text, width) => {
  const key = `${context.font} ${width}`;
  if (!cut.has(key)) {
    if (cut.size > 64) cut.clear();
    cut.set(key, new Map());
  }
  const known = cut.get(key);
  if (known.size > 20000) known.clear();
  if (!known.has(text)) known.set(text, shorten(text, width));
  return known.get(text);
};

const shorten = (text, width) => {
  if (context.measureText(text).width <= width) return text;
  let low = 0, high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle; else high = middle - 1;
  }
  return `${text.slice(0, low)}…`;
};

/** Cut amid it: names of zones and pools differ at their ends. */
const fitMiddle = (text, width) => {
  for (let kept = text.length; kept > 3; kept -= 1) {
    const some = kept === text.length ? text : `${text.slice(0, Math.ceil(kept / 2) - 1)}…${text.slice(text.length - Math.floor(kept / 2))}`;
    if (context.measureText(some).width <= width) return some;
  }
  return fit(text, width);
};

let isMeasured = false;

export function draw() {
  isDirty = false;
  // Benchmarks/page asks when the first matrix was there.
  if (!isMeasured && layout.rows.length && layout.columns.length) {
    isMeasured = true;
    performance.mark("first-matrix");
  }
  const { width, height, scale, left, column } = size;
  const top = size.head + size.band;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.fillStyle = colours.panel;
  context.fillRect(0, 0, width, height);
  if (!layout.rows.length || !layout.columns.length) return;
  const [scrollX, scrollY] = [grid.scrollLeft, grid.scrollTop];
  const first = rowAt(scrollY);
  const now = performance.now();
  let isFlashing = false;
  const firstColumn = Math.max(0, Math.floor(scrollX / column));
  const lastColumn = Math.min(layout.columns.length, Math.ceil((scrollX + width - left) / column));

  context.save();
  context.beginPath();
  context.rect(0, top, width, height - top);
  context.clip();
  for (let index = first; index < layout.rows.length && tops[index] - scrollY < height - top; index += 1) {
    const row = layout.rows[index];
    const y = top + tops[index] - scrollY;
    const tall = tops[index + 1] - tops[index];
    if (hovered?.row === index) {
      context.fillStyle = colours.hover;
      context.fillRect(0, y, width, tall);
    }
    for (let place = firstColumn; place < lastColumn; place += 1) {
      const x = left + place * column - scrollX;
      const image = layout.columns[place].index;
      if (row.node) {
        paintCell(context, row.node.cells[image] ?? NOTHING, x + 1, y + 1, column - 2, tall - 2, scale, row.node.progress[image]);
        isFlashing = flash(row.node, image, x, y, column, tall, now) || isFlashing;
      } else {
        drawDensity(row, image, x, y, tall);
      }
    }
    drawName(row, y, tall);
  }
  drawCursor(top, scrollX, scrollY);
  context.restore();
  drawHead(scrollX, firstColumn, lastColumn);
  if (isFlashing) invalidate();
}

function drawDensity(row, image, x, y, tall) {
  const share = paintDensity(
    context, row.group.counts, image * (STATES.length + 1), x + 1, y + (row.isClosed ? 3 : 6), size.column - 2, tall - (row.isClosed ? 6 : 12));
  if (share === null || !row.isClosed || size.column < 58) return;
  const text = share === 1 ? "all" : `${Math.floor(share * 100)} %`;
  context.font = font(12, 620);
  context.textAlign = "center";
  const wide = context.measureText(text).width + 10;
  context.fillStyle = colours.panel;
  context.beginPath();
  context.roundRect(x + size.column / 2 - wide / 2, y + tall / 2 - 9, wide, 18, 4);
  context.fill();
  context.fillStyle = colours.ink;
  context.fillText(text, x + size.column / 2, y + tall / 2 + 4.5);
}

/** A cell that changed just now glows for a moment. */
function flash(node, image, x, y, column, tall, now) {
  const since = node.changed?.get(image);
  if (since === undefined) return false;
  const age = now - since;
  if (age > FLASH || reduced.matches) {
    node.changed.delete(image);
    if (node.changed.size === 0) node.changed = null;
    return false;
  }
  context.globalAlpha = 1 - age / FLASH;
  context.strokeStyle = colours.ink;
  context.lineWidth = 1.5;
  context.strokeRect(x + 0.75, y + 0.75, column - 1.5, tall - 1.5);
  context.globalAlpha = 1;
  return true;
}

function drawName(row, y, tall) {
  const { left } = size;
  context.fillStyle = hovered && layout.rows[hovered.row] === row ? colours.hover : colours.panel;
  context.fillRect(0, y, left, tall);
  context.textAlign = "left";
  const base = y + tall / 2 + 4.2;
  if (row.node) {
    const flag = row.node.flags?.[0];
    context.font = font(11);
    const room = flag ? context.measureText(flag).width + 14 : 0;
    if (flag) {
      context.fillStyle = colours.stale;
      context.fillText(flag, left - room + 2, base);
    }
    context.font = font(12.5);
    context.fillStyle = row.node.cold > 0 ? colours.ink : colours.muted;
    context.fillText(fit(row.node.name, left - 26 - room), layout.isGrouped ? 22 : 12, base);
    return;
  }
  context.fillStyle = colours.muted;
  context.font = font(9);
  context.fillText(row.isOpen ? "▼" : "▶", 8, base - 1);
  context.font = font(12.5, 620);
  context.fillStyle = colours.ink;
  const tally = row.group.warm === row.group.able ? `${row.group.able} warm` : `${row.group.warm}/${row.group.able}`;
  context.font = font(11.5);
  const wide = context.measureText(tally).width;
  context.fillStyle = row.group.warm === row.group.able ? colours.warm : colours.muted;
  context.fillText(tally, left - wide - 10, base);
  context.font = font(12.5, 620);
  context.fillStyle = colours.ink;
  context.fillText(fitMiddle(title(row.group), left - wide - 38), 22, base);
}

function drawHead(scrollX, firstColumn, lastColumn) {
  const { width, left, column, head, band } = size;
  context.fillStyle = colours.panel;
  context.fillRect(0, 0, width, head + band);
  context.save();
  context.beginPath();
  context.rect(left - 4, 0, width, head + band);
  context.clip();
  for (let place = Math.max(0, firstColumn - 6); place < lastColumn; place += 1) {
    const label = layout.columns[place].label;
    const x = left + place * column - scrollX + column / 2;
    context.fillStyle = hovered?.column === place || (document.activeElement === grid && cursor.column === place) ? colours.ink : colours.muted;
    if (size.isTilted) {
      context.save();
      context.translate(x + 4, head - 5);
      context.rotate(-Math.PI / 3.6);
      context.font = font(12);
      context.textAlign = "left";
      context.fillText(fit(label, (head - 14) / 0.78), 0, 0);
      context.restore();
    } else {
      const end = label.search(/[:@][^/]*$/);
      const [name, tag] = end > 0 ? [label.slice(0, end), label.slice(end + 1)] : [label, ""];
      context.textAlign = "center";
      context.font = font(12, 560);
      const path = name.split("/").at(-1);
      context.fillStyle = colours.ink;
      context.fillText(fit(path, column - 6), x, head - 20);
      context.font = font(11.5);
      context.fillStyle = colours.muted;
      context.fillText(fit(tag, column - 6), x, head - 5);
    }
  }
  for (const group of layout.bands) {
    const from = left + group.start * column - scrollX, wide = group.count * column;
    context.fillStyle = colours.control;
    context.fillRect(from + 2, head + band - 4, wide - 4, 1.5);
    const start = Math.max(from + 3, left);
    if (from + wide < left + 20) continue;
    context.font = font(11);
    context.textAlign = "left";
    context.fillStyle = colours.muted;
    context.fillText(fit(group.name, from + wide - start - 4), start, head + band - 8);
  }
  context.restore();
  context.fillStyle = colours.line;
  context.fillRect(0, head + band - 0.5, width, 1);
  context.fillRect(left - 1, 0, 1, size.height);
  context.font = font(11.5);
  context.textAlign = "left";
  context.fillStyle = colours.muted;
  context.fillText(count(layout.shownNodes, "node"), 12, head + band - 8);
}

function drawCursor(top, scrollX, scrollY) {
  if (document.activeElement !== grid || !layout.rows[cursor.row]) return;
  const y = top + tops[cursor.row] - scrollY, tall = tops[cursor.row + 1] - tops[cursor.row];
  const [x, wide] = cursor.column < 0 ? [1, size.left - 3] : [size.left + cursor.column * size.column - scrollX, size.column];
  if (cursor.column >= 0 && x < size.left - 1) return;
  context.strokeStyle = colours.ink;
  context.lineWidth = 2;
  context.strokeRect(x, y + 0.5, wide, tall - 1);
}

// MARK: When to draw

export function invalidate() {
  if (isDirty) return;
  isDirty = true;
  requestAnimationFrame(() => {
    if (isStale) { isStale = false; arrange(); measure(); speak(cursor, visible); }
    draw();
  });
}

/** Works out the rows anew, then draws. */
export function rearrange() {
  isStale = true;
  invalidate();
}

let arranged = 0, later = 0;
onChange((change) => {
  if (change.isWhole) return rearrange();
  refresh(change.names);
  // Where changes can move or hide rows, they do so at most once a second.
  if ((view.sort === "cold" || view.state) && !later) {
    later = setTimeout(() => { later = 0; arranged = performance.now(); rearrange(); }, Math.max(0, 1000 - performance.now() + arranged));
  }
  invalidate();
  speak(cursor, visible);
});

/** Rows and columns that can be seen. */
export function visible() {
  const first = layout.rows.length ? rowAt(grid.scrollTop) : 0;
  const last = layout.rows.length ? rowAt(grid.scrollTop + size.height - size.head - size.band) + 1 : 0;
  const firstColumn = Math.max(0, Math.floor(grid.scrollLeft / size.column));
  const lastColumn = Math.min(layout.columns.length, Math.ceil((grid.scrollLeft + size.width - size.left) / size.column));
  return { first, last, firstColumn, lastColumn };
}

// MARK: Pointer and keyboard

function hit(event) {
  const place = canvas.getBoundingClientRect();
  const [x, y] = [event.clientX - place.left, event.clientY - place.top];
  const inHead = y < size.head + size.band;
  const column = x < size.left ? -1 : Math.floor((x - size.left + grid.scrollLeft) / size.column);
  const height = y - size.head - size.band + grid.scrollTop;
  if (column >= layout.columns.length || (!inHead && height >= size.bottom)) return null;
  return { row: inHead ? -1 : rowAt(height), column };
}

function describe(place, x, y) {
  const row = layout.rows[place.row];
  showTip({ row, column: layout.columns[place.column] }, x, y);
}

grid.addEventListener("pointermove", (event) => {
  const place = hit(event);
  if (place?.row === hovered?.row && place?.column === hovered?.column) return;
  hovered = place;
  grid.style.cursor = place ? "pointer" : "";
  if (place) describe(place, event.clientX, event.clientY); else hideTip();
  invalidate();
});
grid.addEventListener("pointerleave", () => { hovered = null; hideTip(); invalidate(); });
grid.addEventListener("scroll", () => { hideTip(); invalidate(); speak(cursor, visible); }, { passive: true });
grid.addEventListener("focus", () => { invalidate(); speak(cursor, visible); });
grid.addEventListener("blur", () => { hideTip(); invalidate(); });
grid.addEventListener("click", (event) => {
  const place = hit(event);
  if (!place) return;
  if (place.row >= 0) Object.assign(cursor, place);
  activate(place);
});

function activate(place) {
  const row = layout.rows[place.row], column = layout.columns[place.column];
  if (row?.group && !row.node && !column) {
    opened.set(row.group.name, !isOpen(row.group));
    rows();
    measure();
    return invalidate();
  }
  if (row?.node) return go({ node: row.node.name, image: column ? column.image.name : "" }, { isStep: true });
  if (column) go({ node: "", image: column.image.name }, { isStep: true });
}

grid.addEventListener("keydown", (event) => {
  const page = Math.max(1, Math.floor((size.height - size.head - size.band) / size.row) - 1);
  const moves = {
    ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-page, 0], PageDown: [page, 0],
    Home: [0, -1e6], End: [0, 1e6],
  };
  if (event.key === "Enter" || event.key === " ") { event.preventDefault(); return activate(cursor); }
  const move = moves[event.key];
  if (!move || event.altKey || event.metaKey) return;
  event.preventDefault();
  const isFar = event.ctrlKey && Math.abs(move[1]) > 1;
  const limit = (value, low, high) => Math.max(low, Math.min(high, value));
  cursor.row = limit(cursor.row + (isFar ? Math.sign(move[1]) * 1e9 : move[0]), 0, layout.rows.length - 1);
  cursor.column = limit(cursor.column + move[1], -1, layout.columns.length - 1);
  reveal();
});

function reveal() {
  const top = tops[cursor.row], bottom = tops[cursor.row + 1], room = size.height - size.head - size.band;
  if (top < grid.scrollTop) grid.scrollTop = top;
  if (bottom > grid.scrollTop + room) grid.scrollTop = bottom - room;
  if (cursor.column >= 0) {
    const x = cursor.column * size.column, wide = size.width - size.left;
    if (x < grid.scrollLeft) grid.scrollLeft = x;
    if (x + size.column > grid.scrollLeft + wide) grid.scrollLeft = x + size.column - wide;
  }
  invalidate();
  speak(cursor, visible);
  const place = canvas.getBoundingClientRect();
  const x = cursor.column < 0 ? size.left / 2 : size.left + (cursor.column + 1) * size.column - grid.scrollLeft;
  describe(cursor, place.left + x, place.top + size.head + size.band + bottom - grid.scrollTop);
}

// MARK: Size, colours, paper

onView(rearrange);
new ResizeObserver(rearrange).observe(grid);
const scheme = matchMedia("(prefers-color-scheme: dark)");
scheme.addEventListener("change", () => { colours = readColours(); invalidate(); });
addEventListener("beforeprint", () => {
  grid.style.height = `${Math.min(8000, size.bottom + size.head + size.band + 8)}px`;
  grid.style.flex = "none";
  // Paper is light, whatever the screen is; the canvas is drawn before the medium changes.
  document.documentElement.classList.add("paper");
  colours = readColours();
  measure();
  draw();
});
addEventListener("afterprint", () => { grid.style.height = grid.style.flex = ""; document.documentElement.classList.remove("paper"); colours = readColours(); rearrange(); });
colours = readColours();

/** What a test asks the page instead of reading pixels. */
export const inspect = () => ({
  rows: layout.rows.length, columns: layout.columns.length, groups: layout.groups.length, shownNodes: layout.shownNodes,
  row: layout.rows[cursor.row]?.node?.name ?? layout.rows[cursor.row]?.group?.name, column: layout.columns[cursor.column]?.image.name,
});
