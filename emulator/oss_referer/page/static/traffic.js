// Recorded requests that a reader drops or pastes: a HAR or lines of an access log, judged by the rules.

import { all, at, attempt, find, parse } from "./base.js";
import { readText } from "./entries.js";

const [box, found] = ["#recorded", "#recorded-found"].map((name) => find(name));
const pasted = /** @type {HTMLTextAreaElement} */ (find("#recorded-lines"));
const chooser = /** @type {HTMLInputElement} */ (find("#recorded input"));

/** The most characters of a recording to read. */
const LARGEST = 64 * 1024 * 1024;
/** The beginnings of a HAR, and of a line of an access log. */
const RECORDED = /^\ufeff?\s*(?:\{\s*"log"\s*:|\S+ \S+ \S+ \[\d\d\/\w{3}\/\d{4}:)/;

/** @param {string} text */
export const isRecorded = (text) => RECORDED.test(text);

/**
 * Read a file, also one that is compressed.
 * @param {File} file
 */
export async function unzip(file) {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (first !== 0x1f || second !== 0x8b) return file;
  const stream = file.stream().pipeThrough(new DecompressionStream("gzip"));
  return new File([await new Response(stream).blob()], file.name);
}

export class Recorded {
  /** @type {object | undefined} */
  #kept; // the requests of the text, as Python returned them
  /** @type {string | undefined} */
  #text; // the text that is still to be read
  /** @type {string[]} */
  #hosts = [];

  /**
   * @param {() => void} ask asks for an answer about `values`
   * @param {string} large what to say about a text that is too large
   */
  constructor(ask, large) {
    this.ask = ask;
    this.large = large;
    chooser.addEventListener("change", () => attempt(async () => {
      const file = chooser.files?.[0];
      const text = file && await readText(await unzip(file));
      chooser.value = "";
      if (text !== undefined) this.take(text);
    }));
    pasted.addEventListener("input", () => attempt(() => this.take(pasted.value, true)));
    found.addEventListener("click", (event) => {
      const host = at(event, "[data-host]")?.dataset.host;
      if (host === undefined) return;
      this.#hosts = [...this.#hosts, host];
      this.ask();
    });
  }

  /** What to ask Python; undefined without recorded requests. */
  get values() {
    if (this.#text !== undefined) return { text: this.#text, hosts: this.#hosts };
    return this.#kept && { recorded: this.#kept, hosts: this.#hosts };
  }

  /**
   * @param {string} text
   * @param {boolean} [isPasted] whether the text stands in the field
   */
  take(text, isPasted = false) {
    if (text.length > LARGEST) throw new Error(this.large);
    this.#text = text.trim() ? text : undefined;
    this.#kept = undefined;
    this.#hosts = [];
    if (!isPasted) pasted.value = "";
    /** @type {HTMLDetailsElement} */ (box).open = true;
    if (this.#text === undefined) found.replaceChildren();
    else this.ask();
  }

  /**
   * Show an answer, and keep what Python made of the text.
   * @param {string} html
   */
  show(html) {
    const made = parse(html);
    this.#kept = JSON.parse(find("[data-recorded]", made).dataset.recorded ?? "null") ?? undefined;
    this.#text = undefined;
    found.replaceChildren(made);
    for (const part of all("[data-recorded]", found)) delete part.dataset.recorded;
  }
}
