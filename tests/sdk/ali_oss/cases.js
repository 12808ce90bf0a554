// Calls of ali-oss against an emulator. Each case has a sentence as its name and throws if it fails.
// The arguments are the endpoint, that of an emulator for a new account, the key id and its secret.
// The result is a JSON object: null for a case that passed, and otherwise what went wrong.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import OSS from "ali-oss";

const [endpoint, newAccount, accessKeyId, accessKeySecret] = process.argv.slice(2);
const SITE = "https://www.example.com/";
let buckets = 0;

/** A client with V4 signatures, and a bucket unless `bucket` names none. */
const connect = (options = {}) =>
  new OSS({
    endpoint,
    region: "oss-cn-hangzhou",
    accessKeyId,
    accessKeySecret,
    authorizationV4: true,
    ...options,
  });

/** A name for a bucket that does not exist. */
const newName = () => `ali-oss-${++buckets}`;

/** A client of a new bucket. */
async function create(options = {}, settings = {}) {
  const bucket = newName();
  const client = connect({ bucket, ...settings });
  await client.putBucket(bucket, options);
  return { client, bucket };
}

/** The error of a call that must fail. */
async function failure(call) {
  let result;
  try {
    result = await call;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: `expected an error, not ${result?.res?.status}` });
}

const digest = (content) => createHash("md5").update(content).digest("hex").toUpperCase();
const unquoted = (etag) => etag.replaceAll('"', "");
const url = (bucket, key) => `${endpoint}/${bucket}/${key}`;

/** The status of a request by a presigned URL, which lacks the bucket where the endpoint is an IP. */
async function follow({ client, bucket }, presigned, options) {
  const headers = { ...options.headers, host: `${bucket}.oss-cn-hangzhou.aliyuncs.com` };
  return (await client.urllib.request(presigned, { ...options, headers })).status;
}

const cases = {
  "P-34: GetBucketReferer returns what PutBucketReferer set": async () => {
    const { client, bucket } = await create();
    assert.equal((await client.getBucketReferer(bucket)).allowEmpty, true);
    await client.putBucketReferer(bucket, false, [SITE, "https://中文.example.com/"]);
    const rules = await client.getBucketReferer(bucket);
    assert.equal(rules.allowEmpty, false);
    assert.deepEqual(rules.referers, [SITE, "https://中文.example.com/"]);
    await client.deleteBucketReferer(bucket);
    const cleared = await client.getBucketReferer(bucket);
    assert.deepEqual([cleared.allowEmpty, cleared.referers ?? []], [true, []]);
  },

  "R-01: a presigned URL is checked, a signed header is not": async () => {
    const created = await create();
    const { client, bucket } = created;
    await client.put("a", Buffer.from("content"));
    await client.putBucketReferer(bucket, false, [SITE]);
    const presigned = await client.signatureUrlV4("GET", 60, {}, "a");
    const status = (headers) => follow(created, presigned, { headers });
    assert.equal(await status({ Referer: SITE }), 200);
    assert.equal(await status({ Referer: "https://thief.example/" }), 403);
    assert.equal(await status({}), 403);
    assert.equal((await client.get("a")).content.toString(), "content");
  },

  "P-02: with a name as the endpoint and sldEnable, signed URLs name the bucket": async () => {
    const named = { endpoint: endpoint.replace("127.0.0.1", "localhost"), sldEnable: true };
    for (const authorizationV4 of [false, true]) {
      const { client } = await create({}, { ...named, authorizationV4 });
      await client.put("dir/a b", Buffer.from("content"));
      const presigned = authorizationV4
        ? await client.signatureUrlV4("GET", 60, {}, "dir/a b")
        : client.signatureUrl("dir/a b");
      assert.equal((await client.urllib.request(presigned)).data.toString(), "content");
    }
    const { client } = await create();
    assert.throws(() => client.signatureUrl("dir/a"), /endpoint is IP/);
    const lacking = await client.urllib.request(
      await client.signatureUrlV4("GET", 60, {}, "dir/a"),
    );
    assert.equal(lacking.status, 404);
    assert.match(lacking.data.toString(), /<ErrorDetail>.*ali-oss.*sldEnable/);
  },

  "P-41: the ETag of an object in parts is that of the parts' ETags as text": async () => {
    const { client } = await create();
    const parts = [Buffer.alloc(102_400, "a"), Buffer.from("rest")];
    const file = Buffer.concat(parts);
    const done = await client.multipartUpload("a", file, { partSize: 102_400 });
    assert.equal(unquoted(done.etag), `${digest(parts.map(digest).join(""))}-2`);
    assert.ok((await client.get("a")).content.equals(file));
  },

  "P-42: a stream is stored whole, with a length, with chunks and with both": async () => {
    const { client } = await create();
    const content = Buffer.alloc(200_000, "stream ");
    const contentLength = content.length;
    const headers = { "Transfer-Encoding": "chunked" };
    const put = async (name, options) => {
      const { res } = await client.putStream(name, Readable.from([content]), options);
      assert.ok((await client.get(name)).content.equals(content));
      return res.headers.connection;
    };
    assert.notEqual(await put("length", { contentLength }), "close");
    assert.notEqual(await put("chunks", {}), "close");
    assert.equal(await put("both", { contentLength, headers }), "close");
    const { stream } = await client.getStream("both");
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    assert.ok(Buffer.concat(chunks).equals(content));
  },

  "P-43: names with plus signs, blanks, per cent signs and Chinese survive": async () => {
    const { client, bucket } = await create({ acl: "public-read" });
    const names = ["a b", "a+b", "50%", "%41", "目录/图 1+1.png"];
    for (const name of names) await client.put(name, Buffer.from(name));
    for (const name of names) assert.equal((await client.get(name)).content.toString(), name);
    const listed = (await client.listV2()).objects.map((object) => object.name);
    assert.deepEqual(listed.toSorted(), names.toSorted());
    assert.equal(await (await fetch(url(bucket, "a+b"))).text(), "a b");
    assert.equal(await (await fetch(url(bucket, "a%2Bb"))).text(), "a+b");
    await client.copy("copied", "a+b");
    assert.equal((await client.get("copied")).content.toString(), "a+b");
    await client.deleteMulti(names, { quiet: true });
    assert.deepEqual((await client.listV2()).objects.map((object) => object.name), ["copied"]);
  },

  "P-44: a list without parts makes an empty object": async () => {
    const { client } = await create();
    const { uploadId } = await client.initMultipartUpload("a");
    const done = await client.completeMultipartUpload("a", uploadId, []);
    assert.equal(done.res.status, 200);
    assert.equal((await client.get("a")).content.length, 0);
  },

  "P-45: a new bucket allows public access by default": async () => {
    const { client, bucket } = await create({ acl: "public-read" });
    const info = await client.getBucketInfo(bucket);
    assert.equal(info.bucket.BlockPublicAccess, "false");
    assert.equal(info.bucket.AccessControlList.Grant, "public-read");
  },

  "P-45: a new account's bucket blocks public access": async () => {
    const { client, bucket } = await create({}, { endpoint: newAccount });
    assert.equal((await client.getBucketInfo(bucket)).bucket.BlockPublicAccess, "true");
    const error = await failure(client.putBucketACL(bucket, "public-read"));
    assert.deepEqual([error.status, error.code], [403, "AccessDenied"]);
    assert.equal((await client.getBucketACL(bucket)).acl, "private");
  },

  "P-47: PutBucketAcl creates a missing bucket": async () => {
    const bucket = newName();
    const client = connect({ bucket });
    const { bucket: created } = await client.putBucketACL(bucket, "public-read");
    assert.equal(created, bucket);
    assert.equal((await client.getBucketACL(bucket)).acl, "public-read");
    assert.equal((await client.putBucketACL(bucket, "private")).bucket, bucket);
  },

  "P-48: a gzip answer has Vary": async () => {
    const { client } = await create();
    const text = Buffer.alloc(2_048, "text ");
    await client.put("a.txt", text);
    const headers = { "Accept-Encoding": "gzip" };
    const { res, content } = await client.get("a.txt", { headers });
    assert.equal(res.headers["content-encoding"], "gzip");
    assert.equal(res.headers.vary, "Accept-Encoding");
    assert.ok(content.equals(text));
    assert.equal((await client.get("a.txt")).res.headers.vary, undefined);
  },

  "P-49: PutObject ignores an unknown parameter without a value": async () => {
    const { client } = await create();
    await client.put("a", Buffer.from("content"), { subres: { "x-param-null": "" } });
    assert.equal((await client.get("a")).content.toString(), "content");
    const known = client.put("a", Buffer.from("other"), { subres: "udfImageDesc" });
    const error = await failure(known);
    assert.deepEqual([error.status, error.code], [501, "NotImplemented"]);
    assert.equal((await client.get("a")).content.toString(), "content");
  },

  "P-50: the ACL of a later append takes effect, and the version stays": async () => {
    const { client, bucket } = await create();
    await client.putBucketVersioning(bucket, "Enabled");
    const first = await client.append("a", Buffer.from("first "));
    assert.match(first.res.headers["x-oss-version-id"], /^[^n]/);
    const headers = { "x-oss-object-acl": "public-read" };
    const position = first.nextAppendPosition;
    await client.append("a", Buffer.from("second"), { position, headers });
    assert.equal((await client.getACL("a")).acl, "public-read");
    const { res, content } = await client.get("a");
    assert.equal(content.toString(), "first second");
    assert.equal(res.headers["x-oss-version-id"], first.res.headers["x-oss-version-id"]);
  },

  "P-38: an append at a wrong position is refused": async () => {
    const { client } = await create();
    await client.append("a", Buffer.from("content"));
    const error = await failure(client.append("a", Buffer.from("more"), { position: 3 }));
    assert.deepEqual([error.status, error.code], [409, "PositionNotEqualToLength"]);
  },

  "P-52: the answer to an upload has the delay by its limit": async () => {
    const { client } = await create();
    const headers = { "x-oss-traffic-limit": 8_192_000 };
    const put = await client.put("a", Buffer.alloc(10_240), { headers });
    assert.equal(put.res.headers["x-oss-qos-delay-time"], "10");
    const copied = await client.copy("b", "a");
    assert.equal(copied.res.headers["x-oss-qos-delay-time"], undefined); // S-01
  },

  "P-53: a copy with other metadata keeps the type": async () => {
    const { client } = await create();
    const options = { mime: "text/x-special", meta: { old: "1" } };
    await client.put("a", Buffer.from("content"), options);
    await client.putMeta("a", { new: "2" });
    const { res, meta } = await client.head("a");
    assert.equal(res.headers["content-type"], "text/x-special");
    assert.deepEqual(meta, { new: "2" });
  },

  "P-53: a copy with other metadata keeps that of client-side encryption": async () => {
    const { client } = await create();
    const encryption = {
      "client-side-encryption-key": "a2V5",
      "client-side-encryption-start": "c3RhcnQ=",
      "client-side-encryption-cek-alg": "AES/CTR/NoPadding",
      "client-side-encryption-wrap-alg": "RSA/NONE/PKCS1Padding",
    };
    await client.put("a", Buffer.from("content"), { meta: encryption });
    await client.putMeta("a", { new: "2" });
    assert.deepEqual((await client.head("a")).meta, { ...encryption, new: "2" });
    const incomplete = { "client-side-encryption-key": "a2V5" };
    const error = await failure(client.put("b", Buffer.from("content"), { meta: incomplete }));
    assert.deepEqual([error.status, error.code], [400, "InvalidEncryptionRequest"]);
  },

  "P-54: too many tags are refused in the header, repeated ones in rules": async () => {
    const { client, bucket } = await create();
    const tags = (count) => Array.from({ length: count }, (_, n) => `k${n}=v`).join("&");
    const put = (count) =>
      client.put("a", Buffer.from("x"), { headers: { "x-oss-tagging": tags(count) } });
    await put(10);
    assert.equal(Object.keys((await client.getObjectTagging("a")).tag).length, 10);
    assert.equal((await failure(put(11))).code, "BadRequest");
    const tag = [{ key: "k", value: "1" }, { key: "k", value: "2" }];
    const rule = { id: "r", prefix: "a", status: "Enabled", expiration: { days: 1 }, tag };
    assert.equal((await failure(client.putBucketLifecycle(bucket, [rule]))).code, "MalformedXML");
  },

  "P-55: the statistics of a new bucket have no time": async () => {
    const { client, bucket } = await create();
    const { stat } = await client.getBucketStat(bucket);
    assert.deepEqual([stat.ObjectCount, stat.LastModifiedTime], ["0", "0"]);
    await client.put("a", Buffer.from("content"));
    const { stat: later } = await client.getBucketStat(bucket);
    assert.deepEqual([later.ObjectCount, later.Storage], ["1", "7"]);
    assert.ok(Number(later.LastModifiedTime) > 0);
  },

  "P-55: ListBuckets refuses a prefix in upper case, and returns tags for a tag filter":
    async () => {
      const { client, bucket } = await create();
      const error = await failure(client.listBuckets({ prefix: "ALI-OSS" }));
      assert.equal(error.code, "InvalidArgument");
      await client.putBucketTags(bucket, { stage: "this-case", team: "b" });
      const filter = { "tag-key": "stage", "tag-value": "this-case" };
      const { buckets: found } = await client.listBuckets({ subres: filter });
      assert.deepEqual(
        found.map(({ name, tag }) => [name, tag]),
        [[bucket, { stage: "this-case", team: "b" }]],
      );
    },

  "P-56: GET of the meta is answered like HEAD, and the client goes on": async () => {
    const { client, bucket } = await create({ acl: "public-read" });
    await client.put("a", Buffer.from("content"));
    const { res } = await client.getObjectMeta("a");
    assert.equal(res.headers["content-length"], "7");
    const got = await fetch(`${url(bucket, "a")}?objectMeta`);
    assert.deepEqual([got.status, got.headers.get("content-length")], [200, "7"]);
    assert.equal(got.headers.get("etag"), res.headers.etag);
    await assert.rejects(got.text());
    assert.equal((await client.get("a")).content.toString(), "content");
  },

  "P-57: metadata in Chinese is returned as it came": async () => {
    const settings = { authorizationV4: false, headerEncoding: "latin1" };
    const { client } = await create({}, settings);
    await client.put("a", Buffer.from("content"), { meta: { name: "中文" } });
    const { name } = (await client.head("a")).meta;
    assert.equal(Buffer.from(name, "latin1").toString("utf8"), "中文");
  },

  "P-58: DELETE of the null version where there never were versions returns no version":
    async () => {
      const { client } = await create();
      await client.put("a", Buffer.from("content"));
      const { res } = await client.delete("a", { versionId: "null" });
      assert.deepEqual([res.status, res.headers["x-oss-version-id"]], [204, undefined]);
      assert.equal((await failure(client.get("a"))).code, "NoSuchKey");
    },

  "P-58: a second restore has an EC": async () => {
    const { client } = await create({ storageClass: "Archive" });
    await client.put("a", Buffer.from("content"));
    assert.equal((await client.restore("a")).res.status, 202);
    const error = await failure(client.restore("a"));
    assert.deepEqual(
      [error.status, error.code, error.ecCode],
      [409, "RestoreAlreadyInProgress", "0016-00000701"],
    );
  },

  "P-58: a presigned URL needs its additional headers": async () => {
    const created = await create();
    const headers = { email: "a@example.com" };
    const presigned = await created.client.signatureUrlV4("PUT", 60, { headers }, "a", ["email"]);
    const put = (sent) => follow(created, presigned, { method: "PUT", headers: sent });
    assert.equal(await put({}), 400);
    assert.equal(await put({ email: "b@example.com" }), 403);
    assert.equal(await put(headers), 200);
  },

  "P-58: PutObjectAcl without an ACL is refused": async () => {
    const { client } = await create();
    await client.put("a", Buffer.from("content"));
    assert.equal((await failure(client.putACL("a", ""))).code, "MissingArgument");
  },

  "P-58: an empty ListParts has an empty marker of the next page": async () => {
    const { client } = await create();
    const { uploadId } = await client.initMultipartUpload("a");
    assert.equal((await client.listParts("a", uploadId)).nextPartNumberMarker, "");
  },

  "P-58: a rule of lifecycle with its time in the old place is moved to Expiration": async () => {
    const { client, bucket } = await create();
    await client.putBucketLifecycle(bucket, [
      { id: "days", prefix: "a/", status: "Enabled", days: 3 },
      { id: "date", prefix: "b/", status: "Enabled", date: "2030-01-01T00:00:00.000Z" },
    ]);
    const { rules } = await client.getBucketLifecycle(bucket);
    assert.equal(rules[0].expiration.days, "3");
    assert.equal(rules[1].expiration.createdBeforeDate, "2030-01-01T00:00:00.000Z");
  },

  "P-58: mirroring has its defaults in a website configuration": async () => {
    const { client, bucket } = await create();
    const Redirect = { RedirectType: "Mirror", MirrorURL: "http://example.com/" };
    const Condition = { KeyPrefixEquals: "a/", HttpErrorCodeReturnedEquals: "404" };
    const routingRules = [{ RuleNumber: "1", Condition, Redirect }];
    await client.putBucketWebsite(bucket, { index: "index.html", routingRules });
    const [rule] = (await client.getBucketWebsite(bucket)).routingRules;
    assert.equal(rule.Redirect.PassQueryString, "false");
    assert.equal(rule.Redirect.MirrorPassQueryString, "false");
    assert.equal(rule.Redirect.MirrorCheckMd5, "false");
    assert.equal(rule.Redirect.MirrorFollowRedirect, "true");
  },

  "P-58: inventories have plain tokens, a known destination and an empty KMS key": async () => {
    const { client, bucket } = await create();
    const inventory = (id, destination, encryption) => ({
      id,
      isEnabled: false,
      OSSBucketDestination: {
        format: "CSV",
        accountId: "1000000000000001",
        rolename: "AliyunOSSRole",
        bucket: destination,
        encryption,
      },
      frequency: "Daily",
      includedObjectVersions: "Current",
      optionalFields: { field: ["Size"] },
    });
    const unknown = client.putBucketInventory(bucket, inventory("i", "no-such-bucket"));
    assert.equal((await failure(unknown)).code, "InvalidArgument");
    const encryption = { "SSE-KMS": { KeyId: "" } };
    await client.putBucketInventory(bucket, inventory("kms", bucket, encryption));
    assert.equal((await client.getBucketInventory(bucket, "kms")).inventory.id, "kms");
    for (let number = 100; number < 200; number++) {
      await client.putBucketInventory(bucket, inventory(`i${number}`, bucket));
    }
    const first = await client.listBucketInventory(bucket);
    assert.deepEqual([first.isTruncated, first.nextContinuationToken], [true, "i199"]);
    const { nextContinuationToken: continuationToken } = first;
    const second = await client.listBucketInventory(bucket, { continuationToken });
    assert.deepEqual([second.isTruncated, second.inventoryList.map(({ id }) => id)], [false, ["kms"]]);
  },

  "a refused upload of 10 MB gets its 403": async () => {
    const { bucket } = await create();
    const stranger = connect({ bucket, accessKeySecret: "wrong" });
    const error = await failure(stranger.put("a", Buffer.alloc(10 * 1024 * 1024)));
    assert.deepEqual([error.status, error.code], [403, "SignatureDoesNotMatch"]);
  },

  "P-60: signature V1 is closed to a new account": async () => {
    const bucket = newName();
    const old = connect({ authorizationV4: false, bucket });
    assert.equal((await old.putBucket(bucket)).res.status, 200);
    const fresh = connect({ authorizationV4: false, bucket, endpoint: newAccount });
    const error = await failure(fresh.listBuckets());
    assert.deepEqual([error.status, error.ecCode], [403, "0002-00000080"]);
    const { buckets: found } = await connect({ endpoint: newAccount }).listBuckets();
    assert.ok(!found?.some(({ name }) => name === bucket));
  },
};

const results = {};
for (const [name, run] of Object.entries(cases)) {
  try {
    await run();
    results[name] = null;
  } catch (error) {
    results[name] = `${error.stack} ${error.code ?? ""} ${error.ecCode ?? ""}`;
  }
}
console.log(JSON.stringify(results));
