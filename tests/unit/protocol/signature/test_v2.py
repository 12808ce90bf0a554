"""Signature version 2: parsing a header or URL, and the text that is signed."""

import hmac
from base64 import b64encode

import pytest
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.signature import Claim, Place, Version, verify

from tests.unit.protocol.signature.requests import DATE, NOW, claimed, refusal, request


def test_header_is_parsed() -> None:
    authorization = "OSS2 AccessKeyId:ak, AdditionalHeaders:Range;host, Signature:c2ln="
    assert claimed(request(authorization)) == Claim(
        Version.V2,
        Place.HEADER,
        "ak",
        "c2ln=",
        None,
        DATE,
        NOW,
        additional_headers=("host", "range"),
    )


def test_url_is_parsed() -> None:
    query = (
        "x-oss-signature-version=OSS2&x-oss-access-key-id=ak&x-oss-expires=1672223999"
        "&x-oss-signature=c2ln%3D&x-oss-additional-headers=range"
    )
    assert claimed(request(query=query)) == Claim(
        Version.V2,
        Place.URL,
        "ak",
        "c2ln=",
        None,
        "1672223999",
        expires_at=1672223999,
        additional_headers=("range",),
    )


@pytest.mark.parametrize(
    ("name", "ec"),
    [
        ("x-oss-expires", "0002-00000113"),
        ("x-oss-access-key-id", "0002-00000115"),
        ("x-oss-signature", "0002-00000117"),
    ],
)
def test_incomplete_url_is_refused(name: str, ec: str) -> None:
    whole = {"x-oss-access-key-id": "ak", "x-oss-expires": "1", "x-oss-signature": "a"}
    half = "&".join(f"{n}={v}" for n, v in whole.items() if n != name)
    error = refusal(request(query=f"x-oss-signature-version=OSS2&{half}"))
    assert (error.code, error.status, error.ec) == ("AccessDenied", 403, ec)
    assert name in error.message


def test_header_of_java_has_blanks_after_commas() -> None:
    text = f"GET\n\n\n{DATE}\nrange:bytes=0-1\nrange\n%2Fb%2Fk?acl"
    signature = b64encode(hmac.digest(b"sk", text.encode(), "sha256")).decode()
    signed = request(
        f"OSS2 AccessKeyId:ak, AdditionalHeaders:range, Signature:{signature}",
        "acl",
        range="bytes=0-1",
    )

    verify(claimed(signed), signed, Target("b", "k"), "sk", "any")


def test_date_header_is_signed_and_x_oss_date_is_the_time() -> None:
    earlier = "Wed, 28 Dec 2022 10:20:00 GMT"
    text = f"GET\n\n\n{earlier}\nx-oss-date:{DATE}\n\n%2Fb%2Fk"
    signature = b64encode(hmac.digest(b"sk", text.encode(), "sha256")).decode()
    credentials = f"OSS2 AccessKeyId:ak,Signature:{signature}"
    signed = request(credentials, date=earlier, x_oss_date=DATE)

    assert claimed(signed).signed_at == NOW
    verify(claimed(signed), signed, Target("b", "k"), "sk", "any")


@pytest.mark.parametrize("space", ["+", "%20"])
def test_both_forms_of_a_space_are_signed_alike(space: str) -> None:
    """P-04"""
    text = f"GET\n\n\n{DATE}\n\n%2Fb%2Fk?prefix=a%20b"
    signature = b64encode(hmac.digest(b"sk", text.encode(), "sha256")).decode()
    signed = request(f"OSS2 AccessKeyId:ak,Signature:{signature}", f"prefix=a{space}b")

    verify(claimed(signed), signed, Target("b", "k"), "sk", "any")
