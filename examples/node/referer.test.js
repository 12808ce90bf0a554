// Tests hotlink protection with ali-oss against a running emulator. OSS_ENDPOINT names the emulator;
// the default is the endpoint of `oss-emulator serve`. With a name as the endpoint and `sldEnable`,
// ali-oss puts the bucket into the path, so no DNS is needed and the URLs that it signs work.
import assert from "node:assert/strict";
import { test } from "node:test";
import OSS from "ali-oss";

const endpoint = process.env.OSS_ENDPOINT ?? "http://localhost:9000";

for (const authorizationV4 of [false, true]) {
  test(`hotlink protection, ${authorizationV4 ? "V4" : "V1"} signatures`, async () => {
    const bucket = `node-example-${authorizationV4 ? "v4" : "v1"}`;
    const client = new OSS({
      endpoint,
      sldEnable: true,
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

    // A signed URL is checked like an anonymous request.
    const url = authorizationV4
      ? await client.signatureUrlV4("GET", 60, {}, "images/a b.png")
      : client.signatureUrl("images/a b.png", { expires: 60 });
    const status = async (headers) => (await fetch(url, { headers })).status;
    assert.equal(await status({ Referer: "https://www.example.com/" }), 200);
    assert.equal(await status({ Referer: "https://thief.example.org/" }), 403);
    assert.equal(await status({}), 403);

    // ali-oss signs this request in its header, so OSS does not check its Referer.
    assert.equal((await client.get("images/a b.png")).content.toString(), "...");
  });
}
