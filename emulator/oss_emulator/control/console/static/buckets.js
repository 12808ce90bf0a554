// Uploads by a choice of files or by drag and drop, each with its progress.

import { announce, at, find, put, refresh } from "./console.js";

/**
 * @param {File} file
 * @param {DOMStringMap} place the bucket and the folder
 */
function upload(file, { bucket, prefix }) {
  const item = document.createElement("li");
  const name = document.createElement("bdi");
  const bar = document.createElement("progress");
  name.textContent = file.name;
  bar.setAttribute("aria-label", file.name);
  item.append(name, bar);
  find("#uploads").append(item);
  const key = encodeURIComponent(prefix + file.name);
  const progress = (/** @type {number} */ part) => { bar.value = part; };
  return put(`content/${bucket}?key=${key}`, file, { type: file.type, progress });
}

/** @param {File[]} files */
async function uploadAll(files) {
  const { dataset } = find("#drop");
  try {
    for (const file of files) await upload(file, dataset);
    announce(`${files.length} ${dataset.done}`);
  } catch (error) {
    announce(/** @type {Error} */ (error).message, true);
  }
  await refresh();
}

document.addEventListener("change", (event) => {
  const chosen = at(event, "input#files");
  if (chosen) uploadAll([...chosen.files ?? []]);
});
for (const kind of /** @type {const} */ (["dragover", "dragleave", "drop"])) {
  document.addEventListener(kind, (event) => {
    const drop = at(event, "main") && find("#drop");
    if (!drop) return;
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "drop") uploadAll([...event.dataTransfer?.files ?? []]);
  });
}
