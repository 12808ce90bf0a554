// The list of requests as they come.

import { all, ask, at, attempt, find, later, parse, root } from "./console.js";
import { open } from "./story.js";

const MOST_ROWS = 500; // rows that stay while new ones come, unless older ones were asked for
const list = find("#rows tbody");

const table = find("#rows");
const state = find("#state");
const filters = find("form#filters");
const page = Number(table.dataset.page);
let last = Number(table.dataset.last);
/** @type {EventSource | undefined} */
let source;
let wantsOlder = false;

const query = () => new URLSearchParams(
  [...new FormData(filters)].flatMap(([name, value]) => (value ? [[name, `${value}`]] : [])),
);

const show = (/** @type {string} */ name) => {
  state.dataset.state = name;
  find(".text", state).textContent = state.dataset[name] ?? "";
};

const connect = () => {
  source?.close();
  const asked = query();
  asked.set("since", `${last}`);
  source = new EventSource(`${root}requests?${asked}`);
  source.onopen = () => {
    if (state.dataset.state === "lost") restart(); // a new server counts from 1 again
    else show("live");
  };
  source.onerror = () => show("lost");
  source.onmessage = (event) => {
    last = Number(event.lastEventId);
    const { rows, skips } = JSON.parse(event.data);
    if (skips && !wantsOlder) list.replaceChildren(); // so that there is no gap between two rows
    list.prepend(parse(rows));
    find("#empty").hidden = true;
    while (!wantsOlder && list.rows.length > MOST_ROWS) list.lastElementChild?.remove();
    find("#older").hidden = list.rows.length < page;
  };
};

const restart = later(() => attempt(async () => {
  const asked = query();
  history.replaceState(history.state, "", `?${asked}`);
  source?.close();
  const made = parse(await ask(`requests?${asked}`, { html: true }));
  const rows = find("#rows", made);
  last = Number(rows.dataset.last);
  wantsOlder = false;
  list.replaceChildren(...find("tbody", rows).children);
  find("#empty").hidden = list.rows.length > 0;
  find("#older").hidden = list.rows.length < page;
  show("live");
  if (!paused()) connect();
  else show("paused");
}), 150);

const pause = find("#pause");
const paused = () => pause.getAttribute("aria-pressed") === "true";
pause.addEventListener("click", () => {
  pause.setAttribute("aria-pressed", String(!paused()));
  if (paused()) {
    source?.close();
    show("paused");
  } else {
    connect();
  }
});

filters.addEventListener("input", restart);
filters.addEventListener("submit", (event) => event.preventDefault());

find("#clear").addEventListener("click", () => attempt(async () => {
  await ask("journal", { method: "DELETE" });
  restart();
}));

find("#older").addEventListener("click", () => attempt(async () => {
  const asked = query();
  asked.set("before", find("tr:last-child", list)?.dataset.number ?? "0");
  const rows = all("#rows tbody tr", parse(await ask(`requests?${asked}`, { html: true })));
  wantsOlder = true;
  list.append(...rows);
  find("#older").hidden = rows.length < page;
  find("a", rows[0] ?? list)?.focus();
}));

list.addEventListener("click", (event) => {
  const row = at(event, "tr");
  if (!row || event.ctrlKey || event.metaKey || event.shiftKey || getSelection()?.toString()) return;
  event.preventDefault();
  open(row);
});

// A browser has few connections to one host, so a page that nobody sees gives its own back.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) source?.close();
  else if (!paused()) connect();
});
// The filters may have changed since the address was left to which Back returns.
addEventListener("popstate", () => history.replaceState(history.state, "", `?${query()}`));
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => {
  if (event.persisted && !paused()) connect();
});
connect();
