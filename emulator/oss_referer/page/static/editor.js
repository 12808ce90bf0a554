// The page about rules: the editor, the plan and the answers about its rules, undo, reading, exports.
//
// The editor sends no requests: the page that contains it answers.

import { all, at, attempt, fill, find, later, onDrop, parse, values } from "./base.js";
import {
  Timeline, follow, isSame, join, keepFocus, lines, lists, mark, number, onUndo, readText, select, write,
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
export const referers = find("textarea#referers");
const areas = Object.keys(lists).map(area);
const [editor, read, unread] = ["#editor", "#read", "#unread"].map((name) => find(name));
const [undoButton, redoButton, popover, exports] = ["#undo", "#redo", "#export", "#export-texts"].map((name) => find(name));
const sentence = find("#sentence");
const title = sentence.textContent ?? "";
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
  #isBusy = false;
  #reads = 0;
  #page;
  #recorded = new Recorded(() => this.#judge(), large);

  /**
   * @param {object} page
   * @param {() => void} page.changed called after each change
   * @param {() => void} [page.touched] called before each change that the reader makes
   * @param {(rules: Rules) => void} [page.opened] called with rules that were read, before they are shown
   * @param {(data: DOMStringMap) => void} [page.reviewed] called with the data of a review
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
    referers.addEventListener("input", () => {
      delete referers.dataset.proposed; // the Referers are now the reader's own
      this.#check();
    });
    find("#generate form").addEventListener("submit", (event) => this.#generate(event));
    const file = find("input#file");
    file.addEventListener("change", () => attempt(async () => {
      await this.#open(file.files?.[0]);
      file.value = ""; // so that the same file can be chosen again
    }));
    onDrop("body", ({ files: [dropped] }) => this.#open(dropped));
    if (find("[data-answer]")) this.#sayAnswer();
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
    return attempt(async () => {
      if (isLarge(text)) throw new Error(large);
      if (text.includes("\0")) throw new Error(binary);
      const { html } = await this.#page.tell("read", { text, name });
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
    this.#say(unreadable, true);
    find("#stale").hidden = false;
    this.#change();
  }

  /** Stop showing a text that cannot be read. */
  #release() {
    if (!this.isUnread) return;
    this.#text = undefined;
    this.#reads += 1;
    editor.classList.remove("unread");
    find("#stale").hidden = true;
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
    return { rules: this.rules, site: site.value, meant: this.#meant };
  }

  /** Request all answers about the rules. */
  ask(isTyped = false) {
    this.#check();
    this.#answer();
    this.#review(isTyped ? 250 : SOON);
    this.#judge();
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

  #check = later(() => {
    const isProposed = "proposed" in referers.dataset;
    const tried = [null, ...lines(referers.value).filter(Boolean)];
    return this.#put("check", isProposed ? {} : { referers: tried }, (html) => {
      refill(find("#verdicts"), parse(html));
      const { tally = "", referers: proposed = "[]" } = find("#verdicts table").dataset;
      find("#tally").textContent = tally;
      if (isProposed && "proposed" in referers.dataset) referers.value = JSON.parse(proposed).join("\n");
    });
  }, SOON);

  #answer = later(() => this.#put("answer", {}, (html) => {
    refill(find("#parts"), parse(html));
    if (!this.isUnread) this.#sayAnswer();
  }), SOON);

  #sayAnswer() {
    const { answer = "", wrong, marks = "" } = find("[data-answer]").dataset;
    this.#say(answer, wrong !== "0");
    this.#mark(marks);
  }

  #review = later(() => this.#put("review", {}, (html) => {
    const made = parse(html);
    const said = find(".reviews", made).dataset;
    refill(find("#change"), find("#difference", made));
    refill(find("#notes"), find("#found", made));
    this.#page.reviewed?.(said);
  }), SOON);

  #judge = later(() => {
    const values = this.#recorded.values;
    return values && this.#put("traffic", values, (html) => this.#recorded.show(html));
  }, SOON);

  /**
   * Remove the answers about other rules.
   * @param {string} kind
   */
  forget(kind) {
    const places = { check: "#verdicts, #tally", answer: "#parts", review: "#notes, #change" }[kind] ?? "";
    for (const place of places ? all(places) : []) place.replaceChildren();
    if (kind !== "answer") return;
    this.#mark("");
    this.#say("", false);
  }

  /**
   * @param {string} text
   * @param {boolean} isWrong
   */
  #say(text, isWrong) {
    const said = text || title;
    if (sentence.textContent !== said) sentence.textContent = said;
    sentence.className = text && (isWrong ? "out" : "in");
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
    const target = at(event, "#use, [data-goto], [data-take], [data-mean], [data-unmean], "
      + "[data-text], [data-entries], [data-back], .gutter [data-mark]");
    if (!target || this.#isBusy) return;
    const { goto: place, take, mean, unmean, text, entries, back } = target.dataset;
    if (target.id === "use") this.#step(() => this.#take(), target);
    else if (take) this.#step(() => this.#take(JSON.parse(take)), target);
    else if (place) {
      event.preventDefault();
      const [name, position] = place.split(":");
      select(area(name), Number(position));
    } else if (mean !== undefined || unmean !== undefined) {
      this.#meant = mean === undefined ? [] : [...this.#meant, mean];
      this.ask();
    } else if (text !== undefined) this.take(text);
    else if (entries) this.#step(() => ({ ...this.rules, RefererList: { Referer: JSON.parse(entries) } }));
    else if (back !== undefined) this.#back();
    else this.#reveal(target);
  }

  /**
   * Show the line of the plan for a marked line.
   * @param {HTMLElement} marked
   */
  #reveal(marked) {
    const list = /** @type {HTMLElement} */ (marked.parentElement);
    const place = `${list.dataset.list}:${[...list.children].indexOf(marked)}`;
    const line = all(".plan .line").find((one) => one.dataset.place === place);
    const folded = line?.closest("details");
    if (folded) folded.open = true;
    line?.scrollIntoView({ block: "nearest" });
    if (line) find("a", line).focus({ preventScroll: true });
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
 * Fill a part of the page, and keep its open details and its scroll positions.
 * @param {HTMLElement} part
 * @param {Node} node
 */
function refill(part, node) {
  const opened = new Set(all("details[open]", part).map(nameOf));
  const tops = all("pre, .rows, .lines", part).map((one) => one.scrollTop);
  const isFirst = !part.children.length;
  keepFocus(part, () => part.replaceChildren(node));
  if (!isFirst) for (const one of all("details", part)) one.open = opened.has(nameOf(one));
  all("pre, .rows, .lines", part).forEach((one, number) => { one.scrollTop = tops[number] ?? 0; });
}

/**
 * Return a name of a details element: its row and its title without counts.
 * @param {Element} one
 */
const nameOf = (one) => `${one.closest("tr")?.querySelector(".data, .none")?.textContent} ${find("summary", one).firstChild?.textContent}`;
