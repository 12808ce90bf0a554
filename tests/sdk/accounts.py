"""An account with its keys, users and a role, and their clients."""

from __future__ import annotations

import json
from typing import Any

import oss2
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import RpcRequest
from aliyunsdksts.request.v20150401.AssumeRoleRequest import AssumeRoleRequest
from lxml import etree
from oss_emulator import Emulator

Given = dict[str, str]

OWNER = "1000000000000001"
ROLE = f"acs:ram::{OWNER}:role/uploader"

ACCOUNTS = f"""
[[account]]
id = "{OWNER}"
name = "Example"
key = [{{id = "owner", secret = "secret of owner"}}]

[[account.user]]
name = "rules-reader"
id = "2000000000000000001"
policies = ['''{{"Version": "1", "Statement": [{{
  "Effect": "Allow", "Action": "oss:GetBucketReferer", "Resource": "acs:oss:*:*:examplebucket"
}}]}}''']
key = [{{id = "rules-reader", secret = "secret of rules-reader"}}]

[[account.user]]
name = "app"
policies = ["AliyunSTSAssumeRoleAccess"]
key = [{{id = "app", secret = "secret of app"}}]

[[account.role]]
name = "uploader"
policies = ["AliyunOSSFullAccess"]
"""

VERSIONS = {"v1": oss2.Auth, "v2": oss2.AuthV2, "v4": oss2.AuthV4}


def bucket(emulator: Emulator, who: str, version: str = "v4", name: str = "examplebucket") -> Any:
    """Return the bucket with the key of a caller; "" is an anonymous caller."""
    auth = VERSIONS[version](who, f"secret of {who}") if who else oss2.AnonymousAuth()
    return oss2.Bucket(auth, emulator.endpoint, name, region=emulator.region)


def detail(error: oss2.exceptions.ServerError) -> dict[str, str | None]:
    """Return the AccessDeniedDetail of an error, {} without one."""
    found = etree.fromstring(error.body).find("AccessDeniedDetail")
    return {} if found is None else {str(child.tag): child.text for child in found}


def ask_sts(emulator: Emulator, request: RpcRequest, key: str, secret: str = "") -> Any:
    """Send a request to the emulator's STS with aliyun-python-sdk-core; returns its JSON."""
    client = AcsClient(key, secret or f"secret of {key}", emulator.region)
    request.set_accept_format("json")
    request.set_protocol_type("http")
    request.set_endpoint(f"127.0.0.1:{emulator.port}/_emulator/sts")
    return json.loads(client.do_action_with_exception(request))


def assume_role(emulator: Emulator, policy: str = "", seconds: int = 3600) -> Any:
    """Return the temporary credentials that the user `app` gets from AssumeRole."""
    request = AssumeRoleRequest()
    request.set_RoleArn(ROLE)
    request.set_RoleSessionName("night")
    request.set_DurationSeconds(seconds)
    if policy:
        request.set_Policy(policy)
    return ask_sts(emulator, request, "app")["Credentials"]


def sts_auth(given: Given, version: str = "v4") -> oss2.StsAuth:
    """Return a signer with temporary credentials."""
    return oss2.StsAuth(
        given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"], auth_version=version
    )


def bucket_as(emulator: Emulator, auth: Any) -> oss2.Bucket:
    """Return the bucket `examplebucket` with a signer of its own."""
    return oss2.Bucket(auth, emulator.endpoint, "examplebucket", region=emulator.region)
