// Written by scripts/page from Sources/Dashboard/Page; do not edit.
// swift-format-ignore-file

/// The files of the page, by name.
enum PageFiles {
  static let all: [String: String] = [
    "access.css": ###"""
/* The page that takes a token, and who is logged in. */
.door { overflow: auto; padding: 6vh 1rem 2rem; align-items: start; justify-content: center; }
.door .card { display: grid; gap: .8rem; width: min(34rem, 100%); padding: 1.4rem 1.5rem; }
.door input { width: 100%; border: 1px solid var(--control); border-radius: 6px; background: var(--panel); padding: .4rem .55rem; }
.door label { font-weight: 560; margin-bottom: -.5rem; }
.door .action { justify-self: start; }
.door pre { white-space: pre-wrap; overflow-wrap: anywhere; }
#answer:empty { display: none; }
#account { display: flex; align-items: center; gap: .7rem; margin-left: auto; min-width: 0; }
#account span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 36ch; }
#account + #link { margin-left: 0; }
@media (max-width: 700px) {
  #account { order: 4; flex: 1 0 100%; margin-left: 0; justify-content: space-between; }
  #account + #link { margin-left: auto; }
}

"""###,
    "account.js": ###"""
// In the head of the page: who is logged in, where somebody is. On one's own machine nobody is.
import { onChange, store } from "./store.js";
import { byId, el } from "./dom.js";
import { leave } from "./session.js";

const answer = await fetch("/api/session").catch(() => null);
const session = answer?.ok ? await answer.json() : {};
if (session.user) {
  byId("link").before(el("p", { id: "account" }, el("span", { class: "muted" }, session.user),
    el("button", { class: "action", onclick: leave }, "Log out")));
  let last = store.link;
  onChange(async () => {
    if (store.link === last) return;
    last = store.link;
    if (last === "ended") location.replace(`/login${location.hash}`);
    if (last !== "lost") return;
    // The right to see nodes may have been taken away: "/" says so.
    const now = await fetch("/api/session").then((reply) => reply.ok ? reply.json() : {}, () => ({}));
    if (now.mayListNodes === false) location.replace("/");
  });
}

"""###,
    "address.js": ###"""
// The view stands in the fragment of the address, which never leaves the browser and holds no secret.

const fallback = { view: "matrix", group: "auto", sort: "name", by: "plan", size: "auto", q: "", state: "", node: "", image: "" };

export const view = { ...fallback };
const listeners = [];

function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const key of Object.keys(fallback)) view[key] = given.get(key) ?? fallback[key];
}

/** What the fragment is for a view with these changes. */
export function link(changes) {
  const all = { ...view, ...changes };
  const text = new URLSearchParams(Object.entries(all).filter(([key, value]) => value && value !== fallback[key]));
  return `#${text}`;
}

/** Changes the view; only what is a step for "back" makes one. */
export function go(changes, { isStep = false } = {}) {
  const address = link(changes);
  if (address === (location.hash || "#")) return;
  if (isStep) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  notify();
}

function notify() {
  read();
  for (const listener of listeners) listener(view);
}

export const onView = (listener) => listeners.push(listener);

addEventListener("popstate", notify);
addEventListener("hashchange", notify);
read();

"""###,
    "cost.js": ###"""
// What pods wait for: the ranking of `prepull images`, and the Prepull that would end it.
import { ask, unseen } from "./store.js";
import { view } from "./address.js";
import { byId, el } from "./dom.js";
import { clock, count, seconds, shortImage } from "./format.js";

const sheet = byId("cost");
sheet.className = "sheet";
let isLoaded = false, timer = 0, shown = "";

/** After a change of what is wanted, the newest. */
export function showCost(change) {
  if (view.view !== "cost") return;
  if (!isLoaded) load();
  else if (change?.isWhole && !timer) timer = setTimeout(() => { timer = 0; load(true); }, 700);
}

/** @param isAgain whether what is shown stays until there is something else. */
async function load(isAgain) {
  isLoaded = true;
  if (!isAgain) {
    shown = "";
    sheet.replaceChildren(...head(), el("p", { class: "muted", role: "status" }, "Reading pods, workloads and events of the cluster …"));
  }
  try {
    const cost = await ask("/api/cost");
    const text = JSON.stringify(cost);
    if (text === shown) return;
    shown = text;
    const place = sheet.scrollTop;
    sheet.replaceChildren(...head(), ...body(cost));
    sheet.scrollTop = place;
  } catch (error) {
    if (isAgain) return;
    sheet.replaceChildren(...head(), el("p", { class: "tone-failed" }, error.message));
  }
}

const head = () => [el("h2", {}, "What pods wait for"), el("p", { class: "lead" },
  "Images by the time that pods are expected to wait for them in an hour: how often containers start with one, "
  + "the chance that their node lacks it, and how long its pull takes.")];

function body(cost) {
  const most = Math.max(...cost.images.map((image) => image.waitSecondsPerHour), 0.001);
  const again = el("button", { class: "action", onclick: () => load() }, "Read again");
  if (!cost.images.length) {
    const text = unseen() ? "No image is used by what you may see: pods, workloads and events of namespaces are shown to whoever may list them there."
      : "No image is used here: there are no pods, no workloads and no events.";
    return [el("p", {}, `${text} `, again), ...remarks(cost)];
  }
  const rows = cost.images.map((image) => el("tr", {},
    el("td", {}, el("span", { title: image.image }, shortImage(image.image)),
      el("div", { class: "muted" }, [image.eligible > 0 && `on ${image.nodes} of ${count(image.eligible, "node")}`, users(image)].filter(Boolean).join(" · "))),
    el("td", {}, image.startsPerHour < 0.05 && image.startsPerHour > 0 ? "<0.1" : image.startsPerHour.toFixed(image.startsPerHour < 10 ? 1 : 0)),
    el("td", {}, `${Math.round(image.coldChance * 100)} %`),
    el("td", {}, image.pullSeconds === null ? "–" : `${image.isGuessed ? "~" : ""}${seconds(image.pullSeconds)}`),
    el("td", {}, image.pullSeconds === null ? "–" : seconds(image.waitSecondsPerHour), meter(image.waitSecondsPerHour / most)),
    el("td", {}, claim(image.claim))));
  const table = el("div", { class: "card scroll" }, el("table", {},
    el("thead", {}, el("tr", {}, ["image", "starts/h", "cold", "pull", "wait/h", ""].map((title) => el("th", { scope: "col" }, title)))),
    el("tbody", {}, rows)));
  return [table, ...manifest(cost), ...nextPods(cost), ...remarks(cost), el("p", { class: "muted" },
    `${count(cost.pods, "pod")} on ${count(cost.nodes, "node")}. `, again)];
}

/** Who wants an image, or wanted it. */
function claim(plan) {
  if (!plan) return "";
  const name = `${plan.kind === "run" ? "run " : ""}${plan.namespace}/${plan.name}`;
  if (plan.ended === null && plan.kind !== "run") return el("span", { title: `by ${name}` }, "kept warm");
  return el("span", { class: "muted", title: `${name}: it pulls once, and keeps nothing warm` },
    plan.ended === null ? `${plan.name} pulls it` : `${plan.name} ended ${clock(plan.ended)}`);
}

/** `Deployment web/front and 2 more`. */
const users = ({ users: [first, ...more] }) => !first ? "" : more.length ? `${first} and ${more.length} more` : first;

function nextPods({ workloads }) {
  if (!workloads.length) return [];
  const rows = workloads.map(({ workload, nodes, eligible, lacking }) => el("li", {},
    el("span", { class: "what" }, el("b", {}, workload),
      el("small", {}, eligible === 0 ? "no node of this cluster runs such pods"
        : nodes === eligible ? "the next pod starts on every node without a pull"
        : `the next pod starts on ${nodes} of ${count(eligible, "node")} without a pull`),
      lacking.length ? el("small", {}, `not everywhere: ${lacking.map(shortImage).join(", ")}`) : null),
    eligible > 0 ? meter(nodes / eligible) : null));
  return [el("h3", {}, "The next pod of each workload"), el("div", { class: "card" }, el("ul", { class: "rows" }, rows))];
}

function meter(share) {
  const bar = el("i");
  bar.style.width = `${Math.max(share > 0 ? 1 : 0, share * 100)}%`;
  return el("span", { class: "meter", "aria-hidden": "true" }, bar);
}

function manifest(cost) {
  if (!cost.manifest) return [];
  const done = el("span", { class: "muted", role: "status" });
  const copy = el("button", { class: "action", onclick: async () => {
    await navigator.clipboard.writeText(cost.manifest).then(() => { done.textContent = " copied"; }, () => { done.textContent = " cannot copy: select the text"; });
  } }, "Copy");
  return [el("h3", {}, "The Prepull that is missing"),
    el("p", {}, "For images that cost something and that nothing keeps warm. ", copy, done),
    el("pre", { tabindex: 0 }, cost.manifest)];
}

const remarks = (cost) => cost.remarks.map((remark) => el("p", { class: "tone-stale" }, remark));

"""###,
    "denied.html": ###"""
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Prepull: a right is missing</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/page.css">
    <link rel="stylesheet" href="/access.css">
    <script type="module" src="/denied.js"></script>
  </head>
  <body>
    <header class="bar"><h1><img src="/icon.svg" alt="" width="20" height="20">Prepull</h1></header>
    <main class="door">
      <div class="card" id="denied">
        <h2>You may not list nodes</h2>
        <p><b id="user"></b> is logged in. Every row of this page is a node, so there is nothing to show.</p>
        <p class="muted">Whoever administers the cluster can let you see nodes and what they hold:</p>
        <pre id="remedy" tabindex="0"></pre>
        <p class="muted">Prepulls, runs and costs are shown of the namespaces in which you may list them, as the ClusterRole <code>view</code> lets you. Rights count within a minute: reload this page.</p>
        <button class="action" id="leave">Log out</button>
      </div>
    </main>
  </body>
</html>

"""###,
    "denied.js": ###"""
// Says who lacks which right, and how to give it.
import { byId } from "./dom.js";
import { leave, remedy } from "./session.js";

const answer = await fetch("/api/session");
if (answer.status === 401) location.replace("/login");
const session = await answer.json();
byId("user").textContent = session.user;
byId("remedy").textContent = remedy(session);
byId("leave").addEventListener("click", leave);

"""###,
    "dom.js": ###"""
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

"""###,
    "estimate.js": ###"""
// How long it will take: the server's own model (that of `prepull check`), with its widths as sliders.
import { ask, unseen } from "./store.js";
import { view } from "./address.js";
import { byId, el, svg } from "./dom.js";
import { bytes, count, rate, seconds } from "./format.js";

const sheet = byId("estimate");
sheet.className = "sheet";

const steps = (low, high) => {
  const all = [];
  for (let decade = low; decade <= high; decade *= 10) for (const step of [1, 2, 5]) if (decade * step <= high) all.push(decade * step);
  return all;
};
const bits = (value) => `${value >= 1000 ? `${value / 1000} Gbit/s` : `${value} Mbit/s`} (${rate(value * 125000)})`;
const sliders = {
  parallelism: { title: "Nodes at a time", values: steps(1, 5000), value: 20, words: (value) => value.toLocaleString("en") },
  seeds: { title: "Nodes that pull first (seeds)", values: [null, ...steps(1, 500)], value: null, words: (value) => (value === null ? "none: all begin at once" : value.toLocaleString("en")) },
  node: { title: "Each node's link", values: steps(10, 100000), value: 1000, words: bits, factor: 125000 },
  registry: { title: "The registry's link", values: [...steps(100, 200000), null], value: null, words: (value) => (value === null ? "no limit" : bits(value)), factor: 125000 },
  unpack: { title: "A node unpacks", values: [20, 50, 80, 110, 150, 200, 300, 500, 1000, null], value: null, words: (value) => (value === null ? "as fast as it comes" : `${value} MB/s`), factor: 1e6 },
};
const bounds = {
  nodeLink: "each node's link", registryLink: "the registry's link", cacheLink: "the cache's link", disk: "unpacking on the nodes",
  waves: "the number of nodes at a time", latency: "questions and answers, hardly the bytes",
};
const minutes = (...all) => all.map((each) => each * 60);
/** Marks of the time, from few to many. */
const TICKS = [
  [0.001, 0.01, 0.1, 1, 10, ...minutes(1, 10, 60, 600)],
  [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, ...minutes(0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3000, 6000)],
  [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, ...minutes(0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 3000, 4200, 6000)],
];
let shown = null, plottedWidth = 0;
let scope = "cold", source = "registry", isBuilt = false, turn = 0, timer = 0;
const answer = el("div", { class: "card", role: "status" });
const chart = el("div", { class: "card" });

export function showEstimate() {
  if (view.view !== "estimate") return;
  if (!isBuilt) build();
  load();
}

function build() {
  isBuilt = true;
  const controls = Object.entries(sliders).map(([name, slider]) => {
    const output = el("output", { for: name }, slider.words(slider.value));
    const input = el("input", { type: "range", id: name, min: 0, max: slider.values.length - 1, step: 1, value: slider.values.indexOf(slider.value), "aria-valuetext": slider.words(slider.value) });
    input.addEventListener("input", () => {
      slider.value = slider.values[Number(input.value)];
      output.textContent = slider.words(slider.value);
      input.setAttribute("aria-valuetext", output.textContent);
      clearTimeout(timer);
      timer = setTimeout(load, 60);
    });
    return el("div", { class: "slider" }, el("label", { for: name }, slider.title), output, input);
  });
  const choice = el("select", { id: "scope" }, el("option", { value: "cold" }, "what is cold now"), el("option", { value: "all" }, "everything, on empty nodes"));
  choice.addEventListener("change", () => { scope = choice.value; load(); });
  const ways = el("select", { id: "source" }, el("option", { value: "registry" }, "the registry"), el("option", { value: "cache" }, "a pull-through cache"), el("option", { value: "p2p" }, "each other first (Spegel, Dragonfly)"));
  ways.addEventListener("change", () => { source = ways.value; load(); });
  sheet.replaceChildren(el("h2", {}, "How long it will take"),
    el("p", { class: "lead" }, "Until every node holds its images, by the model of prepull check, and what would have to be wider for it to go faster."),
    el("div", { class: "split" }, el("div", { class: "card" }, el("p", { class: "slider" }, el("label", { for: "scope" }, "Pull"), choice), el("p", { class: "slider" }, el("label", { for: "source" }, "From"), ways), controls), el("div", {}, answer, chart)));
}

async function load() {
  const mine = (turn += 1);
  const parameters = { scope, source };
  for (const [name, slider] of Object.entries(sliders)) {
    if (slider.value !== null) parameters[name] = slider.value * (slider.factor ?? 1);
  }
  try {
    const estimate = await ask("/api/estimate", parameters);
    if (mine === turn) show(estimate);
  } catch (error) {
    if (mine === turn) answer.replaceChildren(el("p", { class: "tone-failed" }, error.message));
  }
}

function show(estimate) {
  chart.hidden = estimate.curve.length < 2;
  if (!estimate.nodes) {
    answer.replaceChildren(el("p", { class: "answer" }, "0 s"), el("p", { class: "muted" }, unseen() ? "Nothing that you may see is missing on a node." : "Every node holds what is wanted of it."));
    return;
  }
  answer.replaceChildren(
    el("p", { class: "answer" }, seconds(estimate.seconds)),
    el("p", {}, "What holds it: ", el("b", {}, bounds[estimate.bound] ?? estimate.bound), "."),
    el("p", { class: "muted" }, `${count(estimate.nodes, "node")} pull ${bytes(estimate.bytes)} together`
      + `; ${bytes(estimate.registryBytes)} of it leave the registry`
      + (estimate.unknown ? `, without ${count(estimate.unknown, "image")} whose size no node tells` : "") + "."),
    el("p", { class: "muted" }, advice(estimate)));
  shown = estimate;
  chart.replaceChildren(plot(estimate));
}

new ResizeObserver(() => {
  if (shown && chart.clientWidth > 0 && chart.clientWidth !== plottedWidth) chart.replaceChildren(plot(shown));
}).observe(chart);

function advice({ bestSeeds: best }) {
  if (!best) return source === "registry" ? "Where every node asks the registry itself, seeds save no egress: a bad image is found by them alone." : "";
  return `The best number of seeds is ${best.seeds.toLocaleString("en")}: ${seconds(best.seconds)}.`;
}

function plot({ curve, limits, seconds: now }) {
  plottedWidth = chart.clientWidth;
  // As wide as it is shown, up to a limit, so that its texts keep their size.
  const [width, height, left, right, top, bottom] = [Math.max(260, Math.min(640, plottedWidth - 34)), 300, 62, 16, 14, 34];
  const most = Math.max(...curve.map((point) => point.seconds), ...limits.map((limit) => limit.seconds), now);
  const least = Math.max(0.001, Math.min(...curve.map((point) => point.seconds), now) / 1.5);
  const ceiling = Math.max(most, least * 2) * 1.2;
  const last = curve.at(-1).parallelism;
  const x = (value) => left + (width - left - right) * (last > 1 ? Math.log(value) / Math.log(last) : 0);
  const y = (value) => height - bottom - (height - top - bottom) * Math.max(0, Math.log(Math.max(value, least) / least) / Math.log(ceiling / least));
  const possible = TICKS.map((all) => all.filter((tick) => tick >= least && tick <= ceiling));
  const ticks = possible.find((some) => some.length >= 3) ?? possible.at(-1);
  // From the last one back, labels below the axis that have room.
  let free = Infinity;
  const marks = curve.filter((point, index) => index === curve.length - 1 || /^[15]0*$|^1$/.test(point.parallelism)).reverse().filter((point) => {
    const half = point.parallelism.toLocaleString("en").length * 3.5 + 2;
    if (x(point.parallelism) + half > free) return false;
    free = x(point.parallelism) - half;
    return true;
  });
  const gap = (point, limit) => Math.abs(y(point.seconds) - y(limit.seconds));
  const far = (limit) => gap(curve[0], limit) > gap(curve.at(-1), limit);
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": "Time against the number of nodes at a time" },
    ticks.map((tick) => [
      svg("line", { class: "axis", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
      svg("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, tick < 1 ? seconds(tick) : tick < 60 ? `${tick} s` : tick < 3600 ? `${tick / 60} min` : `${tick / 3600} h`),
    ]),
    marks.map((point) =>
      svg("text", { x: x(point.parallelism), y: height - 12, "text-anchor": "middle" }, point.parallelism.toLocaleString("en"))),
    limits.map((limit) => [
      svg("line", { class: "limit", x1: left, x2: width - right, y1: y(limit.seconds), y2: y(limit.seconds) }),
      // At the side where the curve is farther away.
      svg("text", far(limit) ? { x: left + 6, y: y(limit.seconds) - 5 } : { x: width - right, y: y(limit.seconds) - 5, "text-anchor": "end" },
        `${bounds[limit.bound]} alone: ${seconds(limit.seconds)}`),
    ]),
    svg("path", { class: "curve", d: curve.map((point, index) => `${index ? "L" : "M"}${x(point.parallelism).toFixed(1)} ${y(point.seconds).toFixed(1)}`).join("") }),
    curve.map((point) => svg("circle", { class: "point", cx: x(point.parallelism), cy: y(point.seconds), r: 3.5 },
      svg("title", {}, `${count(point.parallelism, "node")} at a time: ${seconds(point.seconds)}, held by ${bounds[point.bound]}`))),
    svg("circle", { class: "now", cx: x(Math.min(last, sliders.parallelism.value)), cy: y(now), r: 6 }));
}

"""###,
    "format.js": ###"""
// How numbers, times and names are written.

export function bytes(count) {
  if (count === null || count === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count, unit = 0;
  while (value >= 999.5 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${value >= 99.5 || unit === 0 ? Math.round(value) : value.toFixed(value >= 9.95 ? 1 : 2)} ${units[unit]}`;
}

export const rate = (perSecond) => `${bytes(perSecond)}/s`;

export function seconds(count) {
  if (count === null || count === undefined) return "–";
  if (count <= 0) return "0 s";
  if (count < 0.9995) return count < 0.001 ? "<1 ms" : `${Math.round(count * 1000)} ms`;
  if (count < 9.95) return `${count.toFixed(1)} s`;
  if (count < 99.5) return `${Math.round(count)} s`;
  const minutes = count / 60;
  if (minutes < 100) return `${Math.floor(minutes)} min ${String(Math.round(count % 60)).padStart(2, "0")} s`;
  if (minutes < 60 * 48) return `${Math.floor(minutes / 60)} h ${String(Math.round(minutes % 60)).padStart(2, "0")} min`;
  return `${Math.round(minutes / 1440)} days`;
}

/** How long ago a moment in seconds since 1970 is. */
export function ago(moment) {
  const passed = Math.max(0, Date.now() / 1000 - moment);
  return passed < 1.5 ? "just now" : `${seconds(Math.round(passed)).replace(/ 00 s$/, "")} ago`;
}

/** When a failed pull is tried again. */
export function again(moment) {
  const left = moment - Date.now() / 1000;
  return `It is tried again ${left < 5 ? "soon" : `in ${seconds(Math.round(left)).replace(/ 00 s$/, "")}`}.`;
}

export const clock = (moment) => {
  const date = new Date(moment * 1000);
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  return Date.now() - date < 20 * 3600e3 ? time : `${date.toLocaleDateString([], { month: "short", day: "numeric" })} ${time.slice(0, 5)}`;
};

export const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** `sha256:0123456789ab`. */
export const digest = (text) => (text ? text.replace(/^(sha\d+:[0-9a-f]{12})[0-9a-f]+$/, "$1") : "–");

/** An image's name without its registry and its long digest: `library/nginx:1.27`. */
export function shortImage(name) {
  const slash = name.indexOf("/");
  const host = slash > 0 ? name.slice(0, slash) : "";
  const rest = /[.:]|^localhost$/.test(host) ? name.slice(slash + 1) : name;
  return rest.replace(/^library\//, "").replace(/@(sha\d+:[0-9a-f]{8})[0-9a-f]+$/, "@$1");
}

export function registry(name) {
  const slash = name.indexOf("/");
  const host = slash > 0 ? name.slice(0, slash) : "";
  return /[.:]|^localhost$/.test(host) ? host : "docker.io";
}

"""###,
    "icon.svg": ###"""
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><rect width="20" height="20" rx="4.5" fill="#1c6f66"/><g fill="#fff"><rect x="4" y="4" width="5.2" height="5.2" rx="1.2"/><rect x="10.8" y="4" width="5.2" height="5.2" rx="1.2"/><rect x="4" y="10.8" width="5.2" height="5.2" rx="1.2"/><path d="M12.6 10.8h1.6v2.4h1.7L13.4 16l-2.5-2.8h1.7z"/></g></svg>

"""###,
    "index.html": ###"""
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Prepull</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/page.css">
    <link rel="stylesheet" href="/access.css">
    <script type="module" src="/main.js"></script>
    <script type="module" src="/account.js"></script>
  </head>
  <body>
    <header class="bar">
      <h1><img src="/icon.svg" alt="" width="20" height="20">Prepull</h1>
      <p id="cluster"></p>
      <nav id="views" aria-label="Views"></nav>
      <p id="link" role="status"></p>
      <p id="again" hidden><span></span> <button class="action">Try now</button></p>
    </header>
    <ul id="notes" aria-label="What cannot be shown" hidden></ul>
    <main>
      <section id="matrix" aria-label="Nodes and images">
        <div class="summary">
          <p id="headline" role="status"></p>
          <div id="share" role="img"></div>
          <div id="states" role="group" aria-label="Show only nodes with an image that is"></div>
        </div>
        <form class="tools" role="search">
          <label class="search"><span class="hidden">Filter nodes and images</span>
            <input id="filter" type="search" placeholder="Filter nodes and images" autocomplete="off" spellcheck="false"><kbd>/</kbd></label>
          <label>Nodes by <select id="group"></select></label>
          <label>sorted by <select id="sort"></select></label>
          <label>Images by <select id="by"></select></label>
          <label>Show <select id="size"></select></label>
        </form>
        <div id="grid" tabindex="0" role="grid" aria-label="Images on nodes" aria-describedby="keys">
          <div id="sizer"></div>
          <canvas id="canvas" aria-hidden="true"></canvas>
          <div id="spoken" class="hidden" role="rowgroup"></div>
        </div>
        <div id="empty" hidden></div>
        <p id="keys" class="keys">
          <kbd>←</kbd><kbd>↑</kbd><kbd>↓</kbd><kbd>→</kbd> move <kbd>Enter</kbd> the story <kbd>/</kbd> filter
          <kbd>Esc</kbd> close <kbd>1</kbd>–<kbd>4</kbd> views</p>
      </section>
      <section id="runs" aria-label="Runs" hidden></section>
      <section id="cost" aria-label="Cost" hidden></section>
      <section id="estimate" aria-label="Estimate" hidden></section>
      <aside id="story" aria-label="Story" tabindex="-1" hidden></aside>
    </main>
    <div id="tip" role="tooltip" hidden></div>
    <noscript>This page needs JavaScript; it loads nothing from anywhere but this machine.</noscript>
  </body>
</html>

"""###,
    "layout.js": ###"""
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

"""###,
    "login.html": ###"""
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Prepull: log in</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/page.css">
    <link rel="stylesheet" href="/access.css">
    <script type="module" src="/login.js"></script>
  </head>
  <body>
    <header class="bar"><h1><img src="/icon.svg" alt="" width="20" height="20">Prepull</h1></header>
    <main class="door">
      <form id="login" class="card">
        <h2>Log in with a token of this cluster</h2>
        <p class="muted">You see what the token’s user may list, and nothing can be changed. The token is shown to the API server and not kept; you are logged out when it ends, after an hour at the latest.</p>
        <label for="token">Token</label>
        <input id="token" type="password" autocomplete="off" spellcheck="false" autofocus required>
        <button class="action" id="enter">Log in</button>
        <p id="answer" role="alert"></p>
        <p class="muted">A token of a service account:</p>
        <pre tabindex="0">kubectl create token NAME --namespace NAMESPACE --duration 1h</pre>
      </form>
    </main>
    <noscript>This page needs JavaScript; it loads nothing from anywhere but this server.</noscript>
  </body>
</html>

"""###,
    "login.js": ###"""
// Shows the token to the server, and goes on to the page; the view in the fragment of the address stays.
const form = document.getElementById("login"), field = document.getElementById("token");
const answer = document.getElementById("answer"), button = document.getElementById("enter");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  answer.textContent = "";
  button.disabled = true;
  try {
    const reply = await fetch("/login", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token: field.value }),
    });
    if (reply.ok) {
      field.value = "";
      location.replace(`/${location.hash}`);
      return;
    }
    answer.textContent = (await reply.text()).trim() || `the server answered ${reply.status}`;
  } catch {
    answer.textContent = "the server does not answer: try again";
  }
  answer.className = "tone-failed";
  button.disabled = false;
  field.select();
});

"""###,
    "main.js": ###"""
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

"""###,
    "matrix.js": ###"""
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

"""###,
    "page.css": ###"""
/* Every colour of the page stands here; Tests/DashboardTests reads these lines and computes their contrast. */
:root {
  color-scheme: light dark;
  --ground: #f7f8f8;
  --panel: #ffffff;
  --ink: #1b2126;
  --muted: #57616b;
  --line: #dde1e4;
  --control: #7b858f;
  --hover: #eceff0;
  --accent: #1c6f66;
  --warm: #2b857a;
  --stale: #97590a;
  --pulling: #2161c2;
  --pending: #69737d;
  --failed: #bf2a36;
  --unsupported: #69737d;
  --mark: #ffffff;
}
@media screen and (prefers-color-scheme: dark) {
  :root:not(.paper) {
    --ground: #121518;
    --panel: #1a1e22;
    --ink: #e4e7e9;
    --muted: #9ca6b0;
    --line: #2b3137;
    --control: #6f7a85;
    --hover: #23292e;
    --accent: #6fc7ba;
    --warm: #4ba396;
    --stale: #e0a14d;
    --pulling: #74a9f7;
    --pending: #87919b;
    --failed: #f47c80;
    --unsupported: #87919b;
    --mark: #101316;
  }
}

* { box-sizing: border-box; }
html { font: 14px/1.45 Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
body {
  margin: 0; height: 100dvh; display: flex; flex-direction: column;
  background: var(--ground); color: var(--ink);
  font-variant-numeric: tabular-nums; -webkit-font-smoothing: antialiased;
}
h1, h2, h3, p, ul, dl, dd, figure { margin: 0; padding: 0; }
h2 { font-size: 1.15rem; font-weight: 650; letter-spacing: -.01em; overflow-wrap: anywhere; }
h3 { font-size: .78rem; font-weight: 600; color: var(--muted); margin: 1.4rem 0 .4rem; }
a { color: var(--accent); text-underline-offset: 2px; }
code, pre, .mono { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace; font-size: .88em; }
button, select, input { font: inherit; color: inherit; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
[hidden] { display: none !important; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.muted { color: var(--muted); }
.tone-warm { color: var(--warm); } .tone-stale { color: var(--stale); } .tone-pulling { color: var(--pulling); }
.tone-pending, .tone-unsupported { color: var(--muted); } .tone-failed { color: var(--failed); }
svg.mark { width: 14px; height: 14px; flex: none; vertical-align: -2px; }

.bar { display: flex; align-items: center; gap: .4rem 1.1rem; flex-wrap: wrap; padding: .55rem 1.1rem;
  background: var(--panel); border-bottom: 1px solid var(--line); }
.bar h1 { display: flex; align-items: center; gap: .5rem; font-size: 1rem; font-weight: 680; letter-spacing: -.015em; }
#cluster { color: var(--muted); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 32ch; }
#views { display: flex; gap: .15rem; }
#views a { padding: .22rem .7rem; border-radius: 6px; color: var(--muted); text-decoration: none; font-weight: 520; }
#views a:hover { background: var(--hover); color: var(--ink); }
#views a[aria-current] { background: var(--hover); color: var(--ink); }
#link { margin-left: auto; display: flex; align-items: center; gap: .45rem; color: var(--muted); }
#link::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--warm); }
#link[data-state="lost"] { color: var(--failed); font-weight: 560; }
#link[data-state="lost"]::before { border-radius: 1px; background: var(--failed); }
#link[data-state="waiting"]::before { background: none; border: 2px solid var(--pending); }
#again { display: flex; align-items: center; gap: .6rem; color: var(--muted); }
#notes { list-style: none; background: var(--panel); border-bottom: 1px solid var(--line); padding: .45rem 1.1rem;
  color: var(--stale); max-height: 22vh; overflow: auto; }

main { flex: 1; min-height: 0; display: flex; position: relative; }
main > section { flex: 1; min-width: 0; min-height: 0; }
#matrix { container-type: inline-size; display: flex; flex-direction: column; padding: .9rem 1.1rem .5rem; gap: .7rem; }
.summary { display: grid; grid-template-columns: auto minmax(80px, 1fr) auto; align-items: center; gap: .5rem 1.3rem; }
#headline { font-size: 1.25rem; font-weight: 640; letter-spacing: -.018em; white-space: nowrap; }
#headline small { font-weight: 450; font-size: .9rem; color: var(--muted); letter-spacing: 0; margin-left: .5rem; }
#share { display: flex; height: 8px; border-radius: 4px; overflow: hidden; gap: 1px; background: var(--line); }
#share i { display: block; min-width: 2px; }
#states { display: flex; flex-wrap: wrap; gap: .2rem; }
#states button { display: flex; align-items: center; gap: .4rem; padding: .18rem .55rem; border: 1px solid transparent;
  border-radius: 6px; background: none; cursor: pointer; }
#states button:hover { background: var(--hover); }
#states button[aria-pressed="true"] { border-color: var(--control); background: var(--panel); }
#states b { font-weight: 620; } #states span { color: var(--muted); }
.tools { display: flex; flex-wrap: wrap; gap: .45rem .95rem; align-items: center; color: var(--muted); }
select, .tools input, .card input[type="number"] { border: 1px solid var(--control); border-radius: 6px; background: var(--panel); color: var(--ink);
  padding: .2rem .45rem; }
select { appearance: none; padding-right: 1.5rem; text-overflow: ellipsis; cursor: pointer;
  background: linear-gradient(45deg, #0000 50%, var(--control) 50%) calc(100% - 13px) 55% / 5px 5px no-repeat,
    linear-gradient(-45deg, #0000 50%, var(--control) 50%) calc(100% - 8px) 55% / 5px 5px no-repeat, var(--panel); }
select:hover { background-color: var(--hover); }
.search { position: relative; flex: 0 1 22rem; min-width: 11rem; }
.search input { width: 100%; padding-right: 2rem; }
.search kbd { position: absolute; right: .5rem; top: 50%; transform: translateY(-50%); }
.search input:focus + kbd { display: none; }
kbd { font: inherit; font-size: .76rem; color: var(--muted); border: 1px solid var(--line); border-bottom-width: 2px;
  border-radius: 4px; padding: 0 .32rem; background: var(--panel); margin: 0 .1rem; }
.keys { font-size: .8rem; color: var(--muted); }
#grid { flex: 1; min-height: 140px; overflow: auto; position: relative; border: 1px solid var(--line); border-radius: 8px;
  background: var(--panel); contain: strict; overscroll-behavior: contain; }
#grid:focus-visible { outline-offset: -2px; }
#sizer { position: absolute; top: 0; left: 0; pointer-events: none; }
#canvas { position: sticky; top: 0; left: 0; display: block; }
/* Else it stands below the canvas, where its one pixel makes a scrollbar. */
#spoken { top: 0; left: 0; }
#empty { flex: 1; display: grid; place-content: center; text-align: center; color: var(--muted); gap: .6rem; padding: 1rem;
  max-width: 62ch; margin: auto; }
#empty h2 { color: var(--ink); }
#empty pre { text-align: left; }

#tip { position: fixed; z-index: 9; pointer-events: none; max-width: min(25rem, 92vw); padding: .55rem .75rem;
  background: var(--panel); border: 1px solid var(--control); border-radius: 8px; box-shadow: 0 6px 24px rgb(0 0 0 / .16);
  overflow-wrap: anywhere; }
#tip b { font-weight: 620; } #tip p + p { margin-top: .15rem; }

#story { width: min(26rem, 46vw); border-left: 1px solid var(--line); background: var(--panel); overflow: auto;
  padding: 1rem 1.2rem 2rem; }
#story:focus-visible { outline-offset: -2px; }
#story header { display: flex; gap: .6rem; align-items: start; }
#story header > div { flex: 1; min-width: 0; }
.close { border: 0; background: none; cursor: pointer; font-size: 1.2rem; line-height: 1; padding: .2rem .45rem; border-radius: 6px; color: var(--muted); }
.close:hover { background: var(--hover); color: var(--ink); }
.facts { display: grid; grid-template-columns: auto 1fr; gap: .12rem .9rem; }
.facts dt { color: var(--muted); } .facts dd { overflow-wrap: anywhere; }
.rows { list-style: none; }
.rows > li { display: flex; gap: .6rem; padding: .34rem 0; border-top: 1px solid var(--line); align-items: baseline; }
.rows > li:first-child { border-top: 0; }
.rows > li > svg { align-self: start; margin-top: 3px; }
.rows .what { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.rows .what small { display: block; color: var(--muted); }
.rows .what small.tone-failed { color: var(--failed); }
.rows .aside { color: var(--muted); white-space: nowrap; }
.rows button.plain { border: 0; padding: 0; background: none; color: inherit; text-align: left; cursor: pointer; overflow-wrap: anywhere; }
.rows button.plain:hover { text-decoration: underline; }
li.chosen { background: var(--hover); margin: 0 -.6rem; padding-left: .6rem !important; padding-right: .6rem !important; border-radius: 6px; }
time.when { color: var(--muted); white-space: nowrap; min-width: 4.6rem; }

.sheet { overflow: auto; padding: 1.3rem clamp(1rem, 4vw, 3rem) 3rem; }
.sheet > * { max-width: 76rem; }
.sheet .lead { color: var(--muted); max-width: 70ch; margin: .2rem 0 1.2rem; }
.card { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.2rem; margin-bottom: 1rem; }
.split { display: grid; grid-template-columns: minmax(16rem, 22rem) 1fr; gap: 1rem; align-items: start; }
.slider { display: grid; grid-template-columns: 1fr auto; gap: 0 .8rem; margin-bottom: .9rem; }
.slider select { grid-column: 1 / -1; width: 100%; margin-top: .3rem; } .slider output { font-weight: 600; } .slider input { grid-column: 1 / -1; width: 100%; accent-color: var(--accent); }
.answer { font-size: 2rem; font-weight: 660; letter-spacing: -.03em; line-height: 1.15; }
table { border-collapse: collapse; width: 100%; }
th { text-align: right; font-weight: 560; color: var(--muted); font-size: .85rem; padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
td { text-align: right; padding: .38rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; white-space: normal; overflow-wrap: anywhere; }
tr:last-child td { border-bottom: 0; }
.meter { display: inline-block; width: 9rem; height: 8px; border-radius: 4px; background: var(--line); overflow: hidden; text-align: left; vertical-align: middle; margin-left: .6rem; }
.meter i { display: block; height: 100%; background: var(--warm); }
.scroll { overflow-x: auto; }
.scroll th:first-child, .scroll td:first-child { min-width: 13rem; }
pre { margin: .6rem 0 0; padding: .8rem 1rem; border-radius: 8px; background: var(--ground); border: 1px solid var(--line); overflow: auto; }
.action { border: 1px solid var(--control); border-radius: 6px; background: var(--panel); padding: .25rem .8rem; cursor: pointer; }
.action:hover { background: var(--hover); }
.action[aria-pressed="true"] { border-color: var(--accent); background: var(--hover); }
.sheet > .tools { margin-bottom: 1rem; }
svg.chart { width: 100%; height: auto; display: block; }
svg.chart text { fill: var(--muted); font-size: 12px; }
svg.chart .axis { stroke: var(--line); } svg.chart .curve { fill: none; stroke: var(--accent); stroke-width: 2; }
svg.chart .limit { stroke: var(--control); stroke-dasharray: 4 4; } svg.chart .point { fill: var(--panel); stroke: var(--accent); stroke-width: 2; }
svg.chart .now { fill: var(--accent); }

@container (max-width: 980px) {
  .summary { grid-template-columns: auto 1fr; } #states { grid-column: 1 / -1; }
}
@container (max-width: 600px) { .summary { grid-template-columns: 1fr; } }
@media (max-width: 700px) {
  html { font-size: 13px; }
  .bar { padding: .5rem .7rem; } #cluster { order: 5; max-width: 100%; flex: 1 0 100%; } #views { order: 6; width: 100%; } #again { margin-left: auto; }
  #views a { flex: 1; text-align: center; padding-inline: .2rem; }
  #matrix { padding: .6rem .7rem; gap: .5rem; }
  .keys { display: none; }
  .tools { gap: .35rem .5rem; } .search { flex: 1 0 100%; } .tools label:not(.search) { flex: 1 0 45%; display: flex; gap: .3rem; align-items: center; white-space: nowrap; }
  .tools select { flex: 1; min-width: 0; }
  #states button { padding: .18rem .4rem; }
  #story { position: absolute; inset: auto 0 0 0; width: auto; max-height: 72%; border: 0; border-top: 1px solid var(--control);
    border-radius: 14px 14px 0 0; box-shadow: 0 -8px 30px rgb(0 0 0 / .18); }
  .split { grid-template-columns: 1fr; }
  .meter { width: 4rem; }
}
@media (forced-colors: active) { #states button[aria-pressed="true"] { border-color: Highlight; } }
@media print {
  :root { color-scheme: light; }
  body, main, #matrix, #grid { height: auto !important; display: block; overflow: visible; contain: none; border: 0; }
  .tools, .keys, #views, #link, #tip, .close { display: none !important; }
  #sizer { display: none; } #canvas { position: static; max-width: 100%; height: auto !important; }
  .summary { margin-bottom: 1rem; }
}
.figures { display: flex; flex-wrap: wrap; gap: .6rem 2.4rem; margin-top: .7rem; }
.figures .answer { font-size: 1.45rem; }

"""###,
    "paint.js": ###"""
// Draws one state into a box of the canvas: by colour and by shape.
import { STATES } from "./store.js";

let colours = {};

/** Reads the colours of the style sheet, which differ in light and dark. */
export function readColours(element = document.documentElement) {
  const style = getComputedStyle(element);
  const names = ["ground", "panel", "ink", "muted", "line", "hover", "accent", "mark", "control", ...STATES];
  colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  sprites.clear();
  return colours;
}

const sprites = new Map();

function box(context, x, y, width, height, radius) {
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
}

/** A cell's picture, drawn once for each state and size. */
function sprite(state, width, height, scale) {
  const key = `${state} ${width} ${height} ${scale}`;
  const known = sprites.get(key);
  if (known) return known;
  const canvas = new OffscreenCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  draw(context, STATES[state], width, height);
  sprites.set(key, canvas);
  return canvas;
}

function draw(context, state, width, height) {
  const colour = colours[state];
  const [x, y] = [width / 2, height / 2];
  const half = Math.min(width, height) * 0.26;
  const radius = Math.min(3, height / 5);
  context.lineCap = "round";
  switch (state) {
    case "warm":
      context.fillStyle = colour;
      box(context, 1, 1, width - 2, height - 2, radius);
      context.fill();
      break;
    case "pulling":
      tint(context, colour, 0.16, width, height, radius);
      outline(context, colour, 1.4, width, height, radius);
      stroke(context, colour, 1.7, [[[x, y - half], [x, y + half]], [[x - half * 0.8, y + half * 0.15], [x, y + half], [x + half * 0.8, y + half * 0.15]]]);
      break;
    case "pending":
      outline(context, colour, 1, width, height, radius);
      break;
    case "stale":
      tint(context, colour, 0.14, width, height, radius);
      context.fillStyle = colour;
      context.beginPath();
      context.moveTo(x, y - half * 1.25); context.lineTo(x + half * 1.25, y);
      context.lineTo(x, y + half * 1.25); context.lineTo(x - half * 1.25, y);
      context.fill();
      break;
    case "failed":
      context.fillStyle = colour;
      box(context, 1, 1, width - 2, height - 2, radius);
      context.fill();
      stroke(context, colours.mark, 2, [[[x - half * 0.85, y - half * 0.85], [x + half * 0.85, y + half * 0.85]], [[x + half * 0.85, y - half * 0.85], [x - half * 0.85, y + half * 0.85]]]);
      break;
    case "unsupported":
      stroke(context, colour, 1.5, [[[x - half, y], [x + half, y]]]);
      break;
  }
}

function tint(context, colour, strength, width, height, radius) {
  context.globalAlpha = strength;
  context.fillStyle = colour;
  box(context, 1, 1, width - 2, height - 2, radius);
  context.fill();
  context.globalAlpha = 1;
}

function outline(context, colour, line, width, height, radius) {
  context.strokeStyle = colour;
  context.lineWidth = line;
  box(context, 1 + line / 2, 1 + line / 2, width - 2 - line, height - 2 - line, radius);
  context.stroke();
}

function stroke(context, colour, line, paths) {
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.beginPath();
  for (const [first, ...rest] of paths) {
    context.moveTo(...first);
    for (const point of rest) context.lineTo(...point);
  }
  context.stroke();
}

export function paintCell(context, state, x, y, width, height, scale, progress) {
  if (state >= STATES.length) {
    context.fillStyle = colours.line;
    context.fillRect(x + width / 2 - 1, y + height / 2 - 1, 2, 2);
    return;
  }
  context.drawImage(sprite(state, width, height, scale), x, y, width, height);
  if (progress === undefined || STATES[state] !== "pulling") return;
  context.globalAlpha = 0.4;
  context.fillStyle = colours.pulling;
  box(context, x + 1, y + 1, Math.max(3, (width - 2) * Math.min(1, progress)), height - 2, 3);
  context.fill();
  context.globalAlpha = 1;
}

/** The states of a whole group in one box: what is not warm stands in front, each at least a hair wide. */
export function paintDensity(context, counts, offset, x, y, width, height) {
  let total = 0;
  for (let state = 0; state < STATES.length; state += 1) total += counts[offset + state];
  if (total === 0) {
    context.fillStyle = colours.line;
    context.fillRect(x + width / 2 - 1, y + height / 2 - 1, 2, 2);
    return null;
  }
  context.save();
  box(context, x + 1, y + 1, width - 2, height - 2, 3);
  context.clip();
  const order = [0, 1, 3, 4, 2, 5];
  const parts = order.map((state) => {
    const share = counts[offset + state] / total;
    return { state, size: share > 0 ? Math.max(1.5, share * (height - 2)) : 0 };
  });
  const sum = parts.reduce((all, part) => all + part.size, 0);
  let bottom = y + height - 1;
  for (const { state, size } of parts) {
    const tall = size / sum * (height - 2);
    if (tall === 0) continue;
    const name = STATES[state];
    context.globalAlpha = name === "pending" ? 0.28 : name === "unsupported" ? 0.14 : 1;
    context.fillStyle = colours[name];
    context.fillRect(x + 1, bottom - tall, width - 2, tall);
    context.globalAlpha = 1;
    if (name === "failed") hatch(context, x + 1, bottom - tall, width - 2, tall);
    bottom -= tall;
  }
  context.restore();
  outlineAt(context, x, y, width, height);
  const able = total - counts[offset + 5];
  return able > 0 ? counts[offset] / able : null;
}

function outlineAt(context, x, y, width, height) {
  context.strokeStyle = colours.control;
  context.globalAlpha = 0.55;
  context.lineWidth = 1;
  box(context, x + 1.5, y + 1.5, width - 3, height - 3, 3);
  context.stroke();
  context.globalAlpha = 1;
}

function hatch(context, x, y, width, height) {
  context.strokeStyle = colours.mark;
  context.lineWidth = 1;
  context.beginPath();
  for (let step = -height; step < width; step += 5) {
    context.moveTo(x + step, y + height);
    context.lineTo(x + step + height, y);
  }
  context.stroke();
}

"""###,
    "runs.js": ###"""
// Runs, and the operator's puller pods: a time line of nodes, in which stragglers stand out.
import { LOST, ask, store } from "./store.js";
import { go, view } from "./address.js";
import { byId, el, say } from "./dom.js";
import { bytes, clock, count, rate, seconds } from "./format.js";

const sheet = byId("runs");
sheet.className = "sheet";
let chosen = "", timer = 0, turn = 0;
const list = el("div", { class: "tools" });
const figures = el("div", { class: "card", role: "status" });
const canvas = el("canvas", { role: "img" });
const lines = el("div", { class: "card scroll" }, canvas);
const legend = el("p", { class: "muted" });
const trouble = el("p", { class: "tone-failed", role: "status" });
let names = [];
/** What is drawn, and for which width: an ended run is not read again when the window changes. */
let shown = null, drawnWidth = 0;

export function showRuns(change) {
  if (view.view !== "runs") return;
  if (!sheet.firstChild) {
    sheet.append(el("h2", {}, "Runs"), el("p", { class: "lead" },
      "Each node's turn since this page was opened: its pod or its agent waits, then pulls, then is done. Nodes that took more than twice as long as most stand out."),
    trouble, list, figures, lines, legend);
    legend.append("Outlined: its pod is there or its agent was asked, and no pull is known to have begun. Filled: it pulls. Hatched: more than twice the median. A line: a wave begins, as the first nodes of the one before it have ended. ",
      "An agent says only at the end when it began to pull, so its turn is filled then; one that stays outlined was not wanted any more. ‹: a turn began before this page was opened.");
  }
  if (!change) return load();
  if (!timer) timer = setTimeout(() => { timer = 0; load(); }, 600);
}

async function load() {
  const mine = (turn += 1);
  const answer = store.lastRuns ?? await ask("/api/runs", { id: chosen }).catch((error) => ({ error: error.message, runs: [] }));
  if (mine !== turn) return;
  // What was last shown stays; that the connection is lost is said above every view.
  say(trouble, answer.error && shown && answer.error !== LOST ? answer.error : "");
  if (answer.error && shown) return;
  if (answer.error === LOST && store.ending) answer.error = store.ending;
  if (answer.error || !answer.runs.length) {
    figures.replaceChildren(...(answer.error ? [el("p", { class: "tone-failed" }, answer.error)] : [
      el("p", {}, "No run goes on, and none did since this page was opened."),
      el("p", { class: "muted" }, "Begin one in a terminal: prepull run IMAGE")]));
    shown = null;
    [list, lines, legend].forEach((part) => { part.hidden = true; });
    return;
  }
  [list, lines, legend].forEach((part) => { part.hidden = false; });
  // Of a run that has ended beside the page only itself is known.
  list.hidden = answer.runs.length < 2 || store.lastRuns !== null;
  list.replaceChildren(...answer.runs.map((run) => el("button", {
    class: "action", "aria-pressed": String(run.id === answer.run.id), onclick: () => { chosen = run.id; load(); },
  }, `${run.name} ${clock(run.begun)}${run.ended === null ? "" : ", ended"}`)));
  showFigures(answer.run, answer.now);
  shown = { run: answer.run, now: answer.now, since: performance.now() };
  draw(answer.run, answer.now);
}

// What goes on grows, though nothing is told of it.
setInterval(() => {
  if (view.view !== "runs" || !shown || shown.run.ended !== null || store.link !== "live") return;
  draw(shown.run, shown.now + (performance.now() - shown.since) / 1000);
}, 1000);

new ResizeObserver(() => {
  if (shown && lines.clientWidth > 0 && lines.clientWidth !== drawnWidth) draw(shown.run, shown.now);
}).observe(lines);

const median = (values) => values.length ? values.sort((one, other) => one - other)[values.length >> 1] : null;

/** Nodes that came to an end of their own: not those that nobody wants any more. */
const ended = (nodes) => nodes.filter((node) => node.outcome === "warm" || node.outcome === "failed");

function showFigures(run, now) {
  const done = ended(run.nodes);
  const failed = done.filter((node) => node.outcome === "failed").length;
  const active = run.nodes.filter((node) => node.done === null).length;
  // A run was to warm those too that it left; a Prepull may want them no more.
  const wanted = (run.kind === "run" ? run.nodes.length : done.length + active) + run.waiting;
  const spent = (run.ended ?? now) - run.begun;
  const half = median(done.map((node) => node.done - node.begin));
  const recent = done.filter((node) => node.done > now - 10).length / Math.min(10, Math.max(1, spent));
  const left = run.ended || !recent || !run.waiting ? null : run.waiting / recent;
  const item = (title, value) => el("div", {}, el("dt", { class: "muted" }, title), el("dd", { class: "answer" }, value));
  const row = el("dl", { class: "figures" },
    item("Nodes done", `${done.length - failed}/${wanted}`), item(run.ended ? "Took" : "So far", seconds(spent)),
    item("A node takes", seconds(half)), item("At work", String(active)), failed ? item("Failed", String(failed)) : null,
    run.bytes ? item("Pulled", bytes(run.bytes)) : null, run.bytes && spent > 0 ? item("Rate", rate(run.bytes / spent)) : null,
    left ? item("Time left", `about ${seconds(left)}`) : null);
  figures.replaceChildren(el("h2", {}, `${run.name}`), el("p", { class: "muted" }, `${run.kind} in ${run.namespace}: ${count(run.images.length, "image")}, ${run.ended === null ? `since ${clock(run.begun)}` : `from ${clock(run.begun)}, ended ${clock(run.ended)}`}`), row);
}

function draw(run, now) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const nodes = run.nodes;
  names = nodes;
  const tall = nodes.length > 1500 ? 2 : nodes.length > 300 ? 4 : nodes.length > 60 ? 12 : 19;
  drawnWidth = lines.clientWidth;
  const width = Math.max(300, lines.clientWidth - 42), scale = Math.max(1, devicePixelRatio || 1);
  const left = tall >= 12 ? Math.min(190, width * 0.3) : 8, height = nodes.length * tall + 30;
  canvas.width = width * scale; canvas.height = height * scale;
  canvas.style.width = `${width}px`; canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  const span = Math.max(0.05, (run.ended ?? now) - run.begun);
  const x = (moment) => left + (width - left - 6) * Math.min(1, Math.max(0, moment - run.begun) / span);
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const most = Math.min(9, (width - left) / 70);
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400].find((each) => span / each < most) ?? span / most;
  let free = 0;
  for (let tick = 0; tick <= span; tick += step) {
    context.fillStyle = colour("line");
    context.fillRect(x(run.begun + tick), 0, 1, height - 18);
    context.fillStyle = colour("muted");
    // The last label stands before its line where there is no room behind it.
    const text = seconds(tick), wide = context.measureText(text).width, line = x(run.begun + tick);
    const place = line + 3 + wide > width ? line - 3 - wide : line + 3;
    if (place < free) continue;
    context.fillText(text, place, height - 4);
    free = place + wide + 4;
  }
  const half = median(ended(nodes).map((node) => node.done - node.begin));
  const letter = context.measureText("m").width * 0.62;
  const short = (name, room) => name.length * letter <= room || context.measureText(name).width <= room ? name
    : `${name.slice(0, Math.max(1, Math.floor(room / letter) - 1))}…`;
  let stragglers = 0;
  const waves = nodes.filter((node) => node.wave).length;
  nodes.forEach((node, index) => {
    if (node.wave && index > 0) {
      context.fillStyle = colour("line");
      context.fillRect(0, index * tall - 0.5, width, 1);
    }
    const y = index * tall, end = node.done ?? now, pull = node.pull ?? end;
    const isSlow = half !== null && nodes.length > 3 && end - node.begin > 2 * half && end - node.begin > 1;
    stragglers += isSlow ? 1 : 0;
    const state = node.outcome === "failed" ? "failed" : node.done === null ? "pulling" : isSlow ? "stale" : "warm";
    context.strokeStyle = colour("control");
    context.globalAlpha = 0.7;
    if (tall > 3) context.strokeRect(x(node.begin) + 0.5, y + 2.5, Math.max(1, x(pull) - x(node.begin) - 1), tall - 5);
    context.globalAlpha = 1;
    context.fillStyle = colour(state);
    if (node.outcome !== "withdrawn") context.fillRect(x(pull), y + (tall > 3 ? 2 : 0), Math.max(2, x(end) - x(pull)), tall > 3 ? tall - 4 : tall - 0.5);
    if (node.begin < run.begun && tall >= 12) context.fillText("‹", left - 6, y + tall / 2 + 4);
    if (isSlow && tall > 3) {
      context.strokeStyle = colour("mark");
      context.beginPath();
      for (let place = x(pull); place < x(end) - 3; place += 6) { context.moveTo(place, y + tall - 2); context.lineTo(place + 4, y + 2); }
      context.stroke();
    }
    if (tall >= 12) {
      context.fillStyle = colour(isSlow ? "ink" : "muted");
      context.textAlign = "right";
      context.fillText(short(node.name, left - (node.wave ? 58 : 10)), left - 8, y + tall / 2 + 4);
      context.textAlign = "left";
      context.fillStyle = colour("muted");
      if (node.wave) context.fillText(node.wave, 2, y + tall / 2 + 4);
    }
  });
  canvas.setAttribute("aria-label", `${count(nodes.length, "node")}${waves ? ` in ${waves} waves` : ""}, of which ${stragglers} took more than twice as long as most`);
}

canvas.addEventListener("click", (event) => {
  const node = names[Math.floor(event.offsetY / (canvas.clientHeight - 30) * names.length)];
  if (node) go({ view: "matrix", node: node.name, image: "" }, { isStep: true });
});

"""###,
    "session.js": ###"""
// Inside a cluster people are logged in: who it is, how they leave, and where they go when their session has ended.

/** What an administrator types so that somebody sees nodes. */
export function remedy({ user, role }) {
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user);
  const subject = account ? `--serviceaccount=${account[1]}:${account[2]}` : `--user='${user.replaceAll("'", "'\\''")}'`;
  const name = user.replace(/^system:serviceaccount:/, "").toLowerCase().replace(/[^a-z0-9.-]+/g, "-");
  return `kubectl create clusterrolebinding ${role}-${name} --clusterrole=${role} ${subject}`;
}

export async function leave() {
  await fetch("/logout", { method: "POST" }).catch(() => null);
  location.replace("/login");
}

"""###,
    "spoken.js": ###"""
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

"""###,
    "store.js": ###"""
// What is known of the cluster, kept up to date by server-sent events: the whole at first, then the nodes that changed.

export const STATES = ["warm", "pulling", "pending", "stale", "failed", "unsupported"];
/** Of a cell that nobody wants. */
export const NOTHING = STATES.length;
const codes = { w: 0, p: 1, q: 2, s: 3, f: 4, u: 5 };

export const LOST = "The connection is lost: prepull may have ended.";

export const store = {
  isKnown: false, cluster: {}, images: [], plans: [], notes: [], nodes: new Map(),
  /** Cells by state, and nodes that hold all that they can hold, of those that can hold anything. */
  totals: new Array(STATES.length).fill(0), warmNodes: 0, ableNodes: 0,
  link: "waiting", changes: 0,
  /** When a lost connection is tried again, in milliseconds as `Date.now()`; null while it is there, or tried. */
  nextTry: null,
  /** How the run beside this page ended; empty while it goes on, and where there is none. */
  ending: "",
  /** Its last turns, as nobody can be asked for them any more. */
  lastRuns: null,
};

const listeners = [];
export const onChange = (listener) => listeners.push(listener);
const tell = (change) => { store.changes += 1; for (const listener of listeners) listener(change); };

const now = () => performance.now();

function take(given, old) {
  const cells = new Uint8Array(given.cells.length);
  const counts = new Array(STATES.length + 1).fill(0);
  for (let index = 0; index < cells.length; index += 1) {
    cells[index] = codes[given.cells[index]] ?? NOTHING;
    counts[cells[index]] += 1;
  }
  const node = { ...given, cells, counts, changed: old?.changed ?? null, progress: given.progress ?? {} };
  if (old && old.cells.length === cells.length) {
    for (let index = 0; index < cells.length; index += 1) {
      if (old.cells[index] !== cells[index]) (node.changed ??= new Map()).set(index, now());
    }
  }
  node.wanted = cells.length - counts[NOTHING] - counts[5];
  node.cold = node.wanted - counts[0];
  node.text = [node.name, node.zone, node.pool, node.type, node.platform].join(" ").toLowerCase();
  return node;
}

function account(node, sign) {
  for (let state = 0; state < STATES.length; state += 1) store.totals[state] += sign * node.counts[state];
  if (node.wanted > 0) {
    store.ableNodes += sign;
    if (node.cold === 0) store.warmNodes += sign;
  }
}

function put(given) {
  const old = store.nodes.get(given.name);
  if (old) account(old, -1);
  const node = take(given, old);
  account(node, 1);
  store.nodes.set(node.name, node);
  return !old || old.zone !== node.zone || old.pool !== node.pool || old.type !== node.type;
}

function whole(document) {
  const old = store.nodes;
  store.nodes = new Map();
  store.totals.fill(0);
  store.warmNodes = store.ableNodes = 0;
  const isSame = store.images.length === document.images.length
    && store.images.every((image, index) => image.name === document.images[index].name);
  Object.assign(store, {
    isKnown: true, cluster: document.cluster, images: document.images, plans: document.plans, notes: document.notes,
  });
  for (const given of document.nodes) {
    const node = take(given, isSame ? old.get(given.name) : undefined);
    account(node, 1);
    store.nodes.set(node.name, node);
  }
  tell({ isWhole: true, names: [] });
}

function part(change) {
  let isWhole = false;
  for (const name of change.gone ?? []) {
    const node = store.nodes.get(name);
    if (!node) continue;
    account(node, -1);
    store.nodes.delete(name);
    isWhole = true;
  }
  for (const given of change.nodes ?? []) isWhole = put(given) || isWhole;
  for (const key of ["images", "plans", "notes"]) {
    if (change[key]) { store[key] = change[key]; isWhole = true; }
  }
  tell({ isWhole, names: (change.nodes ?? []).map((node) => node.name) });
}

function setLink(state, nextTry = null) {
  if (store.link === state && store.nextTry === nextTry) return;
  [store.link, store.nextTry] = [state, nextTry];
  tell({ isWhole: false, names: [] });
}

let source, tries = 0, timer = 0, isReached = true;

/** Milliseconds until a lost connection is tried again: 1 s, 2 s, 4 s … 30 s, and up to a quarter less. */
export const pause = (tries, chance = Math.random()) => 1000 * Math.min(30, 2 ** tries) * (1 - chance / 4);

/** Connects, and again whenever the connection is lost. */
export function connect() {
  clearTimeout(timer);
  source?.close();
  if (store.link === "lost") setLink("lost");
  const mine = source = new EventSource("/api/events");
  isReached = true;
  source.addEventListener("state", (event) => {
    tries = 0;
    setLink(isReached ? "live" : "cluster");
    whole(JSON.parse(event.data));
  });
  source.addEventListener("change", (event) => part(JSON.parse(event.data)));
  source.addEventListener("cluster", (event) => {
    isReached = JSON.parse(event.data).isReached;
    setLink(isReached ? "live" : "cluster");
  });
  source.addEventListener("end", (event) => {
    // Its server is gone, too: nothing more comes.
    source.close();
    const { text, runs } = JSON.parse(event.data);
    [store.ending, store.lastRuns] = [text, runs];
    setLink("done");
  });
  source.onerror = async () => {
    // An EventSource would try again by itself, every so often for ever; a refusal ends it.
    const isRefused = mine.readyState === EventSource.CLOSED;
    mine.close();
    const answer = isRefused ? await fetch("/api/session").catch(() => null) : null;
    if (mine !== source) return;
    if (answer?.status === 401) return setLink("ended");
    const wait = pause(tries);
    tries += 1;
    timer = setTimeout(connect, wait);
    setLink("lost", Date.now() + wait);
  };
}

/** Tries a lost connection now. */
export function retry() {
  if (store.link !== "lost" || store.nextTry === null) return;
  tries = 0;
  connect();
}
addEventListener("online", retry);
document.addEventListener("visibilitychange", () => { if (!document.hidden) retry(); });

/** Why there may be more than is shown: "cluster" where nothing was read yet, "rights" where some may not be seen. */
export const unseen = () => store.link === "cluster" && !store.nodes.size ? "cluster" : store.notes.length ? "rights" : "";

/** An answer of the server as JSON; throws with its words. */
export async function ask(path, parameters = {}) {
  // Not URLSearchParams, which writes spaces as plus signs.
  const query = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  const answer = await fetch(`${path}?${query}`).catch(() => { throw new Error(LOST); });
  if (!answer.ok) throw new Error((await answer.text()).trim() || `the server answered ${answer.status}`);
  return answer.json();
}

"""###,
    "story.js": ###"""
// The story of a node, or of an image, beside the matrix.
import { ask } from "./store.js";
import { go, view } from "./address.js";
import { byId, el, mark } from "./dom.js";
import { again, ago, bytes, clock, count, digest, seconds, shortImage } from "./format.js";

const panel = byId("story");
let shown = "", turn = 0, timer = 0;

/** Shows what the view names; after a change of what is shown, the newest. */
export function showStory(change) {
  const key = view.node ? `node ${view.node} ${view.image}` : view.image ? `image ${view.image}` : "";
  panel.hidden = key === "" || view.view !== "matrix";
  if (panel.hidden) { shown = ""; return; }
  if (key !== shown) {
    shown = key;
    return load(true);
  }
  if (!change || timer) return;
  if (view.node && !change.isWhole && !change.names.includes(view.node)) return;
  timer = setTimeout(() => { timer = 0; load(false); }, 700);
}

async function load(isNew) {
  const mine = (turn += 1);
  const [path, name] = view.node ? ["/api/node", view.node] : ["/api/image", view.image];
  if (isNew) panel.replaceChildren(heading(name, "…"));
  try {
    const story = await ask(path, { name });
    if (mine !== turn) return;
    const place = panel.scrollTop;
    panel.replaceChildren(...(view.node ? nodeStory(story) : imageStory(story)).filter(Boolean));
    panel.scrollTop = isNew ? 0 : place;
    if (isNew) panel.querySelector(".chosen")?.scrollIntoView({ block: "nearest" });
  } catch (error) {
    if (mine === turn) panel.replaceChildren(heading(name, ""), el("p", { class: "tone-failed" }, error.message));
  }
}

const heading = (title, under) => el("header", {},
  el("div", {}, el("h2", {}, title), el("p", { class: "muted" }, under)),
  el("button", { class: "close", "aria-label": "Close", onclick: () => go({ node: "", image: "" }) }, "×"));

const facts = (pairs) => el("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
  .map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));

/** An agent sees at once what comes and goes, and writes only then: that it is silent is no bad sign. */
const checked = (node) => [
  node.verified && `${node.agent ? "by pods " : ""}${ago(node.verified)}`,
  node.agent && `by its agent as things change, ${node.heard ? `last ${ago(node.heard)}` : "not since this page was opened"}`,
].filter(Boolean).join("; ");

function nodeStory(node) {
  const warm = node.images.filter((image) => image.state === "warm").length;
  const wanted = node.images.filter((image) => image.state !== "unsupported").length;
  const under = warm === wanted ? `Holds all ${count(wanted, "image")}` : `Holds ${warm} of ${count(wanted, "image")}`;
  const order = { pulling: 0, failed: 1, stale: 2, pending: 3, warm: 4, unsupported: 5 };
  const images = [...node.images].sort((one, other) => order[one.state] - order[other.state]);
  return [
    heading(node.name, under),
    el("h3", {}, "Node"),
    facts([
      ["Zone", node.zone], ["Pool", node.pool], ["Type", node.type], ["Platform", node.platform], ["Runtime", node.runtime],
      ["Joined", node.joined && ago(node.joined)], ["First warm", node.firstWarm && ago(node.firstWarm)],
      ["Checked", checked(node)], ["Agent", node.agent],
    ]),
    ...(node.gates.length || node.taints.length ? [el("h3", {}, "What keeps pods off"), el("ul", { class: "rows" },
      node.gates.map((gate) => el("li", {}, el("span", { class: "what" }, gate.taint,
        el("small", {}, gate.opened ? `opened ${ago(gate.opened)}: ${gate.reason}` : `shut since ${ago(gate.since)}, until the node is warm`)))),
      node.taints.map((taint) => el("li", {}, el("span", { class: "what mono" }, taint))))] : []),
    el("h3", {}, "Images"),
    el("ul", { class: "rows" }, images.map(imageRow)),
    node.events.length ? el("h3", {}, "Events") : null,
    el("ul", { class: "rows" }, node.events.map(event)),
  ];
}

function imageRow(image) {
  const details = [
    image.digest && digest(image.digest), image.since && `since ${ago(image.since)}`,
    image.wantedBy?.length && `for ${image.wantedBy.join(", ")}`,
  ].filter(Boolean).join(" · ");
  return el("li", { class: view.image === image.image ? "chosen" : null }, mark(image.state),
    el("span", { class: "what" },
      el("button", { class: "plain", title: image.image, onclick: () => go({ node: "", image: image.image }, { isStep: true }) }, shortImage(image.image)),
      image.progress && el("small", {}, image.progress),
      details && el("small", {}, details),
      image.message && el("small", { class: image.state === "failed" ? "tone-failed" : null }, image.message),
      image.remedy && el("small", {}, image.remedy),
      image.retry && el("small", {}, again(image.retry))),
    el("span", { class: "aside" }, (image.pullSeconds != null ? seconds(image.pullSeconds) : image.state)));
}

const event = (entry) => el("li", {}, el("time", { class: "when" }, clock(entry.time)),
  el("span", { class: `what ${entry.isWarning ? "tone-failed" : ""}` }, entry.text, entry.detail && el("small", {}, entry.detail)));

function imageStory(image) {
  const states = Object.entries(image.states).filter(([, number]) => number > 0);
  return [
    heading(image.name, image.wantedBy.length ? `Wanted by ${image.wantedBy.join(", ")}`
      : image.claim ? `Wanted by ${image.claim.namespace}/${image.claim.name} until ${clock(image.claim.ended)}, when it ended`
      : "Wanted by nothing any more"),
    el("h3", {}, "On nodes"),
    el("ul", { class: "rows" }, states.map(([state, number]) => el("li", {}, mark(state),
      el("span", { class: "what" }, el("button", { class: "plain", onclick: () => go({ state }) }, state)),
      el("span", { class: "aside" }, number.toLocaleString("en"))))),
    facts([
      ["Resolves to", image.digest && el("span", { class: "mono" }, digest(image.digest))],
      ["Size", image.bytes ? bytes(image.bytes) : null],
      ["Pull times", image.pulls ? `${seconds(image.pulls.least)} to ${seconds(image.pulls.most)}, half under ${seconds(image.pulls.median)}` : null],
      ["Said of it", image.message],
    ]),
    ...(image.digests.length ? [el("h3", {}, image.digests.length > 1 ? "Nodes hold different digests" : "The digest that nodes hold"),
      el("ul", { class: "rows" }, image.digests.map((held) => el("li", {},
        el("span", { class: "what mono", title: held.digest }, digest(held.digest), held.digest === image.digest ? el("small", {}, "what it resolves to now") : null),
        el("span", { class: "aside" }, count(held.nodes, "node")))))] : []),
    ...(image.failures.length ? [el("h3", {}, "Failures"), el("ul", { class: "rows" }, image.failures.map((failure) => el("li", {}, mark("failed"),
      el("span", { class: "what" }, failure.message, failure.remedy && el("small", {}, failure.remedy),
        el("small", {}, failure.nodes.slice(0, 8).map((name) => el("button", { class: "plain", onclick: () => go({ node: name, image: image.name }, { isStep: true }) }, name)).flatMap((button, index) => [index ? ", " : "", button]),
          failure.nodes.length > 8 ? ` and ${failure.nodes.length - 8} more` : null))))) ] : []),
    image.events.length ? el("h3", {}, "Events") : null,
    el("ul", { class: "rows" }, image.events.map(event)),
  ];
}

"""###,
    "tip.js": ###"""
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

"""###,
  ]
}
