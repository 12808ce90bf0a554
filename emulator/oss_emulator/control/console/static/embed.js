// The embed test: the browser loads the frames; the server reports the requests that arrived.

import { ask, attempt, fill, find } from "./base.js";

const test = find("#test");
if (test) {
  const { run, site = "" } = test.dataset;
  attempt(async () => {
    fill(find("#results"), await ask(`embed/${run}?site=${encodeURIComponent(site)}`, { html: true }));
  });
}
