// The editor of rules in a page: what it shows, undo and redo, marks, corrections and exports.
//
// It asks no server: the page corrects and exports the rules.

import { all, at, attempt, fill, find, later } from "./base.js";
import {
  Timeline, follow, isEditable, isSame, keepFocus, lines, lists, mark, number, onUndo, select, write,
} from "./entries.js";

/**
 * @typedef {import("./entries.js").Rules} Rules
 * @typedef {{ rule?: string, list?: string | null, entry?: string }} Finding what names a finding
 * @typedef {{ rules: Rules, html?: string }} Correction the corrected rules, perhaps with the proof
 */

/** @param {string} name */
export const area = (name) => /** @type {HTMLTextAreaElement} */ (find(`#${name}`));

/** @param {string} name */
export const gutter = (name) => find(`.gutter[data-list=${name}]`);

export const boxes = all("#editor .switches input");
const areas = Object.keys(lists).map(area);
const [undoButton, redoButton] = all("#undo, #redo");
const proof = find("dialog#proof");
const [popover, exports] = all("#export, #export-texts");

/**
 * Enable a button or not; a disabled one keeps the focus.
 * @param {Element} button
 * @param {boolean} can
 */
export function allow(button, can) {
  button.setAttribute("aria-disabled", String(!can));
}

/**
 * Do something for each click on a button that is enabled.
 * @param {Element} button
 * @param {() => unknown} action
 */
export function when(button, action) {
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") !== "true") attempt(async () => action());
  });
}

/** From this length on, browsers take seconds to paste many lines. */
const LONG = 2000;

/**
 * Paste a long text at once.
 * @param {HTMLTextAreaElement} one
 * @param {ClipboardEvent} event
 */
function pasteAtOnce(one, event) {
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (event.defaultPrevented || one.readOnly || text.length < LONG) return;
  event.preventDefault();
  one.setRangeText(text, one.selectionStart, one.selectionEnd, "end");
  one.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertFromPaste" }));
}

export class Editor {
  /** @type {Rules | undefined} */
  #whole; // the rules on the page if lines cannot show them
  #timeline = new Timeline();
  #isCorrecting = false;
  #page;

  /**
   * @param {object} page
   * @param {(isTyped: boolean) => void} page.changed called after each change; more may follow one that is typed
   * @param {() => void} [page.touched] called before each change that the reader makes
   * @param {(rules: Rules, finding: Finding, isShown: boolean) => Promise<Correction>} page.correct
   *   corrects a finding, with the proof if it is shown
   * @param {(rules: Rules) => Promise<string>} page.format formats rules in every form, as HTML
   */
  constructor(page) {
    this.#page = page;
    for (const control of [...boxes, ...areas]) {
      control.addEventListener("input", (event) => this.#type(control.name, event));
    }
    for (const one of areas) {
      follow(gutter(one.id), one);
      one.addEventListener("paste", (event) => pasteAtOnce(one, event));
    }
    const undo = () => this.#go(this.#timeline.undo());
    const redo = () => this.#go(this.#timeline.redo());
    when(undoButton, undo);
    when(redoButton, redo);
    onUndo([...areas, ...boxes], undo, redo);
    document.addEventListener("click", (event) => this.#click(event));
    popover.addEventListener("toggle", () => this.#refreshExport());
  }

  /** The rules as the page shows them, in the JSON of ossutil. */
  get rules() {
    if (this.#whole) return this.#whole;
    /** @type {Rules} */
    const made = {};
    for (const box of boxes) made[box.name] = box.checked;
    for (const [name, member] of Object.entries(lists)) made[member] = { Referer: lines(area(name).value) };
    return made;
  }

  /**
   * Show rules; undo leads back to the first ones.
   * @param {Rules} first
   * @param {Rules} [now]
   */
  begin(first, now = first) {
    this.#timeline = new Timeline(first);
    this.step(now);
  }

  /**
   * Show other rules; that can be undone.
   * @param {Rules} rules
   */
  step(rules) {
    this.#timeline.note(rules);
    this.#show(rules);
  }

  /** Count lines, and enable what can be done, after a change. */
  #change(isTyped = false) {
    for (const one of areas) number(gutter(one.id), one);
    allow(undoButton, this.#timeline.past.length > 0);
    allow(redoButton, this.#timeline.future.length > 0);
    this.#page.changed(isTyped);
    exports.hidden ||= !popover.matches(":popover-open"); // until it has these rules
    this.#refreshExport();
  }

  /** @param {Rules} rules */
  #show(rules) {
    proof.close("stop"); // it is about other rules
    this.#whole = isEditable(rules) ? undefined : rules;
    const isWhole = Boolean(this.#whole);
    find("#not-editable").hidden = !isWhole;
    for (const box of boxes) {
      box.checked = rules[box.name];
      box.disabled = isWhole;
    }
    for (const [name, member] of Object.entries(lists)) {
      write(area(name), rules[member].Referer.join("\n"));
      area(name).readOnly = isWhole;
    }
    this.#change();
  }

  /**
   * @param {string} name
   * @param {Event} event
   */
  #type(name, event) {
    this.#page.touched?.();
    const how = event instanceof InputEvent ? event.inputType : "";
    const isTyped = /^(insertText|insertCompositionText|deleteContent)/.test(how);
    this.#timeline.note(this.rules, isTyped ? `${name} ${how}` : "");
    this.#change(isTyped);
  }

  /** @param {Rules | undefined} next */
  #go(next) {
    if (!next) return;
    const shown = this.rules;
    const isTyping = areas.some((one) => one === document.activeElement);
    this.#show(next);
    const changedOne = areas.find((one) => !isSame({ ...shown, [lists[one.id]]: next[lists[one.id]] }, shown));
    if (isTyping) changedOne?.focus();
  }

  /**
   * Mark the lines with findings: `whitelist:0:warning blacklist:2:error`.
   * @param {string} marks
   */
  mark(marks) {
    const found = marks.split(" ").filter(Boolean).map((one) => one.split(":"));
    for (const { id } of areas) {
      mark(gutter(id), found.filter(([list]) => list === id)
        .map(([, position, severity]) => ({ position: Number(position), severity })));
    }
  }

  /**
   * Show the answer of a review: its sentence above the editor, its parts beside it.
   * @param {string} html
   */
  answer(html) {
    const parts = find("#parts");
    keepFocus(parts, () => fill(parts, html));
    find("#sentence").textContent = find("[data-answer]", parts).dataset.answer ?? "";
  }

  #refreshExport = later(() => attempt(async () => {
    if (!popover.matches(":popover-open")) return;
    const shown = this.rules;
    const html = await this.#page.format(shown).catch((error) => {
      exports.hidden = true; // what it has is of other rules
      throw error;
    });
    if (!isSame(shown, this.rules)) return; // they are formatted again
    keepFocus(exports, () => fill(exports, html));
    exports.hidden = false;
  }), 100);

  // --- Corrections

  /** @param {Event} event */
  #click(event) {
    const target = at(event, "[data-use], [data-correct], [data-goto]");
    if (!target) return;
    const { use, correct: rule, goto: place, unsafe } = target.dataset;
    if (use) {
      this.#page.touched?.();
      this.step(JSON.parse(use));
      return;
    }
    if (place) {
      event.preventDefault();
      const [name, position] = place.split(":");
      select(area(name), Number(position));
      return;
    }
    const { list = null, entry } = at(event, ".place, .finding")?.dataset ?? {};
    const finding = { rule, list, entry };
    this.#alone(target, () => (unsafe === undefined ? this.#follow(finding) : this.#decide(finding)));
  }

  /**
   * Do one thing at a time, and show that it takes time.
   * @param {HTMLElement} button
   * @param {() => Promise<unknown>} action
   */
  async #alone(button, action) {
    if (this.#isCorrecting) return;
    this.#isCorrecting = true;
    this.#page.touched?.();
    button.setAttribute("aria-busy", "true");
    await attempt(action);
    button.removeAttribute("aria-busy");
    this.#isCorrecting = false;
  }

  /**
   * Correct the rules as they are now; undefined if they have changed meanwhile.
   * @param {Finding} finding
   * @param {boolean} isShown
   */
  async #correct(finding, isShown) {
    const shown = this.rules;
    const correction = await this.#page.correct(shown, finding, isShown);
    return isSame(shown, this.rules) ? correction : undefined;
  }

  /** @param {Finding} finding */
  async #follow(finding) {
    const correction = await this.#correct(finding, false);
    if (correction) this.step(correction.rules);
  }

  /**
   * Show what a correction changes, and follow it if the reader wants that.
   * @param {Finding} finding
   */
  async #decide(finding) {
    const correction = await this.#correct(finding, true);
    if (!correction) return;
    fill(find("#proof-text"), correction.html ?? "");
    proof.returnValue = "stop";
    proof.showModal();
    await new Promise((resolve) => { proof.addEventListener("close", resolve, { once: true }); });
    if (proof.returnValue === "follow") this.step(correction.rules);
  }
}
