// Uploads by a choice of files or by drag and drop, each with its progress.

import { announce, find, put, refresh } from "./console.js";

function upload(file, { bucket, prefix }) {
  const item = document.createElement("li");
  const name = document.createElement("bdi");
  const bar = document.createElement("progress");
  name.textContent = file.name;
  bar.setAttribute("aria-label", file.name);
  item.append(name, bar);
  find("#uploads").append(item);
  const key = encodeURIComponent(prefix + file.name);
  const progress = (part) => { bar.value = part; };
  return put(`content/${bucket}?key=${key}`, file, { type: file.type, progress });
}

async function uploadAll(files) {
  const { dataset } = find("#drop");
  try {
    for (const file of files) await upload(file, dataset);
    announce(`${files.length} ${dataset.done}`);
  } catch (error) {
    announce(error.message, true);
  }
  await refresh();
}

document.addEventListener("change", (event) => {
  if (event.target.id === "files") uploadAll([...event.target.files]);
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const drop = event.target.closest?.("main") && find("#drop");
    if (!drop) return;
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "drop") uploadAll([...event.dataTransfer.files]);
  });
}
