// Puts the page together: its head, its tools, its views.
import { LOST, STATES, connect, onChange, retry, store, unseen } from "./store.js";
import { BYS, GROUPS, SIZES, SORTS, layout, opened } from "./layout.js";
import { go, link, onView, view } from "./address.js";
import { byId, el, mark, say } from "./dom.js";
import { count } from "./format.js";
import { inspect, invalidate } from "./matrix.js";
import { showStory } from "./story.js";
import { showCost } from "./cost.js";
import { showEstimate } from "./estimate.js";
import { showRuns } from "./runs.js";

const VIEWS = { matrix: "Matrix", runs: "Runs", cost: "Cost", estimate: "Estimate" };
const LINKS = {
  live: ["live", "Live"], waiting: ["waiting", "Connecting"],
  lost: ["lost", "Connection lost"],
  done: ["waiting", "The run has ended"],
  cluster: ["lost", "The cluster does not answer, trying again"],
  ended: ["lost", "This session has ended: run prepull dashboard again"],
};

// MARK: Head

const links = Object.entries(VIEWS).map(([name, title]) => {
  const item = el("a", { href: link({ view: name }) }, title);
  item.addEventListener("click", (event) => { event.preventDefault(); go({ view: name }, { isStep: true }); });
  byId("views").append(item);
  return [name, item];
});

const again = byId("again");
again.querySelector("button").addEventListener("click", retry);

/** Outside of what is read aloud, as it changes every second. */
function showNextTry() {
  again.hidden = store.link !== "lost";
  const left = Math.ceil((store.nextTry - Date.now()) / 1000);
  say(again.querySelector("span"), left > 0 ? `next try in ${left} s` : "trying now …");
}
setInterval(showNextTry, 1000);

function showHead() {
  const [state, words] = LINKS[store.link];
  byId("link").dataset.state = state;
  say(byId("link"), words);
  showNextTry();
  say(byId("cluster"), store.cluster.context ?? "");
  byId("cluster").title = store.cluster.server ?? "";
  for (const [name, item] of links) {
    if (view.view === name) item.setAttribute("aria-current", "page"); else item.removeAttribute("aria-current");
  }
  const notes = byId("notes");
  const first = store.ending ? `${store.ending} What is shown is how it ended; prepull dashboard shows the cluster as it is now.`
    : store.link === "lost" ? `${LOST} What is shown is what was last known.` : "";
  const texts = first ? [first, ...store.notes] : store.notes;
  notes.hidden = texts.length === 0;
  if (notes.dataset.text !== texts.join("\n")) {
    notes.dataset.text = texts.join("\n");
    notes.replaceChildren(...texts.map((note) => el("li", {}, note)));
  }
}

// MARK: Summary and tools

const share = byId("share");
const parts = STATES.map((state) => {
  const part = el("i");
  part.style.background = `var(--${state})`;
  share.append(part);
  return part;
});
const MEANINGS = {
  warm: "The node holds the image: a pod starts there without a pull.",
  pulling: "The node pulls the image now.",
  pending: "The image is wanted on the node, and the pull has not begun.",
  stale: "The node holds another digest than the tag has now.",
  failed: "The pull failed: open the cell to read why.",
  unsupported: "The node cannot hold the image, such as one for another platform.",
};
const buttons = STATES.map((state) => {
  const number = el("b", {}, "0");
  const button = el("button", { type: "button", "aria-pressed": "false", title: MEANINGS[state] }, mark(state), number, el("span", {}, state));
  button.addEventListener("click", () => go({ state: view.state === state ? "" : state }));
  byId("states").append(button);
  return { state, number, button };
});

function showSummary() {
  const able = store.ableNodes;
  const headline = byId("headline");
  const text = able === 0 ? { cluster: "The cluster does not answer", rights: "Nothing that you may see is wanted on any node" }[unseen()] ?? "Nothing is wanted on any node"
    : store.warmNodes === able ? `${able === 1 ? "The node is" : `All ${able.toLocaleString("en")} nodes are`} warm`
    : `${store.warmNodes.toLocaleString("en")} of ${count(able, "node")} warm`;
  if (headline.firstChild?.nodeValue !== text) {
    headline.replaceChildren(document.createTextNode(text), el("small", {}, count(store.images.length, "image")));
  }
  const total = store.totals.reduce((all, one) => all + one, 0) || 1;
  share.setAttribute("aria-label", STATES.map((state, index) => `${store.totals[index]} ${state}`).join(", "));
  parts.forEach((part, index) => {
    part.hidden = store.totals[index] === 0;
    part.style.flex = `${store.totals[index] / total} 0 0`;
  });
  for (const { state, number, button } of buttons) {
    say(number, store.totals[STATES.indexOf(state)].toLocaleString("en"));
    button.setAttribute("aria-pressed", String(view.state === state));
  }
  document.title = able ? `${store.warmNodes}/${able} warm – ${store.cluster.context ?? "Prepull"}` : "Prepull";
}

function showEmpty() {
  const hasImages = store.images.length > 0;
  const isFiltered = view.q || view.state;
  byId("grid").hidden = store.isKnown && (!hasImages || (isFiltered && (layout.shownNodes === 0 || !layout.columns.length)));
  const empty = byId("empty");
  empty.hidden = !byId("grid").hidden;
  if (empty.hidden) return;
  const key = hasImages ? "filter" : unseen() || "nothing";
  if (empty.dataset.key === key) return;
  empty.dataset.key = key;
  if (hasImages) return empty.replaceChildren(el("h2", {}, "Nothing fits the filter"), el("p", {}, "Esc clears it."));
  if (key === "cluster") return empty.replaceChildren(el("h2", {}, "The cluster does not answer"),
    el("p", {}, "What it keeps warm is shown as soon as it does."));
  if (key === "rights") return empty.replaceChildren(el("h2", {}, "Nothing that you may see is kept warm here"),
    el("p", {}, "What you may not list is named above; who runs the cluster can give the right to."));
  empty.replaceChildren(
    el("h2", {}, "Nothing is kept warm here yet"),
    el("p", {}, "Nodes and images appear as soon as a run begins, or a Prepull is applied:"),
    el("pre", {}, "prepull run registry.k8s.io/pause:3.10\nprepull images --top 10 -o prepull | kubectl apply -f -"));
}

function choices(id, options, key) {
  const select = byId(id);
  select.append(...Object.entries(options).map(([value, title]) => el("option", { value }, title)));
  select.addEventListener("change", () => { opened.clear(); go({ [key]: select.value }); });
}
choices("group", GROUPS, "group");
choices("sort", SORTS, "sort");
choices("by", BYS, "by");
choices("size", SIZES, "size");
document.querySelector(".tools").addEventListener("submit", (event) => event.preventDefault());
byId("filter").addEventListener("input", (event) => go({ q: event.target.value }));

// MARK: Views

function showView() {
  for (const name of Object.keys(VIEWS)) byId(name).hidden = view.view !== name;
  for (const id of ["group", "sort", "by", "size"]) byId(id).value = view[id];
  if (byId("filter").value !== view.q) byId("filter").value = view.q;
  showHead();
  showSummary();
  showStory();
  showCost();
  showEstimate();
  showRuns();
  requestAnimationFrame(showEmpty);
}
onView(showView);

let isPlanned = false;
onChange((change) => {
  if (isPlanned) return;
  isPlanned = true;
  requestAnimationFrame(() => {
    isPlanned = false;
    showHead();
    showSummary();
    showEmpty();
    showStory(change);
    showRuns(change);
    showCost(change);
  });
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches?.("input, select, textarea");
  if (event.key === "Escape") {
    if (view.node || view.image) { go({ node: "", image: "" }); byId("grid").focus(); }
    else if (view.q || view.state) { go({ q: "", state: "" }); byId("grid").focus(); }
    return;
  }
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") { event.preventDefault(); go({ view: "matrix" }); byId("filter").focus(); }
  const number = Number(event.key);
  if (number >= 1 && number <= 4) go({ view: Object.keys(VIEWS)[number - 1] }, { isStep: true });
});

showView();
connect();
// For tests alone, which see what they cannot read from a canvas.
window.prepull = { inspect: () => ({ ...inspect(), link: store.link, changes: store.changes, totals: [...store.totals], isKnown: store.isKnown, warmNodes: store.warmNodes }), invalidate };
