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
