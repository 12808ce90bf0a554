// The table of cases that the user adds from stories, stored in this browser.

import { announce, at, attempt, copy, find, kept } from "./base.js";

const TABLE = "table";

function show() {
  const panel = find("#table");
  if (!panel) return;
  const cases = kept.get(TABLE, []);
  const text = cases.join("\n");
  panel.hidden = !cases.length;
  find("#table-count").textContent = `${cases.length}`;
  find("#table-text").textContent = text;
  find("a#table-save").href = `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`;
}

document.addEventListener("click", (event) => {
  const adder = at(event, "[data-add-case]");
  if (!adder) return;
  kept.set(TABLE, [...kept.get(TABLE, []), adder.dataset.addCase]);
  show();
  announce(adder.textContent);
});

find("#table-copy")?.addEventListener("click", () => attempt(() => copy(find("#table-text").textContent)));
find("#table-clear")?.addEventListener("click", () => {
  kept.remove(TABLE);
  show();
});

show();
