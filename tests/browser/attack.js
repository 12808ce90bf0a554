// Tries to change the server at `endpoint` from a web page that knows its key.
//
// The URL of each attempt ends with `via=NAME`, so that the test sees what it was answered.

const LIMIT = 5000; // milliseconds after which an attempt counts as ended
const PLAIN = "text/plain;charset=UTF-8"; // what fetch sends with a string

const CONTENTS = "<Delete><Object><Key>kept.html</Key></Object><Object><Key>kept.txt</Key></Object></Delete>";
const LATER = new Date(Date.now() + 3600_000).getTime() / 1000 | 0;

// Signed requests of the owner that need no preflight: name, key, sub-resource, body.
const POSTS = [
  ["delete-many", "", "delete", CONTENTS],
  ["append", "appended.txt", "append&position=0", "appended"],
  ["initiate", "large.bin", "uploads", ""],
  ["complete", "large.bin", "uploadId=UPLOAD", "<CompleteMultipartUpload/>"],
  ["restore", "kept.txt", "restore", ""],
  ["clean", "kept.txt", "cleanRestoredObject", ""],
  ["seal", "kept.txt", "position=10&seal", ""],
  ["worm", "", "worm", "<InitiateWormConfiguration><RetentionPeriodInDays>365</RetentionPeriodInDays></InitiateWormConfiguration>"],
  ["cname", "", "cname&comp=add", "<BucketCnameConfiguration><Cname><Domain>www.example.com</Domain></Cname></BucketCnameConfiguration>"],
  ["meta-query", "", "comp=add&metaQuery", ""],
];

async function attack({ endpoint, bucket, open, keyId, secret, upload }) {
  const names = [];
  const url = (name, target) => {
    names.push(name);
    return `${endpoint}${target}${target.includes("?") ? "&" : "?"}via=${name}`;
  };
  const send = (name, target, options) =>
    ended(fetch(url(name, target), { mode: "no-cors", ...options }));
  const signed = async (method, key, sub, type) => {
    const resource = `/${bucket}/${key}${sub ? `?${sub}` : ""}`;
    const text = [method, "", type, LATER, resource].join("\n");
    const query = { OSSAccessKeyId: keyId, Expires: LATER, Signature: await sign(secret, text) };
    return `${resource}${sub ? "&" : "?"}${new URLSearchParams(query)}`;
  };

  // --- The emulator's own API
  const custom = { "x-oss-emulator": "1" };
  await send("fetch", "/_emulator/reset", { method: "POST", body: "" });
  await send("fetch-restore", "/_emulator/restore/before", { method: "POST" });
  await send("fetch-seed", "/_emulator/seed", { method: "POST", body: '[[bucket]]\nname = "stolen"\n' });
  await send("fetch-faults", "/_emulator/faults", { method: "POST", body: '{"status": 503}' });
  await send("fetch-dropped", "/_emulator/reset", { method: "POST", headers: custom }); // no-cors drops it
  await send("header", "/_emulator/reset", { mode: "cors", method: "POST", headers: custom });
  await send("token", "/_emulator/reset", { mode: "cors", method: "POST", headers: { "x-oss-emulator-token": "t" } });
  await send("put-clock", "/_emulator/clock", { mode: "cors", method: "PUT", body: '{"shift": 9}' });
  await send("delete-journal", "/_emulator/journal", { mode: "cors", method: "DELETE" });
  names.push("beacon");
  navigator.sendBeacon(`${endpoint}/_emulator/reset?via=beacon`, "");
  for (const type of ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
    await form(url(`form-${type.split("/")[1]}`, "/_emulator/reset"), type, { "x-oss-emulator": "1" });
  await image(url("image", "/_emulator/reset"));
  await frame(url("frame", "/_emulator/reset"));
  await tab(url("tab", "/_emulator/reset"));

  // --- OSS, with requests that need no preflight
  for (const [name, key, sub, body] of POSTS) {
    const target = await signed("POST", key, sub.replace("UPLOAD", upload), PLAIN);
    await send(`signed-${name}`, target, { method: "POST", body });
  }
  const target = await signed("POST", "", "delete", "text/plain");
  await form(url("signed-form", target), "text/plain", { [`${CONTENTS}<!--`]: "-->" });
  await send("open-append", `/${open}/appended.txt?append&position=0`, { method: "POST", body: "x" });
  await send("open-delete", `/${open}/?delete`, { method: "POST", body: CONTENTS });
  await image(url("read", `/${open}/kept.txt?delete=&append=&uploads`));

  // --- OSS, with requests that need one
  const put = await signed("PUT", "stolen.txt", "", PLAIN);
  await send("put", put, { mode: "cors", method: "PUT", body: "stolen" });
  const remove = await signed("DELETE", "kept.txt", "", "");
  await send("delete", remove, { mode: "cors", method: "DELETE" });
  await send("put-open", `/${open}/stolen.txt`, { mode: "cors", method: "PUT", body: "stolen" });
  await send("put-no-cors", put, { method: "PUT", body: "stolen" }); // fetch itself refuses
  return names;
}

async function sign(secret, text) {
  const encoder = new TextEncoder();
  const hmac = { name: "HMAC", hash: "SHA-1" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), hmac, false, ["sign"]);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
  return btoa(String.fromCharCode(...bytes));
}

// Waits for a promise, whether it succeeds or fails.
function ended(promise) {
  const late = new Promise((resolve) => setTimeout(resolve, LIMIT));
  return Promise.race([promise.catch(() => {}), late]);
}

function loaded(element) {
  return ended(new Promise((resolve) => (element.onload = element.onerror = resolve)));
}

async function frame(src) {
  const element = document.createElement("iframe");
  element.src = src;
  document.body.append(element);
  await loaded(element);
}

async function image(src) {
  const element = new Image();
  element.src = src;
  await loaded(element);
}

async function form(action, enctype, fields) {
  const target = document.createElement("iframe");
  target.name = `frame-${Math.random()}`;
  document.body.append(target);
  await new Promise((resolve) => setTimeout(resolve));
  const element = document.createElement("form");
  Object.assign(element, { action, enctype, method: "POST", target: target.name });
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    element.append(input);
  }
  document.body.append(element);
  element.submit();
  await loaded(target);
}

async function tab(url) {
  window.open(url);
}
