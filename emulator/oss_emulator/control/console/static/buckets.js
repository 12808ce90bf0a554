// Uploads chosen files, or files and folders that are dropped anywhere on the page.

import { announce, at, attempt, confirm, find, onDrop, put, refresh } from "./base.js";

const EXISTS = 409; // the status for an object that must not be replaced
const NAMED = 10; // maximum number of files that a question names

/** @typedef {{ file: File, name: string }} Named a file and its path with folders */

/**
 * Upload a file; an existing object is replaced only if `replaces` is true.
 * @param {Named} named
 * @param {boolean} replaces
 * @returns {Promise<"done" | "exists" | "failed">}
 */
async function upload({ file, name }, replaces) {
  const { bucket, prefix } = find("#drop").dataset;
  const item = document.createElement("li");
  const label = document.createElement("bdi");
  const bar = document.createElement("progress");
  label.textContent = name;
  bar.setAttribute("aria-label", name);
  item.append(label, bar);
  find("#uploads").append(item);
  const key = encodeURIComponent(prefix + name);
  const progress = (/** @type {number} */ part) => { bar.value = part; };
  /** @type {Record<string, string>} */
  const headers = replaces ? {} : { "x-oss-forbid-overwrite": "true" };
  try {
    await put(`content/${bucket}?key=${key}`, file, { type: file.type, progress, headers });
    item.remove();
    return "done";
  } catch (caught) {
    const error = /** @type {Error & { status: number }} */ (caught);
    if (!replaces && error.status === EXISTS) {
      item.remove();
      return "exists";
    }
    item.className = "failed";
    item.textContent = error.message; // it names the file
    return "failed";
  }
}

/**
 * Upload files one after another; go on when one fails.
 * @param {Named[]} files
 */
async function uploadAll(files) {
  const { dataset } = find("#drop");
  /** @type {Record<"done" | "exists" | "failed", Named[]>} */
  const found = { done: [], exists: [], failed: [] };
  for (const one of files) found[await upload(one, false)].push(one);
  const names = found.exists.slice(0, NAMED).map(({ name }) => name).join(", ");
  const more = found.exists.length > NAMED ? " …" : "";
  if (names && (await confirm(`${dataset.exist} ${names}${more}`, dataset.replace ?? "", dataset.keep))) {
    for (const one of found.exists.splice(0)) found[await upload(one, true)].push(one);
  }
  await attempt(refresh);
  const said = [
    [found.done.length, dataset.done], [found.exists.length, dataset.kept], [found.failed.length, dataset.failed],
  ].filter(([count]) => count).map(([count, word]) => `${count} ${word}`);
  if (said.length) announce(said.join(", "), found.failed.length > 0);
}

/**
 * Find the files in a dropped entry; files of a folder get the folder's name as prefix.
 * @param {FileSystemEntry} entry
 * @returns {AsyncGenerator<Named>}
 */
async function* walk(entry, folder = "") {
  if (entry.isFile) {
    const one = /** @type {FileSystemFileEntry} */ (entry);
    /** @type {File} */
    const file = await new Promise((resolve, reject) => { one.file(resolve, reject); });
    yield { file, name: folder + file.name };
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!some.length) return;
    for (const one of some) yield* walk(one, `${folder}${entry.name}/`);
  }
}

/** @param {{ entry: FileSystemEntry | null, file: File | null }[]} items */
async function uploadDropped(items) {
  /** @type {Named[]} */
  const files = [];
  for (const { entry, file } of items) {
    // In WebKit, an entry does not find a file without a path on a disk.
    if (entry?.isDirectory) for await (const found of walk(entry)) files.push(found);
    else if (file) files.push({ file, name: file.name });
  }
  await uploadAll(files);
}

document.addEventListener("change", (event) => {
  const chosen = at(event, "input#files");
  if (!chosen) return;
  const files = [...chosen.files ?? []].map((file) => ({ file, name: file.name }));
  chosen.value = ""; // so that the same files can be chosen again
  attempt(() => uploadAll(files));
});
onDrop("#drop", (dropped) => {
  // Read the items now, because they are gone after the event.
  const items = [...dropped.items].filter((item) => item.kind === "file")
    .map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  return uploadDropped(items);
});
