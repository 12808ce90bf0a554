"""Keys: how requests name them, and who may use them."""

from __future__ import annotations

import pytest

from tests.unit.kms.requests import ask, check_refused

BLOB = ask("Encrypt", KeyId="mine", Plaintext="aA==")["CiphertextBlob"]


@pytest.mark.parametrize(
    "key", ["1234abcd-12ab-34cd-56ef-1234567890ab", "key-hzz62f1cb66fa42qo", "alias/mine", "x"]
)
def test_every_id_names_a_key(key: str) -> None:
    """P-86"""
    assert ask("Encrypt", KeyId=key, Plaintext="aA==")["KeyId"] == key


def test_key_may_be_named_by_its_arn() -> None:
    arn = "acs:kms:cn-hangzhou:1000000000000001:key/mine"
    assert ask("Encrypt", KeyId=arn, Plaintext="aA==")["KeyId"] == "mine"


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        ("", 400, "MissingParameter"),
        ("a b", 400, "InvalidParameter"),
        ("中", 400, "InvalidParameter"),
        ("k" * 256, 400, "InvalidParameter"),
        ("acs:kms:cn-beijing:1000000000000001:key/mine", 404, "Forbidden.KeyNotFound"),
        ("acs:kms:cn-hangzhou:1000000000000002:key/mine", 404, "Forbidden.KeyNotFound"),
    ],
)
def test_other_names_are_refused(key: str, status: int, code: str) -> None:
    check_refused(status, code, "Encrypt", KeyId=key, Plaintext="aA==")


@pytest.mark.parametrize(
    ("who", "host"),
    [("owner", "kms.us-west-1.aliyuncs.com"), ("other", "kms.cn-hangzhou.aliyuncs.com")],
)
def test_key_of_another_region_or_account_is_not_found(who: str, host: str) -> None:
    """P-87"""
    check_refused(404, "Forbidden.KeyNotFound", "Decrypt", who, host=host, CiphertextBlob=BLOB)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("127.0.0.1:9000", "/"),
        ("127.0.0.1:9000", "/_emulator/kms"),
        ("127.0.0.1:9000/_emulator/kms", "/_emulator/kms/"),
        ("kms.aliyuncs.com", "/"),
    ],
)
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
