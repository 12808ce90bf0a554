"""Signature version 1: parsing a header or URL, and the text that is signed."""

import hmac
from base64 import b64encode

import pytest
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.signature import Claim, Place, Version, verify

from tests.unit.protocol.signature.requests import DATE, NOW, claimed, refusal, request


def test_header_is_parsed() -> None:
    assert claimed(request("OSS ak:c2ln")) == Claim(
        Version.V1, Place.HEADER, "ak", "c2ln", None, DATE, NOW
    )


def test_url_is_parsed() -> None:
    query = "OSSAccessKeyId=ak&Expires=1672223999&Signature=a%2Bb%3D&security-token=t%2F"
    assert claimed(request(query=query)) == Claim(
        Version.V1, Place.URL, "ak", "a+b=", "t/", "1672223999", expires_at=1672223999
    )


@pytest.mark.parametrize(
    ("query", "ec"),
    [
        ("OSSAccessKeyId=ak&Signature=a", "0002-00000067"),
        ("OSSAccessKeyId=ak&Signature=a&Expires=", "0002-00000068"),
        ("Expires=1&Signature=a", "0002-00000071"),
        ("OSSAccessKeyId&Expires=1&Signature=a", "0002-00000072"),
        ("OSSAccessKeyId=ak&Expires=1", "0002-00000074"),
        ("OSSAccessKeyId=ak&Expires=1&Signature=", "0002-00000075"),
    ],
)
def test_incomplete_url_is_refused(query: str, ec: str) -> None:
    error = refusal(request(query=query))
    assert (error.code, error.status, error.ec) == ("AccessDenied", 403, ec)
    assert error.message == (
        "Query-string authentication requires the Signature, Expires and OSSAccessKeyId parameters"
    )


def test_signed_header_values_are_trimmed_and_keep_their_bytes() -> None:
    """Bytes that are not UTF-8 arrive as surrogates; the client signed the bytes."""
    text = f"GET\n\n\n{DATE}\n".encode() + b"x-oss-meta-a:\xff\xfe\n/b/k"
    signature = b64encode(hmac.digest(b"sk", text, "sha1")).decode()
    signed = request(f"OSS ak:{signature}", x_oss_meta_a="  \udcff\udcfe\t ")

    verify(claimed(signed), signed, Target("b", "k"), "sk", "any")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("acl&acl", "acl"),
        ("Expires=1&Expires=2", "Expires"),
        ("response-content-type=a%26acl%26cors", "response-content-type"),
        ("prefix=a&prefix=b", None),
        ("acl&Expires=1&response-content-type=a%3Db", None),
    ],
)
def test_parameter_that_is_signed_has_one_meaning(query: str, name: str | None) -> None:
    """P-12"""
    claim = claimed(request("OSS ak:c2ln"))
    with pytest.raises(OSSError) as raised:
        verify(claim, request("OSS ak:c2ln", query), Target("b", "k"), "sk", "any")
    assert raised.value.code == ("SignatureDoesNotMatch" if name is None else "InvalidArgument")
    assert raised.value.details.get("ArgumentName") == name


@pytest.mark.parametrize(
    ("key", "query", "is_refused"),
    [
        ("a?acl", "", True),
        ("a?b?acl", "", True),
        ("a?response-content-type=x&any", "", True),  # a value may contain `&`
        ("a?response-content-type=x", "acl", True),
        ("a?b", "", False),
        ("a?acl&b", "", False),
        ("a?acl", "cors", False),
    ],
)
def test_key_that_reads_like_another_one_with_subresources_is_refused(
    key: str, query: str, is_refused: bool
) -> None:
    """P-12: version 1 does not encode the key that it signs."""
    claim = claimed(request("OSS ak:c2ln"))
    with pytest.raises(OSSError) as raised:
        verify(claim, request("OSS ak:c2ln", query), Target("b", key), "sk", "any")
    assert raised.value.code == ("InvalidArgument" if is_refused else "SignatureDoesNotMatch")
    assert raised.value.details.get("ArgumentName") == ("key" if is_refused else None)
