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
