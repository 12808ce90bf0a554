// The list of requests: they come as they are answered, and wait while somebody reads the list.

import { all, announce, ask, at, attempt, confirm, find, later, parse, root } from "./base.js";
import { mark, open } from "./story.js";

const MOST_ROWS = 500; // rows that stay when new ones come
const AGAIN = 3000; // milliseconds until the list is loaded again when the server refused it

const table = find("table#rows");
const list = find("tbody", table);
const section = find("section.list");
const state = find("#state");
const filters = find("form#filters");
const search = find("input[name=text]", filters);
const pause = find("#pause");
const fresh = find("#fresh");
const older = find("#older");
const clear = find("#clear");
const undo = find("#undo");
const page = Number(table.dataset.page);

let { journal } = table.dataset; // the name of the journal that the rows are from
let last = Number(table.dataset.last);
/** @type {EventSource | undefined} */
let source;
/** @type {{ rows: string, count: number }[]} */
let waiting = []; // batches that are not shown yet, the newest first
let count = 0; // how many requests wait, also those of batches that were dropped
let skips = false; // whether some were left out
let isPast = false; // whether the reader has scrolled past the top of the list
let isPlanned = false;

const query = () => new URLSearchParams(
  [...new FormData(filters)].flatMap(([name, value]) => (value ? [[name, `${value}`]] : [])),
);
const isFiltered = () => query().toString() !== "";
const isPaused = () => pause.getAttribute("aria-pressed") === "true";

/** @param {"live" | "paused" | "lost"} name */
function show(name) {
  if (state.dataset.state === name) return;
  state.dataset.state = name;
  const time = new Date().toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23" });
  find(".text", state).textContent = (state.dataset[name] ?? "").replace("{time}", time);
  find("#split").classList.toggle("old", name === "lost");
}

// --- What comes

function connect() {
  source?.close();
  if (isPaused() || document.hidden) return; // a browser has few connections to one host
  const asked = query();
  asked.set("since", `${last}`);
  source = new EventSource(`${root}requests?${asked}`);
  source.onopen = () => show("live");
  source.onmessage = take;
  source.onerror = () => {
    show("lost"); // the browser tries again by itself, unless the server refused
    if (source?.readyState === EventSource.CLOSED) loadLater();
  };
}

/** @param {MessageEvent<string>} event */
function take(event) {
  const sent = JSON.parse(event.data);
  offer(sent.choices);
  if (sent.journal && sent.journal !== journal) {
    announce(state.dataset.restarted);
    undo.hidden = true;
    load();
  } else if (sent.rows) {
    last = Number(event.lastEventId);
    count += sent.count;
    waiting = sent.skips ? [sent] : [sent, ...waiting]; // no gap between two batches
    skips ||= sent.skips || count > page;
    while (waiting.length > 1 && waiting.reduce((sum, batch) => sum + batch.count, 0) > page) waiting.pop();
    plan();
  }
}

/** Whether somebody reads the list, so that its rows must stay where they are. */
const isRead = () => list.childElementCount > 0 && (isPast || section.inert ||
  [section, fresh].some((part) => part.matches(":hover") || part.contains(document.activeElement)));

/** In the next frame, show what waits, or how much it is if somebody reads the list. */
function plan() {
  if (isPlanned) return;
  isPlanned = true;
  requestAnimationFrame(() => {
    isPlanned = false;
    if (isRead()) tell();
    else if (waiting.length) showWaiting();
  });
}

/**
 * Replace all rows; the focus stays in the list.
 * @param {Element[]} rows
 */
function replaceRows(rows) {
  const focused = document.activeElement?.closest("#rows tr");
  list.replaceChildren(...rows);
  mark();
  if (!(focused instanceof HTMLElement)) return;
  const same = find(`tr[data-number="${focused.dataset.number}"] a`, list);
  (same ?? find("a", list) ?? search).focus();
}

function showWaiting() {
  if (skips) replaceRows([]); // so that there is no gap between two rows
  list.prepend(parse(waiting.map((batch) => batch.rows).join("")));
  const spare = list.childElementCount - MOST_ROWS;
  for (let removed = 0; removed < spare; removed += 1) list.lastElementChild?.remove();
  if (skips || spare > 0) older.hidden = false;
  forget();
}

function forget() {
  [waiting, count, skips] = [[], 0, false];
  tell();
}

/** Tell how many requests wait, or why there are none. */
function tell() {
  const isEmpty = list.childElementCount === 0;
  fresh.hidden = count === 0;
  fresh.textContent = (fresh.dataset[count === 1 ? "one" : "many"] ?? "").replace("{count}", `${count}`);
  find("#empty").hidden = !isEmpty || isFiltered();
  find("#unmatched").hidden = !isEmpty || !isFiltered();
}

/**
 * Offer in the filters what they do not have yet.
 * @param {Record<string, string[]>} choices
 */
function offer(choices) {
  for (const [name, values] of Object.entries(choices)) {
    const field = find(`select[name=${name}]`, filters);
    const known = new Set([...field.options].map((option) => option.value));
    for (const value of values.filter((one) => !known.has(one))) {
      const others = [...field.options].slice(1); // the first one is "all"
      field.add(new Option(value), others.find((other) => other.value > value));
    }
  }
}

fresh.addEventListener("click", (event) => {
  if (isPast) section.scrollIntoView();
  showWaiting();
  if (event.detail === 0) find("a", list)?.focus(); // a key pressed the button, which is hidden now
});
for (const part of [section, fresh]) {
  part.addEventListener("pointerleave", plan);
  part.addEventListener("focusout", plan);
}
new IntersectionObserver(([head]) => {
  isPast = !head.isIntersecting && head.boundingClientRect.top < 0;
  plan();
}).observe(find("thead", table));

// --- What is asked for

/** @type {AbortController | undefined} */
let loading;

/** Load the list that the filters ask for, and follow it. */
async function load() {
  source?.close();
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  const asked = query();
  history.replaceState(history.state, "", `?${asked}`);
  try {
    const made = parse(await ask(`requests?${asked}`, { html: true, signal }));
    const loaded = find("table#rows", made);
    journal = loaded.dataset.journal;
    last = Number(loaded.dataset.last);
    replaceRows([...find("tbody", loaded).children]);
    older.hidden = find("#older", made).hidden;
    forget();
    if (isPaused()) show("paused");
    connect();
  } catch (error) {
    if (signal.aborted) return; // by a later load
    if (state.dataset.state !== "lost") attempt(() => Promise.reject(error));
    show("lost");
    loadLater();
  }
}

const loadSoon = later(load, 150);
const loadLater = later(load, AGAIN);

filters.addEventListener("input", () => loadSoon());
filters.addEventListener("submit", (event) => event.preventDefault());

/** The query for the requests after the last row. */
function next() {
  const asked = query();
  asked.set("before", find("tr:last-child", list)?.dataset.number ?? "0");
  return asked.toString();
}

older.addEventListener("click", () => attempt(async () => {
  const asked = next();
  const made = parse(await ask(`requests?${asked}`, { html: true }));
  if (next() !== asked) return; // the list has them by now, or is another one
  const rows = all("#rows tbody tr", made);
  list.append(...rows);
  if (document.activeElement === older) find("a", rows[0] ?? list)?.focus();
  older.hidden = find("#older", made).hidden;
}));

pause.addEventListener("click", () => {
  pause.setAttribute("aria-pressed", `${!isPaused()}`);
  if (isPaused()) show("paused");
  connect();
});

clear.addEventListener("click", () => attempt(async () => {
  if (isFiltered() && !(await confirm(clear.dataset.question ?? "", clear.textContent))) return;
  await ask("journal", { method: "DELETE" });
  undo.hidden = false;
  load();
}));
undo.addEventListener("click", () => attempt(async () => {
  await ask("requests/restore", { method: "POST" });
  if (document.activeElement === undo) clear.focus();
  undo.hidden = true;
  load();
}));

// --- Rows

list.addEventListener("click", (event) => {
  const row = at(event, "tr");
  if (!row || event.ctrlKey || event.metaKey || event.shiftKey || getSelection()?.toString()) return;
  event.preventDefault();
  open(row.dataset.number ?? "");
});

/**
 * Go to the row before or after the one that has the focus; from the search, to the first one.
 * @param {KeyboardEvent} event
 */
function step(event) {
  const isDown = event.key === "ArrowDown";
  const row = at(event, "#rows tbody tr");
  const isOutside = event.target === search || event.target === document.body || event.target === find("main");
  const next = row ? (isDown ? row.nextElementSibling : row.previousElementSibling) :
    isDown && isOutside && list.firstElementChild;
  if (next) find("a", next).focus();
  return Boolean(next);
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!step(event)) return;
  } else if (event.key === "/" && !at(event, "input, select, textarea, dialog")) {
    search.select();
  } else return;
  event.preventDefault();
});

document.addEventListener("visibilitychange", () => (document.hidden ? source?.close() : connect()));
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => event.persisted && connect());
// The filters may have changed since the address was left to which Back returns.
addEventListener("popstate", () => history.replaceState(history.state, "", `?${query()}`));

connect();
