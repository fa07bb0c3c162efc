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
