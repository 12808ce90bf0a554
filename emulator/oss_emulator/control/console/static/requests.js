// The first screen: sites that are locked out, requests over time, and the list of requests. New requests
// are shown at once, but nothing moves under the pointer, and the list does not change while it is read.

import { all, announce, ask, at, attempt, confirm, fill, find, kept, later, parse, root } from "./base.js";
import { mark, open } from "./story.js";

const MOST_ROWS = 500; // maximum rows after new rows are added
const AGAIN = 3000; // milliseconds until the list is loaded again after a failure
const LEAP = 4; // slots by which a key with Shift moves an end of the chosen time

const list = find("#rows");
const section = find("section#list");
const state = find("#state");
const search = find("input[name=q]");
const pause = find("#pause");
const fresh = find("#fresh");
const older = find("#older");
const clear = find("#clear");
const undo = find("#undo");
const page = Number(list.dataset.page);

let { journal } = list.dataset; // its name
let last = Number(list.dataset.last);
let { changes } = list.dataset; // the number of changes by the API
const shown = new URLSearchParams(location.search);
let by = shown.get("by") === "time" ? "time" : "site";
let sort = shown.get("sort") ?? ""; // the column that sorts the sites
/** @type {EventSource | undefined} */
let source;
/** @type {{ rows: string, count: number }[]} */
let waiting = []; // batches that are not shown yet, the newest first
let count = 0; // number of waiting requests, including those of dropped batches
let skips = false; // whether requests were omitted
let isPast = false; // whether the user has scrolled past the top of the list
let isPlanned = false;
/** @type {string | undefined} */
let above; // the new content above the list, until it can be shown

const query = () => {
  const asked = new URLSearchParams();
  if (search.value.trim()) asked.set("q", search.value.trim());
  if (by === "time") asked.set("by", by);
  if (sort) asked.set("sort", sort);
  if (search.value.includes("time:")) asked.set("zone", zone(new Date()));
  return asked;
};
/**
 * The offset of this browser's zone from UTC, such as +08:00.
 * @param {Date} moment
 */
function zone(moment) {
  const offset = -moment.getTimezoneOffset();
  const two = (/** @type {number} */ number) => `${Math.trunc(Math.abs(number))}`.padStart(2, "0");
  return `${offset < 0 ? "-" : "+"}${two(offset / 60)}:${two(offset % 60)}`;
}
const isFiltered = () => search.value.trim() !== "";
const isPaused = () => pause.getAttribute("aria-pressed") === "true";
const rows = () => all("#rows tbody tr");

/** @param {"live" | "paused" | "lost"} name */
function show(name) {
  if (state.dataset.state === name) return;
  state.dataset.state = name;
  const time = new Date().toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23" });
  find(".text", state).textContent = (state.dataset[name] ?? "").replace("{time}", time);
  find("#split").classList.toggle("old", name === "lost");
}

// --- The difference that edited rules make

let drafted = ""; // the edited rules that the page last asked about

/** Tell what the edited rules of this browser would change for the requests that are kept. */
async function compare() {
  const names = kept.names(/^rules:[a-z0-9-]+$/).filter((name) => kept.get(name));
  const drafts = Object.fromEntries(names.map((name) => [name.slice("rules:".length), kept.get(name)]));
  const asked = JSON.stringify([drafts, last]);
  const shown = find("#drafts");
  if (asked === drafted || isUsed(shown)) return;
  drafted = asked;
  if (names.length) fill(shown, await ask("requests/drafts", { method: "POST", value: { drafts }, html: true }));
  else shown.replaceChildren();
}
const compareSoon = later(() => attempt(compare), 500);
addEventListener("storage", () => compareSoon());

// --- New requests

function connect() {
  source?.close();
  // A browser allows few connections to a host, and an invalid search has no answer.
  if (isPaused() || document.hidden || find("#problem").textContent) return;
  const asked = query();
  asked.set("since", `${last}`);
  asked.set("changes", `${changes}`);
  source = new EventSource(`${root}requests?${asked}`);
  source.onopen = () => show("live");
  source.onmessage = take;
  source.onerror = () => {
    show("lost"); // the browser retries, unless the server refused
    if (source?.readyState === EventSource.CLOSED) loadLater();
  };
}

/** @param {MessageEvent<string>} event */
function take(event) {
  const sent = JSON.parse(event.data);
  if (sent.journal && sent.journal !== journal) {
    const isNew = sent.journal.split(".")[0] !== journal?.split(".")[0]; // not only cleared or restored
    if (isNew) announce(state.dataset.restarted);
    undo.hidden ||= isNew;
    load();
    return;
  }
  if (event.lastEventId) [last, changes] = [Number(event.lastEventId), sent.changes];
  compareSoon();
  above = sent.overview ?? above;
  if (sent.count) {
    count += sent.count;
    waiting = sent.skips ? [sent] : [sent, ...waiting]; // no gap between two batches
    skips ||= sent.skips || count > page;
    while (waiting.length > 1 && waiting.reduce((sum, batch) => sum + batch.count, 0) > page) waiting.pop();
  }
  plan();
}

/**
 * Whether the pointer or the focus is in a part of the page, so that it must not change.
 * @param {Element[]} parts
 */
const isUsed = (...parts) => parts.some((part) => part.matches(":hover") || part.contains(document.activeElement));
const isRead = () => rows().length > 0 && (isPast || find("#first").inert || isUsed(section, fresh));

/** In the next frame in which nothing moves, show the waiting requests, or only their number while the list is read. */
function plan() {
  if (isPlanned) return;
  isPlanned = true;
  setTimeout(() => requestAnimationFrame(() => {
    isPlanned = false;
    glide(() => {
      showAbove();
      if (isRead()) tell();
      else if (waiting.length) showWaiting();
    });
  }), settled - performance.now());
}

const SCREEN = 40; // the most rows of the list that a screen shows
let settled = 0; // when everything that glides has arrived

/**
 * Change the page. What is moved by that glides to its new place, so that the eye can follow it.
 * @param {() => void} change
 */
function glide(change) {
  const parts = [...all("#sites, #time, #fresh, #list"), ...rows().slice(0, SCREEN)];
  const places = parts.map((part) => part.offsetTop);
  change();
  const moved = parts.filter((part, index) => {
    const by = part.isConnected ? places[index] - part.offsetTop : 0;
    if (by) Object.assign(part.style, { transition: "none", transform: `translateY(${by}px)` });
    return by;
  });
  if (moved.length === 0) return;
  settled = performance.now() + 200;
  requestAnimationFrame(() => requestAnimationFrame(() => { // the old places are drawn first
    for (const { style } of moved) Object.assign(style, { transition: "transform .12s", transform: "" });
  }));
}

/**
 * Replace the rows; the focus stays in the list, and folded groups stay folded.
 * @param {HTMLElement} made
 */
function replaceRows(made) {
  const focused = document.activeElement?.closest("#rows tr");
  for (const details of all("#rows details")) {
    const same = all("details", made).find((one) => one.dataset.group === details.dataset.group);
    same?.toggleAttribute("open", details.open);
  }
  list.replaceChildren(...made.children);
  mark();
  if (!(focused instanceof HTMLElement)) return;
  const same = find(`#rows tr[data-number="${focused.dataset.number}"] a`);
  (same ?? find("#rows tbody a") ?? search).focus();
}

function showWaiting() {
  if (by === "site") {
    loadRows();
    return;
  }
  const body = find("tbody", list);
  if (skips) body.replaceChildren(); // avoid a gap between two rows
  body.prepend(parse(waiting.map((batch) => batch.rows).join("")));
  mark();
  const spare = body.childElementCount - MOST_ROWS;
  for (let removed = 0; removed < spare; removed += 1) body.lastElementChild?.remove();
  if (skips || spare > 0) older.hidden = false;
  find("#count").textContent = `${Number(find("#count").textContent.replaceAll(",", "")) + count}`;
  forget();
}

function forget() {
  [waiting, count, skips] = [[], 0, false];
  tell();
}

/** Show the number of waiting requests, or why the list is empty. */
function tell() {
  const isEmpty = rows().length === 0;
  fresh.hidden = count === 0;
  fresh.textContent = (fresh.dataset[count === 1 ? "one" : "many"] ?? "").replace("{count}", `${count}`);
  find("#empty").hidden = !isEmpty || isFiltered() || !find("#sites").hidden;
  find("#unmatched").hidden = !isEmpty;
  section.hidden = !find("#empty").hidden;
  if (!section.hidden) find("#find").hidden = false; // hidden on a fresh server
}

fresh.addEventListener("click", (event) => {
  if (isPast) section.scrollIntoView();
  showWaiting();
  if (event.detail === 0) find("#rows tbody a")?.focus(); // after a key press, because the button is hidden now
});
for (const part of [section, fresh]) {
  part.addEventListener("pointerleave", plan);
  part.addEventListener("focusout", plan);
}
find("#first").addEventListener("pointerleave", plan);
new IntersectionObserver(([head]) => {
  isPast = !head.isIntersecting && head.boundingClientRect.top < 0;
  plan();
}).observe(find(".listhead"));

// --- Above the list

/** Show the last answer, sites and time that the server has sent. */
function showAbove() {
  if (above === undefined || find("#first :is(.sites, .time):active, #answer:active")) return;
  replaceAbove(parse(above));
  above = undefined;
}

/**
 * @param {ParentNode} made
 * @param {boolean} [sorts] whether the rows of sites take new places
 */
function replaceAbove(made, sorts = false) {
  if (!sorts) keepPlaces(made);
  for (const id of ["answer", "sites", "time"]) replace(find(`#${id}`), find(`#${id}`, made));
  fit();
  mark();
}

/**
 * Replace a part; open elements stay open, and the focus moves to the equivalent element.
 * @param {HTMLElement} old
 * @param {HTMLElement} made
 */
function replace(old, made) {
  if (old.outerHTML === made.outerHTML) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.closest("tr[data-key]")?.getAttribute("data-key");
  for (const details of all("details[open]", old)) find(`#${details.id}`, made)?.setAttribute("open", "");
  old.replaceWith(made);
  if (!(focused instanceof HTMLElement || focused instanceof SVGElement)) return;
  const row = all("tr[data-key]", made).find((one) => one.dataset.key === key);
  const name = focused.id ? `#${focused.id}` : focused.dataset.toggle ? `[data-toggle="${focused.dataset.toggle}"]` : focused.localName;
  const same = row ? find("allow" in focused.dataset ? "[data-allow]" : "a", row) ?? find("a", row) : find(name, made);
  same?.focus({ preventScroll: true });
}

/**
 * Keep the rows of sites in their places, also of a site that gets in now; new sites follow. While the
 * sites are read, removed rows stay and new sites wait.
 * @param {ParentNode} made
 */
function keepPlaces(made) {
  const old = find("#sites");
  const isStill = isUsed(old);
  const fresh = new Map(all("tr[data-key]", made).map((row) => [row.dataset.key, row]));
  const known = new Set(all("tr[data-key]", old).map((row) => row.dataset.key));
  let waits = false;
  for (const body of all("tbody[data-band]", made)) {
    const before = all(`tbody[data-band="${body.dataset.band}"] tr[data-key]`, old);
    const kept = before.flatMap((row) => fresh.get(row.dataset.key) ?? (isStill ? row.cloneNode(true) : []));
    const added = all("tr[data-key]", body).filter((row) => !known.has(row.dataset.key));
    waits ||= isStill && added.length > 0;
    for (const row of all("tr[data-key]", body)) row.remove();
    body.append(...kept, ...(isStill ? [] : added));
    body.hidden = !find("tr[data-key]", body);
  }
  // `replace` keeps one of the two.
  if (waits) for (const sites of [old, find("#sites", made)]) sites.addEventListener("pointerleave", () => loadSoon(), { once: true });
}

// --- The chosen time

/** Move the ends of the chosen time to their positions in the strip. */
function fit() {
  const { begin, slot, width, since, until } = numbers();
  const [from, to] = [(since - begin) / slot, (until - begin) / slot];
  const [before, after] = all("#strip .veil");
  before.setAttribute("width", `${from}`);
  after.setAttribute("x", `${to}`);
  after.setAttribute("width", `${Math.max(0, width - to)}`);
  for (const [id, place, value] of /** @type {const} */ ([["from", from, since], ["to", to, until]])) {
    const grip = find(`#${id}`);
    grip.setAttribute("x", `${Math.min(width - 0.45, Math.max(0, place - 0.2))}`);
    grip.setAttribute("aria-valuenow", `${Math.round(value - begin)}`);
    grip.setAttribute("aria-valuetext", local(value));
  }
}

function numbers() {
  const { begin, slot, slots, since, until } = find("#time").dataset;
  return { begin: Number(begin), slot: Number(slot), width: Number(slots), since: Number(since), until: Number(until) };
}

/** @param {number} seconds */
const local = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB", { hourCycle: "h23" });

/**
 * Choose a time in seconds since the epoch; without arguments, the whole time.
 * @param {number} [since]
 * @param {number} [until]
 */
function choose(since, until) {
  if (since === undefined || until === undefined) {
    token("time", "");
    return;
  }
  const isToday = Math.abs(Date.now() / 1000 - since) < 12 * 3600;
  const say = (/** @type {number} */ at) =>
    (isToday ? local(at) : `${new Date(at * 1000).toLocaleDateString("sv")}T${local(at)}`);
  token("time", `${say(since)}..${say(until)}${zone(new Date(since * 1000))}`);
}

/**
 * Replace the tokens of a name in the search; with an empty value, remove them.
 * @param {string} name
 * @param {string} value
 */
function token(name, value) {
  const words = search.value.match(/(?:[a-z]+:)?(?:"[^"]*"|\S+)/g) ?? [];
  const rest = words.filter((word) => !word.startsWith(`${name}:`));
  look([...rest, ...(value ? [`${name}:${value}`] : [])].join(" "));
}

/** @param {string} text */
function look(text) {
  search.value = text;
  load();
}

/** @type {{ kept: number, begin: number } | undefined} */
let drag; // the end that stays, and the first position of the pointer

document.addEventListener("pointerdown", (event) => {
  if (!at(event, "#strip") || event.button) return;
  const { since, until } = numbers();
  const grip = at(event, ".grip");
  drag = { kept: grip ? (grip.id === "from" ? until : since) : moment(event), begin: event.clientX };
  find("#strip").setPointerCapture(event.pointerId);
});
document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const place = moment(event);
  find("#time").dataset.since = `${Math.min(place, drag.kept)}`;
  find("#time").dataset.until = `${Math.max(place, drag.kept)}`;
  fit();
});
document.addEventListener("pointerup", (event) => {
  if (!drag) return;
  const { since, until, slot } = numbers();
  const isClick = Math.abs(event.clientX - drag.begin) < 4;
  drag = undefined;
  if (isClick) choose();
  else choose(since, Math.max(until, since + slot));
});

/**
 * Return the time at a position of the strip, rounded to a slot.
 * @param {PointerEvent} event
 */
function moment(event) {
  const box = find("#strip").getBoundingClientRect();
  const { begin, slot, width } = numbers();
  const place = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  return begin + Math.round(place * width) * slot;
}

/**
 * Move an end of the chosen time with a key.
 * @param {KeyboardEvent} event
 */
function slide(event) {
  const grip = at(event, ".grip");
  if (!grip || !["ArrowLeft", "ArrowRight"].includes(event.key)) return false;
  const { begin, slot, width, since, until } = numbers();
  const end = begin + width * slot;
  const by = (event.key === "ArrowLeft" ? -1 : 1) * (event.shiftKey ? LEAP : 1) * slot;
  const [from, to] = grip.id === "from" ?
    [Math.max(begin, Math.min(until - slot, since + by)), until] :
    [since, Math.min(end, Math.max(since + slot, until + by))];
  Object.assign(find("#time").dataset, { since: from, until: to });
  fit();
  if (from === begin && to === end) choose();
  else choose(from, to);
  return true;
}

// --- Loading

/** @type {AbortController | undefined} */
let loading;
let sorted = sort; // the column that sorts the shown sites

/** Load the requests of the search and follow new requests. */
async function load() {
  source?.close();
  history.replaceState(history.state, "", `?${query()}`);
  if (!(await loadRows())) return;
  if (isPaused()) show("paused");
  connect();
}

/** Load the list and the parts above it; returns whether this succeeded. */
async function loadRows() {
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  try {
    const made = parse(await ask(`requests?${query()}`, { html: true, signal }));
    find("#problem").textContent = find("#problem", made).textContent;
    if (find("#problem").textContent) return false; // keep the shown list
    const loaded = find("#rows", made);
    ({ journal, changes } = loaded.dataset);
    last = Number(loaded.dataset.last);
    glide(() => {
      replaceRows(loaded);
      older.hidden = find("#older", made).hidden;
      find("#count").textContent = find("#count", made).textContent;
      if (find("#empty", made).childElementCount) find("#empty").replaceChildren(...find("#empty", made).children);
      for (const link of all("[data-by]")) link.dataset.by === by ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
      find("#hints").replaceWith(find("#hints", made));
      replaceAbove(made, sorted !== sort);
    });
    sorted = sort;
    forget();
    return true;
  } catch (error) {
    if (signal.aborted) return false; // aborted by a later load
    if (state.dataset.state !== "lost") attempt(() => Promise.reject(error));
    show("lost");
    loadLater();
    return false;
  }
}

const loadSoon = later(load, 150);
const loadLater = later(load, AGAIN);

search.addEventListener("input", () => loadSoon());
find("#find").addEventListener("submit", (event) => event.preventDefault());

/** Return the query for the requests after the last row. */
function next() {
  const asked = query();
  asked.set("before", rows().at(-1)?.dataset.number ?? "0");
  return asked.toString();
}

older.addEventListener("click", () => attempt(async () => {
  const asked = next();
  const made = parse(await ask(`requests?${asked}`, { html: true }));
  if (next() !== asked) return; // the list has changed meanwhile
  const added = all("#rows tbody tr", made);
  find("tbody", list).append(...added);
  if (document.activeElement === older) find("a", added[0] ?? list)?.focus();
  older.hidden = find("#older", made).hidden;
}));
new IntersectionObserver(([end]) => end.isIntersecting && older.click(), { rootMargin: "600px" }).observe(older);

/** Load the requests of a site whose group the reader opens. */
list.addEventListener("toggle", (event) => attempt(async () => {
  const group = at(event, "details[data-group]");
  const body = group?.open && find("tbody", group);
  if (!body || body.childElementCount) return;
  const asked = new URLSearchParams({ q: group.dataset.group ?? "", by: "time", limit: group.dataset.rows ?? "" });
  const made = parse(await ask(`requests?${asked}`, { html: true }));
  if (!body.childElementCount) body.append(...all("#rows tbody tr", made));
  mark();
}), true);

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

/**
 * Open the story of a site or a request; with `allows`, focus the button that allows the site.
 * @param {HTMLElement} row
 */
async function tellStory(row, allows = false) {
  await open(row.dataset.number ?? row.dataset.story ?? "", allows ? "#allow" : "");
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !at(event, "main")) return;
  const [toggle, words, order] = [at(event, "[data-toggle]"), at(event, "[data-query]"), at(event, "[data-by]")];
  const column = at(event, "[data-sort]");
  const row = at(event, "#first [data-story], #rows tbody tr");
  if (toggle) {
    const [name, value = ""] = (toggle.dataset.toggle ?? "").split(":");
    token(name, toggle.hasAttribute("aria-current") ? "" : value);
  } else if (order) {
    by = order.dataset.by ?? by;
    load();
  } else if (column) {
    sort = column.dataset.sort ?? "";
    load();
  } else if (words) {
    if (at(event, "#rows")) by = "time";
    look(words.dataset.query ?? "");
  } else if (row && !getSelection()?.toString()) {
    tellStory(row, Boolean(at(event, "[data-allow]")));
  } else return;
  event.preventDefault();
});

/** The elements that the arrow keys visit: visible sites and requests. */
const stops = () => all("#sites tr[data-story] th > a, :is(#sites, #rows) summary, #rows th a")
  .filter((stop) => stop.checkVisibility());

/**
 * Focus the previous or next site or request; from the search, the first.
 * @param {KeyboardEvent} event
 */
function step(event) {
  const isDown = event.key === "ArrowDown";
  const all = stops();
  const row = at(event, "tr, summary");
  const place = row ? all.findIndex((stop) => stop === row || row.contains(stop)) : -1;
  const isOutside = event.target === search || event.target === document.body || event.target === find("main");
  const next = place >= 0 ? all[place + (isDown ? 1 : -1)] : isDown && isOutside ? all[0] : undefined;
  next?.focus();
  return Boolean(next);
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const isWriting = at(event, "input, select, textarea, dialog");
  const allows = find("[data-allow]", at(event, "#sites tr") ?? document.createElement("tr"));
  if (slide(event)) {
    // done
  } else if (event.shiftKey) {
    return;
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!step(event)) return;
  } else if (event.key === "/" && !isWriting) search.select();
  else if (event.key === "a" && allows) allows.click();
  else return;
  event.preventDefault();
});

document.addEventListener("visibilitychange", () => (document.hidden ? source?.close() : connect()));
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => event.persisted && connect());
addEventListener("pageshow", () => compareSoon());
// After Back, the search may have changed.
addEventListener("popstate", () => history.replaceState(history.state, "", `?${query()}`));

fit();
if (search.value.includes("time:") && !shown.has("zone")) load(); // the server took it for UTC
else connect();
