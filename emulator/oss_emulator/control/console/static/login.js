import { find, root } from "./console.js";

find("#login")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const wrong = find("#wrong");
  const answer = await fetch(`${root}login`, {
    method: "POST",
    headers: { "x-oss-emulator": "1", Accept: "application/json" },
    body: JSON.stringify({ token: form.elements.token.value }),
  });
  if (answer.ok) {
    location.replace(form.dataset.next);
    return;
  }
  wrong.textContent = (await answer.json()).error;
  wrong.hidden = false;
  form.elements.token.select();
});
