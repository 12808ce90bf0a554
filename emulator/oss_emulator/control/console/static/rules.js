// The editor of rules: it sends what is typed to the server and shows what the server says.

import { all, announce, ask, attempt, copy, fill, find, later, onDrop, parse, values } from "./base.js";
import { Drafts } from "./drafts.js";
import { Editor, allow, area, boxes, when } from "./editor.js";
import { isRules, isSame, keepFocus, lines, lists, pack, readText, unpack } from "./entries.js";

/** @typedef {import("./entries.js").Rules} Rules */

const { bucket = "", rules: given = "", etag: tag = "" } = find("#editor").dataset;
const path = `rules/${encodeURIComponent(bucket)}`;
const state = find("#state");
const referers = find("textarea#referers");
const site = find("input#site");
const [revertButton, applyButton] = all("#revert, #apply");

/** @type {Rules} */
let saved = JSON.parse(given);
let etag = tag; // of the saved rules
let isConflict = false; // whether the reader has to choose between the draft and the saved rules
let isApplying = false;
/** @type {Rules | undefined} */
let linked; // the rules of the link in the address
const drafts = new Drafts(bucket); // the draft of this tab, and others

const editor = new Editor({ changed, correct, format });
const rules = () => editor.rules;
const isEdited = () => !isSame(rules(), saved);

// --- Drafts

/** The draft of the page; in a conflict it has no tag, so that the reader is asked again after a reload. */
const current = () => ({ rules: rules(), etag: isConflict ? "" : etag });

function setAside() {
  if (isEdited()) drafts.setAside(current());
}

function offer() {
  find("#aside").hidden = !drafts.others([rules(), saved]).length;
}

find("#bring-back").addEventListener("click", () => {
  const [next] = drafts.others([rules(), saved]);
  drafts.take(next, isEdited() ? current() : undefined);
  isConflict = next.etag !== etag;
  editor.step(next.rules);
  if (find("#aside").hidden) find("#whitelist").focus();
});
addEventListener("storage", offer);

// --- What the server says

const SOON = 80; // milliseconds

/** @type {AbortController | undefined} */
let checking;
const check = later(() => attempt(async () => {
  checking?.abort();
  checking = new AbortController();
  const isProposed = "proposed" in referers.dataset;
  const requests = [null, ...lines(referers.value).filter(Boolean)].map((referer) => ({ referer }));
  const value = { rules: rules(), bucket, requests: isProposed ? undefined : requests };
  const html = await fresh("rules/check", value, checking);
  if (html === undefined) return;
  fill(find("#verdicts"), html);
  const { tally = "", referers: tried = "[]" } = find("#verdicts table").dataset;
  find("#tally").textContent = tally;
  if (isProposed && "proposed" in referers.dataset) referers.value = JSON.parse(tried).join("\n");
}), SOON);

/** @type {AbortController | undefined} */
let answering;
const answer = later(() => attempt(async () => {
  answering?.abort();
  answering = new AbortController();
  const html = await fresh("rules/answer", { rules: rules(), bucket, site: site.value }, answering);
  if (html !== undefined) editor.answer(html);
}), SOON);

/** @type {AbortController | undefined} */
let reviewing;
const review = later(() => attempt(async () => {
  reviewing?.abort();
  reviewing = new AbortController();
  const html = await fresh("rules/review", { rules: rules(), bucket }, reviewing);
  if (html === undefined) return;
  const opened = all("#review details").map((part) => part.open);
  keepFocus(find("#review"), () => fill(find("#review"), html));
  all("#review details").forEach((part, place) => { part.open = opened[place] ?? part.open; });
  const said = find(".reviews").dataset;
  editor.mark(said.marks ?? "");
  if (said.etag !== etag) await look();
}), 250);

/**
 * Ask for a part of the page, and say whether what stands there is old; undefined without an answer.
 * @param {string} place
 * @param {unknown} value
 * @param {AbortController} controller
 */
async function fresh(place, value, { signal }) {
  try {
    const html = await ask(place, { method: "POST", value, html: true, signal });
    age(false);
    return html;
  } catch (error) {
    if (!signal.aborted) age(true, error);
    return undefined;
  }
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;

/**
 * Say whether what stands here is old, and why; a server that does not answer is asked again.
 * @param {boolean} isOld
 * @param {any} [error]
 */
function age(isOld, error) {
  const notice = find("#old");
  const wasOld = !notice.hidden;
  const isGone = error?.status === undefined;
  notice.hidden = !isOld;
  notice.textContent = (isGone ? notice.dataset.gone : `${notice.dataset.why} ${error.message}`) ?? "";
  for (const id of ["#verdicts", "#parts", "#review"]) find(id).classList.toggle("old", isOld);
  clearTimeout(waiting);
  if (isOld && isGone) waiting = setTimeout(lookAgain, 3000);
  else if (wasOld && !isOld) {
    changed();
  }
}

/** Look whether the bucket has other rules, in the background. */
async function lookAgain() {
  try {
    await look();
    age(false);
  } catch (error) {
    age(true, error);
  }
}

function changed(isTyped = false) {
  if (linked && !isSame(linked, rules())) {
    linked = undefined; // the case is another one now
    history.replaceState(null, "", location.pathname + location.search);
  }
  const edited = isEdited();
  isConflict &&= edited;
  confront();
  const said = state.dataset[isConflict ? "conflict" : edited ? "edited" : "same"] ?? "";
  if (state.textContent !== said) state.textContent = said;
  allow(revertButton, edited);
  allow(applyButton, edited && !isConflict);
  if (edited) drafts.keep(current());
  else drafts.drop();
  offer();
  check();
  answer();
  review(isTyped ? undefined : SOON);
}

// --- Revert, apply

when(revertButton, () => {
  setAside();
  editor.step(saved);
});
when(applyButton, async () => {
  if (isApplying) return;
  isApplying = true;
  try {
    const headers = { "If-Match": etag };
    ({ rules: saved, etag } = await ask(path, { method: "PUT", value: { rules: rules() }, headers }));
    announce(state.dataset.applied);
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
  } finally {
    isApplying = false;
  }
  await look();
  changed();
  if (isConflict) find("#conflict").focus();
});

const statusOf = (/** @type {any} */ error) => error.status;

// --- Other rules in the bucket

/** Look whether the bucket has other rules than this page believes. */
async function look() {
  const now = await ask(path);
  if (isApplying || now.etag === etag) return;
  const before = saved;
  const edited = isEdited();
  ({ rules: saved, etag } = now);
  if (isSame(before, saved)) return;
  if (edited) {
    isConflict = true;
    changed();
  } else {
    editor.step(saved);
    announce(state.dataset.meanwhile);
  }
}

/**
 * Return the switches and entries of rules, each as a text.
 * @param {Rules} given
 * @returns {string[]}
 */
const describe = (given) => [
  ...boxes.map((box) => `${box.name}: ${given[box.name]}`),
  ...Object.entries(lists).flatMap(([id, member]) => {
    const name = find(`label[for=${id}]`).firstChild?.textContent?.trim();
    return given[member].Referer.map((/** @type {string} */ entry) => `${name}: ${entry}`);
  }),
];

/** Show what differs between the draft and the saved rules while the reader has to choose. */
function confront() {
  find("#conflict").hidden = !isConflict;
  if (!isConflict) return;
  const [mine, theirs] = [describe(rules()), describe(saved)];
  find("#mine").textContent = mine.filter((text) => !theirs.includes(text)).join("\n") || "—";
  find("#theirs").textContent = theirs.filter((text) => !mine.includes(text)).join("\n") || "—";
}

/** @param {Rules} given */
function settle(given) {
  isConflict = false;
  applyButton.focus();
  editor.step(given);
}

find("#take-theirs").addEventListener("click", () => {
  setAside();
  settle(saved);
});
find("#keep-mine").addEventListener("click", () => settle(rules()));
addEventListener("focus", lookAgain);

// --- Trying

site.addEventListener("input", () => answer());
referers.addEventListener("input", () => {
  delete referers.dataset.proposed; // from now on they are the reader's own
  check();
});

// --- What the editor asks for

/**
 * @param {Rules} shown
 * @param {import("./editor.js").Finding} finding
 * @param {boolean} isShown
 */
async function correct(shown, finding, isShown) {
  const html = await ask("rules/correct", { method: "POST", value: { rules: shown, ...finding }, html: isShown });
  return isShown ? { html, rules: JSON.parse(find("[data-rules]", parse(html)).dataset.rules ?? "") } : html;
}

/** @param {Rules} shown */
function format(shown) {
  return ask("rules/export", { method: "POST", value: { rules: shown, bucket }, html: true });
}

// --- Generate, import, links

const generator = find("form#generate-form");
generator.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const made = await ask("rules/generate", { method: "POST", value: values(generator) });
    find("#generated").hidden = false;
    find("#generated code").textContent = made.table;
    editor.step(made.rules);
  });
});

/** @param {File} [file] */
async function read(file) {
  if (!file) return;
  const text = await readText(file);
  if (text === undefined) throw new Error(area("import-text").dataset.binary);
  area("import-text").value = text;
  find("details#import").open = true;
  find("#import-go").focus();
}
const file = find("input#import-file");
file.addEventListener("change", () => attempt(async () => {
  await read(file.files?.[0]);
  file.value = ""; // so that the same file can be chosen again
}));
onDrop("body", ({ files: [dropped] }) => read(dropped));
find("#import-go").addEventListener("click", () => attempt(async () => {
  const value = { text: area("import-text").value };
  editor.step((await ask("rules/import", { method: "POST", value })).rules);
}));

find("#link").addEventListener("click", () => attempt(async () => {
  const given = { rules: rules(), referers: referers.value, site: site.value };
  history.replaceState(null, "", `#case=${await pack(given)}`);
  linked = given.rules;
  await copy(location.href);
}));

/** Read the case of the address; undefined without one. */
async function readLink() {
  const [, text] = location.hash.match(/^#case=(.*)$/) ?? [];
  if (text === undefined) return undefined;
  try {
    const given = await unpack(text);
    if (isRules(given.rules) && typeof given.referers === "string" && typeof given.site === "string") return given;
  } catch { /* what it says is the same */ }
  throw new Error(state.dataset.broken);
}

/** Show the case of a link over the reader's own draft, which can be had back. */
async function open() {
  const given = await readLink();
  if (!given) return;
  referers.value = given.referers;
  site.value = given.site;
  delete referers.dataset.proposed;
  linked = given.rules;
  if (isSame(given.rules, rules())) return;
  setAside();
  editor.step(given.rules);
}

const before = drafts.own();
if (before) isConflict = before.etag !== etag;
editor.begin(saved, before?.rules);
addEventListener("hashchange", () => attempt(open));
attempt(open);
