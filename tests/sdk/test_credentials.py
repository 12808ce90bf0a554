"""Credentials: every provider of the credentials SDK, and the SDK of STS."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oss2
import pytest
from alibabacloud_credentials.client import Client
from alibabacloud_credentials.models import Config
from alibabacloud_credentials.provider import (
    CLIProfileCredentialsProvider,
    DefaultCredentialsProvider,
    ProfileCredentialsProvider,
)
from alibabacloud_credentials.utils import auth_util
from alibabacloud_sts20150401 import models
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config as StsConfig
from oss_emulator import Emulator
from oss_emulator.testing import intercept

from tests.sdk.accounts import ACCOUNTS, OWNER, ROLE, bucket_as, sts_auth

# --- Clients of STS, and providers of credentials


def client(emulator: Emulator, key: str, secret: str = "", token: str | None = None) -> StsClient:
    """Return a client of STS at the emulator's own endpoint."""
    return StsClient(
        StsConfig(
            access_key_id=key,
            access_key_secret=secret or f"secret of {key}",
            security_token=token,
            protocol="http",
            endpoint=f"127.0.0.1:{emulator.port}",
        )
    )


def ram_role(**changes: Any) -> Client:
    return Client(
        Config(
            type="ram_role_arn",
            access_key_id="app",
            access_key_secret="secret of app",
            role_arn=ROLE,
            role_session_name="night",
            **changes,
        )
    )


def arn(emulator: Emulator, found: Client) -> str:
    """Return the ARN of credentials, as STS reports it."""
    given = found.get_credential()
    asking = client(emulator, given.access_key_id, given.access_key_secret, given.security_token)
    return str(asking.get_caller_identity().body.arn)


# --- The providers of alibabacloud_credentials that need no cloud
# Others need one: `ecs_ram_role` asks the metadata service of a machine, `CloudSSO` and `OAuth` a
# sign-in page. `rsa_key_pair` asks GenerateSessionAccessKey, which is not in the reference of STS.
# `bearer` only holds a token, which OSS does not accept.

# alibabacloud_credentials asks the clock in a way that Python 3.12 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

APP = f"acs:ram::{OWNER}:user/app"
UPLOADER = f"acs:ram::{OWNER}:assumed-role/uploader/night"
KEY = {"access_key_id": "app", "access_key_secret": "secret of app"}


@pytest.fixture(scope="module")
def with_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator with the accounts of the other tests, also by https."""
    accounts = tmp_path_factory.mktemp("accounts") / "accounts.toml"
    accounts.write_text(ACCOUNTS, encoding="utf-8")
    with Emulator(accounts=accounts, tls_port=0) as running:
        yield running


@pytest.fixture
def session(emulator: Emulator) -> dict[str, str]:
    """The temporary credentials of a role, as STS gives them."""
    request = models.AssumeRoleRequest(role_arn=ROLE, role_session_name="night")
    found: dict[str, str] = client(emulator, "app").assume_role(request).body.credentials.to_map()
    return found


@pytest.fixture
def https(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """The endpoint for STS by https, whose certificate clients trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(emulator.ca_file))
    return emulator.https_endpoint.removeprefix("https://")


def test_credentials_of_a_role_are_accepted(emulator: Emulator, https: str) -> None:
    found = ram_role(sts_endpoint=https)
    assert arn(emulator, found) == f"acs:ram::{OWNER}:assumed-role/uploader/night"


def test_intercepted_credentials_need_no_endpoint(emulator: Emulator) -> None:
    with intercept(emulator.endpoint):
        assert arn(emulator, ram_role()) == UPLOADER


async def test_intercepted_asynchronous_credentials(emulator: Emulator) -> None:
    with intercept(emulator.endpoint):
        found = await ram_role().get_credential_async()
    assert found.access_key_id.startswith("STS.")


# --- providers that do not ask STS themselves


def test_uri_can_be_an_object(emulator: Emulator, session: dict[str, str]) -> None:
    """A program fetches its credentials from a URL, here that of a public object."""
    answer = {"Code": "Success", **session}
    bucket = emulator.bucket("credentials", acl="public-read")
    bucket.put_object("app.json", json.dumps(answer))
    uri = f"{emulator.endpoint}/credentials/app.json"
    assert arn(emulator, Client(Config(type="credentials_uri", credentials_uri=uri))) == UPLOADER


# --- providers that read variables and files


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Variables as if none were set: the package reads them once, when it is imported."""
    for name in vars(auth_util):
        if name.startswith("environment_"):
            monkeypatch.setattr(auth_util, name, "")
    monkeypatch.setattr(auth_util, "environment_ecs_metadata_disabled", "true")
    monkeypatch.setattr(auth_util, "environment_credentials_file", str(tmp_path / "none.ini"))
    monkeypatch.setattr(auth_util, "enable_oidc_credential", False)
    monkeypatch.setattr("alibabacloud_credentials.utils.auth_constant.HOME", str(tmp_path))
    return monkeypatch


@pytest.fixture
def sections() -> dict[str, dict[str, str]]:
    """The sections that `credentials.ini` can have, except those that need a cloud."""
    return {
        "access_key": {"type": "access_key", **KEY},
        "role": {"type": "ram_role_arn", "role_arn": ROLE, "role_session_name": "night", **KEY},
    }


@pytest.mark.parametrize(("name", "wanted"), [("access_key", APP), ("role", UPLOADER)])
def test_profile_of_the_credentials_file(
    emulator: Emulator,
    no_settings: pytest.MonkeyPatch,
    sections: dict[str, dict[str, str]],
    tmp_path: Path,
    name: str,
    wanted: str,
) -> None:
    file = tmp_path / "credentials.ini"
    file.write_text(
        "".join(
            f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
            for section, values in sections.items()
        )
    )
    with intercept(emulator.endpoint):
        given = ProfileCredentialsProvider(profile_file=str(file), profile_name=name)
        assert arn(emulator, Client(provider=given)) == wanted
        no_settings.setattr(auth_util, "environment_credentials_file", str(file))
        no_settings.setattr(auth_util, "client_type", name)
        assert arn(emulator, Client(provider=DefaultCredentialsProvider())) == wanted


@pytest.fixture
def profiles(session: dict[str, str]) -> list[dict[str, Any]]:
    """The profiles that the `aliyun` command can have, except those that need a cloud."""
    role = {"ram_role_arn": ROLE, "ram_session_name": "night"}
    printed = {"mode": "AK", **KEY}
    program = f"{sys.executable} -c {shlex.quote(f'print({json.dumps(printed)!r})')}"
    return [
        {"name": "key", "mode": "AK", **KEY},
        {
            "name": "token",
            "mode": "StsToken",
            "access_key_id": session["AccessKeyId"],
            "access_key_secret": session["AccessKeySecret"],
            "sts_token": session["SecurityToken"],
        },
        {"name": "role", "mode": "RamRoleArn", **KEY, **role},
        {"name": "chain", "mode": "ChainableRamRoleArn", "source_profile": "key", **role},
        {"name": "program", "mode": "External", "process_command": program},
    ]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("key", APP), ("token", UPLOADER), ("role", UPLOADER), ("chain", UPLOADER), ("program", APP)],
)
def test_profile_of_the_aliyun_command(
    emulator: Emulator,
    no_settings: pytest.MonkeyPatch,
    profiles: list[dict[str, Any]],
    tmp_path: Path,
    name: str,
    wanted: str,
) -> None:
    file = tmp_path / ".aliyun" / "config.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"current": name, "profiles": profiles}))
    with intercept(emulator.endpoint):
        provider = CLIProfileCredentialsProvider(profile_file=str(file))
        assert arn(emulator, Client(provider=provider)) == wanted


# --- STS with the SDKs that sign with V3

# alibabacloud_credentials asks the clock in a way that Python 3.12 deprecates.


def assume(role: str = ROLE, **changes: Any) -> models.AssumeRoleRequest:
    return models.AssumeRoleRequest(role_arn=role, role_session_name="night", **changes)


def used(emulator: Emulator, given: Any) -> oss2.Bucket:
    """Return the bucket with credentials from STS."""
    return bucket_as(emulator, sts_auth(given.to_map()))


def test_role_is_assumed_and_its_credentials_work(emulator: Emulator) -> None:
    """P-61"""
    body = client(emulator, "app").assume_role(assume(duration_seconds=900)).body
    assert body.assumed_role_user.arn == f"{ROLE}/night"
    assert used(emulator, body.credentials).get_object("a").read() == b"content"


def test_endpoint_may_have_the_path_of_sts(emulator: Emulator) -> None:
    """The SDK sends such an endpoint as the Host, and signs the path `/`."""
    endpoint = f"127.0.0.1:{emulator.port}/_emulator/sts"
    key = {"access_key_id": "app", "access_key_secret": "secret of app"}
    found = StsClient(StsConfig(protocol="http", endpoint=endpoint, **key))
    assert found.get_caller_identity().body.arn == f"acs:ram::{OWNER}:user/app"
    wrong = StsClient(
        StsConfig(protocol="http", endpoint=endpoint, **{**key, "access_key_secret": "x"})
    )
    with pytest.raises(ClientException) as caught:
        wrong.get_caller_identity()
    assert caught.value.code == "SignatureDoesNotMatch"


async def test_asynchronous_client_works_too(emulator: Emulator) -> None:
    policy = (
        '{"Version": "1", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "* ~+"}]}'
    )
    found = await client(emulator, "app").assume_role_async(assume(policy=policy))
    assert found.body.credentials.access_key_id.startswith("STS.")
    who = await client(emulator, "app").get_caller_identity_async()
    assert who.body.account_id == OWNER
