// The editor of rules: it sends what is typed to the server and shows what the server says.

import { all, announce, ask, at, attempt, copy, fill, find, kept, later, values } from "./console.js";

const editor = find("#editor");
const { bucket = "" } = editor.dataset;
const draft = `rules:${bucket}`;
const aside = `${draft}:aside`; // earlier drafts, the last one first
const MOST_ASIDE = 10;
const state = find("#state");
/** @type {Record<string, string>} */
const lists = { whitelist: "RefererList", blacklist: "RefererBlacklist" };
const switches = all(".switches input", editor);
/** @typedef {Record<string, any>} Rules the rules of a bucket in the JSON of ossutil */
/** @type {Rules} */
let saved = JSON.parse(editor.dataset.rules ?? "");
const editable = Boolean(editor.dataset.editable);

const lines = (/** @type {string} */ text) => (text === "" ? [] : text.split("\n"));
const area = (/** @type {string} */ name) => /** @type {HTMLTextAreaElement} */ (find(`#${name}`));

/** The rules as the page shows them, in the JSON of ossutil. */
function rules() {
  if (!editable) return saved;
  /** @type {Rules} */
  const made = {};
  for (const box of switches) made[box.name] = box.checked;
  for (const [name, member] of Object.entries(lists)) made[member] = { Referer: lines(area(name).value) };
  return made;
}

/** @param {Rules} given */
function show(given) {
  for (const box of switches) {
    box.checked = given[box.name];
    box.disabled = !editable;
  }
  for (const [name, member] of Object.entries(lists)) area(name).value = given[member].Referer.join("\n");
  changed();
}

const canonical = (/** @type {Rules} */ given) => JSON.stringify([
  ...switches.map((box) => given[box.name]), ...Object.values(lists).map((member) => given[member].Referer),
]);
const edited = () => canonical(rules()) !== canonical(saved);

/** @param {string} name */
function number(name) {
  const count = Math.max(1, area(name).value.split("\n").length);
  const gutter = find(`.gutter[data-list=${name}]`);
  area(name).rows = Math.max(3, count + 1);
  while (gutter.children.length > count) gutter.lastElementChild?.remove();
  while (gutter.children.length < count) gutter.append(document.createElement("li"));
}

function mark() {
  const worst = ["note", "warning", "error"];
  for (const line of all(".gutter li")) line.removeAttribute("class");
  for (const finding of all(".finding[data-list]")) {
    const { list, position, severity = "" } = finding.dataset;
    const line = find(`.gutter[data-list=${list}]`).children[Number(position)];
    if (line && worst.indexOf(severity) >= worst.indexOf(line.className)) line.className = severity;
  }
}

/**
 * Keep edited rules that are about to be replaced, unless they are kept already.
 * @param {Rules} given
 */
function setAside(given) {
  const old = kept.get(aside, []).filter((/** @type {Rules} */ one) => canonical(one) !== canonical(given));
  if (canonical(given) !== canonical(saved)) kept.set(aside, [given, ...old].slice(0, MOST_ASIDE));
  offer();
}

/** Offer the last draft that was set aside, if it is not what the page shows. */
function offer() {
  const shown = canonical(rules());
  find("#aside").hidden = kept.get(aside, []).every((/** @type {Rules} */ one) => canonical(one) === shown);
}

/** @param {Rules} given */
function replace(given) {
  setAside(rules());
  show(given);
}

find("#bring-back").addEventListener("click", () => {
  const drafts = kept.get(aside, []).filter((/** @type {Rules} */ one) => canonical(one) !== canonical(rules()));
  const [next, ...others] = drafts;
  kept.set(aside, others);
  if (edited()) kept.set(aside, [...others, rules()]);
  show(next);
});

/** @type {AbortController | undefined} */
let checking;
const check = later(() => attempt(async () => {
  checking?.abort();
  checking = new AbortController();
  const requests = [null, ...lines(area("referers").value).filter(Boolean)].map((referer) => ({ referer }));
  const value = { rules: rules(), bucket, requests };
  fill(find("#verdicts"), await ask("rules/check", { method: "POST", value, html: true, signal: checking.signal }));
  find("#tally").textContent = find("#verdicts table").dataset.tally ?? "";
}), 80);

/** @type {AbortController | undefined} */
let reviewing;
const review = later(() => attempt(async () => {
  reviewing?.abort();
  reviewing = new AbortController();
  const value = { rules: rules(), bucket, site: find("input#site").value };
  const html = await ask("rules/review", { method: "POST", value, html: true, signal: reviewing.signal });
  const opened = all("#review details").map((part) => part.open);
  fill(find("#review"), html);
  all("#review details").forEach((part, place) => { part.open = opened[place] ?? part.open; });
  mark();
}), 350);

const exportAll = later(() => attempt(async () => {
  if (!find("details#export").open) return;
  const opened = all("#export-texts details[open]").map((part) => part.dataset.form);
  fill(find("#export-texts"), await ask("rules/export", { method: "POST", value: { rules: rules(), bucket }, html: true }));
  for (const part of all("#export-texts details")) part.open = opened.includes(part.dataset.form);
}), 200);

function changed() {
  Object.keys(lists).forEach(number);
  const differs = edited();
  state.textContent = (differs ? state.dataset.edited : state.dataset.same) ?? "";
  find("button#apply").disabled = !differs;
  find("button#revert").disabled = !differs;
  if (differs) kept.set(draft, rules());
  else kept.remove(draft);
  offer();
  check();
  review();
  exportAll();
}

find("#apply").addEventListener("click", () => attempt(async () => {
  saved = (await ask(`rules/${encodeURIComponent(bucket)}`, { method: "PUT", value: { rules: rules() } })).rules;
  changed();
  announce(state.dataset.applied);
}));
find("#revert").addEventListener("click", () => replace(saved));
find("#export").addEventListener("toggle", exportAll);
find("#site").addEventListener("input", review);
area("referers").addEventListener("input", check);
for (const control of [...switches, ...Object.keys(lists).map(area)]) {
  control.addEventListener("input", () => {
    if (location.hash) history.replaceState(null, "", location.pathname + location.search); // the case is another one now
    changed();
  });
}

const generator = find("form#generate-form");
generator.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const made = await ask("rules/generate", { method: "POST", value: values(generator) });
    find("#generated").hidden = false;
    find("#generated code").textContent = made.table;
    replace(made.rules);
  });
});

find("#review").addEventListener("click", (event) => {
  if (at(event, "[data-correct-all]")) {
    attempt(async () => show((await ask("rules/correct", { method: "POST", value: { rules: rules() } })).rules));
    return;
  }
  const go = at(event, "[data-goto]");
  const button = at(event, "[data-correct]");
  if (go) {
    event.preventDefault();
    const [name, position] = (go.dataset.goto ?? "").split(":");
    const before = area(name).value.split("\n").slice(0, Number(position)).join("\n").length;
    area(name).focus();
    area(name).setSelectionRange(before + Number(Number(position) > 0), area(name).value.indexOf("\n", before + 1) >>> 0);
  } else if (button) {
    const { list = null, position } = at(event, ".finding")?.dataset ?? {};
    attempt(async () => {
      const value = { rules: rules(), rule: button.dataset.correct, list, position: list && Number(position) };
      show((await ask("rules/correct", { method: "POST", value })).rules);
    });
  }
});

const file = find("input#import-file");
file.addEventListener("change", () => attempt(async () => {
  area("import-text").value = await file.files?.[0]?.text() ?? "";
}));
find("#import-go").addEventListener("click", () => attempt(async () => {
  const value = { text: area("import-text").value };
  replace((await ask("rules/import", { method: "POST", value })).rules);
}));

const pack = (/** @type {unknown} */ value) => {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
};
const unpack = (/** @type {string} */ text) => {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
};

find("#link").addEventListener("click", () => attempt(async () => {
  const whole = { rules: rules(), referers: area("referers").value, site: find("input#site").value };
  history.replaceState(null, "", `#case=${pack(whole)}`);
  await copy(location.href);
}));

/** Show the case of a link, and set the reader's own draft aside; without a link, show the draft. */
function open() {
  const own = kept.get(draft, saved);
  show(own);
  const fragment = location.hash.match(/^#case=([\w-]+)$/);
  if (!fragment) return;
  const given = unpack(fragment[1]);
  const isOther = canonical(given.rules) !== canonical(own); // fails for what is no case
  area("referers").value = given.referers;
  find("input#site").value = given.site;
  if (isOther) replace(given.rules);
}

addEventListener("hashchange", () => attempt(async () => open()));
attempt(async () => open());
