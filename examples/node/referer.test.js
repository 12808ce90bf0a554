// Tests hotlink protection with ali-oss against a running emulator. OSS_ENDPOINT names the emulator;
// the default is the endpoint of `oss-emulator serve`. With an IP address as the endpoint, ali-oss names
// the bucket only in the Host header, so no DNS is needed.
import assert from "node:assert/strict";
import { test } from "node:test";
import OSS from "ali-oss";

const endpoint = process.env.OSS_ENDPOINT ?? "http://127.0.0.1:9000";

for (const authorizationV4 of [false, true]) {
  test(`hotlink protection, ${authorizationV4 ? "V4" : "V1"} signatures`, async () => {
    const bucket = `node-example-${authorizationV4 ? "v4" : "v1"}`;
    const client = new OSS({
      endpoint,
      region: "oss-cn-hangzhou",
      accessKeyId: process.env.OSS_ACCESS_KEY_ID ?? "oss-emulator",
      accessKeySecret: process.env.OSS_ACCESS_KEY_SECRET ?? "oss-emulator-secret",
      authorizationV4,
      bucket,
    });
    await client.putBucket(bucket, { acl: "public-read" });
    await client.put("images/a b.png", Buffer.from("..."));
    await client.putBucketReferer(bucket, false, ["https://www.example.com/"]);

    const rules = await client.getBucketReferer(bucket);
    assert.deepEqual(rules.referers, ["https://www.example.com/"]);

    const status = async (headers) =>
      (await fetch(`${endpoint}/${bucket}/images/a%20b.png`, { headers })).status;
    assert.equal(await status({ Referer: "https://www.example.com/" }), 200);
    assert.equal(await status({ Referer: "https://thief.example.org/" }), 403);
    assert.equal(await status({}), 403);

    // ali-oss signs this request in its header, so OSS does not check its Referer.
    assert.equal((await client.get("images/a b.png")).content.toString(), "...");
  });
}
