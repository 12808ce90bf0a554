// The lists of rules as text in a page: entries, line numbers and their marks, undo, and links.
//
// It sends no requests and depends on no page, so that every page with an editor of rules can use it.

/** @typedef {Record<string, any>} Rules the rules of a bucket in the JSON of ossutil */

/**
 * The text areas of an editor, each with the member of the rules that it edits.
 * @type {Record<string, string>}
 */
export const lists = { whitelist: "RefererList", blacklist: "RefererBlacklist" };

/** The switches of rules, as they are named in XML and JSON. */
const switches = ["AllowEmptyReferer", "AllowTruncateQueryString", "TruncatePath"];

/** Line ends within an entry, which a line cannot contain, and the signs that replace them. */
const SIGNS = [["\r", "\u240d"], ["\n", "\u2424"]];

/**
 * Return the entries of a text, one on each line; a line end after the last one begins no entry.
 * @param {string} text
 */
export function lines(text) {
  const found = text.split("\n");
  if (found.at(-1) === "") found.pop();
  return found.map((line) => SIGNS.reduce((entry, [end, sign]) => entry.replaceAll(sign, end), line));
}

/**
 * Return the text that `lines` would read as these entries.
 * @param {string[]} entries
 */
export function join(entries) {
  const text = entries.map((entry) => SIGNS.reduce((line, [end, sign]) => line.replaceAll(end, sign), entry)).join("\n");
  return entries.at(-1) === "" ? `${text}\n` : text;
}

/**
 * Return a text that is equal for equal rules.
 * @param {Rules} rules
 */
const canonical = (rules) => JSON.stringify([
  ...switches.map((name) => rules[name]), ...Object.values(lists).map((member) => rules[member].Referer),
]);

/**
 * Return whether two rules are the same; false if one is missing.
 * @param {Rules | undefined} one
 * @param {Rules | undefined} other
 */
export const isSame = (one, other) => Boolean(one && other && canonical(one) === canonical(other));

/**
 * Return whether a value has the form of rules.
 * @param {any} value
 * @returns {value is Rules}
 */
export const isRules = (value) => switches.every((name) => typeof value?.[name] === "boolean") &&
  Object.values(lists).every((member) => Array.isArray(value[member]?.Referer) &&
    value[member].Referer.every((/** @type {unknown} */ entry) => typeof entry === "string"));

/** The most lines that get numbers: with more, a browser responds too slowly. */
const NUMBERED = 10_000;

/**
 * Number the lines of a text area, unless there are too many.
 * @param {Element} gutter
 * @param {HTMLTextAreaElement} area
 */
export function number(gutter, area) {
  const total = area.value.split("\n").length;
  const count = total > NUMBERED ? 0 : total;
  area.rows = Math.max(3, Math.min(total, NUMBERED) + 1);
  while (gutter.children.length > count) gutter.lastElementChild?.remove();
  while (gutter.children.length < count) gutter.append(document.createElement("li"));
}

/**
 * Scroll the line numbers of a text area with its lines.
 * @param {Element} gutter
 * @param {HTMLTextAreaElement} area
 */
export function follow(gutter, area) {
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
}

/**
 * Mark lines with what a plan says of them.
 * @param {Element} gutter
 * @param {{ position: number, name: string }[]} found
 */
export function mark(gutter, found) {
  for (const line of /** @type {Iterable<HTMLElement>} */ (gutter.children)) {
    line.className = "";
    delete line.dataset.mark;
  }
  for (const { position, name } of found) {
    const line = /** @type {HTMLElement | undefined} */ (gutter.children[position]);
    if (line) line.className = line.dataset.mark = name;
  }
}

/**
 * @param {HTMLTextAreaElement} area
 * @param {number} position
 */
function reveal(area, position) {
  area.scrollTop = (area.scrollHeight / area.value.split("\n").length) * position - area.clientHeight / 3;
  area.scrollLeft = 0;
  // Firefox scrolls to the cursor later.
  requestAnimationFrame(() => { area.scrollLeft = 0; });
}

/**
 * Set the text of a text area, with the cursor at the end of the changed part.
 * @param {HTMLTextAreaElement} area
 * @param {string} text
 */
export function write(area, text) {
  const old = area.value;
  if (old === text) return;
  const longer = text.length - old.length;
  let begin = 0;
  while (begin < Math.min(old.length, text.length) && old[begin] === text[begin]) begin += 1;
  let end = text.length;
  while (end > begin && end - longer > begin && old[end - longer - 1] === text[end - 1]) end -= 1;
  area.value = text;
  area.setSelectionRange(end, end);
  reveal(area, text.slice(0, end).split("\n").length - 1);
}

/** The most steps that can be undone. */
const STEPS = 300;
/** Milliseconds without typing after which the next character begins a new step. */
const BREATH = 1000;

/** The rules that an editor has shown, in order, for undo and redo. The rules are never modified. */
export class Timeline {
  /** @param {Rules} [first] without these, the first rules that are noted */
  constructor(first) {
    this.now = first;
    /** @type {Rules[]} */
    this.past = [];
    /** @type {Rules[]} */
    this.future = [];
    this.stroke = "";
    this.moment = 0;
  }

  /**
   * Begin or continue a step: changes with the same `stroke` in quick succession are one step.
   * @param {Rules} rules
   */
  note(rules, stroke = "", moment = Date.now()) {
    if (!this.now) {
      this.now = rules;
      return;
    }
    if (canonical(rules) === canonical(this.now)) {
      this.stroke = ""; // such as a new empty line
      return;
    }
    const goesOn = stroke !== "" && stroke === this.stroke && moment - this.moment < BREATH;
    if (!goesOn) this.past = [...this.past, this.now].slice(-STEPS);
    this.now = rules;
    this.future = [];
    this.stroke = stroke;
    this.moment = moment;
  }

  /** Go a step back, and return its rules; undefined if there is none. */
  undo() {
    return this.#go(this.past, this.future);
  }

  /** Go a step forward again, and return its rules; undefined if there is none. */
  redo() {
    return this.#go(this.future, this.past);
  }

  /**
   * @param {Rules[]} from
   * @param {Rules[]} to
   */
  #go(from, to) {
    const next = from.pop();
    if (!next || !this.now) return undefined;
    to.push(this.now);
    this.now = next;
    this.stroke = "";
    return next;
  }
}

const FOREIGN = "dialog, textarea, select, input:not([type=checkbox]), [data-typed]";

/**
 * Call an action for Ctrl-Z, Ctrl-Shift-Z and Ctrl-Y, except in dialogs and in fields that are not `own`.
 * @param {Element[]} own
 * @param {() => void} undo
 * @param {() => void} redo
 */
export function onUndo(own, undo, redo) {
  const isOwn = (/** @type {Event} */ { target }) => target instanceof Element && own.includes(target);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.isComposing) return;
    if (!isOwn(event) && event.target instanceof Element && event.target.closest(FOREIGN)) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && (key !== "y" || event.shiftKey)) return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) redo();
    else undo();
  });
  // The browser's own menu.
  document.addEventListener("beforeinput", (event) => {
    if (!/^history(Undo|Redo)$/.test(event.inputType) || !isOwn(event)) return;
    event.preventDefault();
    if (event.inputType === "historyUndo") undo();
    else redo();
  });
}

const CONTROLS = "a[href], button:not(:disabled), input, select, textarea, summary, [tabindex], [contenteditable]";

/**
 * Change a part of a page; if the part had the focus, focus the control at the same position afterwards.
 * @param {HTMLElement} part
 * @param {() => void} change
 */
export function keepFocus(part, change) {
  const controls = () => /** @type {HTMLElement[]} */ ([...part.querySelectorAll(CONTROLS)])
    .filter((control) => control.checkVisibility?.() ?? true);
  const before = controls().indexOf(/** @type {HTMLElement} */ (document.activeElement));
  change();
  if (before < 0 || part.contains(document.activeElement)) return;
  const after = controls();
  const next = after[Math.min(before, after.length - 1)];
  if (!next) part.tabIndex = -1;
  (next ?? part).focus();
}

const MARKS = { "utf-16le": /^(?:\xff\xfe|<\0)/, "utf-16be": /^(?:\xfe\xff|\0<)/ };
const DECLARED = /^<\?xml\s[^>]{0,100}?encoding\s*=\s*["']([\w.-]{1,40})["']/;

/**
 * Read a file in the encoding of its first bytes or its XML declaration, or else in UTF-8.
 * @param {File} file
 * @returns {Promise<string | undefined>} undefined for bytes that are not text
 */
export async function readText(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const head = String.fromCharCode(...bytes.slice(0, 200));
  const marked = Object.entries(MARKS).find(([, mark]) => mark.test(head))?.[0];
  const declared = head.match(DECLARED)?.[1] ?? "utf-8";
  try {
    // A document that declares UTF-16, but does not begin with it, was converted to UTF-8.
    const name = marked ?? (/^utf-16/i.test(declared) ? "utf-8" : declared);
    return new TextDecoder(name, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The most bytes that a link may contain, uncompressed. */
const LONGEST = 4 * 1024 * 1024;

/**
 * @param {{ readable: ReadableStream, writable: WritableStream }} stream
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
async function pass(stream, bytes) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const pieces = [];
  for (let length = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(pieces).arrayBuffer());
    length += value.length;
    if (length > LONGEST) throw new RangeError("The link carries too much.");
    pieces.push(value);
  }
}

/**
 * Pack a value into a text for a link, compressed if the browser can.
 * @param {unknown} value
 */
export async function pack(value) {
  const plain = new TextEncoder().encode(JSON.stringify(value));
  const bytes = "CompressionStream" in globalThis ? await pass(new CompressionStream("deflate"), plain) : plain;
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * Unpack the value of a link. Throws for a text that `pack` did not write.
 * @param {string} text
 * @returns {Promise<any>}
 */
export async function unpack(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
  const isPlain = bytes[0] === 0x7b; // "{"; compressed values begin otherwise
  return JSON.parse(new TextDecoder().decode(isPlain ? bytes : await pass(new DecompressionStream("deflate"), bytes)));
}
