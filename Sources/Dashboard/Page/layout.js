// Which rows and columns there are, in which order: groups of nodes, and images. No drawing.
import { STATES, store } from "./store.js";
import { view } from "./address.js";
import { registry, shortImage } from "./format.js";

export const GROUPS = { auto: "zone or pool", zone: "zone", pool: "pool", type: "instance type", none: "nothing" };
export const SORTS = { name: "name", cold: "coldness", age: "age" };
export const BYS = { plan: "Prepull", registry: "registry" };
export const SIZES = { auto: "what fits", cells: "every node", groups: "groups" };

/** Beyond so many nodes, groups are shown closed unless somebody opens them. */
const MANY = 300;

export const layout = { columns: [], bands: [], groups: [], rows: [], isGrouped: false, shownNodes: 0, groupBy: "none" };
/** Groups that were opened or closed by hand: by name. */
export const opened = new Map();
/** By the node's name: its group, its place there, and its row where the group is open. */
const places = new Map();

const words = () => view.q.toLowerCase().split(/\s+/).filter(Boolean);

function chooseGroup() {
  if (view.group !== "auto") return view.group;
  for (const key of ["zone", "pool"]) {
    const values = new Set();
    for (const node of store.nodes.values()) values.add(node[key] || "");
    if (values.size > 1) return key;
  }
  return "none";
}

function columns(imageWords) {
  const plans = store.plans;
  const all = store.images.map((image, index) => {
    const owner = image.plans.length ? plans[image.plans[0]] : null;
    const text = `${image.name} ${image.plans.map((plan) => plans[plan]?.name).join(" ")}`.toLowerCase();
    return {
      index, image, text, label: shortImage(image.name),
      band: view.by === "registry" ? registry(image.name) : owner ? `${owner.name}${owner.ended === null ? "" : " (ended)"}` : "not wanted any more",
    };
  });
  const shown = all.filter((column) => imageWords.every((word) => column.text.includes(word)));
  shown.sort((one, other) => one.band.localeCompare(other.band) || one.index - other.index);
  layout.columns = shown;
  layout.bands = [];
  shown.forEach((column, place) => {
    const last = layout.bands.at(-1);
    if (last && last.name === column.band) last.count += 1;
    else layout.bands.push({ name: column.band, start: place, count: 1 });
  });
}

const collator = new Intl.Collator("en", { numeric: true });
const orders = {
  name: (one, other) => collator.compare(one.name, other.name),
  cold: (one, other) => other.counts[4] - one.counts[4] || other.cold - one.cold || collator.compare(one.name, other.name),
  age: (one, other) => (other.joined ?? 0) - (one.joined ?? 0) || collator.compare(one.name, other.name),
};

/** Adds a node to its group's counts, which are by column of the store and state; or takes it off again. */
function count(group, node, sign) {
  const width = STATES.length + 1;
  for (let index = 0; index < node.cells.length; index += 1) group.counts[index * width + node.cells[index]] += sign;
  if (node.wanted > 0) {
    group.able += sign;
    if (node.cold === 0) group.warm += sign;
  }
}

export const isOpen = (group) => {
  const byHand = opened.get(group.name);
  if (byHand !== undefined) return byHand;
  return view.size === "cells" || (view.size === "auto" && layout.shownNodes <= MANY);
};

/** Works all of it out anew. */
export function arrange() {
  const asked = words();
  const state = STATES.indexOf(view.state);
  const everyNode = [...store.nodes.values()];
  // A word that fits a node's name, zone or pool is about nodes; one that fits images only is about them.
  const nodeWords = [], imageWords = [];
  for (const word of asked) {
    if (everyNode.some((node) => node.text.includes(word))) nodeWords.push(word);
    else imageWords.push(word);
  }
  columns(imageWords);
  const nodes = everyNode.filter((node) => nodeWords.every((word) => node.text.includes(word))
    && (state < 0 || node.counts[state] > 0) && node.wanted + node.counts[5] > 0);
  layout.shownNodes = nodes.length;
  layout.groupBy = chooseGroup();
  layout.isGrouped = layout.groupBy !== "none";
  const groups = new Map();
  places.clear();
  for (const node of nodes) {
    const name = layout.isGrouped ? node[layout.groupBy] || "" : "";
    if (!groups.has(name)) groups.set(name, { name, nodes: [] });
    groups.get(name).nodes.push(node);
  }
  layout.groups = [...groups.values()].sort((one, other) => collator.compare(one.name, other.name));
  for (const group of layout.groups) {
    group.nodes.sort(orders[view.sort] ?? orders.name);
    Object.assign(group, { counts: new Int32Array(store.images.length * (STATES.length + 1)), warm: 0, able: 0 });
    group.nodes.forEach((node, index) => {
      count(group, node, 1);
      places.set(node.name, { group, index, row: null });
    });
  }
  // Without groups, many nodes are still shown as one block that opens.
  if (!layout.isGrouped && nodes.length > MANY && view.size !== "cells") layout.isGrouped = true;
  rows();
}

/** The rows that are there: a line for each group, and its nodes where it is open. */
export function rows() {
  layout.rows = [];
  for (const group of layout.groups) {
    const open = !layout.isGrouped || isOpen(group);
    if (layout.isGrouped) layout.rows.push({ group, isOpen: open, isClosed: !open });
    for (const node of group.nodes) {
      const row = open ? { node, group } : null;
      places.get(node.name).row = row;
      if (row) layout.rows.push(row);
    }
  }
}

/** Puts the newest state of nodes into the rows without another order. */
export function refresh(names) {
  for (const name of names) {
    const place = places.get(name), node = store.nodes.get(name);
    if (!place || !node) continue;
    count(place.group, place.group.nodes[place.index], -1);
    count(place.group, node, 1);
    place.group.nodes[place.index] = node;
    if (place.row) place.row.node = node;
  }
}
