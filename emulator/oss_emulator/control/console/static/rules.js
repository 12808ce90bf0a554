// The editor of rules: it sends what is typed to the server and shows what the server says.

import { all, announce, ask, at, attempt, copy, fill, find, later, values } from "./console.js";
import { Drafts } from "./drafts.js";
import {
  Timeline, follow, isEditable, isRules, isSame, keepFocus, lines, lists, mark, number, onUndo, pack, select, unpack, write,
} from "./entries.js";

/** @typedef {import("./entries.js").Rules} Rules */

const editor = find("#editor");
const { bucket = "" } = editor.dataset;
const path = `rules/${encodeURIComponent(bucket)}`;
const state = find("#state");
const boxes = all(".switches input", editor);
const area = (/** @type {string} */ name) => /** @type {HTMLTextAreaElement} */ (find(`#${name}`));
const areas = Object.keys(lists).map(area);
const gutter = (/** @type {string} */ name) => find(`.gutter[data-list=${name}]`);
const referers = find("textarea#referers");
const site = find("input#site");
const [undoButton, redoButton, revertButton, applyButton] = all("#undo, #redo, #revert, #apply");

/** @type {Rules} */
let saved = JSON.parse(editor.dataset.rules ?? "");
let { etag = "" } = editor.dataset; // of the saved rules
let isConflict = false; // whether the reader has to choose between the draft and the saved rules
let isApplying = false;
/** @type {Rules | undefined} */
let whole; // the rules on the page if lines cannot show them
/** @type {Rules | undefined} */
let linked; // the rules of the link in the address
const timeline = new Timeline(saved);
const drafts = new Drafts(bucket); // the draft of this tab, and others

/** The rules as the page shows them, in the JSON of ossutil. */
function rules() {
  if (whole) return whole;
  /** @type {Rules} */
  const made = {};
  for (const box of boxes) made[box.name] = box.checked;
  for (const [name, member] of Object.entries(lists)) made[member] = { Referer: lines(area(name).value) };
  return made;
}

const isEdited = () => !isSame(rules(), saved);

/** @param {Rules} given */
function show(given) {
  whole = isEditable(given) ? undefined : given;
  find("#not-editable").hidden = !whole;
  for (const box of boxes) {
    box.checked = given[box.name];
    box.disabled = Boolean(whole);
  }
  for (const [name, member] of Object.entries(lists)) {
    write(area(name), given[member].Referer.join("\n"));
    area(name).readOnly = Boolean(whole);
  }
  changed();
}

/**
 * Show other rules; that can be undone.
 * @param {Rules} given
 */
function step(given) {
  timeline.note(given);
  show(given);
}

// --- Drafts

/** The rules of the page, and what they are to replace: in a conflict, nothing that the bucket has. */
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
  step(next.rules);
  if (find("#aside").hidden) find("#whitelist").focus();
});
addEventListener("storage", offer);

// --- What the server says

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
}), 80);

/** @type {AbortController | undefined} */
let reviewing;
const review = later(() => attempt(async () => {
  reviewing?.abort();
  reviewing = new AbortController();
  const isProposed = "proposed" in site.dataset;
  const value = { rules: rules(), bucket, site: isProposed ? "" : site.value };
  const html = await fresh("rules/review", value, reviewing);
  if (html === undefined) return;
  const opened = all("#review details").map((part) => part.open);
  keepFocus(find("#review"), () => fill(find("#review"), html));
  all("#review details").forEach((part, place) => { part.open = opened[place] ?? part.open; });
  const said = find(".reviews").dataset;
  if (isProposed && "proposed" in site.dataset) site.value = said.site ?? "";
  const found = (said.marks ?? "").split(" ").filter(Boolean).map((one) => one.split(":"));
  for (const name of Object.keys(lists)) {
    mark(gutter(name), found.filter(([list]) => list === name)
      .map(([, position, severity]) => ({ position: Number(position), severity })));
  }
  if (said.etag !== etag) await look();
}), 350);

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
  for (const id of ["#verdicts", "#review"]) find(id).classList.toggle("old", isOld);
  clearTimeout(waiting);
  if (isOld && isGone) waiting = setTimeout(lookAgain, 3000);
  else if (wasOld && !isOld) {
    check();
    review();
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

function changed() {
  for (const name of Object.keys(lists)) number(gutter(name), area(name));
  if (linked && !isSame(linked, rules())) {
    linked = undefined; // the case is another one now
    history.replaceState(null, "", location.pathname + location.search);
  }
  const edited = isEdited();
  isConflict &&= edited;
  confront();
  const said = state.dataset[isConflict ? "conflict" : edited ? "edited" : "same"] ?? "";
  if (state.textContent !== said) state.textContent = said;
  allow(undoButton, timeline.past.length > 0);
  allow(redoButton, timeline.future.length > 0);
  allow(revertButton, edited);
  allow(applyButton, edited && !isConflict);
  if (edited) drafts.keep(current());
  else drafts.drop();
  offer();
  check();
  review();
  if (find("#export").matches(":popover-open")) exportAll();
}

/**
 * Enable a button or not; a disabled one keeps the focus.
 * @param {Element} button
 * @param {boolean} can
 */
function allow(button, can) {
  button.setAttribute("aria-disabled", String(!can));
}

/**
 * @param {Element} button
 * @param {() => unknown} action
 */
const when = (button, action) => button.addEventListener("click", () => {
  if (button.getAttribute("aria-disabled") !== "true") attempt(async () => action());
});

// --- Undo, redo, revert, apply

/** @param {Rules | undefined} next */
function go(next) {
  if (!next) return;
  const shown = rules();
  const isTyping = areas.some((one) => one === document.activeElement);
  show(next);
  const changedOne = areas.find((one) => !isSame({ ...shown, [lists[one.id]]: next[lists[one.id]] }, shown));
  if (isTyping) changedOne?.focus();
}
const undo = () => go(timeline.undo());
const redo = () => go(timeline.redo());
when(undoButton, undo);
when(redoButton, redo);
onUndo([...areas, ...boxes], undo, redo);

when(revertButton, () => {
  setAside();
  step(saved);
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
    step(saved);
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
  step(given);
}

find("#take-theirs").addEventListener("click", () => {
  setAside();
  settle(saved);
});
find("#keep-mine").addEventListener("click", () => settle(rules()));
addEventListener("focus", lookAgain);

// --- Typing

for (const control of [...boxes, ...areas]) {
  control.addEventListener("input", (event) => {
    const how = event instanceof InputEvent ? event.inputType : "";
    const isTyped = /^(insertText|insertCompositionText|deleteContent)/.test(how);
    timeline.note(rules(), isTyped ? `${control.name} ${how}` : "");
    changed();
  });
}
for (const one of areas) follow(gutter(one.id), one);
for (const field of [site, referers]) {
  field.addEventListener("input", () => {
    delete field.dataset.proposed; // from now on it is the reader's own
    if (field === site) review();
    else check();
  });
}

// --- Corrections

const proof = find("dialog#proof");

/**
 * Ask for a correction of the rules as they are now; undefined if they have changed meanwhile.
 * @param {Record<string, unknown>} finding
 * @param {boolean} html whether to get its proof, or else its values
 */
async function correct(finding, html) {
  const shown = rules();
  const answer = await ask("rules/correct", { method: "POST", value: { rules: shown, ...finding }, html });
  return isSame(shown, rules()) ? answer : undefined;
}

/**
 * Show what a correction changes, and follow it if the reader wants that; false to stop asking.
 * @param {Record<string, unknown>} finding
 * @param {boolean} isOneOfMany whether others follow, so that this one can be skipped
 */
async function decide(finding, isOneOfMany) {
  const html = await correct(finding, true);
  if (html === undefined) return false;
  fill(find("#proof-text"), html);
  find("[value=skip]", proof).hidden = !isOneOfMany;
  proof.returnValue = "stop";
  proof.showModal();
  await new Promise((resolve) => { proof.addEventListener("close", resolve, { once: true }); });
  if (proof.returnValue === "follow") step(JSON.parse(find("[data-rules]", proof).dataset.rules ?? ""));
  return proof.returnValue !== "stop";
}

/** @param {Record<string, unknown>} finding */
async function followSafe(finding) {
  const answer = await correct(finding, false);
  if (answer) step(answer.rules);
}

async function correctAll() {
  const answer = await correct({}, false);
  if (!answer) return;
  step(answer.rules);
  for (const { rule, list, entry } of answer.left) {
    try {
      if (!(await decide({ rule, list, entry }, true))) return;
    } catch (error) {
      if (statusOf(error) !== 404) throw error; // another correction has settled this one
    }
  }
}

let isCorrecting = false;

/**
 * Do one thing at a time, and show that it takes time.
 * @param {HTMLElement} button
 * @param {() => Promise<unknown>} action
 */
async function alone(button, action) {
  if (isCorrecting) return;
  isCorrecting = true;
  button.setAttribute("aria-busy", "true");
  await attempt(async () => { await action(); });
  button.removeAttribute("aria-busy");
  isCorrecting = false;
}

find("#review").addEventListener("click", (event) => {
  const target = at(event, "[data-correct-all], [data-correct], [data-goto]");
  if (!target) return;
  const { correct: rule, goto: place, unsafe } = target.dataset;
  if (place) {
    event.preventDefault();
    const [name, position] = place.split(":");
    select(area(name), Number(position));
  } else if (rule === undefined) {
    alone(target, correctAll);
  } else {
    const { list = null, entry } = at(event, ".finding")?.dataset ?? {};
    const finding = { rule, list, entry };
    alone(target, () => (unsafe === undefined ? followSafe(finding) : decide(finding, false)));
  }
});

// --- Generate, import, export, links

const generator = find("form#generate-form");
generator.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const made = await ask("rules/generate", { method: "POST", value: values(generator) });
    find("#generated").hidden = false;
    find("#generated code").textContent = made.table;
    step(made.rules);
  });
});

const file = find("input#import-file");
file.addEventListener("change", () => attempt(async () => {
  area("import-text").value = await file.files?.[0]?.text() ?? "";
}));
find("#import-go").addEventListener("click", () => attempt(async () => {
  const value = { text: area("import-text").value };
  step((await ask("rules/import", { method: "POST", value })).rules);
}));

const exportAll = later(() => attempt(async () => {
  const opened = all("#export-texts details[open]").map((part) => part.dataset.form);
  const html = await ask("rules/export", { method: "POST", value: { rules: rules(), bucket }, html: true });
  keepFocus(find("#export-texts"), () => fill(find("#export-texts"), html));
  for (const part of all("#export-texts details")) part.open = opened.includes(part.dataset.form);
}), 100);
find("#export").addEventListener("toggle", () => {
  if (find("#export").matches(":popover-open")) exportAll();
});

find("#link").addEventListener("click", () => attempt(async () => {
  const given = { rules: rules(), referers: referers.value, site: site.value };
  history.replaceState(null, "", `#case=${await pack(given)}`);
  linked = given.rules;
  await copy(location.href);
}));

/** Read the case of the address; undefined without one. */
async function readLink() {
  const fragment = location.hash.match(/^#case=([\w-]+)$/);
  if (!fragment) return undefined;
  try {
    const given = await unpack(fragment[1]);
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
  for (const field of [referers, site]) delete field.dataset.proposed;
  linked = given.rules;
  if (isSame(given.rules, rules())) return;
  setAside();
  step(given.rules);
}

const before = drafts.own();
if (before) {
  isConflict = before.etag !== etag;
  timeline.note(before.rules);
}
show(before?.rules ?? saved);
addEventListener("hashchange", () => attempt(open));
attempt(open);
