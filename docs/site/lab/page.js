// The page of the lab: it shows what Python in a worker says of the rules; no server takes part.

import { all, announce, attempt, copy, find, later, onDrop, parse } from "./base.js";
import { Editor, area, gutter } from "./editor.js";
import { follow, isRules, keepFocus, lines, lists, mark, number, pack, readText, unpack } from "./entries.js";

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
const verdicts = find("#verdicts");
const site = find("input#site");
const referers = find("textarea#referers");
/** The largest text that is read, and the longest link that is made, in characters. */
const LARGEST = 4 * 1024 * 1024;
const LONGEST = 256 * 1024;
/** The most lines that a text has: with more, a browser hardly answers. */
const MOST_LINES = 100_000;

/** @param {string} text */
const isLarge = (text) => text.length > LARGEST || text.split("\n", MOST_LINES + 1).length > MOST_LINES;

/** Rules to begin with: the broken ones of docs/rule-lab.md. */
const EXAMPLE = {
  AllowEmptyReferer: true, AllowTruncateQueryString: true, TruncatePath: false,
  RefererList: { Referer: ["www.example.com", "http://www.example.com", "https://shop.example.com/list?page=1"] },
  RefererBlacklist: { Referer: [] },
};

/** @type {Rules} */
let opened = EXAMPLE; // the rules as they were opened
let other = opened; // the rules to compare with
/** @type {{ text: string, form: string | null, name?: string } | undefined} */
let source; // the text that the rules were read from, with its form and the name of the rules
/** @type {Sample | undefined} */
let sample; // the sample of a page of the documentation that is shown
let taken = 0; // how often a text was read, or what it says became unwanted
let playing = 0; // how often the commands of samples were run
let visits = 0; // how often the address has changed
let latest = 0; // the visit whose link is shown
let isOwn = false; // whether the reader has changed anything, so that the address carries it

const editor = new Editor({
  changed,
  touched: () => {
    own();
    if (!source) state.textContent = ""; // it is no longer an example
  },
  correct: (rules, finding) => tell("correct", { rules, ...finding }),
  format: async (rules) => (await tell("export", { rules })).html,
});
const rules = () => editor.rules;

// --- Asking Python: one call at a time, and of each kind only the last

const KINDS = ["read", "other", "check", "answer", "review", "write"]; // in the order of their urgency
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
    if (answer.error) throw Object.assign(new Error(answer.error), { line: answer.line });
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
  for (const part of all("#verdicts, #tally, #sentence, #parts, #found, #review")) part.ariaBusy = String(isBusy);
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

// --- What the page shows of the rules

const SOON = 40; // milliseconds

function changed(isTyped = false) {
  check();
  answer();
  review(isTyped ? undefined : SOON);
  writeBack();
  remember();
}

const check = later(() => want("check", () => {
  const isProposed = "proposed" in referers.dataset;
  const tried = [null, ...lines(referers.value).filter(Boolean)];
  return { rules: rules(), other, isComparing, ...(isProposed ? {} : { referers: tried }) };
}, ({ html }) => {
  refill(verdicts, parse(html));
  const { tally = "", referers: tried = "[]" } = find("table", verdicts).dataset;
  find("#tally").textContent = tally;
  if ("proposed" in referers.dataset) referers.value = JSON.parse(tried).join("\n");
}, (error) => {
  verdicts.replaceChildren(); // they are of other rules
  find("#tally").textContent = "";
  announce(error.message, true);
}), SOON);

const answer = later(() => want("answer", () => ({ rules: rules(), site: site.value }), ({ html }) => editor.answer(html), () => { // the review says why
  for (const part of all("#sentence, #parts")) part.replaceChildren();
}), SOON);

const review = later(() => want("review", () => ({ rules: rules(), other, isComparing }), ({ html }) => {
  complain("review");
  const made = parse(html);
  refill(find("#found"), find("#findings", made));
  refill(find("#review"), made);
  editor.mark(find(".reviews").dataset.marks ?? "");
}, (error) => {
  for (const part of [find("#found"), find("#review")]) part.replaceChildren(); // they are of other rules
  editor.mark("");
  complain("review", error);
}), 250);

/**
 * Fill a part of the page; what the reader has opened in it stays open.
 * @param {HTMLElement} part
 * @param {Node} nodes
 */
function refill(part, nodes) {
  const opened = new Set(all("details[open]", part).map(nameOf));
  const isFirst = !part.children.length;
  keepFocus(part, () => part.replaceChildren(nodes));
  if (!isFirst) for (const one of all("details", part)) one.open = opened.has(nameOf(one));
}

/**
 * A name of something that can be opened: its row and its title without counts.
 * @param {Element} one
 */
const nameOf = (one) => `${one.closest("tr")?.querySelector(".data, .none")?.textContent} ${find("summary", one).firstChild?.textContent}`;

/**
 * Show what is wrong with a text, or that nothing is.
 * @param {string} name
 * @param {Error} [error]
 */
function complain(name, error) {
  const notice = find(`#${name}-error`);
  notice.hidden = !error;
  notice.textContent = error?.message ?? "";
}

/** Write edited rules back into the text that they were read from. */
const writeBack = later(() => {
  if (!source?.form || document.activeElement === area("text")) return;
  const { text, form, name: chosen } = source;
  const before = area("text").value;
  want("write", () => ({ text, form, name: chosen, rules: rules() }), (answer) => {
    const isTyped = area("text").value !== before; // it will be read
    if (source?.text !== text || isTyped || answer.text === before) return;
    area("text").value = answer.text;
    number(gutter("text"), area("text"));
    const [shown, name] = [sample, sample?.document];
    if (shown && name && shown.files[name]) attempt(() => play(shown, { ...shown.files, [name]: answer.text }));
  }, (error) => complain("text", error));
}, 250);

// --- Reading rules

/**
 * Read rules from a text in any form.
 * @param {string} text
 * @param {string} [name] of several in the text
 */
function take(text, name) {
  taken += 1;
  const turn = taken;
  area("text").value = isLarge(text) ? "" : text;
  number(gutter("text"), area("text"));
  source = undefined;
  if (isLarge(text)) return refuse(new Error(state.dataset.large));
  if (text.includes("\0")) return refuse(new Error(state.dataset.binary));
  return want("read", () => ({ text, name }), (answer) => {
    if (turn !== taken) return;
    complain("text");
    mark(gutter("text"), []);
    source = { text, form: answer.form, name: answer.name };
    state.textContent = `${state.dataset.form} ${answer.label}`;
    choose(answer);
    opened = answer.rules;
    if (!isComparing) other = opened;
    if (isOwn) editor.step(answer.rules);
    else editor.begin(answer.rules);
  }, (error) => {
    if (turn === taken) refuse(error);
  });
}

/** @param {Error & { line?: number }} error */
function refuse(error) {
  complain("text", error);
  state.textContent = "";
  find("#names").hidden = true;
  find("details#document").open = true;
  mark(gutter("text"), error.line ? [{ position: error.line - 1, severity: "error" }] : []);
}

/**
 * Let the reader choose among several rules in one text.
 * @param {{ names: string[], name: string }} answer
 */
function choose({ names, name }) {
  find("#names").hidden = names.length < 2;
  area("name").replaceChildren(...names.map((one) => new Option(one || "–", one, false, one === name)));
}
area("name").addEventListener("change", () => take(area("text").value, area("name").value));

const read = later(() => take(area("text").value), 150);
area("text").addEventListener("input", () => {
  own();
  if (isLarge(area("text").value)) {
    take(area("text").value); // at once, before the browser shows it
    return;
  }
  number(gutter("text"), area("text"));
  read();
});
follow(gutter("text"), area("text"));

/** How texts begin that are not lists of entries: XML, JSON, TOML, HCL, nginx, YAML (which is refused), answers. */
const DOCUMENT = /^\s*(?:#.*\n\s*|\/\/.*\n\s*)*(?:<|\{|(?:valid_referers|server|location|map)\s|\[+ *(?:[\w.-]|"[^"\n]*"|'[^'\n]*')+ *\]|(?:[\w.-]|"[^"\n]*"|'[^'\n]*')+ *=|[\w"'-]+:\s|resource\s|---|HTTP\/)/;
for (const one of Object.keys(lists).map(area)) {
  one.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!isLarge(text) && !DOCUMENT.test(text)) return;
    event.preventDefault();
    own();
    take(text);
  }, true); // before the editor takes it for entries
}

/** @param {File} [file] */
async function open(file) {
  if (!file) return;
  own();
  if (file.size > LARGEST) {
    refuse(new Error(state.dataset.large));
    return;
  }
  const text = await readText(file);
  if (text === undefined) refuse(new Error(state.dataset.binary));
  else take(text);
}
const file = find("input#file");
file.addEventListener("change", () => attempt(async () => {
  await open(file.files?.[0]);
  file.value = ""; // so that the same file can be chosen again
}));
onDrop("body", ({ files: [dropped] }) => open(dropped));

// --- Another version

let isComparing = false; // whether the reader has chosen what to compare with

/** @param {Rules} [given] by default, those that were opened */
function compareWith(given) {
  isComparing = Boolean(given);
  other = given ?? opened;
  complain("other");
  changed();
}
const readOther = later(() => {
  own();
  const text = area("other").value;
  if (!text.trim()) {
    compareWith();
    return;
  }
  want("other", () => ({ text }), (answer) => {
    if (area("other").value === text) compareWith(answer.rules);
  }, (error) => complain("other", error));
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

site.addEventListener("input", () => {
  own();
  answer();
  remember();
});
referers.addEventListener("input", () => {
  delete referers.dataset.proposed; // from now on they are the reader's own
  own();
  check();
  remember();
});

// --- Links

/**
 * All that the page shows, as a link carries it.
 * @returns {Case}
 */
const theCase = () => ({
  rules: rules(), referers: referers.value, site: site.value, ...(isComparing ? { other } : {}),
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
 * Show the case or the sample of the address; at first, the example if there is none.
 * @param {boolean} isFirst
 */
async function visit(isFirst) {
  visits += 1;
  const turn = visits;
  const [, kind, text] = location.hash.match(/^#(case|sample)=(.*)$/) ?? [];
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
  if (kind) announce(show ? state.dataset.large : state.dataset.broken, true);
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
  taken += 1;
  sample = undefined;
  source = undefined;
  isComparing = false;
  find("#sample").hidden = true;
  find("#output").textContent = "";
  for (const name of ["text", "other"]) {
    area(name).value = "";
    complain(name);
  }
  number(gutter("text"), area("text"));
  mark(gutter("text"), []);
  find("#names").hidden = true;
  referers.dataset.proposed = "";
  site.value = "";
}

/**
 * Show the reader's own Referers, not proposed ones.
 * @param {string} text
 */
function putReferers(text) {
  referers.value = text;
  delete referers.dataset.proposed;
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
      if (sample !== given) return;
      isComparing = true;
      find("details#compare").open = true;
      other = old;
    }
    const made = await play(given, given.files);
    const text = made?.[given.document ?? ""];
    if (sample !== given) return;
    if (isText(text)) take(text);
    else showExample();
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
    const result = show ? { stdout: now[show] ?? "", stderr: "", files: {} } : await lab.run(args, now).catch(translate);
    if (turn !== playing) return undefined; // overtaken
    now = { ...now, ...result.files, ...(to ? { [to]: result.stdout } : {}) };
    const out = to ? "" : cut(result.stdout, head, tail);
    if (!hidden) printed += out + result.stderr;
  }
  find("#output").textContent = printed;
  return now;
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
}, (error) => {
  engine.textContent = error.message;
  engine.classList.add("bad");
  engine.hidden = false;
});
addEventListener("hashchange", () => attempt(() => visit(false)));
attempt(() => visit(true));
engine.dataset.started = ""; // old.js looks for it
