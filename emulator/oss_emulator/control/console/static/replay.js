// A replay: the rules are sent first, then the log with its progress; the answer is the report.

import { all, announce, ask, at, attempt, fill, find, kept, onDrop, put, root } from "./console.js";
import { pack } from "./entries.js";

const form = find("form#replay-form");
const [choice, again] = [find("select#choice"), find("button#again")];
const [bar, said] = [find("progress#progress"), find("#said")];
/** @type {File | undefined} */
let log;

/** Offer the rules of each bucket that are being edited in this browser. */
function offerDrafts() {
  for (const option of all("option[value^='bucket:']", choice)) {
    const name = option.value.slice("bucket:".length);
    if (!kept.get(`rules:${name}`)) continue;
    option.after(new Option((form.dataset.draft ?? "").replace("{name}", name), `draft:${name}`));
  }
}

const named = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));

function question() {
  const value = Object.fromEntries(["against", "only"].map((name) => [name, named(name).value]));
  const [kind, name] = choice.value.split(":");
  if (kind === "bucket") return { ...value, bucket: name };
  if (kind === "draft") return { ...value, bucket: name, rules: kept.get(`rules:${name}`) };
  return { ...value, text: named("text").value };
}

/**
 * @param {number | undefined} part undefined for no known part
 * @param {string | undefined} text
 */
function show(part, text) {
  bar.hidden = false;
  said.textContent = text ?? "";
  if (part === undefined) bar.removeAttribute("value");
  else bar.value = part;
}

async function run() {
  if (!log) return;
  if (log.size > Number(form.dataset.most)) {
    announce(form.dataset.mostText, true);
    return;
  }
  again.disabled = true;
  /** @type {EventSource | undefined} */
  let source;
  try {
    const { replay } = await ask("replay", { method: "POST", value: question() });
    show(0, said.dataset.sending);
    const progress = new EventSource(`${root}replay/${replay}`);
    source = progress;
    progress.onmessage = (event) => {
      const { log: name, part, done } = JSON.parse(event.data);
      if (done) progress.close();
      else if (name) show(part || undefined, said.dataset.reading);
    };
    const html = await put(`replay/${replay}?name=${encodeURIComponent(log.name)}`, log, {
      html: true, progress: (part) => show(part, said.dataset.sending),
    });
    fill(find("#report"), html);
    find("#report").hidden = false;
    history.replaceState(null, "", `${root}replay/${replay}`);
    said.textContent = said.dataset.done ?? "";
  } catch (error) {
    said.textContent = "";
    throw error;
  } finally {
    source?.close();
    bar.hidden = true;
    again.disabled = false;
  }
}

/** @param {File} [file] */
function take(file) {
  if (!file) return;
  log = file;
  again.hidden = false;
  again.textContent = (form.dataset.again ?? "").replace("{name}", file.name);
  attempt(run);
}

// The rules of the report, with the Referers that they lock out to try.
find("#report").addEventListener("click", (event) => {
  const link = at(event, "a#edit");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  attempt(async () => location.assign(`${link.href}#case=${await pack(JSON.parse(link.dataset.case ?? ""))}`));
});

if (form) {
  offerDrafts();
  const change = () => { find("#text-label").hidden = choice.value !== "text"; };
  choice.addEventListener("change", change);
  change();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(run);
  });
  const chosen = find("input#log");
  chosen.addEventListener("change", () => take(chosen.files?.[0]));
  const sample = find("button#sample");
  sample.addEventListener("click", () => attempt(async () => {
    const { log: text } = await ask("replay/sample", { method: "POST", value: question() });
    take(new File([text], sample.dataset.name ?? ""));
  }));
  onDrop("#drop", ({ files: [dropped] }) => take(dropped));
}
