// The page about rules: the list with its corrections, the verdict, who gets in, undo, reading, exports.
//
// The editor sends no requests: the page that contains it answers.

import { all, at, attempt, fill, find, later, onDrop, parse, values } from "./base.js";
import {
  Timeline, follow, isSame, join, keepFocus, lines, lists, mark, number, onUndo, readText, write,
} from "./entries.js";

import { Recorded, isRecorded, unzip } from "./traffic.js";

/**
 * @typedef {import("./entries.js").Rules} Rules
 * @typedef {{ text: string, form: string, name: string }} Source the text from which rules were read
 */

/** @param {string} name */
export const area = (name) => /** @type {HTMLTextAreaElement} */ (find(`#${name}`));

/** @param {string} name */
const gutter = (name) => find(`.gutter[data-list=${name}]`);

export const boxes = all("#editor .switches input");
export const site = find("input#site");
export const finder = find("input#find");
const areas = Object.keys(lists).map(area);
const [editor, read, unread] = ["#editor", "#read", "#unread"].map((name) => find(name));
const PARTS = ["facts", "plan", "cost", "none", "lines", "guests"]; // what an answer fills; a page may lack some
const [undoButton, redoButton, popover, exports] = ["#undo", "#redo", "#export", "#export-texts"].map((name) => find(name));
const sentence = find("#sentence");
const title = sentence.textContent ?? "";
const list = find("#list");
const { paste = "", unread: notRead = "", unreadable = "", large = "", binary = "" } = editor.dataset;

/**
 * Enable or disable a button; a disabled button keeps the focus.
 * @param {Element} button
 * @param {boolean} can
 */
export function allow(button, can) {
  button.setAttribute("aria-disabled", String(!can));
}

/**
 * Call an action for each click on an enabled button.
 * @param {Element} button
 * @param {() => unknown} action
 */
export function when(button, action) {
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") !== "true") attempt(async () => action());
  });
}

/** The most characters of a text to read. */
const LARGEST = 4 * 1024 * 1024;
/** The most lines of a text to read: with more, a browser responds too slowly. */
const MOST_LINES = 100_000;

/** @param {string} text */
export const isLarge = (text) => text.length > LARGEST || text.split("\n", MOST_LINES + 1).length > MOST_LINES;

/** The beginnings of texts that are not lines of entries: XML, JSON, TOML, HCL, nginx, YAML, items, responses. */
const DOCUMENT = /^\s*(?:#.*\n\s*|\/\/.*\n\s*)*(?:[<{]|\/\*|["'-]|#|(?:valid_referers|server|location|map)\s|\[+ *(?:[\w.-]|"[^"\n]*"|'[^'\n]*')+ *\]|\[\s*"|(?:[\w.-]|"[^"\n]*"|'[^'\n]*')+ *=|[\w"'-]+:\s|resource\s|---|HTTP\/)/;
/**
 * Return whether lines may contain more than entries: blanks, comments, empty lines, columns, a byte order mark.
 * @param {string} text
 */
const isUntidy = (text) => text.startsWith("\ufeff") || (text.includes("\n") && /[ \t,;]|^\r?\n|\n\r?\n/.test(text));
/** The beginning of a document that a reader types. */
const TYPED = /^\s*[<{]/;

/** Characters from which browsers take seconds to paste many lines. */
const LONG = 2000;

/**
 * Replace the selection by a text, in one step.
 * @param {HTMLTextAreaElement} one
 * @param {string} text
 */
function insert(one, text) {
  one.setRangeText(text, one.selectionStart, one.selectionEnd, "end");
  one.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertFromPaste" }));
}

/** Milliseconds until a text that is being read is shown as it is. */
const PATIENCE = 200;

/** Milliseconds until the page asks about a change. */
const SOON = 60;

export class Editor {
  #timeline = new Timeline();
  /** @type {string | undefined} */
  #text; // the text of the whitelist while it is not a list of entries; `rules` are then the previous ones
  /** @type {Source | undefined} */
  #source;
  /** @type {string[]} */
  #meant = []; // the entries that the reader means as they are
  /** @type {string[]} */
  #forgotten = []; // the saved entries whose sites are not the reader's any more
  #isBusy = false;
  #reads = 0;
  #page;
  #recorded = new Recorded(() => this.#judge(), large);

  /**
   * @param {object} page
   * @param {() => void} page.changed called after each change
   * @param {() => void} [page.touched] called before each change that the reader makes
   * @param {(rules: Rules) => void} [page.opened] called with rules that were read, before they are shown
   * @param {(data: DOMStringMap, made: DocumentFragment) => void} [page.answered] called with the data of an
   *   answer, and with the parts that the editor does not show
   * @param {(kind: string, values: object) => Promise<string | undefined>} page.show requests a part of the
   *   page; only the last request of a kind gets an answer, the others get undefined
   * @param {(kind: string, error: Error) => void} page.refused called if `show` fails
   * @param {(kind: string, values: object, html?: boolean) => Promise<any>} page.tell requests anything else
   */
  constructor(page) {
    this.#page = page;
    for (const control of [...boxes, ...areas]) {
      control.addEventListener("input", (event) => this.#type(control, event));
    }
    for (const one of areas) {
      follow(gutter(one.id), one);
      one.addEventListener("paste", (event) => this.#paste(one, event));
    }
    const undo = () => (this.#text === undefined ? this.#go(this.#timeline.undo()) : this.#back());
    const redo = () => this.#go(this.#timeline.redo());
    when(undoButton, undo);
    when(redoButton, redo);
    onUndo([...areas, ...boxes], undo, redo);
    document.addEventListener("click", (event) => this.#click(event));
    const generating = find("details#generate");
    generating.addEventListener("toggle", () => {
      if (generating.open) nameSite();
    });
    popover.addEventListener("toggle", () => this.#refreshExport());
    site.addEventListener("input", () => this.ask());
    finder.addEventListener("input", () => {
      this.#filter();
      this.#check();
    });
    for (const name of ["lines", "text"]) find(`#as-${name}`).addEventListener("click", () => this.view(name));
    this.#listen();
    find("#generate form").addEventListener("submit", (event) => this.#generate(event));
    const file = find("input#file");
    file.addEventListener("change", () => attempt(async () => {
      await this.#open(file.files?.[0]);
      file.value = ""; // so that the same file can be chosen again
    }));
    onDrop("body", ({ files: [dropped] }) => this.#open(dropped));
    const first = find("template#first");
    if (first) this.#showAnswer(document.importNode(first.content, true));
  }

  /**
   * Show the list as lines with their corrections, or as text.
   * @param {string} name
   */
  view(name) {
    list.classList.toggle("as-text", name === "text");
    for (const one of ["lines", "text"]) find(`#as-${one}`).setAttribute("aria-pressed", String(one === name));
    if (name === "text") for (const one of areas) number(gutter(one.id), one);
  }

  /** The rules on the page, in the JSON of ossutil; while a text is not read, the previous rules. */
  get rules() {
    if (this.#text !== undefined && this.#timeline.now) return this.#timeline.now;
    /** @type {Rules} */
    const made = {};
    for (const box of boxes) made[box.name] = box.checked;
    for (const [name, member] of Object.entries(lists)) made[member] = { Referer: lines(area(name).value) };
    return made;
  }

  /** Whether the page shows a text that is not read as rules. */
  get isUnread() {
    return this.#text !== undefined;
  }

  /** The text that the rules were read from. */
  get source() {
    return this.#source;
  }

  /**
   * Show rules; undo returns to the first ones.
   * @param {Rules} first
   * @param {Rules} [now]
   */
  begin(first, now = first) {
    this.#timeline = new Timeline(first);
    this.step(now);
  }

  /**
   * Show other rules, as a step that can be undone.
   * @param {Rules} rules
   */
  step(rules) {
    this.#timeline.note(rules);
    this.#show(rules);
  }

  /** Update line numbers, buttons and answers after a change. */
  #change(isTyped = false) {
    for (const one of areas) number(gutter(one.id), one);
    allow(undoButton, this.isUnread || this.#timeline.past.length > 0);
    allow(redoButton, this.#timeline.future.length > 0);
    this.#age();
    this.#page.changed();
    if (!this.isUnread) this.ask(isTyped);
    exports.hidden ||= !popover.matches(":popover-open"); // until it shows these rules
    this.#refreshExport();
  }

  /** @param {Rules} rules */
  #show(rules) {
    this.#release();
    for (const box of boxes) box.checked = rules[box.name];
    for (const [name, member] of Object.entries(lists)) write(area(name), join(rules[member].Referer));
    this.#change();
  }

  /**
   * @param {HTMLInputElement | HTMLTextAreaElement} control
   * @param {Event} event
   */
  #type(control, event) {
    this.#page.touched?.();
    const how = event instanceof InputEvent ? event.inputType : "";
    const isTyped = /^(insertText|insertCompositionText|deleteContent)/.test(how);
    const isText = control.id === "whitelist" && (this.isUnread ? DOCUMENT : TYPED).test(control.value);
    if (isText) {
      this.#hold(control.value);
      this.#readSoon();
      return;
    }
    this.#release();
    this.#timeline.note(this.rules, isTyped ? `${control.name} ${how}` : "");
    this.#change(isTyped);
  }

  /** @param {Rules | undefined} next */
  #go(next) {
    if (!next) return;
    const shown = this.rules;
    const isTyping = areas.some((one) => one === document.activeElement);
    read.textContent = paste;
    this.#source = undefined;
    this.#show(next);
    const changedOne = areas.find((one) => !isSame({ ...shown, [lists[one.id]]: next[lists[one.id]] }, shown));
    if (isTyping) changedOne?.focus();
  }

  // --- Reading pasted, typed, opened or dropped texts

  /**
   * @param {HTMLTextAreaElement} one
   * @param {ClipboardEvent} event
   */
  #paste(one, event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const isDocument = isLarge(text) || text.includes("\0") || DOCUMENT.test(text) || isUntidy(text);
    if (!isDocument && text.length < LONG) return;
    event.preventDefault();
    if (isRecorded(text)) this.#recorded.take(text);
    else if (isDocument) this.take(text, { into: one });
    else insert(one, text);
  }

  /** @param {File} [file] */
  async #open(file) {
    if (!file) return;
    const text = await readText(await unzip(file));
    if (text === undefined) throw new Error(binary);
    if (isRecorded(text)) this.#recorded.take(text);
    else await this.take(text);
  }

  /**
   * Read rules from a text in any form; show a text that cannot be read, with ways to correct it.
   * @param {string} text
   * @param {{ name?: string, into?: HTMLTextAreaElement }} [how] the name of the rules among several, and the
   *   text area that gets a plain list
   */
  take(text, { name = "", into } = {}) {
    this.#page.touched?.();
    this.#reads += 1;
    const turn = this.#reads;
    const wasText = list.classList.contains("as-text");
    return attempt(async () => {
      if (isLarge(text)) throw new Error(large);
      if (text.includes("\0")) throw new Error(binary);
      const slow = setTimeout(() => this.#hold(text), PATIENCE); // so that it is seen while Python loads
      const { html } = await this.#page.tell("read", { text, name }).finally(() => clearTimeout(slow));
      if (turn !== this.#reads) return;
      const made = parse(html);
      const given = find("[data-rules]", made);
      if (!given) {
        this.#refuse(text, made);
        return;
      }
      /** @type {Rules} */
      const found = JSON.parse(given.dataset.rules ?? "");
      const { form = "", name: own = "" } = given.dataset;
      const isList = form === "list";
      this.#source = isList ? undefined : { text, form, name: own };
      if (isList && into && !this.isUnread) {
        insert(into, join(found.RefererList.Referer) + (text.endsWith("\n") ? "\n" : ""));
      } else {
        const now = isList ? { ...this.rules, RefererList: found.RefererList } : found;
        this.#page.opened?.(now);
        this.step(now);
      }
      read.replaceChildren(made);
      if (!wasText) this.view("lines");
    });
  }

  /** Ignore the result of a text that is still being read. */
  stopReading() {
    this.#reads += 1;
  }

  #readSoon = later(() => {
    if (this.#text !== undefined) this.take(this.#text);
  }, 150);

  /**
   * Keep the rules while the whitelist shows a text that is not a list.
   * @param {string} text
   */
  #hold(text) {
    this.#text = text;
    this.view("text");
    if (area("whitelist").value !== text) write(area("whitelist"), text);
    if (document.activeElement === area("blacklist")) area("whitelist").focus();
    number(gutter("whitelist"), area("whitelist"));
  }

  /**
   * Show why a text cannot be read, and that the answer is about the previous rules.
   * @param {string} text
   * @param {DocumentFragment} why
   */
  #refuse(text, why) {
    this.#hold(text);
    const line = Number(find(".why", why).dataset.line);
    mark(gutter("blacklist"), []);
    mark(gutter("whitelist"), [{ position: line - 1, name: "error" }]);
    editor.classList.add("unread");
    read.textContent = notRead;
    keepFocus(unread, () => unread.replaceChildren(why));
    this.#say(unreadable, "out");
    this.#change();
  }

  /** Stop showing a text that cannot be read. */
  #release() {
    if (!this.isUnread) return;
    this.#text = undefined;
    this.#reads += 1;
    editor.classList.remove("unread");
    unread.replaceChildren();
    read.textContent = paste;
  }

  /** Show the rules from before the text that cannot be read. */
  #back() {
    if (this.#timeline.now) this.#show(this.#timeline.now);
    area("whitelist").focus();
  }

  // --- Answers about the rules

  get #asked() {
    const { recorded } = this.#recorded.values ?? /** @type {any} */ ({});
    const traffic = recorded ? this.#recorded.values : {};
    return { rules: this.rules, site: site.value, meant: this.#meant, forgotten: this.#forgotten, ...traffic };
  }

  /** Request all answers about the rules. */
  ask(isTyped = false) {
    this.#age();
    this.#check();
    this.#answer(isTyped ? 150 : SOON);
    this.#judge();
  }

  /** Dim what is said of earlier rules. */
  #age() {
    document.body.classList.add("dated");
  }

  /**
   * @param {string} kind
   * @param {object} more
   * @param {(html: string) => void} put
   */
  async #put(kind, more, put) {
    try {
      const html = await this.#page.show(kind, { ...this.#asked, ...more });
      if (html !== undefined) put(html);
    } catch (error) {
      this.#page.refused(kind, /** @type {Error} */ (error));
    }
  }

  /** The text in the box as a Referer; undefined if it is only part of a name. */
  get #tried() {
    const text = finder.value.trim();
    if (!/\.\w|:\/\//.test(text)) return undefined;
    const url = text.includes("://") ? text : `https://${text}`;
    return /^[a-z]+:\/\/[^/?#]+$/.test(url) ? `${url}/` : url;
  }

  #check = later(() => {
    const referer = this.#tried;
    if (referer === undefined) find("#verdicts").replaceChildren();
    else return this.#put("check", { referer }, (html) => refill(find("#verdicts"), parse(html)));
    return undefined;
  }, SOON);

  /** Show only the sites with the text in the box. */
  #filter() {
    const text = finder.value.trim().toLowerCase().replace(/^https:\/\//, "").replace(/\/$/, "");
    for (const row of all("#guests [data-name]")) row.hidden = !row.dataset.name?.includes(text);
    for (const part of all("#guests section")) part.hidden = Boolean(text) && !find("[data-name]:not([hidden])", part);
    for (const part of all("#guests details")) part.open = Boolean(text);
    find("#nobody").hidden = !text || Boolean(find("#guests [data-name]:not([hidden])"));
  }

  #answer = later(() => this.#put("answer", {}, (html) => this.#showAnswer(parse(html))), SOON);

  /** @param {DocumentFragment} made */
  #showAnswer(made) {
    const said = find("[data-answer]", made).dataset;
    const editing = /** @type {HTMLElement | null} */ (document.activeElement?.closest("#lines [contenteditable]"));
    if (editing && editing.textContent !== editing.dataset.entry) return; // the next answer shows it
    for (const name of PARTS) {
      const [part, place] = [find(`[data-part=${name}]`, made), find(`#${name}`)];
      if (place) refill(place, ...(part?.childNodes ?? []));
    }
    if (finder.value) this.#filter();
    document.body.classList.remove("dated");
    if (!this.isUnread) this.#say(said.answer ?? "", said.tone ?? "");
    this.#mark(said.marks ?? "");
    this.#page.answered?.(said, made);
  }

  #judge = later(() => {
    const values = this.#recorded.values;
    const isNew = "text" in (values ?? {});
    return values && this.#put("traffic", values, (html) => {
      this.#recorded.show(html);
      if (isNew) this.#answer(); // with the requests beside the lines
    });
  }, SOON);

  /**
   * Remove the answers about other rules.
   * @param {string} kind
   */
  forget(kind) {
    if (kind === "check") find("#verdicts").replaceChildren();
    if (kind !== "answer") return;
    for (const place of PARTS) find(`#${place}`)?.replaceChildren();
    this.view("text"); // which needs no answer
    this.#mark("");
    this.#say("", "");
  }

  /**
   * @param {string} text
   * @param {string} tone
   */
  #say(text, tone) {
    const said = text || title;
    if (sentence.textContent !== said) sentence.textContent = said;
    sentence.className = text && tone ? `v ${tone}` : "";
  }

  /**
   * Mark the lines with what the plan says of them: `whitelist:0:changes blacklist:2:asks`.
   * @param {string} marks
   */
  #mark(marks) {
    const found = marks.split(" ").filter(Boolean).map((one) => one.split(":"));
    for (const { id } of areas) {
      mark(gutter(id), found.filter(([list]) => list === id)
        .map(([, position, name]) => ({ position: Number(position), name })));
    }
  }

  #refreshExport = later(() => attempt(async () => {
    if (!popover.matches(":popover-open")) return;
    const shown = this.rules;
    const { html } = await this.#page.tell("export", { rules: shown, source: this.#source }).catch((error) => {
      exports.hidden = true; // it shows other rules
      throw error;
    });
    if (!isSame(shown, this.rules)) return; // a later call formats the new rules
    keepFocus(exports, () => fill(exports, html));
    exports.hidden = false;
  }), 100);

  // --- The plan

  /** @param {Event} event */
  #click(event) {
    const target = at(event, "#use, [data-take], [data-mean], [data-unmean], [data-remove], [data-add], [data-forget], "
      + "[data-back-entry], [data-ask], [data-text], [data-entries], [data-back], .gutter [data-mark]");
    if (!target || this.#isBusy) return;
    const { take, mean, unmean, remove, add, forget, backEntry, text, entries, back } = target.dataset;
    if (target.id === "use") this.#step(() => this.#take(), target);
    else if (take) this.#step(() => this.#take(JSON.parse(take)), target);
    else if (mean !== undefined || unmean !== undefined) {
      this.#meant = mean === undefined ? this.#meant.filter((one) => one !== unmean) : [...this.#meant, mean];
      this.ask();
    } else if (remove) this.#set(remove);
    else if (add) this.#begin(add);
    else if (forget !== undefined) {
      this.#forgotten = [...this.#forgotten, forget];
      this.ask();
    } else if (backEntry !== undefined) this.putBack([backEntry]);
    else if ("ask" in target.dataset) {
      event.preventDefault();
      this.view("lines");
      const asked = find("#lines .r.asks");
      asked?.scrollIntoView({ block: "center" });
      find("button[data-take], button[data-mean]", asked ?? document)?.focus({ preventScroll: true });
    } else if (text !== undefined) this.take(text);
    else if (entries) this.#step(() => ({ ...this.rules, RefererList: { Referer: JSON.parse(entries) } }));
    else if (back !== undefined) this.#back();
    else this.#reveal(target);
  }

  /**
   * Put saved entries back that the list lacks.
   * @param {string[]} entries
   */
  putBack(entries) {
    this.#page.touched?.();
    const now = this.rules;
    this.step({ ...now, RefererList: { Referer: [...now.RefererList.Referer, ...entries] } });
  }

  /** The saved entries that are missed, in order. */
  get missed() {
    return all("#lines [data-back-entry]").map((one) => one.dataset.backEntry ?? "");
  }

  /**
   * Replace the entry at a place such as `whitelist:0` by others; without others, remove it.
   * @param {string} place
   * @param {string[]} texts
   */
  #set(place, ...texts) {
    this.#page.touched?.();
    const [name, position] = place.split(":");
    const now = this.rules;
    const entries = [...now[lists[name]].Referer];
    entries.splice(Number(position), 1, ...texts);
    this.step({ ...now, [lists[name]]: { Referer: entries } });
  }

  /**
   * Add a line to a list, and edit it.
   * @param {string} name
   */
  #begin(name) {
    const line = document.createElement("li");
    const entry = document.createElement("code");
    line.className = "r stays";
    line.dataset.place = `${name}:${this.rules[lists[name]].Referer.length}`;
    Object.assign(entry, { className: "e", contentEditable: "plaintext-only", role: "textbox", spellcheck: false });
    entry.dataset.entry = "";
    entry.ariaLabel = find(`label[for=${name}]`).firstChild?.textContent?.trim() ?? "";
    line.append(entry);
    find(`#lines [data-list=${name}]`).append(line);
    entry.focus();
  }

  /** Edit entries in their lines. */
  #listen() {
    const entryOf = (/** @type {Event} */ event) => at(event, "#lines [contenteditable]");
    document.addEventListener("focusin", (event) => {
      const entry = entryOf(event);
      if (entry && entry.textContent !== entry.dataset.entry) entry.textContent = entry.dataset.entry ?? "";
    });
    document.addEventListener("input", (event) => {
      const entry = entryOf(event);
      if (entry) entry.dataset.typed = ""; // its own undo goes first
    });
    document.addEventListener("focusout", (event) => {
      const entry = entryOf(event);
      if (entry) this.#leave(entry);
    });
    document.addEventListener("keydown", (event) => {
      const entry = entryOf(event);
      const isMain = event.key === "Enter" && (event.ctrlKey || event.metaKey);
      if (isMain) this.#pressMain();
      else if (event.key === "/" && !at(event, "input, textarea, select, [contenteditable]")) finder.focus();
      else if (event.key === "Escape" && event.target === finder && finder.value) {
        finder.value = "";
        finder.dispatchEvent(new Event("input"));
      } else if (entry && event.key === "Enter") this.#next(entry);
      else if (entry && event.key === "Escape") {
        entry.textContent = entry.dataset.entry ?? "";
        entry.blur();
      } else if (entry && event.key === "Backspace" && !entry.textContent) entry.blur();
      else return;
      event.preventDefault();
    });
    document.addEventListener("paste", (event) => {
      const text = event.clipboardData?.getData("text/plain") ?? "";
      const entry = entryOf(event);
      if (at(event, "input, textarea, select, dialog") || (entry && !text.trim().includes("\n") && !DOCUMENT.test(text))) return;
      if (!text.trim()) return;
      event.preventDefault();
      if (entry) entry.textContent = entry.dataset.entry ?? "";
      attempt(async () => (isRecorded(text) ? this.#recorded.take(text) : this.take(text)));
    });
  }

  /**
   * Take the text of a line that the reader leaves; an empty line goes.
   * @param {HTMLElement} entry
   */
  #leave(entry) {
    const text = (entry.textContent ?? "").trim();
    const place = /** @type {HTMLElement} */ (entry.closest(".r")).dataset.place ?? "";
    if (text === entry.dataset.entry?.trim()) {
      if (!text) entry.closest(".r")?.remove();
      else this.#answer();
    } else if (text) this.#set(place, text);
    else this.#set(place);
  }

  /**
   * End an edit, and go to the next line; after the last one, begin a new one.
   * @param {HTMLElement} entry
   */
  #next(entry) {
    const name = /** @type {HTMLElement} */ (entry.closest("[data-list]")).dataset.list ?? "";
    const entries = all(`#lines [data-list=${name}] [contenteditable]`);
    const next = entries[entries.indexOf(entry) + 1];
    entry.blur();
    if (next) next.focus();
    else if (entry.textContent) this.#begin(name);
  }

  /** Press the main button of the page. */
  #pressMain() {
    /** @type {HTMLElement | undefined} */
    const main = find("#use") ?? find("#apply");
    main?.click();
  }

  /**
   * Show the line of a marked line of the text.
   * @param {HTMLElement} marked
   */
  #reveal(marked) {
    const lines = /** @type {HTMLElement} */ (marked.parentElement);
    const place = `${lines.dataset.list}:${[...lines.children].indexOf(marked)}`;
    this.view("lines");
    const line = all("#lines .r").find((one) => one.dataset.place === place);
    const folded = line?.closest("details");
    if (folded) folded.open = true;
    line?.scrollIntoView({ block: "center" });
    if (line) find("[contenteditable]", line).focus({ preventScroll: true });
  }

  /**
   * Return the corrected rules, or the rules with one answer to a question.
   * @param {object} [change] the change that the answer makes
   * @returns {Promise<Rules>}
   */
  async #take(change) {
    return (await this.#page.tell("take", { ...this.#asked, change }, false)).rules;
  }

  /**
   * Replace the rules in one step, unless they change meanwhile; run one such step at a time.
   * @param {() => Rules | undefined | Promise<Rules | undefined>} make
   * @param {HTMLElement} [button]
   */
  async #step(make, button) {
    this.#isBusy = true;
    this.#page.touched?.();
    button?.setAttribute("aria-busy", "true");
    const shown = this.rules;
    const made = await attempt(make);
    button?.removeAttribute("aria-busy");
    this.#isBusy = false;
    if (made && isSame(shown, this.rules)) this.step(made);
  }

  /** @param {Event} event */
  #generate(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    this.#step(async () => {
      const made = await this.#page.tell("generate", { ...values(form), rules: this.rules }, false);
      find("#generated").hidden = false;
      find("#generated code").textContent = made.table;
      nameSite();
      return made.rules;
    });
  }
}

/** Focus the field of the site, and select its text. */
function nameSite() {
  const field = /** @type {HTMLInputElement} */ (find("#generate [name=site]"));
  field.focus();
  field.select();
}

/**
 * Fill a part of the page, and keep its open details and the focus.
 * @param {HTMLElement} part
 * @param {Node[]} nodes
 */
function refill(part, ...nodes) {
  const opened = new Set(all("details[open]", part).map(nameOf));
  keepFocus(part, () => part.replaceChildren(...nodes));
  for (const one of all("details", part)) one.open = opened.has(nameOf(one));
}

/**
 * Return a name of a details element that does not change with its counts.
 * @param {Element} one
 */
const nameOf = (one) => one.closest("section, li, tr")?.id || `${find("summary", one).firstChild?.textContent}`;
