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
