// The page of the lab: it shows what Python in a worker says of the rules; no server takes part.

import { all, announce, attempt, copy, find, later } from "./base.js";
import { Editor, area, finder, isLarge, site } from "./editor.js";
import { isRules, isSame, lists, pack, unpack } from "./entries.js";

/**
 * @typedef {import("./entries.js").Rules} Rules
 * @typedef {Record<string, string>} Files the texts of files by their names
 * @typedef {{ args: string[], show?: string, to?: string, head?: number, tail?: number, hidden?: boolean }} Step
 *   a command of a sample or a file to show, the file for its output, and which lines are shown
 * @typedef {{ text: string, files: Files, document: string | null, other?: string, steps: Step[], referers?: string, site?: string }} Sample
 * @typedef {{ rules: Rules, referers: string, site: string, other?: Rules }} Case
 * @typedef {{
 *   ready: Promise<void>,
 *   call: (action: string, values: object) => Promise<any>,
 *   stop: () => void,
 *   run: (args: string[], files: Files) => Promise<{ stdout: string, stderr: string, files: Files }>,
 * }} Lab
 */

const { lab } = /** @type {{ lab: Lab }} */ (/** @type {unknown} */ (window)); // of lab.js
const language = document.documentElement.lang;
const state = find("#state");
/** The longest link that is made, in characters. */
const LONGEST = 256 * 1024;

/** Rules to begin with, whose answer the page has already. */
const EXAMPLE = JSON.parse(state.dataset.rules ?? "");

/** @type {Rules} */
let opened = EXAMPLE; // the rules as they were opened
let other = opened; // the rules to compare with
/** @type {Sample | undefined} */
let sample; // the sample of a page of the documentation that is shown
/** @type {string | undefined} */
let written; // the document of the sample as its commands had it; undefined until the editor has its rules
let playing = 0; // how often the commands of samples were run
let visits = 0; // how often the address has changed
let latest = 0; // the visit whose link is shown
let isReady = false; // whether Python answers
let isOwn = false; // whether the reader has changed anything, so that the address carries it

const editor = new Editor({
  changed: () => {
    if (!isReady && !isSame(rules(), EXAMPLE)) editor.forget("answer"); // that of the example
    writeBack();
    remember();
  },
  touched: () => {
    own();
    state.textContent = ""; // it is no longer an example
  },
  opened: (given) => {
    opened = given;
    if (!isComparing) other = opened;
  },
  show: (kind, values) => new Promise((resolve, reject) => want(kind, () => ({ ...values, other }), ({ html }) => {
    if (kind === "answer") complain("refused");
    resolve(html);
  }, reject)),
  refused: (kind, error) => {
    editor.forget(kind); // it is of other rules
    if (kind === "answer") complain("refused", error);
    else announce(error.message, true);
  },
  tell: (kind, values) => (kind === "read" ? new Promise((resolve, reject) => want(kind, () => values, resolve, reject))
    : tell(kind, { ...values, other })),
});
const rules = () => editor.rules;

// --- Asking Python: one call at a time, and of each kind only the last

const KINDS = ["read", "other", "answer", "check", "traffic", "write"]; // in the order of their urgency
/** @type {Map<string, { values: () => object, show: (answer: any) => void, refuse: (error: any) => void }>} */
const waiting = new Map();
let asking = ""; // the kind that Python is at work on
const engine = find("#engine");

/**
 * Ask for something that concerns what the page shows; `values` are taken when it is asked.
 * @param {string} kind
 * @param {() => object} values
 * @param {(answer: any) => void} show
 * @param {(error: any) => void} refuse
 */
function want(kind, values, show, refuse = (error) => announce(error.message, true)) {
  waiting.set(kind, { values, show, refuse });
  lab.ready.then(pump, () => waiting.clear()); // without Python, the page says why
  overtake();
}

async function pump() {
  if (asking) return;
  try {
    for (;;) {
      asking = KINDS.find((one) => waiting.has(one)) ?? "";
      const wanted = waiting.get(asking);
      if (!wanted) return;
      const { values, show, refuse } = wanted;
      waiting.delete(asking);
      const answer = await tell(asking === "other" ? "read" : asking, values()).catch((error) => error);
      if (waiting.has(asking)) continue; // overtaken
      if (answer.code === "stopped") waiting.set(asking, wanted);
      else if (answer instanceof Error) refuse(answer);
      else show(answer);
    }
  } finally {
    asking = "";
  }
}

/** Milliseconds that a question may go on while a later one waits: Python needs some to start again. */
const PATIENCE = 4000;

/** Stop what takes long if its answer is no longer wanted, or what is more urgent waits for it. */
const overtake = later(() => {
  if (KINDS.slice(0, KINDS.indexOf(asking) + 1).some((kind) => waiting.has(kind))) lab.stop();
}, PATIENCE);

/**
 * Ask Python, and say so if it takes long. Throws an Error with its sentence.
 * @param {string} action
 * @param {object} values
 * @returns {Promise<any>}
 */
async function tell(action, values) {
  await lab.ready.catch(translate);
  const slow = setTimeout(() => sayBusy(true), 1000);
  try {
    const answer = await lab.call(action, { language, ...values }).catch(translate);
    if (answer.error) throw new Error(answer.error);
    return answer;
  } finally {
    clearTimeout(slow);
    sayBusy(false);
  }
}

/**
 * Say whether Python is at work, so that what is shown may be about earlier rules.
 * @param {boolean} isBusy
 */
function sayBusy(isBusy) {
  engine.hidden = !isBusy;
  for (const part of all("#sentence, #facts, #lines, #guests, #verdicts")) part.ariaBusy = String(isBusy);
}

const sentences = JSON.parse(engine.dataset.errors ?? "{}");

/**
 * Throw an error of lab.js, which speaks English, in the language of the page.
 * @param {Error & { code?: string, said?: string }} error
 * @returns {never}
 */
function translate(error) {
  const sentence = sentences[error.code ?? ""]?.replace("{said}", error.said ?? "");
  throw Object.assign(new Error(sentence ?? error.message), { code: error.code });
}

/**
 * Show what is wrong with something, or that nothing is.
 * @param {string} name
 * @param {Error} [error]
 */
function complain(name, error) {
  const notice = find(`#${name}`);
  notice.hidden = !error;
  notice.textContent = error?.message ?? "";
}

/** Run the commands of a sample again with the edited rules, written into its document. */
const writeBack = later(() => {
  const [shown, name, source] = [sample, sample?.document, editor.source];
  if (!shown || !name || written === undefined || !shown.files[name] || !source || editor.isUnread) return;
  want("write", () => ({ ...source, rules: rules() }), ({ text }) => {
    if (sample !== shown) return;
    if (text !== written) attempt(() => play(shown, { ...shown.files, [name]: text }));
    written = text;
  });
}, 250);

// --- Another version

let isComparing = false; // whether the reader has chosen what to compare with

/** @param {Rules} [given] by default, those that were opened */
function compareWith(given) {
  isComparing = Boolean(given);
  other = given ?? opened;
  complain("other-error");
  editor.ask();
  remember();
}
const readOther = later(() => {
  own();
  const text = area("other").value;
  if (!text.trim()) {
    compareWith();
    return;
  }
  want("other", () => ({ text }), ({ rules: found, problem }) => {
    if (area("other").value !== text) return;
    if (found) compareWith(found);
    else complain("other-error", new Error(problem));
  }, (error) => complain("other-error", error));
}, 250);
area("other").addEventListener("input", () => readOther());
find("#keep").addEventListener("click", () => {
  area("other").value = JSON.stringify(rules(), null, 2);
  compareWith(rules());
});

// --- What is the reader's own

function own() {
  isOwn = true;
}

for (const field of [site, finder]) {
  field.addEventListener("input", () => {
    own();
    remember();
  });
}

// --- Links

/**
 * All that the page shows, as a link carries it.
 * @returns {Case}
 */
const theCase = () => ({
  rules: rules(), referers: finder.value, site: site.value, ...(isComparing ? { other } : {}),
});

async function address() {
  const fragment = `#case=${await pack(theCase())}`;
  if (fragment.length > LONGEST) throw new Error(state.dataset.long);
  return fragment;
}

/** Keep what the page shows in its address, so that a reload or a bookmark has it. */
const remember = later(async () => {
  if (!isOwn) return;
  history.replaceState(null, "", await address().catch(() => location.pathname + location.search));
}, 500);

find("#link").addEventListener("click", () => attempt(async () => {
  history.replaceState(null, "", await address());
  await copy(location.href);
  if (location.protocol === "file:") announce(state.dataset.local);
}));
const otherLanguage = find("a#other-language");
otherLanguage.addEventListener("click", () => { otherLanguage.hash = location.hash; });

/**
 * @param {unknown} value
 * @returns {value is string}
 */
const isText = (value) => typeof value === "string";
const isTexts = (/** @type {unknown} */ value) => Array.isArray(value) && value.every(isText);

/**
 * Return whether a value has the form of a case.
 * @param {any} value
 * @returns {value is Case}
 */
const isCaseOf = (value) => isRules(value?.rules) && isText(value.referers) && isText(value.site) &&
  (value.other === undefined || isRules(value.other));

/**
 * Return whether a value has the form of a sample.
 * @param {any} value
 * @returns {value is Sample}
 */
const isSample = (value) => isText(value?.text) && isTexts(Object.values(value.files ?? [null])) &&
  [value.referers, value.site].every((one) => one === undefined || isText(one)) &&
  (value.other === undefined || Object.hasOwn(value.files, value.other)) &&
  Array.isArray(value.steps) && value.steps.every((/** @type {any} */ step) => isTexts(step?.args));

/**
 * Show the case or the sample of an address; at first, the example if there is none.
 * @param {string} url that of an event, as `remember` may have replaced that of the page meanwhile
 * @param {boolean} [isFirst]
 */
async function visit(url, isFirst = false) {
  visits += 1;
  const turn = visits;
  const [, kind, text] = new URL(url).hash.match(/^#(case|sample)=(.*)$/) ?? [];
  const given = text && await unpack(text).catch(() => undefined);
  if (turn < latest) return; // the page shows a link that was followed later
  const show = kind === "case" && isCaseOf(given) ? () => showCase(given)
    : kind === "sample" && isSample(given) ? () => showSample(given)
    : undefined;
  if (show && !textsOf(given).some(isLarge)) {
    latest = turn;
    show();
    return;
  }
  if (kind) announce(show ? find("#editor").dataset.large : state.dataset.broken, true);
  if (isFirst) showExample();
}

function showExample() {
  opened = EXAMPLE;
  if (!isComparing) other = opened;
  state.textContent = state.dataset.example ?? "";
  editor.begin(EXAMPLE);
}

/**
 * The texts of a link that the page shows in its fields.
 * @param {Case | Sample} given
 */
const textsOf = (given) => ("rules" in given
  ? [given.referers, ...[given.rules, given.other].flatMap((one) => (one ? Object.values(lists) : [])
    .map((member) => one?.[member].Referer.join("\n")))]
  : [given.text, given.referers ?? "", ...Object.values(given.files)]);

/** Forget what the page has shown, for a link that shows something else. */
function reset() {
  playing += 1; // what a sample still runs is not shown
  editor.stopReading();
  sample = written = undefined;
  isComparing = false;
  find("#sample").hidden = true;
  find("#output").textContent = "";
  area("other").value = "";
  complain("other-error");
  finder.value = "";
  site.value = "";
}

/**
 * Try the first of some Referers.
 * @param {string} text
 */
function putReferers(text) {
  [finder.value] = text.split("\n");
}

/** @param {Case} given */
function showCase(given) {
  reset();
  putReferers(given.referers);
  site.value = given.site;
  state.textContent = "";
  isComparing = isRules(given.other);
  opened = given.rules;
  other = isRules(given.other) ? given.other : opened;
  if (isComparing) area("other").value = JSON.stringify(other, null, 2);
  find("details#compare").open = isComparing;
  isOwn = true;
  editor.step(given.rules);
}

// --- Samples of the documentation

/** @param {Sample} given */
function showSample(given) {
  reset();
  sample = given;
  find("#sample").hidden = false;
  find("#commands").textContent = given.text.trim();
  if (given.referers !== undefined) putReferers(given.referers);
  site.value = given.site ?? "";
  attempt(async () => {
    if (given.other) {
      area("other").value = given.files[given.other];
      const { rules: old } = await tell("read", { text: given.files[given.other] });
      if (sample !== given || !old) return;
      isComparing = true;
      find("details#compare").open = true;
      other = old;
    }
    const made = await play(given, given.files);
    const text = made?.[given.document ?? ""];
    if (sample !== given) return;
    if (isText(text)) {
      await editor.take(text);
      if (sample === given) written = text;
    } else showExample();
  });
}

/**
 * Run the commands of a sample with some files, and show what they print; resolves to the files.
 * @param {Sample} given
 * @param {Files} files
 */
async function play({ steps }, files) {
  playing += 1;
  const turn = playing;
  let printed = "";
  let now = files;
  for (const { args, show, to, head, tail, hidden } of steps) {
    const result = show ? { stdout: now[show] ?? "", stderr: "", files: {} } : await run(args, now, turn);
    if (!result || turn !== playing) return undefined; // overtaken
    now = { ...now, ...result.files, ...(to ? { [to]: result.stdout } : {}) };
    const out = to ? "" : cut(result.stdout, head, tail);
    if (!hidden) printed += out + result.stderr;
  }
  find("#output").textContent = printed;
  return now;
}

/**
 * Run a command, and again if Python was stopped; resolves to undefined if another sample was shown.
 * @param {string[]} args
 * @param {Files} files
 * @param {number} turn
 */
async function run(args, files, turn) {
  for (;;) {
    const result = await lab.run(args, files).catch((error) => {
      if (turn === playing && error.code !== "stopped") translate(error);
      return undefined;
    });
    if (result || turn !== playing) return result;
  }
}

/**
 * The first or the last lines of a text.
 * @param {string} text
 * @param {number} [head]
 * @param {number} [tail]
 */
function cut(text, head, tail) {
  const whole = text.split("\n").slice(0, -1);
  const chosen = head ? whole.slice(0, head) : tail ? whole.slice(-tail) : whole;
  return chosen.map((line) => `${line}\n`).join("");
}

// --- The beginning

lab.ready.catch(translate).then(() => {
  engine.textContent = engine.dataset.busy ?? "";
  engine.hidden = true;
  isReady = true;
}, (error) => {
  engine.textContent = error.message;
  engine.classList.add("bad");
  engine.hidden = false;
});
addEventListener("hashchange", ({ newURL }) => attempt(() => visit(newURL)));
attempt(() => visit(location.href, true));
engine.dataset.started = ""; // old.js looks for it
