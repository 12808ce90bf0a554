// The embed test: the frames load by themselves; the server says what arrived.

import { ask, attempt, fill, find } from "./console.js";

const test = find("#test");
if (test) {
  const { run, site } = test.dataset;
  attempt(async () => {
    fill(find("#results"), await ask(`embed/${run}?site=${encodeURIComponent(site)}`, { html: true }));
  });
}

find("#embed-bucket")?.addEventListener("change", (event) => {
  location.assign(`?bucket=${encodeURIComponent(event.target.value)}`);
});
