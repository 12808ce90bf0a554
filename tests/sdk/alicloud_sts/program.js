// Assumes a role with the client of STS, and asks who the temporary key and the provider's are.
const { default: Sts, AssumeRoleRequest } = require("@alicloud/sts20150401");
const { Config } = require("@alicloud/openapi-client");
const { default: Credential, Config: CredentialConfig } = require("@alicloud/credentials");

const [endpoint, accessKeyId, accessKeySecret, roleArn] = process.argv.slice(2);

function client(key) {
  return new Sts(new Config({ ...key, endpoint, protocol: "http" }));
}

async function main() {
  const key = { accessKeyId, accessKeySecret };
  const request = new AssumeRoleRequest({ roleArn, roleSessionName: "night" });
  const found = (await client(key).assumeRole(request)).body.credentials;
  const session = {
    accessKeyId: found.accessKeyId,
    accessKeySecret: found.accessKeySecret,
    securityToken: found.securityToken,
  };
  const provider = new Credential(new CredentialConfig({ type: "sts", ...session }));
  const given = await provider.getCredential();
  const mine = (await client(key).getCallerIdentity()).body.arn;
  const theirs = (await client({ ...given }).getCallerIdentity()).body.arn;
  let refusal = "";
  try {
    await client({ ...key, accessKeySecret: "wrong" }).getCallerIdentity();
  } catch (error) {
    refusal = error.code;
  }
  console.log(JSON.stringify([mine, theirs, refusal]));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
