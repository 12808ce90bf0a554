// Sends the form as a page of the application does, and sends what the form or the bucket refuses.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";

process.env.PORT = "0"; // any free port
await import("./setup.js");
const { server } = await import("./app.js");
if (!server.listening) await once(server, "listening");
after(() => server.close());
const site = `http://localhost:${server.address().port}`;

async function send({ key, content = "content", origin = site } = {}) {
  const { url, fields } = await (await fetch(`${site}/form`)).json();
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (key) form.set("key", key);
  form.append("file", new Blob([content]), "a b.txt");
  const answer = await fetch(url, { method: "POST", body: form, headers: { Origin: origin } });
  const code = /<Code>(.*)<\/Code>/.exec(await answer.text())?.[1];
  return [answer.status, code, answer.headers.get("Access-Control-Allow-Origin")];
}

test("a page of the site uploads", async () => {
  assert.deepEqual(await send(), [204, undefined, site]);
});

test("a key outside the folder is refused", async () => {
  assert.deepEqual(await send({ key: "other" }), [403, "AccessDenied", site]);
});

test("a file over 1 MiB is refused", async () => {
  const content = "x".repeat(1024 * 1024 + 1);
  assert.deepEqual(await send({ content }), [400, "EntityTooLarge", site]);
});

test("a page of another site may not read the answer", async () => {
  const [, , allowed] = await send({ origin: "http://thief.example.org" });
  assert.equal(allowed, null);
});

test("an application with a wrong key says so, and goes on", async () => {
  process.env.APP_ACCESS_KEY_SECRET = "wrong";
  const { server: other } = await import("./app.js?wrong");
  if (!other.listening) await once(other, "listening");
  after(() => other.close());
  for (const time of ["first", "second"]) {
    const answer = await fetch(`http://localhost:${other.address().port}/form`);
    assert.equal(answer.status, 502, time);
    assert.match(await answer.text(), /^The form cannot be signed: .*SignatureDoesNotMatch/);
  }
});
