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
