// The story of a request, on a separate page or beside the list; each story has its own URL.

import { all, ask, at, attempt, fill, find, kept, root, values } from "./base.js";
import "./cases.js";

const detail = find("#detail"); // null on the separate page of a story
const covering = matchMedia("(max-width: 56.25rem)"); // the story covers the list, see base.css
const APPLY = "#allow"; // at the end of an address: only focus the button "Apply"
/** @type {string | undefined} */
let opened; // the number of the open story
/** @type {string | undefined} */
let wanted; // the number of the story that was requested last
/** @type {Element | null} */
let opener = null; // the element that had the focus before
let exports = false; // whether the export is open
let from = ""; // the list from which the story was opened

/**
 * Open the story of a request instead of the open story.
 * @param {string} number
 * @param {string} [place] "#allow" focuses "Apply"
 */
export async function open(number, place = "") {
  from = document.activeElement?.closest("#sites, #rows")?.id === "sites" ? "#sites" : "#rows";
  if (!detail?.contains(document.activeElement)) opener = document.activeElement;
  if (!(await show(number, place))) return;
  const url = `${root}requests/${number}${location.search}${place}`;
  if (history.state?.story) history.replaceState({ story: number }, "", url);
  else history.pushState({ story: number }, "", url); // so that Back closes the story
}

/** Close the story, like Back. */
export function close() {
  if (history.state?.story) history.back();
  else hide();
}

/** Whether a story is open beside the list. */
const isOpen = () => Boolean(detail && !detail.hidden);

/** Mark the row of the open story, which the list may have replaced. */
export function mark() {
  for (const row of all("#split tr[aria-selected]")) row.removeAttribute("aria-selected");
  for (const row of all(`#split tr:is([data-number="${opened}"], [data-story="${opened}"])`)) row.setAttribute("aria-selected", "true");
}

/**
 * @param {string} number
 * @param {string} place
 */
async function show(number, place) {
  wanted = number;
  const html = await attempt(() => ask(`requests/${number}`, { html: true }));
  if (html === undefined || wanted !== number) return false; // another story was requested meanwhile
  opened = number;
  mark();
  fill(detail, html);
  detail.hidden = false;
  find("#split").classList.add("open");
  cover();
  exports = false;
  prepare();
  detail.scrollTop = 0;
  enter(place);
  return true;
}

/**
 * Focus the story, so that its headline is announced, or "Apply".
 * @param {string} place
 */
function enter(place) {
  ((place === APPLY && find("#apply")) || find("#story")).focus({ preventScroll: true });
}

function hide() {
  wanted = undefined;
  if (!isOpen()) return;
  detail.hidden = true;
  detail.replaceChildren();
  find("#split").classList.remove("open");
  cover();
  const row = opener?.isConnected && opener.closest(`:is([data-number="${opened}"], [data-story="${opened}"])`);
  (row ? /** @type {HTMLElement} */ (opener) : find(`${from} [data-story="${opened}"] a`) ?? find(`#rows tr[data-number="${opened}"] a`) ?? find("#main")).focus();
  opened = undefined;
  mark();
}

/** Keep the focus in the story while it covers the page. */
function cover() {
  const covers = isOpen() && covering.matches;
  for (let inner = detail; inner !== document.body; inner = /** @type {HTMLElement} */ (inner.parentElement)) {
    for (const other of inner.parentElement?.children ?? []) {
      if (other !== inner && other.id !== "announce") other.toggleAttribute("inert", covers);
    }
  }
}

/** Show the story in the address after Back and Forward, also after a reload. */
function follow() {
  const number = location.pathname.slice(root.length).match(/^requests\/(\d+)$/)?.[1];
  if (!number) hide();
  else if (opened !== number) show(number, location.hash);
}

/** Offer to decide by the edited rules, if this browser has a draft for the bucket. */
function prepare() {
  const button = find("[data-edited]");
  if (!button) return;
  const { bucket, referer, hasReferer, signed, method } = find("#story").dataset;
  const draft = kept.get(`rules:${bucket}`);
  button.hidden = !draft;
  button.addEventListener("click", () => attempt(async () => {
    const requests = [{ referer: hasReferer ? referer : null, signed, method }];
    const html = await ask("rules/check", { method: "POST", value: { rules: draft, requests }, html: true });
    fill(find("[data-edited-answer]"), html);
  }));
}

/** After a step, update an open export with the present rules. */
async function renew() {
  const form = find("form#export");
  exports &&= Boolean(form);
  if (exports) fill(find("#exported"), await ask("rules/export", { method: "POST", value: values(form), html: true }));
}

document.addEventListener("filled", (event) => {
  const filled = /** @type {HTMLElement} */ (event.target);
  if (filled.id === "exported") exports = true;
  if (filled.id !== "story") return;
  prepare();
  attempt(renew);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || at(event, "input, select, textarea, dialog")) return;
  find("form#undo-here")?.requestSubmit();
});

if (detail) {
  addEventListener("popstate", follow);
  covering.addEventListener("change", cover);
  document.addEventListener("keydown", (event) => {
    const elsewhere = at(event, "input, select, textarea, dialog");
    if (event.key === "Escape" && isOpen() && !elsewhere) close();
  });
  document.addEventListener("click", (event) => {
    if (at(event, "[data-close]")) close();
  });
} else {
  const { pathname } = location;
  addEventListener("popstate", () => location.pathname === pathname || location.reload());
  prepare();
  if (location.hash === APPLY) enter(APPLY);
}
