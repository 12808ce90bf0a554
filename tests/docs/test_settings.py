"""The settings in docs/clients.md work as they are printed, and so do those of the S3 clients.

The other tests take the settings of `docs/s3.md` from that page themselves (tests/s3/).
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from oss_emulator import Emulator

from tests.docs.settings import settings
from tests.node import copy_project

ROOT = Path(__file__).parents[2]
PAGE = "docs/clients.md"

PYTHON = {
    "oss2": """
import oss2
auth = oss2.AuthV4(key_id, secret)
bucket = {0}
bucket.put_object("a", b"content")
print(bucket.get_object("a").read())
bucket.session.session.close()
""",
    "alibabacloud-oss-v2": """
import alibabacloud_oss_v2 as oss
config = oss.config.load_default()
config.region = "cn-hangzhou"
config.credentials_provider = oss.credentials.StaticCredentialsProvider(key_id, secret)
{0}
{1}
client = oss.Client(config)
client.put_object(oss.PutObjectRequest(bucket="examplebucket", key="a", body=b"content"))
with client.get_object(oss.GetObjectRequest(bucket="examplebucket", key="a")).body as body:
    print(body.read())
""",
    "alibabacloud-sts20150401": """
from alibabacloud_sts20150401.client import Client
from alibabacloud_tea_openapi.utils_models import Config
config = {0}
config.access_key_id, config.access_key_secret = key_id, secret
print(Client(config).get_caller_identity().body.identity_type)
""",
    "aliyun-python-sdk-sts": """
from aliyunsdkcore.client import AcsClient
from aliyunsdksts.request.v20150401.GetCallerIdentityRequest import GetCallerIdentityRequest
request = GetCallerIdentityRequest()
request.set_protocol_type("http")
{0}
print(b"Account" in AcsClient(key_id, secret, "cn-hangzhou").do_action_with_exception(request))
""",
    "aliyun-python-sdk-kms": """
from aliyunsdkcore.client import AcsClient
from aliyunsdkkms.request.v20160120.EncryptRequest import EncryptRequest
request = EncryptRequest()
request.set_KeyId("mine")
request.set_Plaintext("aA==")
request.set_protocol_type("http")
{1}
answer = AcsClient(key_id, secret, "cn-hangzhou").do_action_with_exception(request)
print(b"CiphertextBlob" in answer)
""",
    "boto3": """
import boto3
keys = dict(aws_access_key_id=key_id, aws_secret_access_key=secret, region_name="cn-hangzhou")
s3 = boto3.client("s3", **keys, {0})
s3.put_object(Bucket="examplebucket", Key="a", Body=b"content")
print(s3.get_object(Bucket="examplebucket", Key="a")["Body"].read())
s3.close()
""",
}
"""Programs with the code of a row: the first of its pieces stands for `{0}`."""

NODE = {
    "ali-oss": (
        "tests/sdk/ali_oss",
        """
        import OSS from "ali-oss";
        const [accessKeyId, accessKeySecret] = process.argv.slice(2);
        const client = new OSS({ {0}, region: "oss-cn-hangzhou", accessKeyId, accessKeySecret,
          bucket: "examplebucket", authorizationV4: true });
        await client.put("a", Buffer.from("content"));
        console.log((await (await fetch(await client.signatureUrlV4("GET", 60, {}, "a"))).text()));
        """,
    ),
    "AWS SDK for JavaScript v3": (
        "tests/s3/aws_js",
        """
        import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
        const [accessKeyId, secretAccessKey] = process.argv.slice(2);
        const s3 = new S3Client({ {0}, region: "cn-hangzhou",
          credentials: { accessKeyId, secretAccessKey } });
        const object = { Bucket: "examplebucket", Key: "a" };
        await s3.send(new PutObjectCommand({ ...object, Body: "content" }));
        console.log(await (await s3.send(new GetObjectCommand(object))).Body.transformToString());
        """,
    ),
    "@alicloud/sts20150401, @alicloud/credentials": (
        "tests/sdk/alicloud_sts",
        """
        import sts from "@alicloud/sts20150401";
        import openapi from "@alicloud/openapi-client";
        const { Config } = openapi;
        const [accessKeyId, accessKeySecret] = process.argv.slice(2);
        const config = {0};
        Object.assign(config, { accessKeyId, accessKeySecret });
        const answer = await new sts.default(config).getCallerIdentity();
        console.log(answer.body.identityType ? "content" : "");
        """,
    ),
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        running.bucket("examplebucket")
        yield running


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
@pytest.mark.parametrize("client", PYTHON)
def test_python_client_works_with_the_printed_settings(
    client: str, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    row = f"{client}, as oss2's `AliKMSProvider` uses it" if client.endswith("-kms") else client
    given = settings(PAGE, row, emulator.port)
    bucket = '"examplebucket", region="cn-hangzhou"'
    code = PYTHON[client].replace("{0}", given[0].replace("…", bucket)).replace("{1}", given[-1])
    names = {"key_id": emulator.access_key_id, "secret": emulator.access_key_secret}
    exec(compile(code, client, "exec"), names)  # noqa: S102 - our own page
    assert capsys.readouterr().out.strip() in ("b'content'", "Account", "RAMUser", "True")


@pytest.mark.system
@pytest.mark.parametrize("client", NODE)
def test_client_of_node_works_with_the_printed_settings(
    client: str, emulator: Emulator, tmp_path: Path
) -> None:
    folder, code = NODE[client]
    project = copy_project(ROOT / folder, tmp_path / "project")
    program = code.replace("{0}", settings(PAGE, client, emulator.port)[0])
    (project / "program.mjs").write_text(program, encoding="utf-8")
    done = subprocess.run(
        ["node", "program.mjs", emulator.access_key_id, emulator.access_key_secret],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "content\n"), done.stderr
