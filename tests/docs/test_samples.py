"""Samples and settings of the pages work."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from oss_emulator import Emulator

from docs.site import samples
from docs.site.lab.pages import bundle
from tests.docs.markdown import blocks, settings
from tests.rows import read_cases, rows

CASES = read_cases("others.docs")

# --- The samples that can be tried in the page of the lab, and their fragments

DOCS = Path(__file__).parents[2] / "docs"


class Sample(NamedTuple):
    """A sample of a page: its commands, what they print, and the fragment that carries it."""

    text: str
    printed: str
    link: str


def find(name: str) -> Iterator[Sample]:
    """Yield the samples of a page that can be tried."""
    reader = samples.Samples()
    markdown = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    run = [block for block in blocks(markdown) if not block.why_not_run]
    for block, after in itertools.pairwise(run):
        if block.language == "sh" and (sample := reader.read(block.text)):
            yield Sample(block.text, after.text, samples.link("sample", sample))


def unpack(link: str) -> Any:
    text = link.partition("=")[2]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


@rows(("name", "count"), ("rule-lab", 18), ("scenarios", 6), ("referer", 1))
def test_both_languages_offer_the_same_samples(name: str, count: int) -> None:
    english = [unpack(sample.link) for sample in find(name)]
    assert len(english) == count
    assert [unpack(sample.link) for sample in find(f"zh/{name}")] == english


def test_sample_has_the_files_and_earlier_commands_that_it_needs() -> None:
    found = {sample.text: unpack(sample.link) for sample in find("rule-lab")}
    assert found["oss-emulator lint rules.xml\n"]["files"].keys() == {"rules.xml"}
    sample = next(found[text] for text in found if "oss-emulator test generated.xml" in text)
    hidden, *shown = sample["steps"]
    assert (hidden["to"], hidden["hidden"]) == ("generated.xml", True)
    assert [step["args"][0] for step in shown] == ["generate", "test"]


@rows("command", *CASES["what_a_browser_cannot_do_is_not_offered"])
def test_what_a_browser_cannot_do_is_not_offered(command: str) -> None:
    assert samples.Samples().read(f"{command}\n") is None


def test_program_becomes_a_case() -> None:
    case = samples.read_case(
        'RefererConfiguration(False, whitelist=("https://a.test/",))\np.decide("https://b.test/")'
    )
    assert case is not None
    assert case["rules"]["AllowEmptyReferer"] is False
    assert case["rules"]["RefererList"] == {"Referer": ["https://a.test/"]}
    assert case["referers"] == "https://b.test/"
    assert samples.read_case("print(1)") is None


def test_modules_become_one_script() -> None:
    made = bundle(
        {
            "a.js": "export const one = 1;\nexport async function two() {}\n",
            "b.js": 'import { one, two } from "./a.js";\nuse(one, two);\n',
        }
    )
    assert "export" not in made
    assert 'const { one, two } = modules["a.js"];' in made
    assert "return { one, two };" in made


@rows("text, complaint", *CASES["script_that_would_not_work_is_refused"])
def test_script_that_would_not_work_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        bundle({"a.js": "export const one = 1;", "b.js": text})


# --- The settings in docs/clients.md work as they are printed, and so do those of the S3 clients
# The other tests take the settings of `docs/s3.md` from that page themselves (tests/s3/).

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
"""Programs with the code of a row: `{0}` stands for its first piece."""


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
