"""KMS with the SDKs that sign with V1 and with V3, and its entries in the journal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config, OpenApiRequest, Params
from aliyunsdkcore.client import AcsClient
from aliyunsdkkms.request.v20160120.DecryptRequest import DecryptRequest
from aliyunsdkkms.request.v20160120.EncryptRequest import EncryptRequest
from darabonba.runtime import RuntimeOptions
from oss_emulator import Emulator
from oss_emulator.testing import intercept

from tests.sdk.accounts import OWNER

Ask = Callable[..., Any]


def ask_v1(emulator: Emulator, action: str, key: str = "owner", **parameters: str) -> Any:
    """Send a request with aliyun-python-sdk-core, as oss2 does; returns its JSON."""
    request = {"Encrypt": EncryptRequest, "Decrypt": DecryptRequest}[action]()
    for name, value in parameters.items():
        request.add_query_param(name, value)
    request.set_accept_format("json")
    request.set_protocol_type("http")
    request.set_endpoint(f"127.0.0.1:{emulator.port}/_emulator/kms")
    client = AcsClient(key, f"secret of {key}", emulator.region)
    return json.loads(client.do_action_with_exception(request))


def ask_v3(
    emulator: Emulator, action: str, key: str = "owner", endpoint: str = "", **parameters: str
) -> Any:
    """Send a request with the client on which the newer SDKs are built; returns its JSON."""
    client = Client(
        Config(
            access_key_id=key,
            access_key_secret=f"secret of {key}",
            protocol="http",
            endpoint=endpoint or f"127.0.0.1:{emulator.port}",
        )
    )
    params = Params(
        action=action,
        version="2016-01-20",
        protocol="HTTP",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    return client.call_api(params, OpenApiRequest(query=parameters), RuntimeOptions())["body"]


@pytest.mark.parametrize("encrypt", [ask_v1, ask_v3])
@pytest.mark.parametrize("decrypt", [ask_v1, ask_v3])
def test_clients_decrypt_what_they_encrypted(
    emulator: Emulator, encrypt: Ask, decrypt: Ask
) -> None:
    """P-86"""
    context = '{"a": "b"}'
    given = encrypt(emulator, "Encrypt", KeyId="mine", Plaintext="aA==", EncryptionContext=context)
    blob = given["CiphertextBlob"]
    found = decrypt(emulator, "Decrypt", CiphertextBlob=blob, EncryptionContext=context)
    assert (found["Plaintext"], found["KeyId"]) == ("aA==", "mine")


def test_intercepted_host_names_the_region(emulator: Emulator) -> None:
    """P-87"""
    hangzhou, beijing = (f"kms.{region}.aliyuncs.com" for region in ("cn-hangzhou", "cn-beijing"))
    with intercept(emulator.endpoint):
        given = ask_v3(emulator, "Encrypt", endpoint=hangzhou, KeyId="mine", Plaintext="aA==")
        blob = given["CiphertextBlob"]
        found = ask_v3(emulator, "Decrypt", endpoint=hangzhou, CiphertextBlob=blob)
        assert found["Plaintext"] == "aA=="
        with pytest.raises(ClientException) as caught:
            ask_v3(emulator, "Decrypt", endpoint=beijing, CiphertextBlob=blob)
    assert (caught.value.code, caught.value.status_code) == ("Forbidden.KeyNotFound", 404)


def test_journal_holds_calls_to_kms_without_their_contents(emulator: Emulator) -> None:
    before = len(emulator.journal)
    ask_v3(emulator, "Encrypt", KeyId="mine", Plaintext="c2VjcmV0")
    requests.post(f"{emulator.endpoint}/_emulator/kms", {"Action": "Rubbish"}, timeout=20)
    encrypted, rubbish = (entry.to_dict() for entry in emulator.journal[before:])
    assert (encrypted["operation"], encrypted["access_key_id"]) == ("Encrypt", "owner")
    assert (encrypted["signed"], encrypted["status"], encrypted["code"]) == ("header", 200, "")
    assert (rubbish["operation"], rubbish["code"]) == ("", "InvalidAction.NotFound")
    line = emulator.journal[before].to_line(emulator.service.storage)
    assert (line.operation, line.requester_id, line.bucket) == ("Encrypt", OWNER, "")
