// The code that all pages share: requests to the server, fragments of pages, times in the reader's language.

export const root = document.body.dataset.root ?? "";

const trusted = /** @type {{ trustedTypes?: { createPolicy: Function } }} */ (window).trustedTypes;
const rules = { createHTML: (/** @type {string} */ html) => html };
const policy = trusted?.createPolicy("console", rules) ?? rules;
const language = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(language, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23",
});
const seconds = new Intl.DateTimeFormat(language, { timeStyle: "medium", hourCycle: "h23" });
const minutes = new Intl.DateTimeFormat(language, { timeStyle: "short", hourCycle: "h23" });
const short = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const date = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

/**
 * The element that a selector names; its type depends on the tag in the selector.
 * @template {string} S
 * @typedef {import("typed-query-selector/parser").ParseSelector<S, HTMLElement>} Named
 */

/**
 * Find the first element that a selector names. Its type does not say that it may be missing: if the
 * template of the page may omit the element, callers use `?.`.
 * @template {string} S
 * @param {S} selector
 * @param {ParentNode} [within]
 * @returns {Named<S>}
 */
export const find = (selector, within = document) => /** @type {any} */ (within.querySelector(selector));

/**
 * Find all elements that a selector names.
 * @template {string} S
 * @param {S} selector
 * @param {ParentNode} [within]
 * @returns {Named<S>[]}
 */
export const all = (selector, within = document) => /** @type {any} */ ([...within.querySelectorAll(selector)]);

/**
 * Find the element that a selector names: the target of an event, or the nearest one around it.
 * @template {string} S
 * @param {Event} event
 * @param {S} selector
 * @returns {Named<S> | null}
 */
export const at = (event, selector) =>
  /** @type {any} */ (event.target instanceof Element ? event.target.closest(selector) : null);

/**
 * Send a request with a value as JSON. Throws an Error with the server's sentence and the status.
 * @param {string} path
 * @param {{ method?: string, value?: unknown, html?: boolean, signal?: AbortSignal, headers?: Record<string, string> }} [how]
 * @returns {Promise<any>} the text of HTML, or the value of JSON
 */
export async function ask(path, { method = "GET", value, html = false, signal, headers: more = {} } = {}) {
  /** @type {Record<string, string>} */
  const headers = { ...more, Accept: html ? "text/html" : "application/json" };
  if (method !== "GET") headers["x-oss-emulator"] = "1";
  if (html) headers["x-oss-emulator-fragment"] = "1";
  const body = value === undefined ? undefined : JSON.stringify(value);
  const answer = await fetch(root + path, { method, headers, body, signal }).catch((error) => {
    throw signal?.aborted ? error : new Error(announced.dataset.silent);
  });
  const text = await answer.text();
  askForLogin(answer.headers.has(LOGIN));
  if (!answer.ok) throw Object.assign(new Error(sentence(text) || `${answer.status}`), { status: answer.status });
  return html ? text : JSON.parse(text);
}

/**
 * Send a file and report the progress. Throws an Error with the server's sentence and the status.
 * @param {string} path
 * @param {File} file
 * @param {{ type?: string, progress: (part: number) => void, headers?: Record<string, string> }} how
 * @returns {Promise<string>}
 */
export function put(path, file, { type, progress, headers = {} }) {
  const request = new XMLHttpRequest();
  request.open("PUT", root + path);
  request.setRequestHeader("x-oss-emulator", "1");
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("Content-Type", type || "application/octet-stream");
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.upload.onprogress = (event) => progress(event.loaded / (event.total || 1));
  return new Promise((resolve, reject) => {
    const fail = (/** @type {unknown} */ why) =>
      reject(Object.assign(new Error(`${file.name}: ${why}`), { status: request.status }));
    request.onerror = () => fail(announced.dataset.unreachable);
    request.onload = () => {
      const text = request.responseText;
      askForLogin(request.getResponseHeader(LOGIN) !== null);
      if (request.status < 300) resolve(text);
      else fail(sentence(text) || request.status);
    };
    request.send(file);
  });
}

const LOGIN = "x-oss-emulator-login"; // the header of a refusal that a login would avoid

/**
 * Show a link to the login, which leads back to this page, if the server requires a login.
 * @param {boolean} needed
 */
function askForLogin(needed) {
  const notice = find("#login-again");
  notice.hidden = !needed;
  const here = location.pathname + location.search + location.hash;
  find("a", notice).href = `${root}login?next=${encodeURIComponent(here)}`;
}

/** @param {string} text the body of an error response */
function sentence(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return parse(text).querySelector(".notice")?.textContent;
  }
}

/**
 * Parse HTML from the server into nodes.
 * @param {string} html
 */
export function parse(html) {
  const made = document.createElement("template");
  made.innerHTML = policy.createHTML(html);
  localise(made.content);
  for (const forms of all(".forms", made.content)) turn(forms, kept.get("form", ""));
  return made.content;
}

/**
 * Replace the contents of an element by HTML from the server.
 * @param {Element} element
 * @param {string} html
 */
export function fill(element, html) {
  element.replaceChildren(parse(html));
}

/**
 * Write each time in the language and time zone of the reader.
 * @param {ParentNode} within
 */
function localise(within) {
  const today = new Date().toDateString();
  for (const time of all("time[data-time]:not([datetime])", within)) {
    const moment = new Date(Number(time.dataset.time) * 1000);
    time.dateTime = moment.toISOString();
    time.title = date.format(moment);
    const [now, then] = { m: [minutes, minutes], s: [seconds, short], ms: [clock, short] }[time.dataset.short ?? ""] ?? [clock, date];
    time.textContent = (moment.toDateString() === today ? now : then).format(moment);
  }
}

const announced = find("#announce");
/** @type {ReturnType<typeof setTimeout>} */
let hiding;

/**
 * Show a message to the reader, also for screen readers.
 * @param {string} [text]
 */
export function announce(text = "", bad = false) {
  announced.textContent = text;
  announced.classList.toggle("bad", bad);
  announced.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => announced.classList.remove("shown"), bad ? 8000 : 3000);
}

/**
 * Run an action, and show a message to the reader if it fails.
 * @template T
 * @param {() => T | Promise<T>} action
 */
export async function attempt(action) {
  try {
    return await action();
  } catch (caught) {
    const error = /** @type {Error} */ (caught);
    if (error.name !== "AbortError") announce(`${announced.dataset.failed} ${error.message}`, true);
    return undefined;
  }
}

/**
 * Return a function that calls an action some time after its last call; a call may set another time.
 * @param {() => unknown} action
 * @param {number} milliseconds
 */
export function later(action, milliseconds) {
  /** @type {ReturnType<typeof setTimeout>} */
  let waiting;
  return (wait = milliseconds) => {
    clearTimeout(waiting);
    waiting = setTimeout(action, wait);
  };
}

/**
 * Copy a text. Pages over plain http have no clipboard, except for those of this machine.
 * @param {string} text
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // the clipboard is missing, or not allowed
    copyFromField(text);
  }
  announce(announced.dataset.copied);
}

/** @param {string} text */
function copyFromField(text) {
  const field = document.createElement("textarea");
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  field.value = text;
  field.className = "hidden";
  field.setAttribute("aria-hidden", "true");
  (focused?.closest("dialog") ?? document.body).append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  focused?.focus();
  if (!done) throw new Error(announced.dataset.uncopied);
}

/**
 * Accept files dropped anywhere on this page; highlight a part of it while they are dragged over it.
 * @param {string} part a selector; without such a part, the page accepts no files
 * @param {(dropped: DataTransfer) => unknown} take
 */
export function onDrop(part, take) {
  for (const kind of /** @type {const} */ (["dragover", "dragleave", "drop"])) {
    document.addEventListener(kind, (event) => {
      const shown = find(part);
      const { dataTransfer: dropped } = event;
      if (!shown || !dropped?.types.includes("Files")) return;
      event.preventDefault();
      shown.classList.toggle("over", kind === "dragover");
      if (kind === "drop") attempt(() => take(dropped));
    });
  }
}

/** Values that the browser stores; a browser without storage forgets them with the page. */
export const kept = {
  /**
   * @param {string} name
   * @param {any} [otherwise]
   */
  get(name, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(name) ?? "null") ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  /**
   * @param {string} name
   * @param {unknown} value
   */
  set(name, value) {
    try {
      localStorage.setItem(name, JSON.stringify(value));
    } catch { /* the browser keeps nothing */ }
  },
  /**
   * The names of stored values, which match a pattern.
   * @param {RegExp} pattern
   */
  names(pattern) {
    try {
      return Object.keys(localStorage).filter((name) => pattern.test(name));
    } catch {
      return []; // the browser keeps nothing
    }
  },
  /** @param {string} name */
  remove(name) {
    try {
      localStorage.removeItem(name);
    } catch { /* the browser keeps nothing */ }
  },
};

document.addEventListener("click", (event) => {
  const copier = at(event, "[data-copy]");
  if (copier) {
    const place = find(copier.dataset.copy || "code", copier.dataset.copy ? document : copier.closest(".code") ?? copier);
    attempt(() => copy(place.textContent));
  } else if (at(event, "[data-logout]")) {
    attempt(async () => {
      await ask("login", { method: "DELETE" });
      location.reload();
    });
  }
});

// --- One text in several forms: tabs for the usual forms, a menu for the others

/**
 * Show one form, or the first one if there is no such form.
 * @param {Element} forms
 * @param {string} form
 */
function turn(forms, form) {
  const panels = all("[role=tabpanel]", forms);
  const shown = panels.find((panel) => panel.dataset.form === form) ?? panels[0];
  for (const panel of panels) panel.hidden = panel !== shown;
  const tabs = all("[role=tab]", forms);
  for (const tab of tabs) tab.ariaSelected = String(tab.dataset.tab === shown.dataset.form);
  const reached = tabs.find((tab) => tab.ariaSelected === "true") ?? tabs[0];
  for (const tab of tabs) tab.tabIndex = tab === reached ? 0 : -1;
  const choice = find("select[data-tabs]", forms);
  choice.value = shown.dataset.form ?? "";
  if (choice.selectedIndex < 0) choice.value = "";
}

/**
 * Show the form that the reader chooses, and remember it.
 * @param {Element} control
 * @param {string} [form]
 */
function choose(control, form = "") {
  kept.set("form", form);
  const forms = control.closest(".forms");
  if (forms) turn(forms, form);
}

document.addEventListener("click", (event) => {
  const tab = at(event, "[role=tab]");
  if (tab) choose(tab, tab.dataset.tab);
});
document.addEventListener("change", (event) => {
  const choice = at(event, "select[data-tabs]");
  if (choice) choose(choice, choice.value);
});
document.addEventListener("keydown", (event) => {
  const tab = at(event, "[role=tab]");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!tab || !step) return;
  const tabs = all("[role=tab]", tab.parentElement ?? tab);
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  choose(next, next.dataset.tab);
  next.focus();
});

for (const link of all(".settings a[hreflang]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const url = new URL(location.href);
    url.searchParams.set("language", link.hreflang);
    location.assign(url);
  });
}

localise(document);

const CONTROLS = "a[href], button, input, select, textarea, summary";
const FIELDS = "input, select, textarea";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Field */

/**
 * Return a name of a control, by which it is found after a refresh; the value of a field does not matter.
 * @param {Element | null} control
 */
const identify = (control) => control?.id || [
  control?.closest("form")?.dataset.path, control?.getAttribute("name") ?? control?.textContent, control?.getAttribute("href"),
].join();

/** @type {WeakMap<Field, string | boolean>} */
const sent = new WeakMap(); // the value of each field when its form was sent

/** @param {Field} field */
const said = (field) => ("checked" in field && field.type === "checkbox" ? field.checked : field.value);

/**
 * Return whether the reader has changed a field and not sent it.
 * @param {Field} field
 */
function isUnsent(field) {
  if (said(field) === sent.get(field)) return false;
  if (field instanceof HTMLSelectElement) return !(find("option[selected]", field) ?? field.options[0])?.selected;
  if (field.type === "checkbox") return said(field) !== field.hasAttribute("checked");
  return field.value !== field.defaultValue || field.validity.badInput;
}

/** @type {AbortController | undefined} */
let refreshing;

/**
 * Reload the main part of this page. Elements with `data-stays` keep their contents, and so do fields
 * that the reader has changed and not sent.
 *
 * The focus stays on its control, or moves to the next one if the control no longer exists.
 */
export async function refresh() {
  refreshing?.abort(); // its older response may arrive later
  refreshing = new AbortController();
  const path = location.pathname.slice(root.length) + location.search;
  const made = parse(await ask(path, { html: true, signal: refreshing.signal }));
  const main = find("main");
  const names = all(CONTROLS, main).map(identify);
  const place = main.contains(document.activeElement) ? names.indexOf(identify(document.activeElement)) : -1;
  for (const staying of all("[data-stays]", main)) find(`#${staying.id}`, made)?.replaceWith(staying);
  /** @type {Map<string, HTMLElement>} */
  const controls = new Map(all(CONTROLS, made).reverse().map((control) => [identify(control), control]));
  for (const field of all(FIELDS, main).filter(isUnsent)) {
    const name = identify(field);
    controls.get(name)?.replaceWith(field);
    if (controls.has(name)) controls.set(name, field);
  }
  main.replaceChildren(made);
  const active = find("[data-active]", main);
  if (active) Object.assign(find("#active"), { hidden: active.hidden, textContent: active.textContent });
  if (place < 0) return;
  const near = [...names.slice(place), ...names.slice(0, place).reverse()].find((name) => controls.has(name));
  (controls.get(near ?? "") ?? main).focus();
}

/**
 * Ask the reader in a dialog; resolves to the answer.
 * @param {string} question
 * @param {string} yes the name of the button that agrees
 * @param {string} [no] the name of the button that declines
 */
export function confirm(question, yes, no = announced.dataset.cancel ?? "") {
  const dialog = document.createElement("dialog");
  const text = document.createElement("p");
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "actions end";
  text.textContent = question;
  dialog.setAttribute("aria-label", question);
  for (const [name, value] of [[no, ""], [yes, "yes"]]) {
    const button = document.createElement("button");
    button.value = value;
    button.textContent = name;
    button.className = value ? "danger" : "";
    form.append(button);
  }
  dialog.append(text, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

/**
 * Return the values of a form, with numbers as numbers, and without empty ones if the form is `sparse`.
 * @param {HTMLFormElement} form
 */
export function values(form) {
  /** @type {Record<string, string | number | boolean>} */
  const found = {};
  for (const field of /** @type {Iterable<HTMLInputElement>} */ (form.elements)) {
    if (!field.name || ("sparse" in form.dataset && field.value === "")) continue;
    found[field.name] = field.type === "number" ? Number(field.value) : field.type === "checkbox" ? field.checked : field.value;
  }
  return found;
}

/**
 * Send a form as JSON to its path; `{name}` in the path is a field, which the body does not contain.
 * @param {HTMLFormElement} form
 */
async function send(form) {
  const { method, path = "", done, next, into } = form.dataset;
  const question = form.dataset.confirm ?? find("option:checked", form)?.dataset.confirm;
  if (question && !(await confirm(question, find("button", form).firstChild?.textContent ?? ""))) {
    form.reset();
    return;
  }
  const value = values(form);
  const fields = all(FIELDS, form).map((field) => /** @type {const} */ ([field, said(field)]));
  const place = path.replace(/\{(\w+)\}/g, (_, name) => {
    const part = encodeURIComponent(value[name]);
    delete value[name];
    return part;
  });
  const answer = await ask(place, { method, value, html: Boolean(into) });
  if (into) {
    fill(find(`#${into}`), answer);
    find(`#${into}`).focus();
    find(`#${into}`).dispatchEvent(new Event("filled", { bubbles: true })); // for the script of the page
    return;
  }
  if (next) {
    location.assign(root + next);
    return;
  }
  for (const [field, text] of fields) sent.set(field, text);
  await attempt(refresh); // the request has succeeded even if the page cannot show it
  if (done) announce(done);
}

document.addEventListener("submit", (event) => {
  const form = at(event, "form[data-path]");
  if (!form) return;
  event.preventDefault();
  attempt(() => send(form));
});
