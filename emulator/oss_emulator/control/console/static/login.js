// The login: a script sends the token, so that no URL contains it.

import { attempt, find, root } from "./base.js";

const form = find("form#login");

/**
 * Send the token, then open the requested page or show the error.
 * @param {string} token
 */
async function logIn(token) {
  const wrong = find("#wrong");
  const answer = await fetch(`${root}login`, {
    method: "POST",
    headers: { "x-oss-emulator": "1", Accept: "application/json" },
    body: JSON.stringify({ token }),
  });
  if (answer.ok) {
    location.replace(find("input[name=next]", form).value);
    return;
  }
  wrong.textContent = (await answer.json()).error;
  wrong.hidden = false;
  find("input[name=token]", form).select();
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(() => logIn(find("input[name=token]", form).value));
});

/** Log in with a token in the fragment of the address, which must not stay in the history. */
function takeFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  if (form) attempt(() => logIn(given));
}

addEventListener("hashchange", takeFromAddress); // the URL may be opened in this tab
takeFromAddress();
