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
