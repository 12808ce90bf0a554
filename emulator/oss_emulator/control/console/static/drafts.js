// The drafts of the rules of a bucket, kept in this browser: that of each tab, and what was set aside.

import { kept } from "./base.js";
import { isRules, isSame } from "./entries.js";

/** @typedef {import("./entries.js").Rules} Rules */
/** @typedef {{ rules: Rules, etag: string, tab?: string }} Draft rules, and the tag of those that they are to replace */

/** The most drafts that are set aside. */
const MOST = 10;

/** Each tab has a draft of its own. The newest one is what other pages call the edited rules. */
export class Drafts {
  /** @param {string} bucket */
  constructor(bucket) {
    this.newest = `rules:${bucket}`;
    this.about = `${this.newest}:about`; // the tab and the tag of the newest draft
    this.aside = `${this.newest}:aside`; // other drafts, the last one first
    this.tab = Math.random().toString(36).slice(2);
    /** @type {Rules | undefined} */
    this.written = this.own()?.rules; // what this tab has made the newest draft
  }

  /**
   * Return the draft of this tab, also after a reload.
   * @returns {Draft | undefined}
   */
  own() {
    try {
      const found = JSON.parse(sessionStorage.getItem(this.newest) ?? "null");
      return isRules(found?.rules) ? found : undefined;
    } catch {
      return undefined;
    }
  }

  /** @param {Draft} [own] */
  #setOwn(own) {
    try {
      if (own) sessionStorage.setItem(this.newest, JSON.stringify(own));
      else sessionStorage.removeItem(this.newest);
    } catch { /* the browser keeps nothing */ }
  }

  /**
   * Keep the draft of this tab, as the newest one; that of another tab is set aside.
   * @param {Draft} own
   */
  keep(own) {
    const newest = kept.get(this.newest);
    if (isRules(newest) && !isSame(newest, this.written)) this.setAside({ etag: "", ...kept.get(this.about), rules: newest });
    this.written = own.rules;
    kept.set(this.newest, own.rules);
    kept.set(this.about, { tab: this.tab, etag: own.etag });
    this.#setOwn(own);
  }

  /** Forget the draft of this tab: its rules are those of the bucket. */
  drop() {
    if (isSame(kept.get(this.newest), this.written)) kept.remove(this.newest);
    this.written = undefined;
    this.#setOwn();
  }

  /**
   * Keep a draft that something is about to replace; of another tab, only its last one.
   * @param {Draft} draft
   */
  setAside(draft) {
    const before = this.#others().filter((one) => !(draft.tab && one.tab === draft.tab) && !isSame(one.rules, draft.rules));
    kept.set(this.aside, [draft, ...before].slice(0, MOST));
  }

  /** @returns {Draft[]} */
  #others() {
    return kept.get(this.aside, []).filter((/** @type {Draft} */ one) => isRules(one?.rules));
  }

  /**
   * Return the drafts that differ from some rules: the newest of another tab, and those that were set aside.
   * @param {Rules[]} rules
   */
  others(rules) {
    const newest = kept.get(this.newest);
    const all = isRules(newest) ? [{ etag: "", ...kept.get(this.about), rules: newest }, ...this.#others()] : this.#others();
    return all.filter((one) => !rules.some((shown) => isSame(shown, one.rules)));
  }

  /**
   * Take a draft out of the others, and put the one that it replaces at their end.
   * @param {Draft} draft
   * @param {Draft} [replaced]
   */
  take(draft, replaced) {
    const rest = this.#others().filter((one) => !isSame(one.rules, draft.rules));
    kept.set(this.aside, replaced ? [...rest, replaced] : rest);
    if (isSame(kept.get(this.newest), draft.rules)) this.written = draft.rules;
  }
}
