// The drafts of a bucket's rules, stored in this browser: one of each tab, and drafts set aside.

import { kept } from "./base.js";
import { isRules, isSame } from "./entries.js";

/** @typedef {import("./entries.js").Rules} Rules */
/** @typedef {{ rules: Rules, etag: string, tab?: string }} Draft rules, and the tag of the rules to replace */

/** Maximum number of drafts that are set aside. */
const MOST = 10;

/** Each tab has its own draft. Other pages call the newest draft the edited rules. */
export class Drafts {
  /** @param {string} bucket */
  constructor(bucket) {
    this.newest = `rules:${bucket}`;
    this.about = `${this.newest}:about`; // the tab and the tag of the newest draft
    this.aside = `${this.newest}:aside`; // drafts set aside, the last first
    this.tab = Math.random().toString(36).slice(2);
    /** @type {Rules | undefined} */
    this.written = this.own()?.rules; // the newest draft if this tab wrote it
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
    } catch { /* the browser does not allow storage */ }
  }

  /**
   * Store the draft of this tab as the newest; a draft of another tab is set aside.
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

  /** Remove the draft of this tab, because its rules are those of the bucket. */
  drop() {
    if (isSame(kept.get(this.newest), this.written)) kept.remove(this.newest);
    this.written = undefined;
    this.#setOwn();
  }

  /**
   * Store a draft before it is replaced; of each tab, only the last draft.
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
   * Return the drafts that differ from some rules: the newest draft, and drafts set aside.
   * @param {Rules[]} rules
   */
  others(rules) {
    const newest = kept.get(this.newest);
    const all = isRules(newest) ? [{ etag: "", ...kept.get(this.about), rules: newest }, ...this.#others()] : this.#others();
    return all.filter((one) => !rules.some((shown) => isSame(shown, one.rules)));
  }

  /**
   * Remove a draft from those set aside, and append the draft that it replaces.
   * @param {Draft} draft
   * @param {Draft} [replaced]
   */
  take(draft, replaced) {
    const rest = this.#others().filter((one) => !isSame(one.rules, draft.rules));
    kept.set(this.aside, replaced ? [...rest, replaced] : rest);
    if (isSame(kept.get(this.newest), draft.rules)) this.written = draft.rules;
  }
}
