"""STS with the SDKs that sign with V3."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oss2
import pytest
from alibabacloud_sts20150401 import models
from alibabacloud_sts20150401.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config
from oss_emulator import Emulator
from oss_emulator.testing import intercept

from tests.issuer import CLIENT, ISSUER, SUBJECT, Issuer
from tests.sdk.accounts import OWNER, ROLE, bucket_as, sts_auth
from tests.sdk.federation import DEPLOYER, PROVIDER, client, oidc_role, write_accounts

# alibabacloud_credentials asks the clock in a way that Python 3.12 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


@pytest.fixture(scope="module")
def with_accounts(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator with the accounts of the other tests and an OIDC provider, also by https."""
    with Emulator(accounts=write_accounts(tmp_path_factory, issuer), tls_port=0) as running:
        yield running


def assume(role: str = ROLE, **changes: Any) -> models.AssumeRoleRequest:
    return models.AssumeRoleRequest(role_arn=role, role_session_name="night", **changes)


def used(emulator: Emulator, given: Any) -> oss2.Bucket:
    """The bucket with credentials that STS gave."""
    return bucket_as(emulator, sts_auth(given.to_map()))


def test_role_is_assumed_and_its_credentials_work(emulator: Emulator) -> None:
    """P-61"""
    body = client(emulator, "app").assume_role(assume(duration_seconds=900)).body
    assert body.assumed_role_user.arn == f"{ROLE}/night"
    assert used(emulator, body.credentials).get_object("a").read() == b"content"


def test_caller_identity_is_told_to_a_user_and_to_a_session(emulator: Emulator) -> None:
    who = client(emulator, "app").get_caller_identity().body
    assert (who.identity_type, who.arn) == ("RAMUser", f"acs:ram::{OWNER}:user/app")
    given = client(emulator, "app").assume_role(assume()).body.credentials
    session = client(emulator, given.access_key_id, given.access_key_secret, given.security_token)
    who = session.get_caller_identity().body
    assert who.arn == f"acs:ram::{OWNER}:assumed-role/uploader/night"


def test_endpoint_may_have_the_path_of_sts(emulator: Emulator) -> None:
    """The SDK sends such an endpoint as the Host, and signs the path `/`."""
    endpoint = f"127.0.0.1:{emulator.port}/_emulator/sts"
    key = {"access_key_id": "app", "access_key_secret": "secret of app"}
    found = Client(Config(protocol="http", endpoint=endpoint, **key))
    assert found.get_caller_identity().body.arn == f"acs:ram::{OWNER}:user/app"
    wrong = Client(Config(protocol="http", endpoint=endpoint, **{**key, "access_key_secret": "x"}))
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


@pytest.mark.parametrize(
    ("key", "secret", "role", "code", "status"),
    [
        ("nobody", "whatever", ROLE, "InvalidAccessKeyId.NotFound", 404),
        ("app", "wrong", ROLE, "SignatureDoesNotMatch", 400),
        ("app", "", f"{ROLE}-not", "EntityNotExist.Role", 404),
        ("owner", "", ROLE, "NoPermission", 403),
        ("rules-reader", "", ROLE, "NoPermission", 403),
        ("app", "", DEPLOYER, "NoPermission", 403),
    ],
)
def test_errors_are_json_with_all_members(
    emulator: Emulator, key: str, secret: str, role: str, code: str, status: int
) -> None:
    with pytest.raises(ClientException) as caught:
        client(emulator, key, secret).assume_role(assume(role))
    error = caught.value
    assert (error.code, error.status_code) == (code, status)
    assert {"RequestId", "HostId", "Code", "Message", "Recommend"} <= set(error.data)
    assert error.data["RequestId"] == error.request_id
    assert error.data["Recommend"].startswith(f"https://api.aliyun.com/troubleshoot?q={code}&")


def test_denial_has_its_detail(emulator: Emulator) -> None:
    with pytest.raises(ClientException) as caught:
        client(emulator, "rules-reader").assume_role(assume())
    assert caught.value.access_denied_detail["AuthAction"] == "sts:AssumeRole"


def test_role_is_assumed_with_a_token_of_its_provider(emulator: Emulator, issuer: Issuer) -> None:
    """A-43"""
    request = models.AssumeRoleWithOIDCRequest(
        oidcprovider_arn=PROVIDER,
        role_arn=DEPLOYER,
        role_session_name="build",
        oidctoken=issuer.token(time.time()),
    )
    # Without an access key: the request is not signed.
    nobody = Client(Config(protocol="http", endpoint=f"127.0.0.1:{emulator.port}"))
    body = nobody.assume_role_with_oidc(request).body
    told = body.oidctoken_info
    assert (told.subject, told.issuer, told.client_ids) == (SUBJECT, ISSUER, CLIENT)
    assert told.verification_info == "Success"
    assert body.assumed_role_user.arn == f"{DEPLOYER}/build"
    assert used(emulator, body.credentials).get_object("a").read() == b"content"


# --- The journal


def test_journal_says_how_requests_were_signed(emulator: Emulator, token_file: Path) -> None:
    client(emulator, "app").get_caller_identity()
    with intercept(emulator.endpoint):
        oidc_role(token_file).get_credential()
    signed, unsigned = (entry.to_dict() for entry in emulator.journal[-2:])
    assert (signed["operation"], signed["signed"], signed["access_key_id"]) == (
        "GetCallerIdentity",
        "header",
        "app",
    )
    assert (unsigned["operation"], unsigned["signed"], unsigned["status"]) == (
        "AssumeRoleWithOIDC",
        "none",
        200,
    )
