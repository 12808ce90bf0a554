"""Requests to STS, signed as aliyun-python-sdk-core signs them, and their answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from alibabacloud_tea_openapi.utils import Utils
from aliyunsdkcore.request import RpcRequest
from darabonba.request import DaraRequest
from oss_emulator import rpc
from oss_emulator.access.accounts import Accounts
from oss_emulator.protocol.dates import parse_iso
from oss_emulator.protocol.message import Request, Response
from oss_emulator.rpc.request import sign, string_to_sign
from oss_emulator.sts import STS

ACCOUNTS = Accounts.parse(
    """
[[account]]
id = "1000000000000001"
[[account.key]]
id = "owner-key"
secret = "owner-secret"

[[account.user]]
id = "2000000000000001"
name = "assumer"
policies = ["AliyunSTSAssumeRoleAccess"]
[[account.user.key]]
id = "assumer-key"
secret = "assumer-secret"

[[account.user]]
name = "nobody"
[[account.user.key]]
id = "nobody-key"
secret = "nobody-secret"

[[account.role]]
id = "3000000000000001"
name = "worker"
policies = ["AliyunOSSReadOnlyAccess", "AliyunSTSAssumeRoleAccess"]

[[account.role]]
name = "closed"
trust = '''{"Version": "1", "Statement": [
  {"Effect": "Allow", "Action": "sts:AssumeRole",
   "Principal": {"RAM": ["acs:ram::2:root"]}}]}'''
[[account.role]]
name = "barred"
trust = '''{"Version": "1", "Statement": [
  {"Effect": "Allow", "Action": "sts:AssumeRole",
   "Principal": {"RAM": ["acs:ram::1000000000000001:root"]}},
  {"Effect": "Deny", "Action": "sts:AssumeRole",
   "Principal": {"RAM": ["acs:ram::1000000000000001:user/assumer"]}}]}'''
[[account.role]]
name = "long"
max_session = 43200
""",
    token_key=b"key",
)
ROLE = "acs:ram::1000000000000001:role/worker"
ENVIRONMENT = rpc.RPCEnvironment(ACCOUNTS)
MATERIAL = bytes(range(31))
NOW = 1_700_000_000.0
TIMESTAMP = "2023-11-14T22:13:20Z"


def parameters(action: str = "AssumeRole", **changes: str | None) -> dict[str, str]:
    found: dict[str, str | None] = {
        "Action": action,
        "Version": "2015-04-01",
        "Format": "JSON",
        "AccessKeyId": "assumer-key",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": "nonce",
        "Timestamp": TIMESTAMP,
        "RoleArn": ROLE,
        "RoleSessionName": "night",
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


def ask(
    fields: dict[str, str],
    secret: str = "",
    *,
    method: str = "GET",
    at: float = NOW,
    environment: rpc.RPCEnvironment = ENVIRONMENT,
) -> Response:
    """Sign and send a request, with its parameters in the query or, by POST, in the body."""
    secret = secret or fields.get("AccessKeyId", "").replace("-key", "-secret")
    text = string_to_sign(method, fields)
    fields = {"Signature": sign(text, secret).decode(), **fields}
    query = urlencode(fields)
    target = f"/?{query}" if method == "GET" else "/"
    request = Request.parse(method, target, [("Host", "sts.aliyuncs.com")], at)
    body = b"" if method == "GET" else query.encode()
    return rpc.answer(STS, request, body, environment, MATERIAL).response


def sign_v3(
    fields: dict[str, str],
    form: dict[str, str] | None = None,
    *,
    method: str = "POST",
    key: str = "assumer-key",
    secret: str = "",
    **changes: str | None,
) -> tuple[Request, bytes]:
    """Let the SDK sign a request with V3; `changes` are headers to set or, with None, to omit."""
    body = urlencode(form).encode() if form else b""
    payload = Utils.hash(body, "ACS3-HMAC-SHA256").hex()
    headers: dict[str, str | None] = {
        "host": "sts.aliyuncs.com",
        "x-acs-action": "GetCallerIdentity",
        "x-acs-version": "2015-04-01",
        "x-acs-date": TIMESTAMP,
        "x-acs-signature-nonce": "nonce",
        "x-acs-content-sha256": payload,
        "accept": "application/json",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    signed = DaraRequest()
    signed.method, signed.pathname, signed.query = method, "/", fields
    signed.headers = {name: value for name, value in headers.items() if value is not None}
    secret = secret or key.replace("-key", "-secret")
    authorization = Utils.get_authorization(signed, "ACS3-HMAC-SHA256", payload, key, secret)
    sent = [*signed.headers.items(), ("Authorization", authorization)]
    target = f"/?{urlencode(fields)}" if fields else "/"
    return Request.parse(method, target, sent, NOW), body


def answer_v3(sent: tuple[Request, bytes], **changes: str | None) -> Response:
    """Answer such a request, with headers that were changed after it was signed."""
    request, body = sent
    headers = dict(request.headers)
    for name, value in changes.items():
        headers[name.replace("_", "-")] = value or ""
        if value is None:
            del headers[name.replace("_", "-")]
    return rpc.answer(STS, request._replace(headers=headers), body, ENVIRONMENT, MATERIAL).response


def parse(response: Response) -> Any:
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


def credentials(**changes: str) -> dict[str, str]:
    answer = parse(ask(parameters(**changes)))
    found: dict[str, str] = answer["Credentials"]
    return found


def by_sdk(request: RpcRequest, key: str = "assumer-key") -> Response:
    """Let the SDK sign a request, and answer it."""
    request.set_accept_format("JSON")
    url = request.get_url("cn-hangzhou", key, key.replace("-key", "-secret"))
    sent = Request.parse(request.get_method(), url, [("Host", "sts.aliyuncs.com")], 0.0)
    received = parse_iso(sent.query["Timestamp"])
    assert received is not None
    timed = Request.parse(request.get_method(), url, [("Host", "sts.aliyuncs.com")], received)
    return rpc.answer(STS, timed, b"", ENVIRONMENT, MATERIAL).response


def check_refused(changes: dict[str, str | None], status: int, code: str) -> None:
    """Check that an AssumeRole with these changes is refused."""
    fields = parameters(**{"action": "AssumeRole", **changes})  # type: ignore[arg-type]
    response = ask(fields)
    answer = parse(response)
    assert (response.status, answer["Code"]) == (status, code)
    assert answer["HostId"] == "sts.aliyuncs.com"
    assert answer["Message"]
