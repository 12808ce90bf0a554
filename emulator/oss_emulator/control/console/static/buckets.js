// Uploads by a choice of files or by drag and drop, each with its progress.

import { announce, find, refresh, root } from "./console.js";

function upload(file, { bucket, prefix }) {
  const item = document.createElement("li");
  const name = document.createElement("bdi");
  const bar = document.createElement("progress");
  name.textContent = file.name;
  bar.max = file.size || 1;
  bar.setAttribute("aria-label", file.name);
  item.append(name, bar);
  find("#uploads").append(item);
  const key = encodeURIComponent(prefix + file.name);
  const request = new XMLHttpRequest();
  request.open("PUT", `${root}content/${bucket}?key=${key}`);
  request.setRequestHeader("x-oss-emulator", "1");
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
  request.upload.onprogress = (event) => { bar.value = event.loaded; };
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(new Error(file.name));
    request.onload = () => {
      if (request.status === 200) resolve();
      else reject(new Error(`${file.name}: ${JSON.parse(request.responseText).error}`));
    };
    request.send(file);
  });
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
