"""`serve --accounts` and the accounts of a seed: accepted keys, and errors."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import oss2
import pytest

from tests.cli.forking import command, serving
from tests.cli.process import Running, environment
from tests.cli.refusal import fail

ACCOUNTS = """
[[account]]
id = "1000000000000001"
key = [{ id = "owner", secret = "secret of owner" }]

[[account.user]]
name = "app"
policies = ["AliyunSTSAssumeRoleAccess"]
key = [{ id = "app", secret = "secret of app" }]

[[account.role]]
name = "uploader"
policies = ["AliyunOSSFullAccess"]

[[account]]
id = "1000000000000002"
key = [{ id = "payer", secret = "secret of payer" }]
"""
BUCKET = '\n[[bucket]]\nname = "examplebucket"\n'
PROGRAM = """
import json
import oss2
from aliyunsdkcore.client import AcsClient
from aliyunsdksts.request.v20150401.AssumeRoleRequest import AssumeRoleRequest

request = AssumeRoleRequest()
request.set_accept_format("json")
request.set_protocol_type("https")
request.set_RoleArn("acs:ram::1000000000000001:role/uploader")
request.set_RoleSessionName("night")
client = AcsClient("app", "secret of app", "cn-hangzhou")
given = json.loads(client.do_action_with_exception(request))["Credentials"]
keys = given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"]
endpoint, auth = "https://oss-cn-hangzhou.aliyuncs.com", oss2.StsAuth(*keys, auth_version="v4")
bucket = oss2.Bucket(auth, endpoint, "examplebucket", region="cn-hangzhou")
bucket.create_bucket()
print(bucket.get_bucket_info().name)
"""


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    path = tmp_path / "accounts.toml"
    path.write_text(ACCOUNTS, encoding="utf-8")
    return path


def buckets(running: Running, who: str) -> list[str]:
    service = oss2.Service(oss2.Auth(who, f"secret of {who}"), running.endpoint)
    return [found.name for found in service.list_buckets().buckets]


def test_accounts_of_a_file_are_known(accounts: Path, tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text(BUCKET)
    with serving(tmp_path, "--accounts", str(accounts), "--seed", str(seed)) as running:
        assert running.ready["access_key_id"] == "owner"
        assert "access key owner / (as configured)" in running.announced
        assert buckets(running, "owner") == ["examplebucket"]
        assert buckets(running, "payer") == []
        with pytest.raises(oss2.exceptions.AccessDenied):
            buckets(running, "app")


def test_accounts_file_takes_precedence_over_the_key_of_clients(
    accounts: Path, tmp_path: Path
) -> None:
    env = environment(OSS_EMULATOR_ACCOUNTS=str(accounts), OSS_ACCESS_KEY_ID="of-the-client")
    with serving(tmp_path, env=env) as running:
        assert running.ready["access_key_id"] == "owner"


def test_accounts_of_a_seed_are_known(tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text(ACCOUNTS + BUCKET)
    with serving(tmp_path, "--seed", str(seed), "--data", str(tmp_path / "data")) as running:
        assert running.ready["access_key_id"] == "owner"
        assert buckets(running, "owner") == ["examplebucket"]


def test_unchanged_program_assumes_a_role(accounts: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    python = (sys.executable, "-W", "ignore", str(program))
    done = command("run", "--accounts", str(accounts), *python)
    assert (done.stdout, done.returncode) == ("examplebucket\n", 0), done.stderr


def test_program_gets_the_first_key(accounts: Path) -> None:
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    done = command("run", "--accounts", str(accounts), sys.executable, "-c", show)
    found = json.loads(done.stdout)
    assert found["OSS_ACCESS_KEY_ID"] == "owner"
    assert found["OSS_ACCESS_KEY_SECRET"] == "secret of owner"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("account = [", "line 1, column 12: this is not valid TOML: Invalid value"),
        (f"account = {'[' * 5000}", "nested too deeply"),
        ("", "no account has a key"),
        ('[[account]]\nid = "me"\n', 'account[0].id is "me"; write a string of digits'),
        (
            ACCOUNTS + '[[account]]\nid = "1000000000000002"\n',
            'account[2].id is "1000000000000002"; write a different one',
        ),
        (
            ACCOUNTS.replace("AliyunSTSAssumeRoleAccess", "Everything"),
            'account[0].user[0].policies[0] is "Everything"; write a JSON',
        ),
    ],
)
def test_bad_accounts_are_reported_in_one_sentence(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(text)
    status, said = fail("serve", "--accounts", str(path))
    assert (status, str(path) in said) == (1, True)
    assert complaint in said
    if text:
        seed = tmp_path / "seed.toml"
        seed.write_text(text)
        status, said = fail("serve", "--seed", str(seed))
        assert (status, str(seed) in said) == (1, True)


def test_missing_accounts_file_is_reported(tmp_path: Path) -> None:
    status, said = fail("serve", "--accounts", str(tmp_path / "nowhere"))
    assert (status, "nowhere cannot be read: No such file or directory" in said) == (1, True)


@pytest.mark.parametrize("flag", ["--access-key-id", "--access-key-secret"])
def test_accounts_and_a_key_exclude_each_other(accounts: Path, flag: str) -> None:
    status, said = fail("serve", "--accounts", str(accounts), flag, "another")
    assert status == 2
    assert "a file of accounts holds its own keys" in said


def test_accounts_in_file_and_seed_are_refused(accounts: Path, tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text(ACCOUNTS)
    status, said = fail("serve", "--accounts", str(accounts), "--seed", str(seed))
    assert status == 1
    assert f"already in the file {accounts}" in said
