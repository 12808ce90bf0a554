// Calls of the AWS SDK for JavaScript against an emulator. Each case has a sentence as its name and
// throws if it fails. The arguments are the endpoint, that of an emulator with --strict-s3, the key id
// and its secret. The first emulator must have the bucket `protected`, with a Referer rule for SITE.
// The result is a JSON object: null for a case that passed, and otherwise what went wrong.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketTaggingCommand,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const [endpoint, strictEndpoint, accessKeyId, secretAccessKey] = process.argv.slice(2);
const SITE = "https://www.example.com/";
const MIB = 1024 * 1024;
const sent = [];
let buckets = 0;

const connect = (options = {}) =>
  new S3Client({
    endpoint,
    region: "cn-hangzhou",
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
    ...options,
  });
const s3 = connect();

// Keep the headers of each request as they leave.
s3.middlewareStack.add(
  (next) => (args) => {
    sent.push(args.request.headers);
    return next(args);
  },
  { step: "finalizeRequest", priority: "low", name: "keepHeaders" },
);

/** Let a client send the Content-MD5 that OSS wants for DeleteObjects. */
function sendMd5(client) {
  client.middlewareStack.add(
    (next) => (args) => {
      const md5 = createHash("md5").update(args.request.body).digest("base64");
      args.request.headers["content-md5"] = md5;
      return next(args);
    },
    { step: "build", name: "sendMd5" },
  );
  return client;
}

/** Call an operation on a bucket. */
const call = (Command, Bucket, settings = {}) => s3.send(new Command({ Bucket, ...settings }));

/** Create a bucket; return its name. */
async function create() {
  const bucket = `aws-js-${++buckets}`;
  await call(CreateBucketCommand, bucket);
  return bucket;
}

/** Store an object; return the headers that were sent. */
async function put(bucket, Key = "a", Body = "content", settings = {}) {
  await call(PutObjectCommand, bucket, { Key, Body, ...settings });
  return sent.at(-1);
}

/** The content of an object. */
async function read(bucket, Key = "a", settings = {}) {
  const { Body } = await call(GetObjectCommand, bucket, { Key, ...settings });
  return Buffer.from(await Body.transformToByteArray());
}

/** The keys of a bucket. */
async function keys(bucket, settings = {}) {
  const { Contents = [] } = await call(ListObjectsV2Command, bucket, settings);
  return Contents.map(({ Key }) => Key);
}

/** The name and status of the error of a call that must fail. */
async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return [error.name, error.$metadata?.httpStatusCode];
  }
  throw new assert.AssertionError({ message: "expected an error" });
}

const cases = {
  "an object is put with a checksum in a header and read": async () => {
    const bucket = await create();
    const headers = await put(bucket);
    assert.ok(headers["x-amz-checksum-crc32"]);
    assert.equal((await read(bucket)).toString(), "content");
  },

  "P-74: a stream is put with its checksum in a trailer": async () => {
    const bucket = await create();
    const content = randomBytes(3 * MIB + 17);
    const headers = await put(bucket, "a", Readable.from([content]), {
      ContentLength: content.length,
    });
    assert.equal(headers["x-amz-trailer"], "x-amz-checksum-crc32");
    assert.ok(content.equals(await read(bucket)));
    const { ContentEncoding } = await call(HeadObjectCommand, bucket, { Key: "a" });
    assert.equal(ContentEncoding, undefined);
  },

  "P-74: each kind of checksum is taken": async () => {
    const bucket = await create();
    for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
      await put(bucket, ChecksumAlgorithm, "content", { ChecksumAlgorithm });
      assert.equal((await read(bucket, ChecksumAlgorithm)).toString(), "content");
    }
  },

  "P-74: a wrong checksum is refused": async () => {
    const bucket = await create();
    const wrong = put(bucket, "a", "content", { ChecksumCRC32: "AAAAAA==" });
    assert.deepEqual(await failure(wrong), ["BadDigest", 400]);
    assert.deepEqual(await keys(bucket), []);
  },

  "keys with special characters are read back and listed": async () => {
    const bucket = await create();
    const names = ["a b+c", "50%", "中文.txt", "?x=1&y#z", "dir//b", "it's (1)*!"].sort();
    for (const name of names) {
      await put(bucket, name, name);
      assert.equal((await read(bucket, name)).toString(), name);
    }
    assert.deepEqual((await keys(bucket)).sort(), names);
  },

  "metadata and headers of an object are kept": async () => {
    const bucket = await create();
    await put(bucket, "a", "content", {
      ContentType: "text/x-a",
      CacheControl: "no-cache",
      Metadata: { color: "blue" },
    });
    const head = await call(HeadObjectCommand, bucket, { Key: "a" });
    assert.deepEqual(head.Metadata, { color: "blue" });
    assert.deepEqual(
      [head.ContentLength, head.ContentType, head.CacheControl],
      [7, "text/x-a", "no-cache"],
    );
    assert.match(head.ETag, /^"[0-9A-F]{32}"$/); // P-72: in upper case
    assert.ok(head.LastModified instanceof Date);
  },

  "ranges are read": async () => {
    const bucket = await create();
    await put(bucket);
    assert.equal((await read(bucket, "a", { Range: "bytes=1-3" })).toString(), "ont");
    assert.equal((await read(bucket, "a", { Range: "bytes=-2" })).toString(), "nt");
    const first = await call(GetObjectCommand, bucket, { Key: "a", Range: "bytes=0-0" });
    assert.equal(await first.Body.transformToString(), "c");
    assert.equal(first.ContentRange, "bytes 0-0/7");
  },

  "conditions of a read are checked": async () => {
    const bucket = await create();
    await put(bucket);
    const { ETag } = await call(HeadObjectCommand, bucket, { Key: "a" });
    assert.equal((await read(bucket, "a", { IfMatch: ETag })).toString(), "content");
    const same = failure(read(bucket, "a", { IfNoneMatch: ETag }));
    assert.equal((await same)[1], 304);
    assert.deepEqual(await failure(read(bucket, "a", { IfMatch: '"0"' })), [
      "PreconditionFailed",
      412,
    ]);
  },

  "pages of a listing follow each other": async () => {
    const bucket = await create();
    for (const name of ["a", "b c", "dir/d", "dir/e", "f"]) await put(bucket, name);
    const found = [];
    for await (const page of paginateListObjectsV2(
      { client: s3, pageSize: 2 },
      { Bucket: bucket, Delimiter: "/" },
    )) {
      found.push(...(page.Contents ?? []).map(({ Key }) => Key));
      found.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
    }
    assert.deepEqual(found.sort(), ["a", "b c", "dir/", "f"]);
    assert.deepEqual(await keys(bucket, { Prefix: "dir/" }), ["dir/d", "dir/e"]);
    const { Buckets } = await s3.send(new ListBucketsCommand());
    assert.ok(Buckets.some(({ Name }) => Name === bucket));
  },

  "lib-storage uploads a buffer in parts": async () => {
    const bucket = await create();
    const Body = randomBytes(11 * MIB);
    const params = { Bucket: bucket, Key: "a b", Body, Metadata: { color: "blue" } };
    const upload = new Upload({ client: s3, params, partSize: 5 * MIB });
    const loaded = [];
    upload.on("httpUploadProgress", ({ part }) => loaded.push(part));
    const { ETag } = await upload.done();
    assert.match(ETag, /-3"$/);
    assert.deepEqual(loaded.sort(), [1, 2, 3]);
    assert.ok(Body.equals(await read(bucket, "a b")));
    const { Metadata } = await call(HeadObjectCommand, bucket, { Key: "a b" });
    assert.deepEqual(Metadata, { color: "blue" });
  },

  "lib-storage uploads a stream of unknown length": async () => {
    const bucket = await create();
    for (const size of [17, 6 * MIB]) {
      const content = randomBytes(size);
      const params = { Bucket: bucket, Key: "a", Body: Readable.from([content]) };
      await new Upload({ client: s3, params }).done();
      assert.ok(content.equals(await read(bucket)));
    }
  },

  "an object is copied, with its metadata or new ones": async () => {
    const bucket = await create();
    await put(bucket, "a b", "content", { Metadata: { color: "blue" } });
    const CopySource = `${bucket}/${encodeURIComponent("a b")}`;
    const { CopyObjectResult } = await call(CopyObjectCommand, bucket, { Key: "c", CopySource });
    assert.match(CopyObjectResult.ETag, /^"[0-9A-F]{32}"$/);
    assert.equal((await read(bucket, "c")).toString(), "content");
    const metadata = async () => (await call(HeadObjectCommand, bucket, { Key: "c" })).Metadata;
    assert.deepEqual(await metadata(), { color: "blue" });
    await call(CopyObjectCommand, bucket, {
      Key: "c",
      CopySource,
      MetadataDirective: "REPLACE",
      Metadata: { color: "red" },
    });
    assert.deepEqual(await metadata(), { color: "red" });
  },

  "objects are deleted one by one and together": async () => {
    const bucket = await create();
    for (const name of ["a", "b & c", "中文", "d"]) await put(bucket, name);
    await call(DeleteObjectCommand, bucket, { Key: "a" });
    const Objects = ["b & c", "中文", "missing"].map((Key) => ({ Key }));
    const { Deleted, Errors } = await call(DeleteObjectsCommand, bucket, { Delete: { Objects } });
    assert.deepEqual(Deleted.map(({ Key }) => Key).sort(), ["b & c", "missing", "中文"]);
    assert.equal(Errors, undefined);
    await call(DeleteObjectsCommand, bucket, { Delete: { Objects: [{ Key: "none" }], Quiet: true } });
    assert.deepEqual(await keys(bucket), ["d"]);
  },

  "R-01: a presigned URL is checked, a signed header is not": async () => {
    const names = { Bucket: "protected", Key: "a b" };
    await put(names.Bucket, names.Key);
    const url = await getSignedUrl(s3, new GetObjectCommand(names), { expiresIn: 60 });
    const follow = async (headers) => {
      const answer = await fetch(url, { headers });
      return [answer.status, await answer.text()];
    };
    assert.deepEqual(await follow({ Referer: SITE }), [200, "content"]);
    const denied = [
      [{ Referer: "https://thief.example/" }, "0003-00000503"],
      [{}, "0003-00000501"],
    ];
    for (const [headers, ec] of denied) {
      const [status, text] = await follow(headers);
      assert.equal(status, 403);
      assert.ok(text.includes(`<EC>${ec}</EC>`), text);
    }
    assert.equal((await read(names.Bucket, names.Key)).toString(), "content");
  },

  "an object is put by a presigned URL": async () => {
    const bucket = await create();
    const command = new PutObjectCommand({ Bucket: bucket, Key: "a" });
    const url = await getSignedUrl(s3, command, { expiresIn: 60 });
    const { status } = await fetch(url, { method: "PUT", body: "content" });
    assert.equal(status, 200);
    assert.equal((await read(bucket)).toString(), "content");
  },

  "errors have their names": async () => {
    const bucket = await create();
    const missing = { Key: "missing" };
    const notFound = await failure(call(GetObjectCommand, bucket, missing));
    assert.deepEqual(notFound, ["NoSuchKey", 404]);
    assert.deepEqual(await failure(call(HeadObjectCommand, bucket, missing)), ["NotFound", 404]);
    const noBucket = await failure(call(ListObjectsV2Command, `${bucket}-missing`));
    assert.deepEqual(noBucket, ["NoSuchBucket", 404]);
  },

  "P-71: what OSS does not take over S3 is refused": async () => {
    const bucket = await create();
    const Tagging = { TagSet: [{ Key: "k", Value: "v" }] };
    const tagging = await failure(call(PutBucketTaggingCommand, bucket, { Tagging }));
    assert.deepEqual(tagging, ["NotImplemented", 501]);
    const conditional = await failure(put(bucket, "a", "content", { IfNoneMatch: "*" }));
    assert.equal(conditional[0], "NotImplemented");
  },

  "P-74: with --strict-s3, a stream needs checksums only when required": async () => {
    const Bucket = "of-streams";
    const strict = connect({ endpoint: strictEndpoint });
    await strict.send(new CreateBucketCommand({ Bucket }));
    const content = randomBytes(MIB);
    const putStream = (client) => {
      const Body = Readable.from([content]);
      const ContentLength = content.length;
      return client.send(new PutObjectCommand({ Bucket, Key: "a", Body, ContentLength }));
    };
    assert.deepEqual(await failure(putStream(strict)), ["InvalidArgument", 400]);
    await strict.send(new PutObjectCommand({ Bucket, Key: "b", Body: content }));
    const requestChecksumCalculation = "WHEN_REQUIRED";
    await putStream(connect({ endpoint: strictEndpoint, requestChecksumCalculation }));
    for (const Key of ["a", "b"]) {
      const { Body } = await strict.send(new GetObjectCommand({ Bucket, Key }));
      assert.ok(content.equals(await Body.transformToByteArray()));
    }
  },

  "P-76: with --strict-s3, DeleteObjects needs Content-MD5": async () => {
    const Bucket = "of-deletions";
    const options = { endpoint: strictEndpoint };
    const strict = connect(options);
    await strict.send(new CreateBucketCommand({ Bucket }));
    await strict.send(new PutObjectCommand({ Bucket, Key: "a", Body: "content" }));
    const command = new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "a" }] } });
    for (const requestChecksumCalculation of ["WHEN_SUPPORTED", "WHEN_REQUIRED"]) {
      const client = connect({ ...options, requestChecksumCalculation });
      assert.deepEqual(await failure(client.send(command)), ["MissingArgument", 400]);
    }
    const { Deleted } = await sendMd5(connect(options)).send(command);
    assert.deepEqual(Deleted.map(({ Key }) => Key), ["a"]);
  },
};

const results = {};
for (const [name, run] of Object.entries(cases)) {
  try {
    await run();
    results[name] = null;
  } catch (error) {
    results[name] = `${error.stack} ${JSON.stringify(error.$metadata ?? {})}`;
  }
}
console.log(JSON.stringify(results));
