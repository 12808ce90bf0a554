"""Forms of S3: their fields, and the signature of their policy (P-75)."""

from __future__ import annotations

import hmac
from base64 import b64encode

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.s3 import form

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
POLICY = b64encode(b'{"expiration": "2030-01-31T00:00:00Z", "conditions": []}').decode()
SIGNED = {
    "key": "a",
    "policy": POLICY,
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": "id/20151229/us-east-1/s3/aws4_request",
    "x-amz-date": "20151229T000000Z",
    "x-amz-signature": "0" * 64,
}


def test_fields_become_those_of_oss_and_the_original_is_kept() -> None:
    original = Form(
        {**SIGNED, "acl": "public-read", "x-amz-meta-a": "1", "x-amz-storage-class": "GLACIER"}
    )
    found = form.translate(original)
    assert found.original is original
    assert found.fields == {
        "key": "a",
        "policy": POLICY,
        "x-oss-object-acl": "public-read",
        "x-oss-meta-a": "1",
        "x-oss-storage-class": "Archive",
    }


@pytest.mark.parametrize("name", ["x-amz-tagging", "x-amz-checksum-crc32", "tagging"])
def test_field_that_is_not_understood_is_refused_by_name(name: str) -> None:
    with pytest.raises(OSSError, match=f"NotImplemented: The (header|field) {name}"):
        form.translate(Form({"key": "a", name: "b"}))


def test_signature_of_version_2_covers_the_policy() -> None:
    made = b64encode(hmac.digest(SECRET.encode(), POLICY.encode(), "sha1")).decode()
    original = Form({"key": "a", "policy": POLICY, "awsaccesskeyid": "id", "signature": made})
    claim = form.parse(original)
    assert claim is not None
    form.verify(claim, original, SECRET)
    with pytest.raises(OSSError, match="SignatureDoesNotMatch"):
        form.verify(claim, original, "other")


def test_signature_of_version_4_covers_the_policy() -> None:
    claim = form.parse(Form(SIGNED))
    assert claim is not None
    with pytest.raises(OSSError, match="SignatureDoesNotMatch"):
        form.verify(claim, Form(SIGNED), SECRET)


@pytest.mark.parametrize("name", [name for name in SIGNED if name != "key"])
def test_signed_form_needs_all_its_fields(name: str) -> None:
    with pytest.raises(OSSError, match=f"must contain the specified '{name}'"):
        form.parse(Form({**SIGNED, name: ""}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-amz-algorithm", "AWS4-HMAC-SHA1"),
        ("x-amz-date", "yesterday"),
        ("x-amz-credential", "id/20151230/us-east-1/s3/aws4_request"),
        ("x-amz-credential", "id"),
    ],
)
def test_malformed_field_is_refused(name: str, value: str) -> None:
    with pytest.raises(OSSError, match="InvalidArgument"):
        form.parse(Form({**SIGNED, name: value}))


def test_form_of_oss_is_not_one_of_s3() -> None:
    assert not form.is_marked(Form({"key": "a", "ossaccesskeyid": "id", "signature": "s"}))
    assert form.is_marked(Form({"key": "a", "x-amz-meta-a": "1"}))
    assert form.parse(Form({"key": "a"})) is None
