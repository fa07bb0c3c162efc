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
