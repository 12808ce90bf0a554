// The story of one request, on a page of its own or beside the list; each has a URL of its own.

import { all, ask, at, attempt, fill, find, kept, root } from "./base.js";
import "./cases.js";

const detail = find("#detail"); // null on the page of one story
const covering = matchMedia("(max-width: 69.99rem)"); // the story covers the list, see base.css
/** @type {string | undefined} */
let opened; // the number of the open story
/** @type {string | undefined} */
let wanted; // the number of the story that was asked for last
let from = ""; // the list from which it was opened

/**
 * Open the story of a request, in place of the one that is open.
 * @param {string} number
 */
export async function open(number) {
  from = document.activeElement?.closest("#sites, #rows")?.id === "sites" ? "#sites" : "#rows";
  if (!(await show(number))) return;
  const url = `${root}requests/${number}${location.search}`;
  if (history.state?.story) history.replaceState({ story: number }, "", url);
  else history.pushState({ story: number }, "", url); // so that Back closes it
}

/** Close the story, as Back does. */
export function close() {
  if (history.state?.story) history.back();
  else hide();
}

/** Whether a story is open beside the list. */
const isOpen = () => Boolean(detail && !detail.hidden);

/** Mark the row of the open story, which the list may have made anew. */
export function mark() {
  for (const row of all("#split tr[aria-selected]")) row.removeAttribute("aria-selected");
  for (const row of all(`#split :is([data-number="${opened}"], [data-story="${opened}"])`)) row.setAttribute("aria-selected", "true");
}

/** @param {string} number */
async function show(number) {
  wanted = number;
  const html = await attempt(() => ask(`requests/${number}`, { html: true }));
  if (html === undefined || wanted !== number) return false; // another one was asked for meanwhile
  opened = number;
  mark();
  fill(detail, html);
  detail.hidden = false;
  find("#split").classList.add("open");
  cover();
  prepare(detail);
  detail.scrollTop = 0;
  detail.focus({ preventScroll: true });
  return true;
}

function hide() {
  wanted = undefined;
  if (!isOpen()) return;
  detail.hidden = true;
  detail.replaceChildren();
  find("#split").classList.remove("open");
  cover();
  (find(`${from} [data-story="${opened}"] a`) ?? find(`#rows tr[data-number="${opened}"] a`) ?? find("#main")).focus();
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

/** Show what the address names: Back and Forward lead here, also on a page that was reloaded. */
function follow() {
  const number = location.pathname.slice(root.length).match(/^requests\/(\d+)$/)?.[1];
  if (!number) hide();
  else if (opened !== number) show(number);
}

/**
 * Offer what the edited rules say, if the rules of the bucket are being edited in this browser.
 * @param {ParentNode} within
 */
function prepare(within) {
  const story = find(".story", within);
  const button = find("[data-edited]", within);
  if (!button) return;
  const { bucket, referer, hasReferer, signed, method } = story.dataset;
  const draft = kept.get(`rules:${bucket}`);
  button.hidden = !draft;
  button.addEventListener("click", () => attempt(async () => {
    const requests = [{ referer: hasReferer ? referer : null, signed, method }];
    const html = await ask("rules/check", { method: "POST", value: { rules: draft, requests }, html: true });
    fill(find("[data-edited-answer]", within), html);
  }));
}

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
  prepare(document);
}
