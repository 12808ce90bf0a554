// A program for OSS by ali-oss: it names a region, and knows nothing of an emulator.
import OSS from "ali-oss";

for (const options of [{ secure: true }, { secure: false }, { secure: true, internal: true }]) {
  const client = new OSS({
    region: "oss-cn-hangzhou",
    authorizationV4: true,
    accessKeyId: process.env.OSS_ACCESS_KEY_ID,
    accessKeySecret: process.env.OSS_ACCESS_KEY_SECRET,
    bucket: "examplebucket",
    ...options,
  });
  await client.putBucketReferer("examplebucket", false, ["https://www.example.com/"]);
  const rules = await client.getBucketReferer("examplebucket");
  await client.put("dir/a b", Buffer.from("content"));
  const { content } = await client.get("dir/a b");
  console.log(client.options.endpoint.href, rules.referers.join(), content.toString());
}

// A page that embeds the object, by the fetch of Node.js itself.
const url = "https://examplebucket.oss-cn-hangzhou.aliyuncs.com/dir/a%20b";
for (const Referer of ["https://www.example.com/", "https://thief.example/"]) {
  console.log(Referer, (await fetch(url, { headers: { Referer } })).status);
}
