// The embed test: the frames load by themselves; the server says what arrived.

import { ask, attempt, fill, find } from "./base.js";

const test = find("#test");
if (test) {
  const { run, site = "" } = test.dataset;
  attempt(async () => {
    fill(find("#results"), await ask(`embed/${run}?site=${encodeURIComponent(site)}`, { html: true }));
  });
}
