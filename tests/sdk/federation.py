"""Accounts with an OIDC provider, and clients of STS and providers of credentials for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_credentials.models import Config as CredentialConfig
from alibabacloud_sts20150401.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from oss_emulator import Emulator

from tests.issuer import CLIENT, ISSUER, Issuer
from tests.sdk.accounts import ACCOUNTS, OWNER, ROLE

PROVIDER = f"acs:ram::{OWNER}:oidc-provider/local"
DEPLOYER = f"acs:ram::{OWNER}:role/deployer"

FEDERATION = f"""
[[account.oidc_provider]]
name = "local"
issuer = "{ISSUER}"
client_ids = ["{CLIENT}"]
jwks_file = "jwks.json"

[[account.role]]
name = "deployer"
policies = ["AliyunOSSReadOnlyAccess"]
trust = '''{{"Version": "1", "Statement": [{{
  "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {{"Federated": ["{PROVIDER}"]}},
  "Condition": {{"StringEquals": {{"oidc:iss": "{ISSUER}", "oidc:aud": "{CLIENT}"}},
                "StringLike": {{"oidc:sub": "system:serviceaccount:default:*"}}}}}}]}}'''
"""


def write_accounts(factory: pytest.TempPathFactory, issuer: Issuer) -> Path:
    """Write the accounts of the other tests with the provider; returns their file."""
    folder = factory.mktemp("federation")
    first, payer, rest = ACCOUNTS.rpartition("[[account]]")
    accounts = folder / "accounts.toml"
    accounts.write_text(first + FEDERATION + payer + rest, encoding="utf-8")
    (folder / "jwks.json").write_text(issuer.jwks, encoding="utf-8")
    return accounts


def client(emulator: Emulator, key: str, secret: str = "", token: str | None = None) -> Client:
    """A client of STS at the emulator's own endpoint."""
    return Client(
        Config(
            access_key_id=key,
            access_key_secret=secret or f"secret of {key}",
            security_token=token,
            protocol="http",
            endpoint=f"127.0.0.1:{emulator.port}",
        )
    )


def ram_role(**changes: Any) -> CredentialClient:
    return CredentialClient(
        CredentialConfig(
            type="ram_role_arn",
            access_key_id="app",
            access_key_secret="secret of app",
            role_arn=ROLE,
            role_session_name="night",
            **changes,
        )
    )


def oidc_role(token_file: Path, **changes: Any) -> CredentialClient:
    return CredentialClient(
        CredentialConfig(
            type="oidc_role_arn",
            role_arn=DEPLOYER,
            oidc_provider_arn=PROVIDER,
            oidc_token_file_path=str(token_file),
            role_session_name="build",
            **changes,
        )
    )


def arn(emulator: Emulator, found: CredentialClient) -> str:
    """Who STS says that credentials are."""
    given = found.get_credential()
    asking = client(emulator, given.access_key_id, given.access_key_secret, given.security_token)
    return str(asking.get_caller_identity().body.arn)
