// The rules of a bucket: checks by the server, drafts, links, and applying the rules.

import { all, announce, ask, attempt, copy, find } from "./base.js";
import { Drafts } from "./drafts.js";
import { Editor, allow, boxes, finder, site, when } from "./editor.js";
import { isRules, isSame, lists, pack, unpack } from "./entries.js";

/** @typedef {import("./entries.js").Rules} Rules */

const state = find("#state");
const { bucket = "", rules: given = "", etag: tag = "" } = state.dataset;
const path = `rules/${encodeURIComponent(bucket)}`;
const [revertButton, applyButton] = all("#revert, #apply");

/** @type {Rules} */
let saved = JSON.parse(given);
let etag = tag; // of the saved rules
let isConflict = false; // whether the user must choose between the draft and the saved rules
let isApplying = false;
let isTooLarge = false; // whether a bucket does not take the list
/** @type {Rules | undefined} */
let replaced; // the rules that were applied over
/** @type {Rules | undefined} */
let linked; // the rules of the link in the address
const drafts = new Drafts(bucket);

const editor = new Editor({
  changed,
  show,
  refused: (_, error) => age(true, error),
  answered,
  tell,
});
const rules = () => editor.rules;
const isEdited = () => !isSame(rules(), saved);

// --- Drafts

/** The draft of the page; in a conflict without a tag, so that the user is asked again after a reload. */
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

// --- Answers of the server

/**
 * Ask the server about rules.
 * @param {string} kind
 * @param {object} value
 */
async function tell(kind, value, html = true) {
  const answer = await ask(`rules/${kind}`, { method: "POST", value: { ...value, bucket }, html });
  return html ? { html: answer } : answer;
}

/** @type {Record<string, AbortController>} */
const asking = {};

/**
 * Request a part of the page, and abort the last request of the same kind.
 * @param {string} kind
 * @param {{ referer?: string | null }} values
 */
async function show(kind, { referer, ...value }) {
  asking[kind]?.abort();
  asking[kind] = new AbortController();
  const { signal } = asking[kind];
  const requests = kind === "check" ? [{ referer }] : undefined;
  try {
    const html = await ask(`rules/${kind}`, { method: "POST", value: { ...value, requests, bucket }, html: true, signal });
    age(false);
    return html;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;

/**
 * Show whether the page is out of date, and why; retry if the server does not answer.
 * @param {boolean} isOld
 * @param {any} [error]
 */
function age(isOld, error) {
  const notice = find("#old");
  const wasOld = !notice.hidden;
  const isGone = error?.status === undefined;
  notice.hidden = !isOld;
  notice.textContent = (isGone ? notice.dataset.gone : `${notice.dataset.why} ${error.message}`) ?? "";
  find("#editor").classList.toggle("old", isOld);
  clearTimeout(waiting);
  if (isOld && isGone) waiting = setTimeout(lookAgain, 3000);
  else if (wasOld && !isOld) editor.ask();
}

/** Check in the background whether the bucket has other rules. */
async function lookAgain() {
  try {
    await look();
    age(false);
  } catch (error) {
    age(true, error);
  }
}

function changed() {
  if (linked && !isSame(linked, rules())) {
    linked = undefined; // the rules differ from those of the link
    history.replaceState(null, "", location.pathname + location.search);
  }
  const edited = isEdited();
  isConflict &&= edited;
  confront();
  const said = state.dataset[editor.isUnread ? "unread" : isConflict ? "conflict" : edited ? "edited" : "same"] ?? "";
  if (state.textContent !== said) state.textContent = said;
  allow(revertButton, edited || editor.isUnread);
  allow(applyButton, edited && !isConflict && !editor.isUnread && !isTooLarge);
  applyButton.classList.toggle("primary", edited && !find("#use"));
  if (edited) drafts.keep(current());
  else drafts.drop();
  offer();
}

// --- Revert, apply

when(revertButton, () => {
  setAside();
  editor.step(saved);
});
when(applyButton, () => (find("#lock-said").childNodes.length ? find("dialog#lock").showModal() : apply(rules())));
find("dialog#lock").addEventListener("close", () => attempt(async () => {
  const dialog = /** @type {HTMLDialogElement} */ (find("dialog#lock"));
  const { returnValue: chosen } = dialog;
  dialog.returnValue = "";
  if (chosen === "back") editor.putBack(editor.missed);
  else if (chosen === "anyway") await apply(rules());
}));
find("#undo-apply").addEventListener("click", () => attempt(async () => {
  const before = replaced;
  if (!before) return;
  find("#receipt").hidden = true;
  editor.step(before);
  await apply(before, true);
}));

/**
 * Put rules into the bucket in place of those that the page knows.
 * @param {Rules} given
 * @param {boolean} [isUndo]
 */
async function apply(given, isUndo = false) {
  if (isApplying) return;
  isApplying = true;
  const before = saved;
  const cost = find("#cost").textContent?.trim() ?? "";
  try {
    const headers = { "If-Match": etag };
    ({ rules: saved, etag } = await ask(path, { method: "PUT", value: { rules: given }, headers }));
    announce(isUndo ? state.dataset.restored : state.dataset.applied);
    replaced = isUndo ? undefined : before;
    find("#done").textContent = cost;
    find("#receipt").hidden = isUndo;
    if (!isUndo) find("#receipt").focus({ preventScroll: true });
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
  } finally {
    isApplying = false;
  }
  await look();
  changed();
  editor.ask();
  if (isConflict) find("#conflict").focus();
}

/**
 * Use what an answer says beside what the editor shows.
 * @param {DOMStringMap} said
 * @param {DocumentFragment} made
 */
function answered(said, made) {
  if (said.etag && said.etag !== etag) attempt(look);
  find("#lock-said").replaceChildren(...(find("[data-part=lock]", made)?.childNodes ?? []));
  find("#try-it").replaceChildren(...(find("[data-part=receipt]", made)?.childNodes ?? []));
  isTooLarge = Boolean(find("#cost [data-too-large]"));
  changed();
}

const statusOf = (/** @type {any} */ error) => error.status;

// --- Other rules in the bucket

/** Check whether the rules of the bucket have changed. */
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
    editor.ask();
  } else {
    editor.step(saved);
    announce(state.dataset.meanwhile);
  }
}

/**
 * Return the switches and entries of rules as texts.
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

/** In a conflict, show the differences between the draft and the saved rules. */
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
  editor.step(given);
  applyButton.focus();
}

find("#take-theirs").addEventListener("click", () => {
  setAside();
  settle(saved);
});
find("#keep-mine").addEventListener("click", () => settle(rules()));
addEventListener("focus", lookAgain);

// --- Links

find("#link").addEventListener("click", () => attempt(async () => {
  const given = { rules: rules(), referers: finder.value, site: site.value };
  history.replaceState(null, "", `#case=${await pack(given)}`);
  linked = given.rules;
  await copy(location.href);
}));

/** Read the case in the address; undefined if there is none. */
async function readLink() {
  const [, text] = location.hash.match(/^#case=(.*)$/) ?? [];
  if (text === undefined) return undefined;
  try {
    const given = await unpack(text);
    if (isRules(given.rules) && typeof given.referers === "string" && typeof given.site === "string") return given;
  } catch { /* the same error follows */ }
  throw new Error(state.dataset.broken);
}

/** Show the case of a link; the user's own draft is set aside. */
async function open() {
  const given = await readLink();
  if (!given) return;
  [finder.value] = given.referers.split("\n");
  site.value = given.site;
  linked = given.rules;
  if (isSame(given.rules, rules())) {
    editor.ask();
    return;
  }
  setAside();
  editor.step(given.rules);
}

const before = drafts.own();
if (before) isConflict = before.etag !== etag;
editor.begin(saved, before?.rules);
addEventListener("hashchange", () => attempt(open));
attempt(open);
