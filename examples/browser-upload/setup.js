// Creates the bucket and allows pages of the site to send forms to it. The owner runs it once.
import OSS from "ali-oss";

const bucket = "examplebucket";
const owner = new OSS({
  endpoint: process.env.OSS_ENDPOINT ?? "http://localhost:9000",
  sldEnable: true,
  region: "oss-cn-hangzhou",
  authorizationV4: true,
  accessKeyId: process.env.OSS_ACCESS_KEY_ID ?? "oss-emulator",
  accessKeySecret: process.env.OSS_ACCESS_KEY_SECRET ?? "oss-emulator-secret",
  bucket,
});
await owner.putBucket(bucket);
await owner.putBucketCORS(bucket, [
  {
    allowedOrigin: "http://localhost:*", // in production only your site
    allowedMethod: "POST",
    allowedHeader: "*",
    exposeHeader: ["ETag", "x-oss-request-id"],
  },
]);
