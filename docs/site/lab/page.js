// The page of the lab: it shows what Python in a worker says of the rules; no server takes part.

import { all, announce, attempt, copy, fill, find, later, parse } from "./console.js";
import {
  Timeline, follow, isRules, keepFocus, lines, lists, mark, number, onUndo, pack, select, unpack, write,
} from "./entries.js";

const language = document.documentElement.lang;
const state = find("#state");
const boxes = all(".switches input");
const area = (name) => find(`#${name}`);
const areas = Object.keys(lists).map(area);
const gutter = (name) => find(`.gutter[data-list=${name}]`);

/** The largest text that is read, and the longest link that is made, in characters. */
const LARGEST = 4 * 1024 * 1024;
const LONGEST = 256 * 1024;
/** From this length on, browsers take seconds to paste many lines; the page does it at once. */
const LONG = 2000;

/** Rules in the form of the documentation, to begin with. */
const EXAMPLE = `<?xml version="1.0" encoding="UTF-8"?>
<RefererConfiguration>
  <AllowEmptyReferer>true</AllowEmptyReferer>
  <RefererList>
    <Referer>www.example.com</Referer>
    <Referer>http://www.example.com</Referer>
    <Referer>https://shop.example.com/list?page=1</Referer>
  </RefererList>
</RefererConfiguration>
`;
const NONE = {
  AllowEmptyReferer: true, AllowTruncateQueryString: true, TruncatePath: false,
  RefererList: { Referer: [] }, RefererBlacklist: { Referer: [] },
};

let other = NONE; // the rules to compare with
let source; // the text that the rules were read from, with its form and the name of the rules
let sample; // the sample of a page of the documentation that is shown
let playing = 0; // how often the commands of samples were run
let isOwn = false; // whether the reader has changed anything, so that the address carries it
let timeline = new Timeline(NONE);

/** The rules as the page shows them, in the JSON of ossutil. */
function rules() {
  const made = {};
  for (const box of boxes) made[box.name] = box.checked;
  for (const [name, member] of Object.entries(lists)) made[member] = { Referer: lines(area(name).value) };
  return made;
}

// --- Asking Python: one call at a time, and of each kind only the last

const KINDS = ["read", "other", "check", "review", "write", "export"]; // in the order of their urgency
const waiting = new Map();
let isAsking = false;
const engine = find("#engine");

/** Ask for something that concerns what the page shows; `values` are taken when it is asked. */
function want(kind, values, show, refuse = (error) => announce(error.message, true)) {
  waiting.set(kind, { values, show, refuse });
  pump();
}

async function pump() {
  if (isAsking) return;
  isAsking = true;
  try {
    while (waiting.size) {
      const kind = KINDS.find((one) => waiting.has(one));
      const { values, show, refuse } = waiting.get(kind);
      waiting.delete(kind);
      const answer = await tell(kind === "other" ? "read" : kind, values()).catch((error) => error);
      if (waiting.has(kind)) continue; // overtaken
      if (answer instanceof Error) refuse(answer);
      else show(answer);
    }
  } finally {
    isAsking = false;
  }
}

/** Ask Python, and say so if it takes long. Throws an Error with its sentence. */
async function tell(action, values) {
  await window.lab.ready;
  const slow = setTimeout(() => { engine.hidden = false; }, 1000);
  try {
    const answer = await window.lab.call(action, { language, ...values });
    if (answer.error) throw Object.assign(new Error(answer.error), { line: answer.line, isRefusal: true });
    return answer;
  } finally {
    clearTimeout(slow);
    engine.hidden = true;
  }
}

// --- What the page shows of the rules

function show(given) {
  for (const box of boxes) box.checked = given[box.name];
  for (const [name, member] of Object.entries(lists)) write(area(name), given[member].Referer.join("\n"));
  changed();
}

/** Show other rules; that can be undone. */
function step(given) {
  timeline.note(given);
  show(given);
}

function changed() {
  for (const name of Object.keys(lists)) number(gutter(name), area(name));
  allow(find("#undo"), timeline.past.length);
  allow(find("#redo"), timeline.future.length);
  check();
  review();
  writeBack();
  if (find("#export").matches(":popover-open")) exportAll();
  remember();
}

function allow(button, can) {
  button.setAttribute("aria-disabled", String(!can));
}

const check = later(() => want("check", () => {
  const isProposed = "proposed" in area("referers").dataset;
  const referers = [null, ...lines(area("referers").value).filter(Boolean)];
  return { rules: rules(), other, ...(isProposed ? {} : { referers }) };
}, ({ html }) => {
  refill(find("#verdicts"), parse(html));
  const { tally, referers } = find("#verdicts table").dataset;
  find("#tally").textContent = tally;
  if ("proposed" in area("referers").dataset) area("referers").value = JSON.parse(referers).join("\n");
}), 40);

const review = later(() => want("review", () => {
  const site = area("site");
  return { rules: rules(), other, site: "proposed" in site.dataset ? "" : site.value };
}, ({ html }) => {
  complain("review");
  const made = parse(html);
  refill(find("#found"), made.querySelector("#findings"));
  refill(find("#review"), made);
  const said = find(".reviews").dataset;
  if ("proposed" in area("site").dataset) area("site").value = said.site;
  const found = said.marks.split(" ").filter(Boolean).map((one) => one.split(":"));
  for (const name of Object.keys(lists)) {
    mark(gutter(name), found.filter(([list]) => list === name)
      .map(([, position, severity]) => ({ position: Number(position), severity })));
  }
}, (error) => complain("review", error)), 250);

/** Fill a part of the page; what the reader has opened in it stays open. */
function refill(part, nodes) {
  const opened = new Set(all("details[open]", part).map(nameOf));
  const isFirst = !part.children.length;
  keepFocus(part, () => part.replaceChildren(nodes));
  if (!isFirst) for (const one of all("details", part)) one.open = opened.has(nameOf(one));
}

/** A name of something that can be opened: its row and its title without counts. */
const nameOf = (one) => `${one.closest("tr")?.querySelector(".data, .none")?.textContent} ${find("summary", one).firstChild.textContent}`;

/** Show what is wrong with a text, or that nothing is. */
function complain(name, error) {
  const notice = find(`#${name}-error`);
  notice.hidden = !error;
  notice.textContent = error?.message ?? "";
}

/** Write edited rules back into the text that they were read from. */
const writeBack = later(() => {
  if (!source?.form || document.activeElement === area("text")) return;
  const { text, form, name } = source;
  want("write", () => ({ text, form, name, rules: rules() }), (answer) => {
    if (source?.text !== text || answer.text === area("text").value) return;
    area("text").value = answer.text;
    number(gutter("text"), area("text"));
    if (sample?.files[sample.document]) attempt(() => play({ ...sample.files, [sample.document]: answer.text }));
  }, (error) => complain("text", error));
}, 250);

const exportAll = later(() => want("export", () => ({ rules: rules() }), ({ html }) => {
  const opened = all("#export-texts details[open]").map((part) => part.dataset.form);
  keepFocus(find("#export-texts"), () => fill(find("#export-texts"), html));
  for (const part of all("#export-texts details")) part.open = opened.includes(part.dataset.form);
}), 100);
find("#export").addEventListener("toggle", (event) => {
  if (event.newState === "open") exportAll();
});

// --- Reading rules

/** Read rules from a text in any form. */
function take(text, name) {
  area("text").value = text.length > LARGEST ? "" : text;
  number(gutter("text"), area("text"));
  source = undefined;
  if (text.length > LARGEST) return refuse(new Error(state.dataset.large));
  if (text.includes("\0")) return refuse(new Error(state.dataset.binary));
  return want("read", () => ({ text, name }), (answer) => {
    complain("text");
    mark(gutter("text"), []);
    source = { text, form: answer.form, name: answer.name };
    state.textContent = `${state.dataset.form} ${answer.label}`;
    choose(answer);
    if (!isComparing) other = answer.rules;
    if (!isOwn) timeline = new Timeline(answer.rules); // nothing to go back to
    step(answer.rules);
  }, refuse);
}

function refuse(error) {
  complain("text", error);
  find("#document").open = true;
  mark(gutter("text"), error.line ? [{ position: error.line - 1, severity: "error" }] : []);
}

/** Let the reader choose among several rules in one text. */
function choose({ names, name }) {
  find("#names").hidden = names.length < 2;
  area("name").replaceChildren(...names.map((one) => new Option(one || "–", one, false, one === name)));
}
area("name").addEventListener("change", () => take(area("text").value, area("name").value));

const read = later(() => take(area("text").value), 150);
area("text").addEventListener("input", () => {
  number(gutter("text"), area("text"));
  own();
  read();
});
follow(gutter("text"), area("text"));

/** How texts begin that are no lists of entries: XML, JSON, TOML, HCL, YAML. */
const DOCUMENT = /^\s*(?:#.*\n\s*|\/\/.*\n\s*)*(?:<|\{|\[+ *[\w."'-]+ *\]|[\w."'-]+ *=|[\w"'-]+:\s|resource\s|---|HTTP\/)/;
for (const one of areas) {
  one.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain");
    const isDocument = DOCUMENT.test(text) || text.length > LARGEST;
    if (!isDocument && text.length < LONG) return;
    event.preventDefault();
    if (isDocument) {
      own();
      take(text);
    } else {
      one.setRangeText(text, one.selectionStart, one.selectionEnd, "end");
      one.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertFromPaste" }));
    }
  });
}

async function open(file) {
  if (!file) return;
  own();
  if (file.size > LARGEST) refuse(new Error(state.dataset.large));
  else take(await file.text());
}
area("file").addEventListener("change", (event) => attempt(() => open(event.target.files[0])));
for (const [name, isOver] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("over", isOver);
    if (name === "drop") attempt(() => open(event.dataTransfer.files[0]));
  });
}

// --- Another version

let isComparing = false; // whether the reader has chosen what to compare with

function compareWith(given) {
  isComparing = true;
  other = given;
  complain("other");
  changed();
}
area("other").addEventListener("input", later(() => {
  own();
  const text = area("other").value;
  if (!text.trim()) {
    isComparing = false;
    complain("other");
    return;
  }
  want("other", () => ({ text }), (answer) => compareWith(answer.rules), (error) => complain("other", error));
}, 250));
find("#keep").addEventListener("click", () => {
  area("other").value = JSON.stringify(rules(), null, 2);
  compareWith(rules());
});

// --- Typing, undo, redo

function own() {
  isOwn = true;
}

for (const control of [...boxes, ...areas]) {
  control.addEventListener("input", (event) => {
    own();
    const isTyped = /^(insertText|insertCompositionText|deleteContent)/.test(event.inputType ?? "");
    timeline.note(rules(), isTyped ? `${control.name} ${event.inputType}` : "");
    changed();
  });
}
for (const one of areas) follow(gutter(one.id), one);
for (const [name, action] of [["site", review], ["referers", check]]) {
  area(name).addEventListener("input", () => {
    delete area(name).dataset.proposed; // from now on it is the reader's own
    own();
    action();
    remember();
  });
}

const go = (way) => () => {
  const next = timeline[way]();
  if (next) show(next);
};
for (const way of ["undo", "redo"]) find(`#${way}`).addEventListener("click", go(way));
onUndo([...areas, ...boxes], go("undo"), go("redo"));

// --- Corrections

const proof = find("#proof");

/** Show what a correction changes, and follow it if the reader wants that; false to stop asking. */
async function decide(finding) {
  const { html, rules: corrected } = await tell("correct", { rules: rules(), ...finding });
  fill(find("#proof-text"), html);
  proof.returnValue = "stop";
  proof.showModal();
  await new Promise((resolve) => { proof.addEventListener("close", resolve, { once: true }); });
  if (proof.returnValue === "follow") step(corrected);
  return proof.returnValue !== "stop";
}

async function correctAll() {
  const { rules: corrected, left } = await tell("correct", { rules: rules() });
  step(corrected);
  for (const finding of left) {
    try {
      if (!(await decide(finding))) return;
    } catch (error) {
      if (!error.isRefusal) throw error; // else another correction has settled this one
    }
  }
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-correct-all], [data-correct], [data-goto]");
  if (!target) return;
  const { correct, goto: place, unsafe } = target.dataset;
  if (place) {
    event.preventDefault();
    const [name, position] = place.split(":");
    select(area(name), Number(position));
    return;
  }
  own();
  const { list = null, position } = target.closest(".finding")?.dataset ?? {};
  const finding = { rule: correct, list, position: list && Number(position) };
  attempt(correct === undefined ? correctAll : unsafe !== undefined ? () => decide(finding) : async () => {
    step((await tell("correct", { rules: rules(), ...finding })).rules);
  });
});

// --- Links

/** All that the page shows, as a link carries it. */
function theCase() {
  const given = { rules: rules(), referers: area("referers").value, site: area("site").value };
  if (isComparing) given.other = other;
  return given;
}

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
find("#other-language").addEventListener("click", (event) => {
  event.target.hash = location.hash;
});

const isText = (value) => typeof value === "string";

/** Show the case or the sample of the address, or else the example. */
async function visit() {
  const [, kind, text] = location.hash.match(/^#(case|sample)=([\w-]+)$/) ?? [];
  const given = text && await unpack(text).catch(() => undefined);
  if (kind === "case" && isRules(given?.rules) && isText(given.referers) && isText(given.site)) {
    showCase(given);
  } else if (kind === "sample" && given?.files && Array.isArray(given.steps)) {
    showSample(given);
  } else {
    if (location.hash.length > 1) announce(state.dataset.broken, true);
    if (!source) take(EXAMPLE); // at first; later, the reader's own rules stay
  }
}

/** Forget what the page has shown, for a link that shows something else. */
function reset() {
  playing += 1; // what a sample still runs is not shown
  sample = undefined;
  source = undefined;
  isComparing = false;
  find("#sample").hidden = true;
  for (const name of ["text", "other"]) {
    area(name).value = "";
    complain(name);
  }
  find("#names").hidden = true;
  for (const name of ["referers", "site"]) area(name).dataset.proposed = "";
}

function showCase(given) {
  reset();
  for (const name of ["referers", "site"]) {
    area(name).value = given[name];
    delete area(name).dataset.proposed;
  }
  state.textContent = "";
  isComparing = isRules(given.other);
  other = isComparing ? given.other : given.rules;
  if (isComparing) area("other").value = JSON.stringify(other, null, 2);
  isOwn = true;
  step(given.rules);
}

// --- Samples of the documentation

function showSample(given) {
  reset();
  sample = given;
  find("#sample").hidden = false;
  find("#commands").textContent = sample.text;
  for (const name of ["referers", "site"]) {
    if (!isText(sample[name])) continue;
    area(name).value = sample[name];
    delete area(name).dataset.proposed;
  }
  attempt(async () => {
    if (given.other) {
      area("other").value = given.files[given.other];
      const { rules: old } = await tell("read", { text: given.files[given.other] });
      if (sample !== given) return;
      isComparing = true;
      other = old;
    }
    const made = await play(given.files);
    if (sample === given) take(made?.[given.document] ?? EXAMPLE);
  });
}

/** Run the commands of the sample with some files, and show what they print; resolves to the files. */
async function play(files) {
  playing += 1;
  const turn = playing;
  const { steps } = sample;
  let printed = "";
  let now = files;
  for (const { args, show, to, head, tail, hidden } of steps) {
    const result = show ? { stdout: now[show], stderr: "", files: {} } : await window.lab.run(args, now);
    if (turn !== playing) return undefined; // overtaken
    now = { ...now, ...result.files, ...(to ? { [to]: result.stdout } : {}) };
    const out = to ? "" : cut(result.stdout, head, tail);
    if (!hidden) printed += out + result.stderr;
  }
  find("#output").textContent = printed;
  return now;
}

/** The first or the last lines of a text. */
function cut(text, head, tail) {
  const all = text.split("\n").slice(0, -1);
  const chosen = head ? all.slice(0, head) : tail ? all.slice(-tail) : all;
  return chosen.map((line) => `${line}\n`).join("");
}

// --- The beginning

window.lab.ready.then(() => {
  engine.textContent = engine.dataset.busy;
  engine.hidden = true;
}, (error) => {
  engine.textContent = error.message;
  engine.classList.add("bad");
  engine.hidden = false;
});
addEventListener("hashchange", () => attempt(visit));
attempt(visit);
