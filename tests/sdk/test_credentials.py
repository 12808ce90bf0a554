"""The providers of alibabacloud_credentials that need no cloud.

Others need one: `ecs_ram_role` asks the metadata service of a machine, and `CloudSSO` and `OAuth` a
sign-in page. `rsa_key_pair` asks GenerateSessionAccessKey, which is not in the reference of STS.
`bearer` only holds a token, which OSS does not take.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_credentials.client import Client
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_credentials.models import Config
from alibabacloud_credentials.provider import (
    CLIProfileCredentialsProvider,
    DefaultCredentialsProvider,
    EnvironmentVariableCredentialsProvider,
    ExternalCredentialsProvider,
    ProfileCredentialsProvider,
)
from alibabacloud_credentials.utils import auth_util
from alibabacloud_sts20150401 import models
from oss_emulator import Emulator
from oss_emulator.testing import intercept

from tests.issuer import Issuer
from tests.sdk.accounts import OWNER, ROLE
from tests.sdk.federation import (
    DEPLOYER,
    PROVIDER,
    arn,
    client,
    oidc_role,
    ram_role,
    write_accounts,
)

# alibabacloud_credentials asks the clock in a way that Python 3.12 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

APP = f"acs:ram::{OWNER}:user/app"
UPLOADER = f"acs:ram::{OWNER}:assumed-role/uploader/night"
BUILD = f"acs:ram::{OWNER}:assumed-role/deployer/build"
KEY = {"access_key_id": "app", "access_key_secret": "secret of app"}


@pytest.fixture(scope="module")
def with_accounts(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator with the accounts of the other tests and an OIDC provider, also by https."""
    with Emulator(accounts=write_accounts(tmp_path_factory, issuer), tls_port=0) as running:
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


def test_credentials_of_a_role(emulator: Emulator, https: str) -> None:
    found = ram_role(sts_endpoint=https)
    assert arn(emulator, found) == f"acs:ram::{OWNER}:assumed-role/uploader/night"


def test_credentials_of_a_role_by_oidc(emulator: Emulator, https: str, token_file: Path) -> None:
    found = oidc_role(token_file, sts_endpoint=https)
    assert arn(emulator, found) == f"acs:ram::{OWNER}:assumed-role/deployer/build"


def test_intercepted_credentials_need_no_endpoint(emulator: Emulator, token_file: Path) -> None:
    with intercept(emulator.endpoint):
        roles = [arn(emulator, found) for found in (ram_role(), oidc_role(token_file))]
    assert [role.rpartition(":")[2] for role in roles] == [
        "assumed-role/uploader/night",
        "assumed-role/deployer/build",
    ]


async def test_intercepted_asynchronous_credentials(emulator: Emulator, token_file: Path) -> None:
    with intercept(emulator.endpoint):
        found = await oidc_role(token_file).get_credential_async()
    assert found.access_key_id.startswith("STS.")


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": "another"}, "AuthenticationFail.OIDCToken.AudienceNotMatch"),
        ({"sub": "system:serviceaccount:kube-system:app"}, "AuthenticationFail.NoPermission"),
    ],
)
def test_refused_token_is_told_to_the_provider(
    emulator: Emulator, issuer: Issuer, token_file: Path, claims: dict[str, Any], code: str
) -> None:
    token_file.write_text(issuer.token(time.time(), **claims), encoding="utf-8")
    with intercept(emulator.endpoint), pytest.raises(CredentialException, match=code):
        oidc_role(token_file).get_credential()


# --- providers that do not ask STS themselves


def test_access_key(emulator: Emulator) -> None:
    assert arn(emulator, Client(Config(type="access_key", **KEY))) == APP


def test_temporary_key(emulator: Emulator, session: dict[str, str]) -> None:
    config = Config(
        type="sts",
        access_key_id=session["AccessKeyId"],
        access_key_secret=session["AccessKeySecret"],
        security_token=session["SecurityToken"],
    )
    assert arn(emulator, Client(config)) == UPLOADER


def test_uri_can_be_an_object(emulator: Emulator, session: dict[str, str]) -> None:
    """A program gets its credentials at a URL; a public object can have them."""
    answer = {"Code": "Success", **session}
    bucket = emulator.bucket("credentials", acl="public-read")
    bucket.put_object("app.json", json.dumps(answer))
    uri = f"{emulator.endpoint}/credentials/app.json"
    assert arn(emulator, Client(Config(type="credentials_uri", credentials_uri=uri))) == UPLOADER


def test_program_prints_the_credentials(
    emulator: Emulator, session: dict[str, str], tmp_path: Path
) -> None:
    printed = {
        "mode": "StsToken",
        "access_key_id": session["AccessKeyId"],
        "access_key_secret": session["AccessKeySecret"],
        "sts_token": session["SecurityToken"],
    }
    (tmp_path / "printed.json").write_text(json.dumps(printed))
    command = f"cat {shlex.quote(str(tmp_path / 'printed.json'))}"
    provider = ExternalCredentialsProvider(process_command=command)
    assert arn(emulator, Client(provider=provider)) == UPLOADER


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


def test_variables(emulator: Emulator, no_settings: pytest.MonkeyPatch) -> None:
    no_settings.setattr(auth_util, "environment_access_key_id", "app")
    no_settings.setattr(auth_util, "environment_access_key_secret", "secret of app")
    for provider in (EnvironmentVariableCredentialsProvider(), DefaultCredentialsProvider()):
        assert arn(emulator, Client(provider=provider)) == APP


@pytest.fixture
def sections(token_file: Path) -> dict[str, dict[str, str]]:
    """What `credentials.ini` can say, without what needs a cloud."""
    return {
        "access_key": {"type": "access_key", **KEY},
        "role": {
            "type": "ram_role_arn",
            "role_arn": ROLE,
            "role_session_name": "night",
            **KEY,
        },
        "oidc": {
            "type": "oidc_role_arn",
            "role_arn": DEPLOYER,
            "oidc_provider_arn": PROVIDER,
            "oidc_token_file_path": str(token_file),
            "role_session_name": "build",
        },
    }


@pytest.mark.parametrize(
    ("name", "wanted"), [("access_key", APP), ("role", UPLOADER), ("oidc", BUILD)]
)
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
def profiles(session: dict[str, str], token_file: Path) -> list[dict[str, Any]]:
    """What the configuration of the `aliyun` command can say, without what needs a cloud."""
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
        {
            "name": "oidc",
            "mode": "OIDC",
            "ram_role_arn": DEPLOYER,
            "oidc_provider_arn": PROVIDER,
            "oidc_token_file": str(token_file),
            "role_session_name": "build",
        },
        {"name": "program", "mode": "External", "process_command": program},
    ]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("key", APP),
        ("token", UPLOADER),
        ("role", UPLOADER),
        ("chain", UPLOADER),
        ("oidc", BUILD),
        ("program", APP),
    ],
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


def test_default_chain_asks_the_uri_last(
    emulator: Emulator, no_settings: pytest.MonkeyPatch, session: dict[str, str]
) -> None:
    bucket = emulator.bucket("credentials", acl="public-read")
    bucket.put_object("app.json", json.dumps({"Code": "Success", **session}))
    uri = f"{emulator.endpoint}/credentials/app.json"
    no_settings.setattr(auth_util, "environment_credentials_uri", uri)
    assert arn(emulator, Client(provider=DefaultCredentialsProvider())) == UPLOADER
