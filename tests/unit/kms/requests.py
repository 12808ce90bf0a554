"""Requests to KMS, signed as aliyun-python-sdk-core signs them, and their answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from oss_emulator import rpc
from oss_emulator.access import Accounts
from oss_emulator.kms import KMS
from oss_emulator.protocol.message import Request, Response
from oss_emulator.rpc.request import sign, string_to_sign

NOW = 1_700_000_000.0
TIMESTAMP = "2023-11-14T22:13:20Z"
HOST = "kms.cn-hangzhou.aliyuncs.com"
MATERIAL = bytes(index % 251 for index in range(rpc.MATERIAL_SIZE))

ACCOUNTS = Accounts.parse(
    """
[[account]]
id = "1000000000000001"
key = [{id = "owner", secret = "secret of owner"}]

[[account.user]]
name = "reader"
key = [{id = "reader", secret = "secret of reader"}]
policies = ['''{"Version": "1", "Statement": [{
  "Effect": "Allow", "Action": "kms:Decrypt",
  "Resource": "acs:kms:cn-hangzhou:1000000000000001:key/mine"}]}''']

[[account.user]]
name = "oss"
policies = ["AliyunOSSFullAccess"]
key = [{id = "oss", secret = "secret of oss"}]

[[account.user]]
name = "full"
policies = ["AliyunKMSFullAccess"]
key = [{id = "full", secret = "secret of full"}]

[[account]]
id = "1000000000000002"
key = [{id = "other", secret = "secret of other"}]
""",
    token_key=b"key",
)
ENVIRONMENT = rpc.RPCEnvironment(ACCOUNTS, b"the key of the server", "cn-hangzhou")


def send(
    action: str,
    who: str = "owner",
    *,
    secret: str = "",
    host: str = HOST,
    path: str = "/",
    environment: rpc.RPCEnvironment = ENVIRONMENT,
    form: str = "JSON",
    **parameters: str,
) -> Response:
    """Sign a request and have KMS answer it."""
    fields = {
        "Action": action,
        "Version": "2016-01-20",
        "Format": form,
        "AccessKeyId": who,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": "nonce",
        "Timestamp": TIMESTAMP,
        **parameters,
    }
    text = string_to_sign("POST", fields)
    fields["Signature"] = sign(text, secret or f"secret of {who}").decode()
    request = Request.parse("POST", path, [("Host", host)], NOW)
    data = urlencode(fields).encode()
    return rpc.answer(KMS, request, data, environment, MATERIAL).response


def ask(action: str, who: str = "owner", **options: Any) -> dict[str, str]:
    """Return the JSON of an answer that is not an error."""
    response = send(action, who, **options)
    assert response.status == 200, response.body
    return dict(parse(response))


def check_refused(status: int, code: str, action: str, who: str = "owner", **options: Any) -> None:
    """Check that a request is refused."""
    response = send(action, who, **options)
    answer = parse(response)
    assert (response.status, answer["Code"]) == (status, code)
    assert answer["HttpStatus"] == status
    assert answer["Message"]


def parse(response: Response) -> Any:
    assert isinstance(response.body, bytes)
    return json.loads(response.body)
