// What a cell, a node or an image is, beside the pointer or the keyboard's place.
import { NOTHING, STATES, ask, store } from "./store.js";
import { byId, el, mark } from "./dom.js";
import { again, ago, count, digest, seconds } from "./format.js";

const tip = byId("tip");
let shown = 0;

export function hideTip() {
  shown += 1;
  tip.hidden = true;
}

function place(x, y) {
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(6, Math.min(innerWidth - box.width - 8, x + 14))}px`;
  tip.style.top = `${y + 18 + box.height > innerHeight ? Math.max(6, y - box.height - 12) : y + 18}px`;
}

export function showTip({ row, column }, x, y) {
  const turn = (shown += 1);
  if (row?.node && column) {
    const state = row.node.cells[column.index] ?? NOTHING;
    fill([head(state === NOTHING ? null : STATES[state], column.image.name, row.node.name)], x, y);
    if (state === NOTHING) return;
    // What is not in the matrix is asked for where somebody rests.
    setTimeout(async () => {
      if (turn !== shown) return;
      const story = await ask("/api/node", { name: row.node.name, brief: 1 }).catch(() => null);
      const image = story?.images.find((image) => image.image === column.image.name);
      if (turn !== shown || !image) return;
      fill([head(image.state, column.image.name, row.node.name), ...facts(image)], x, y);
    }, 90);
  } else if (row?.node) {
    const node = row.node;
    fill([
      el("p", {}, el("b", {}, node.name)),
      el("p", { class: "muted" }, [node.zone, node.pool, node.type, node.platform].filter(Boolean).join(" · ")),
      el("p", {}, `${node.wanted - node.cold} of ${count(node.wanted, "image")} warm`),
    ], x, y);
  } else if (column) {
    fill([el("p", {}, el("b", {}, column.image.name)), el("p", { class: "muted" }, digest(column.image.digest)), tally(row, column)], x, y);
  } else if (row) {
    fill([el("p", {}, el("b", {}, row.group.name || "all nodes")),
      el("p", {}, `${row.group.warm} of ${count(row.group.able, "node")} warm`)], x, y);
  }
}

function fill(lines, x, y) {
  tip.replaceChildren(...lines.filter(Boolean));
  place(x, y);
}

const head = (state, image, node) => el("p", {}, state ? mark(state) : null, " ", el("b", {}, state ?? "not wanted here"),
  el("br"), image, el("span", { class: "muted" }, ` on ${node}`));

export const facts = (image) => [
  image.digest && el("p", { class: "mono muted" }, digest(image.digest)),
  (image.since || image.pullSeconds != null) && el("p", { class: "muted" }, [
    image.since && `since ${ago(image.since)}`, image.pullSeconds != null && `pulled in ${seconds(image.pullSeconds)}`,
  ].filter(Boolean).join(", ")),
  image.progress && el("p", {}, image.progress),
  image.message && el("p", { class: image.state === "failed" ? "tone-failed" : "muted" }, image.message),
  image.remedy && el("p", {}, image.remedy),
  image.retry && el("p", {}, again(image.retry)),
].filter(Boolean);

function tally(row, column) {
  const width = STATES.length + 1;
  const counts = new Array(STATES.length).fill(0);
  if (row) for (let state = 0; state < STATES.length; state += 1) counts[state] = row.group.counts[column.index * width + state];
  else for (const node of store.nodes.values()) if (node.cells[column.index] < STATES.length) counts[node.cells[column.index]] += 1;
  return el("p", {}, counts.map((number, state) => number > 0 && `${number.toLocaleString("en")} ${STATES[state]}`).filter(Boolean).join(", ") || "wanted nowhere");
}
