// Says who lacks which right, and how to give it.
import { byId } from "./dom.js";
import { leave, remedy } from "./session.js";

const answer = await fetch("/api/session");
if (answer.status === 401) location.replace("/login");
const session = await answer.json();
byId("user").textContent = session.user;
byId("remedy").textContent = remedy(session);
byId("leave").addEventListener("click", leave);
