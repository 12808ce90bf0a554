import { find, root } from "./console.js";

const form = find("#login");

/** Send the token; go on to the page that was wanted, or show what is wrong. */
async function logIn(token) {
  const wrong = find("#wrong");
  const answer = await fetch(`${root}login`, {
    method: "POST",
    headers: { "x-oss-emulator": "1", Accept: "application/json" },
    body: JSON.stringify({ token }),
  });
  if (answer.ok) {
    location.replace(form.elements.next.value);
    return;
  }
  wrong.textContent = (await answer.json()).error;
  wrong.hidden = false;
  form.elements.token.select();
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  logIn(form.elements.token.value);
});

// The server prints a URL with the token in its fragment. It must not stay in the history.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (form && given !== null) {
  history.replaceState(null, "", location.pathname + location.search);
  logIn(given);
}
