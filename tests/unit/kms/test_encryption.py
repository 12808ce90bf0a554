"""The actions of KMS: what they take, what they answer, and every refusal."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from oss_emulator.protocol import xml

from tests.unit.kms.requests import INSTALLATION, ask, check_refused, send

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


@pytest.mark.parametrize(
    ("parameters", "size"),
    [
        ({}, 32),
        ({"KeySpec": "AES_256"}, 32),
        ({"KeySpec": "AES_128"}, 16),
        ({"NumberOfBytes": "1"}, 1),
        ({"NumberOfBytes": "1024"}, 1024),
        ({"KeySpec": "AES_128", "NumberOfBytes": "32"}, 32),
        ({"KeySpec": "unknown", "NumberOfBytes": "32"}, 32),
    ],
)
def test_data_key_has_the_wanted_size(parameters: dict[str, str], size: int) -> None:
    """P-86"""
    given = ask("GenerateDataKey", KeyId="mine", **parameters)
    assert len(b64decode(given["Plaintext"])) == size
    found = ask("Decrypt", CiphertextBlob=given["CiphertextBlob"])
    assert found["Plaintext"] == given["Plaintext"]


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("GenerateDataKey", {"KeyId": "mine", "KeySpec": "AES_512"}),
        ("GenerateDataKey", {"KeyId": "mine", "NumberOfBytes": "0"}),
        ("GenerateDataKey", {"KeyId": "mine", "NumberOfBytes": "1025"}),
        ("GenerateDataKey", {"KeyId": "mine", "NumberOfBytes": "many"}),
        ("GenerateDataKey", {"KeyId": "mine", "EncryptionContext": "[]"}),
        ("Encrypt", {"KeyId": "mine", "Plaintext": "a" * 8193}),
        ("Encrypt", {"KeyId": "mine", "Plaintext": "\0"}),
        ("Encrypt", {"KeyId": "mine", "Plaintext": "aA==", "EncryptionContext": "{"}),
        ("Decrypt", {"CiphertextBlob": "not a ciphertext"}),
    ],
)
def test_invalid_parameter_is_refused(action: str, parameters: dict[str, str]) -> None:
    """P-87"""
    check_refused(400, "InvalidParameter", action, **parameters)


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("GenerateDataKey", {}),
        ("Encrypt", {"KeyId": "mine"}),
        ("Encrypt", {"Plaintext": "aA=="}),
        ("Decrypt", {}),
        ("", {}),
    ],
)
def test_missing_parameter_is_refused(action: str, parameters: dict[str, str]) -> None:
    check_refused(400, "MissingParameter", action, **parameters)


@pytest.mark.parametrize("context", ["", '{"x-passphrase":"other"}', '{"y":"open"}'])
def test_other_context_is_refused(context: str) -> None:
    """P-88"""
    given = ask("GenerateDataKey", KeyId="mine", EncryptionContext=CONTEXT)
    blob = given["CiphertextBlob"]
    check_refused(
        400, "InvalidParameter", "Decrypt", CiphertextBlob=blob, EncryptionContext=context
    )


def test_ciphertext_of_another_server_is_refused() -> None:
    blob = ask("Encrypt", KeyId="mine", Plaintext="aA==")["CiphertextBlob"]
    other = INSTALLATION._replace(key=b"another key")
    check_refused(400, "InvalidParameter", "Decrypt", installation=other, CiphertextBlob=blob)


@pytest.mark.parametrize(
    ("who", "options", "status", "code"),
    [
        ("nobody", {}, 404, "InvalidAccessKeyId.NotFound"),
        ("owner", {"secret": "wrong"}, 400, "SignatureDoesNotMatch"),
        ("owner", {"Timestamp": "2023-11-14T21:58:19Z"}, 400, "InvalidTimeStamp.Expired"),
        ("owner", {"SignatureNonce": ""}, 400, "MissingParameter"),
        ("owner", {"Version": "2015-04-01"}, 400, "InvalidVersion"),
    ],
)
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
