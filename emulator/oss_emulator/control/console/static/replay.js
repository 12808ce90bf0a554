// A replay: the rules are sent first, then the log with its progress; the answer is the report.

import { all, announce, ask, attempt, fill, find, kept, put, root } from "./console.js";

const form = find("#replay-form");
const [choice, again, bar, said] = ["#choice", "#again", "#progress", "#said"].map((id) => find(id));
let log;

/** Offer the rules of each bucket that are being edited in this browser. */
function offerDrafts() {
  for (const option of all("[value^='bucket:']", choice)) {
    const name = option.value.slice("bucket:".length);
    if (!kept.get(`rules:${name}`)) continue;
    option.after(new Option(form.dataset.draft.replace("{name}", name), `draft:${name}`));
  }
}

function question() {
  const value = { against: form.elements.against.value, only: form.elements.only.value };
  const [kind, name] = choice.value.split(":");
  if (kind === "bucket") return { ...value, bucket: name };
  if (kind === "draft") return { ...value, rules: kept.get(`rules:${name}`) };
  return { ...value, text: form.elements.text.value };
}

function show(part, text) {
  bar.hidden = false;
  said.textContent = text;
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
  let source;
  try {
    const { replay } = await ask("replay", { method: "POST", value: question() });
    show(0, said.dataset.sending);
    source = new EventSource(`${root}replay/${replay}`);
    source.onmessage = (event) => {
      const { log: name, part, done } = JSON.parse(event.data);
      if (done) source.close();
      else if (name) show(part || undefined, said.dataset.reading);
    };
    const html = await put(`replay/${replay}?name=${encodeURIComponent(log.name)}`, log, {
      html: true, progress: (part) => show(part, said.dataset.sending),
    });
    fill(find("#report"), html);
    find("#report").hidden = false;
    history.replaceState(null, "", `${root}replay/${replay}`);
    said.textContent = said.dataset.done;
  } catch (error) {
    said.textContent = "";
    throw error;
  } finally {
    source?.close();
    bar.hidden = true;
    again.disabled = false;
  }
}

function take(file) {
  if (!file) return;
  log = file;
  again.hidden = false;
  again.textContent = form.dataset.again.replace("{name}", file.name);
  attempt(run);
}

if (form) {
  offerDrafts();
  const change = () => { find("#text-label").hidden = choice.value !== "text"; };
  choice.addEventListener("change", change);
  change();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(run);
  });
  find("#log").addEventListener("change", (event) => take(event.target.files[0]));
  for (const kind of ["dragover", "dragleave", "drop"]) {
    find("main").addEventListener(kind, (event) => {
      event.preventDefault();
      find("#drop").classList.toggle("over", kind === "dragover");
      if (kind === "drop") take(event.dataTransfer.files[0]);
    });
  }
}
