// An application whose visitors upload files from their browsers to the bucket. It gives each
// visitor a form that is signed with a temporary key, and never sends its own key to a browser.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import OSS from "ali-oss";

const bucket = "examplebucket";
const region = "cn-hangzhou";
// In production: https://examplebucket.oss-cn-hangzhou.aliyuncs.com/, and no endpoint for STS.
const endpoint = process.env.OSS_ENDPOINT ?? "http://localhost:9000";
const url = `${endpoint}/${bucket}/`;
const sts = new OSS.STS({
  endpoint: `${endpoint}/_emulator/sts`,
  accessKeyId: process.env.APP_ACCESS_KEY_ID ?? "app",
  accessKeySecret: process.env.APP_ACCESS_KEY_SECRET ?? "app-secret",
});

/** Returns where a form goes, and its fields: for 10 minutes, one folder, and at most 1 MiB. */
async function makeForm(folder) {
  const role = "acs:ram::1000000000000001:role/uploader";
  const { credentials } = await sts.assumeRole(role, undefined, 900, "visitor");
  const date = new Date();
  const stamp = date.toISOString().replace(/[-:]|\.\d+/g, ""); // 20260102T030405Z
  const scope = `${stamp.slice(0, 8)}/${region}/oss/aliyun_v4_request`;
  const signed = {
    "x-oss-signature-version": "OSS4-HMAC-SHA256",
    "x-oss-credential": `${credentials.AccessKeyId}/${scope}`,
    "x-oss-date": stamp,
    "x-oss-security-token": credentials.SecurityToken,
  };
  const policy = {
    expiration: new Date(date.getTime() + 600_000).toISOString(),
    conditions: [
      { bucket },
      ["starts-with", "$key", folder],
      ["content-length-range", 1, 1024 * 1024],
      ...Object.entries(signed).map(([name, value]) => ({ [name]: value })),
    ],
  };
  const client = new OSS({
    region: `oss-${region}`,
    accessKeyId: credentials.AccessKeyId,
    accessKeySecret: credentials.AccessKeySecret,
  });
  const fields = {
    key: `${folder}\${filename}`,
    policy: Buffer.from(JSON.stringify(policy)).toString("base64"),
    ...signed,
    "x-oss-signature": client.signPostObjectPolicyV4(policy, date),
  };
  return { url, fields };
}

const page = await readFile(new URL("index.html", import.meta.url));
export const server = createServer(async (request, response) => {
  if (request.url !== "/form") {
    response.setHeader("Content-Type", "text/html; charset=utf-8").end(page);
    return;
  }
  try {
    const form = JSON.stringify(await makeForm("uploads/"));
    response.setHeader("Content-Type", "application/json").end(form);
  } catch (error) { // STS does not answer, or refuses the key or the role
    console.error(error.message);
    response.writeHead(502).end(`The form cannot be signed: ${error.message}`);
  }
});
server.listen(process.env.PORT ?? 8000, "localhost", () => {
  console.log(`http://localhost:${server.address().port}/`);
});
