"""KMS: keys, ciphertexts and their errors."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as some
from oss_emulator import rpc
from oss_emulator.access.accounts import Accounts
from oss_emulator.kms import (
    KMS,
    MAX_CONTEXT,
    NONCE_SIZE,
    Ciphertext,
    CiphertextError,
    canonical_context,
)
from oss_emulator.protocol import xml
from oss_emulator.protocol.message import Request, Response
from oss_emulator.rpc.errors import RPCError
from oss_emulator.rpc.request import sign, string_to_sign

from tests.rows import read_cases, rows

CASES = read_cases("unit.kms")


# --- Requests to KMS, signed as aliyun-python-sdk-core signs them, and their answers

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


# --- KMS: the parameters and answers of its actions, ciphertexts, contexts, keys, every refusal

CONTEXT = '{"x-passphrase":"open"}'


@given(some.binary(min_size=1, max_size=6144))
def test_decrypt_returns_what_was_encrypted(data: bytes) -> None:
    """P-86"""
    text = b64encode(data).decode()
    given = ask("Encrypt", KeyId="mine", Plaintext=text, EncryptionContext=CONTEXT)
    found = ask("Decrypt", CiphertextBlob=given["CiphertextBlob"], EncryptionContext=CONTEXT)
    assert found["Plaintext"] == text
    assert (found["KeyId"], found["KeyVersionId"]) == ("mine", given["KeyVersionId"])


def test_text_that_is_not_base64_is_encrypted_as_it_is() -> None:
    """oss2 2.8 encrypts a decimal number (P-86)."""
    blob = ask("Encrypt", KeyId="mine", Plaintext="7")["CiphertextBlob"]
    assert ask("Decrypt", CiphertextBlob=blob)["Plaintext"] == "7"


@rows(("parameters", "size"), *CASES["data_key_has_the_wanted_size"])
def test_data_key_has_the_wanted_size(parameters: dict[str, str], size: int) -> None:
    """P-86"""
    given = ask("GenerateDataKey", KeyId="mine", **parameters)
    assert len(b64decode(given["Plaintext"])) == size
    found = ask("Decrypt", CiphertextBlob=given["CiphertextBlob"])
    assert found["Plaintext"] == given["Plaintext"]


@rows(
    ("action", "parameters"),
    ("GenerateDataKey", {"KeyId": "mine", "KeySpec": "AES_512"}),
    ("GenerateDataKey", {"KeyId": "mine", "NumberOfBytes": "0"}),
    ("GenerateDataKey", {"KeyId": "mine", "NumberOfBytes": "1025"}),
    ("GenerateDataKey", {"KeyId": "mine", "NumberOfBytes": "many"}),
    ("GenerateDataKey", {"KeyId": "mine", "EncryptionContext": "[]"}),
    ("Encrypt", {"KeyId": "mine", "Plaintext": "a" * 8193}),
    ("Encrypt", {"KeyId": "mine", "Plaintext": "\0"}),
    ("Encrypt", {"KeyId": "mine", "Plaintext": "aA==", "EncryptionContext": "{"}),
    ("Decrypt", {"CiphertextBlob": "not a ciphertext"}),
)
def test_invalid_parameter_is_refused(action: str, parameters: dict[str, str]) -> None:
    """P-87"""
    check_refused(400, "InvalidParameter", action, **parameters)


@rows(("action", "parameters"), *CASES["missing_parameter_is_refused"])
def test_missing_parameter_is_refused(action: str, parameters: dict[str, str]) -> None:
    check_refused(400, "MissingParameter", action, **parameters)


@rows("context", "", '{"x-passphrase":"other"}', '{"y":"open"}')
def test_other_context_is_refused(context: str) -> None:
    """P-88"""
    given = ask("GenerateDataKey", KeyId="mine", EncryptionContext=CONTEXT)
    blob = given["CiphertextBlob"]
    check_refused(
        400, "InvalidParameter", "Decrypt", CiphertextBlob=blob, EncryptionContext=context
    )


@rows(("who", "options", "status", "code"), *CASES["bad_signature_is_refused"])
def test_bad_signature_is_refused(
    who: str, options: dict[str, Any], status: int, code: str
) -> None:
    """P-87"""
    check_refused(status, code, "Encrypt", who, KeyId="mine", Plaintext="aA==", **options)


def test_unknown_action_is_refused() -> None:
    check_refused(404, "InvalidAction.NotFound", "CreateKey")


def test_answers_may_be_xml() -> None:
    """P-86"""
    given = send("Encrypt", form="XML", KeyId="mine", Plaintext="aA==")
    assert isinstance(given.body, bytes)
    assert xml.parse(given.body, "EncryptResponse").text("KeyId") == "mine"
    refused = send("Encrypt", form="XML", KeyId="mine")
    assert isinstance(refused.body, bytes)
    node = xml.parse(refused.body, "KMS")
    assert (node.text("HttpStatus"), node.text("Code")) == ("400", "MissingParameter")


ARN = "acs:kms:cn-hangzhou:1000000000000001:key/mine"
KEY = b"the key of the server"
NONCE = bytes(range(NONCE_SIZE))


def encrypt(plaintext: bytes = b"plaintext", context: bytes = b"{}", arn: str = ARN) -> str:
    return Ciphertext.encrypt(arn, plaintext, context=context, server_key=KEY, nonce=NONCE).format()


def decrypt(text: str, context: bytes = b"{}", key: bytes = KEY) -> bytes:
    return Ciphertext.parse(text).decrypt(context=context, server_key=key)


@given(some.binary(), some.binary(), some.text("abc:/-1", min_size=1))
def test_ciphertext_decrypts_to_its_plaintext(plaintext: bytes, context: bytes, arn: str) -> None:
    """P-89"""
    text = encrypt(plaintext, context, arn)
    assert decrypt(text, context) == plaintext
    assert Ciphertext.parse(text).arn == arn


@given(some.data())
def test_changed_ciphertext_is_refused(data: some.DataObject) -> None:
    text = encrypt()
    index = data.draw(some.integers(0, len(text) - 1))
    character = data.draw(some.characters(codec="utf-8").filter(lambda it: it != text[index]))
    with pytest.raises(CiphertextError):
        decrypt(text[:index] + character + text[index + 1 :])


@given(some.integers(0, len(encrypt()) - 1))
def test_shortened_ciphertext_is_refused(length: int) -> None:
    with pytest.raises(CiphertextError):
        decrypt(encrypt()[:length])


@given(some.text())
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(CiphertextError):
        decrypt(text)


@rows(("context", "key"), (b'{"a": "b"}', KEY), (b"{}", b"another key"))
def test_other_context_or_server_is_refused(context: bytes, key: bytes) -> None:
    with pytest.raises(CiphertextError):
        decrypt(encrypt(), context, key)


def test_each_key_has_a_key_of_its_own() -> None:
    found = Ciphertext.parse(encrypt())
    with pytest.raises(CiphertextError):
        found._replace(arn=f"{ARN}2").decrypt(context=b"{}", server_key=KEY)


def context(text: str) -> bytes:
    return canonical_context({"EncryptionContext": text})


@rows(("first", "second"), *CASES["equivalent_contexts_are_equal"])
def test_equivalent_contexts_are_equal(first: str, second: str) -> None:
    """P-88"""
    assert context(first) == context(second)
    assert canonical_context({}) == context("")


@rows("text", '{"a": "2"}', '{"b": "1"}', '{"a": "1", "b": ""}', '{"a": "1 "}', "{}")
def test_other_contexts_differ(text: str) -> None:
    assert context(text) != context('{"a": "1"}')


@rows(
    "text",
    '[{"a": "b"}]',
    '{"a": 1}',
    '{"a": ["b"]}',
    '{"a": null}',
    '"a"',
    "null",
    "{",
    "[" * MAX_CONTEXT,
    f'{{"a": "{"b" * MAX_CONTEXT}"}}',
)
def test_context_is_an_object_of_texts(text: str) -> None:
    with pytest.raises(RPCError) as caught:
        context(text)
    row = caught.value.spec()
    assert row.code == "InvalidParameter.EncryptionContext"


BLOB = ask("Encrypt", KeyId="mine", Plaintext="aA==")["CiphertextBlob"]


@rows("key", "1234abcd-12ab-34cd-56ef-1234567890ab", "key-hzz62f1cb66fa42qo", "alias/mine", "x")
def test_every_id_names_a_key(key: str) -> None:
    """P-86"""
    assert ask("Encrypt", KeyId=key, Plaintext="aA==")["KeyId"] == key


def test_key_may_be_named_by_its_arn() -> None:
    assert ask("Encrypt", KeyId=ARN, Plaintext="aA==")["KeyId"] == "mine"


@rows(
    ("key", "status", "code"),
    ("", 400, "MissingParameter"),
    ("a b", 400, "InvalidParameter"),
    ("中", 400, "InvalidParameter"),
    ("k" * 256, 400, "InvalidParameter"),
    ("acs:kms:cn-beijing:1000000000000001:key/mine", 404, "Forbidden.KeyNotFound"),
    ("acs:kms:cn-hangzhou:1000000000000002:key/mine", 404, "Forbidden.KeyNotFound"),
)
def test_other_names_are_refused(key: str, status: int, code: str) -> None:
    check_refused(status, code, "Encrypt", KeyId=key, Plaintext="aA==")


@rows("who, host", *CASES["key_of_another_region_or_account_is_not_found"])
def test_key_of_another_region_or_account_is_not_found(who: str, host: str) -> None:
    """P-87"""
    check_refused(404, "Forbidden.KeyNotFound", "Decrypt", who, host=host, CiphertextBlob=BLOB)


@rows("host, path", *CASES["host_without_a_region_means_that_of_the_server"])
def test_host_without_a_region_means_that_of_the_server(host: str, path: str) -> None:
    assert ask("Decrypt", host=host, path=path, CiphertextBlob=BLOB)["Plaintext"] == "aA=="


def test_policies_of_a_user_decide() -> None:
    """P-87"""
    assert ask("Decrypt", "reader", CiphertextBlob=BLOB)["Plaintext"] == "aA=="
    other = ask("Encrypt", KeyId="other", Plaintext="aA==")["CiphertextBlob"]
    check_refused(403, "Forbidden.NoPermission", "Decrypt", "reader", CiphertextBlob=other)
    check_refused(403, "Forbidden.NoPermission", "Decrypt", "oss", CiphertextBlob=BLOB)
    assert ask("Encrypt", "full", KeyId="mine", Plaintext="aA==")["KeyId"] == "mine"
    for action in ("Encrypt", "GenerateDataKey"):
        check_refused(
            403, "Forbidden.NoPermission", action, "reader", KeyId="mine", Plaintext="aA=="
        )
