"""Signature version 4: parsing a header or URL, and the text that is signed."""

import hmac
from hashlib import sha256

import pytest
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.signature import Claim, Place, Version, verify

from tests.unit.protocol.signature.requests import (
    DATE,
    DAY,
    ISO,
    NOW,
    SCOPE,
    V4,
    claimed,
    refusal,
    request,
    url,
)


@pytest.mark.parametrize("comma", [",", ", ", " , "])
@pytest.mark.parametrize("signature_first", [False, True])
def test_parts_of_the_header_come_in_any_order(comma: str, signature_first: bool) -> None:
    parts = [f"Credential=ak/{SCOPE}", "AdditionalHeaders=abc;zabc", "Signature=abc"]
    if signature_first:
        parts.reverse()
    claim = claimed(request(f"OSS4-HMAC-SHA256 {comma.join(parts)}"))
    assert claim == Claim(
        Version.V4,
        Place.HEADER,
        "ak",
        "abc",
        None,
        DATE,
        NOW,
        additional_headers=("abc", "zabc"),
        day=DAY,
        region="cn-hangzhou",
        product="oss",
    )


def test_url_is_parsed() -> None:
    assert claimed(request(query=url(security_token="t"), date=None)) == Claim(
        Version.V4,
        Place.URL,
        "ak",
        "abc",
        "t",
        ISO,
        NOW,
        NOW + 60,
        day=DAY,
        region="cn-hangzhou",
        product="oss",
    )


def test_access_key_id_may_contain_slashes() -> None:
    claim = claimed(request(V4.replace("=ak/", "=a/k/")))
    assert (claim.access_key_id, claim.day, claim.region) == ("a/k", DAY, "cn-hangzhou")


def test_unknown_product_is_refused() -> None:
    error = refusal(request(V4.replace("/oss/", "/s3/")))
    assert (error.code, error.status, error.ec) == ("InvalidArgument", 400, "0002-00000227")
    assert error.message == "Invalid signing product in Authorization header."


@pytest.mark.parametrize(
    ("changes", "name", "ec"),
    [
        ({"signature_version": None}, "x-oss-signature-version", "0002-00000066"),
        ({"signature_version": "OSS3"}, "x-oss-signature-version", "0002-00000066"),
        ({"credential": None}, "x-oss-credential", "0002-00000217"),
        ({"credential": ""}, "x-oss-credential", "0002-00000218"),
        ({"credential": "ak"}, "x-oss-credential", "0002-00000224"),
        ({"credential": f"ak/{SCOPE}/more"}, "x-oss-credential", "0002-00000224"),
        ({"credential": f"ak/1{SCOPE}"}, "x-oss-credential", "0002-00000223"),
        ({"credential": f"ak/{SCOPE.replace('/oss/', '/s3/')}"}, "x-oss-credential", ""),
        ({"date": None}, "x-oss-date", ""),
        ({"date": "yesterday"}, "x-oss-date", ""),
        ({"signature": None}, "x-oss-signature", "0002-00000219"),
        ({"expires": None}, "x-oss-expires", "0002-00000215"),
        ({"expires": ""}, "x-oss-expires", "0002-00000216"),
        ({"expires": "0"}, "x-oss-expires", "0002-00000232"),
        ({"expires": "604801"}, "x-oss-expires", "0002-00000232"),
        ({"expires": "-5"}, "x-oss-expires", "0002-00000232"),
        ({"expires": "0006048009999999"}, "x-oss-expires", "0002-00000232"),
    ],
)
def test_malformed_url_is_refused(changes: dict[str, str | None], name: str, ec: str) -> None:
    error = refusal(request(query=url(**changes)))
    assert (error.code, error.status, error.ec) == ("InvalidArgument", 400, ec)
    assert error.details["ArgumentName"] == name


@pytest.mark.parametrize("expires", [1, 604800])
def test_expiry_is_one_second_to_seven_days(expires: int) -> None:
    assert claimed(request(query=url(expires=str(expires)))).expires_at == NOW + expires


def test_go_v1_signs_the_date_header() -> None:
    """P-15: without `x-oss-date` the time in the string to sign is the text of `Date`."""
    hashed = sha256(b"GET\n/b/k\n\n\n\nUNSIGNED-PAYLOAD").hexdigest()
    key = b"aliyun_v4sk"
    for part in SCOPE.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"OSS4-HMAC-SHA256\n{DATE}\n{SCOPE}\n{hashed}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    signed = request(f"OSS4-HMAC-SHA256 Credential=ak/{SCOPE},Signature={signature}")

    verify(claimed(signed), signed, Target("b", "k"), "sk", "cn-hangzhou")
