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
