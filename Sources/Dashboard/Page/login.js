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
