"""Signatures of AWS: the examples that AWS publishes."""

from __future__ import annotations

import hmac
from base64 import b64encode

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.s3 import signature
from oss_emulator.protocol.signature import Claim, SignedIn, Version

from tests.rows import read_cases, rows

CASES = read_cases("unit.protocol")

# Sources: "Signature calculations for the Authorization header", "Authenticating requests by query
# parameters" and "Signing and authenticating REST requests" of the Amazon S3 documentation; the ECs
# are those of OSS (P-73).

KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TIME = 1369353600.0  # 2013-05-24T00:00:00Z
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
HOST = "examplebucket.s3.amazonaws.com"
SCOPE = f"{KEY_ID}/20130524/us-east-1/s3/aws4_request"

V4_EXAMPLES = {
    "an object": (
        "GET",
        "/test.txt",
        {"range": "bytes=0-9"},
        EMPTY,
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "an upload": (
        "PUT",
        "/test$file.text",
        {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    "a sub-resource": (
        "GET",
        "/?lifecycle",
        {},
        EMPTY,
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    "a listing": (
        "GET",
        "/?max-keys=2&prefix=J",
        {},
        EMPTY,
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
}
PRESIGNED = (
    "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    f"&X-Amz-Credential={SCOPE.replace('/', '%2F')}"
    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
)


def request(method: str, target: str, headers: dict[str, str], received: float = TIME) -> Request:
    return Request.parse(method, target, {"host": HOST, **headers}.items(), received)


def signed(method: str, target: str, extra: dict[str, str], payload: str, claimed: str) -> Request:
    headers = {
        "host": HOST,
        "x-amz-content-sha256": payload,
        "x-amz-date": "20130524T000000Z",
        **extra,
    }
    names = ";".join(sorted(headers))
    authorization = f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders={names},Signature={claimed}"
    return request(method, target, {**headers, "authorization": authorization})


def verify(asked: Request, secret: str = SECRET, bucket: str = "examplebucket") -> None:
    claim = signature.parse(asked)
    assert claim is not None
    signature.verify(claim, asked, bucket, "test.txt", secret)


@rows("name", *V4_EXAMPLES)
def test_published_signature_of_version_4_is_accepted(name: str) -> None:
    verify(signed(*V4_EXAMPLES[name]))


@rows("name", *V4_EXAMPLES)
def test_signature_with_another_secret_is_refused_with_the_texts(name: str) -> None:
    with pytest.raises(OSSError, match="SignatureDoesNotMatch") as caught:
        verify(signed(*V4_EXAMPLES[name]), "other")
    assert set(caught.value.details) >= {"AWSAccessKeyId", "StringToSign", "CanonicalRequest"}


def test_published_presigned_url_is_accepted() -> None:
    verify(request("GET", PRESIGNED, {}, TIME + 86400))


def test_presigned_url_expires() -> None:
    with pytest.raises(OSSError, match="Request has expired") as caught:
        verify(request("GET", PRESIGNED, {}, TIME + 86401))
    assert caught.value.ec == "0002-00000418"


def test_changed_presigned_url_is_refused() -> None:
    with pytest.raises(OSSError, match="SignatureDoesNotMatch") as caught:
        verify(request("GET", PRESIGNED + "&response-content-type=a", {}))
    assert caught.value.ec == "0002-00000429"


@rows("seconds", -901, 901)
def test_header_of_another_time_is_refused(seconds: int) -> None:
    asked = signed(*V4_EXAMPLES["an object"])._replace(received=TIME + seconds)
    with pytest.raises(OSSError, match="RequestTimeTooSkewed"):
        verify(asked)


def test_signed_header_must_be_sent() -> None:
    asked = signed(*V4_EXAMPLES["an object"])
    headers = {name: value for name, value in asked.headers.items() if name != "range"}
    with pytest.raises(OSSError, match="covers the header range"):
        verify(asked._replace(headers=headers))


@rows("name", "x-amz-acl", "x-amz-meta-a", "x-oss-object-acl")
def test_header_that_changes_the_request_must_be_signed(name: str) -> None:
    """Otherwise the holder of a URL could change what it does. AWS requires it (P-73)."""
    with pytest.raises(OSSError, match=r"headers present .* which were not signed") as caught:
        verify(request("GET", PRESIGNED, {name: "private"}))
    assert caught.value.details == {"HeadersNotSigned": name}


@rows("name", "referer", "x-oss-s3-compat", "x-oss-emulator-explain")
def test_other_headers_need_no_signature(name: str) -> None:
    verify(request("GET", PRESIGNED, {name: "true"}))


@rows("name", "%7Euser/a%20b%2Bc", "~user/a b%2bc")
def test_encoding_of_a_path_does_not_change_its_signature(name: str) -> None:
    asked = request("GET", f"/{name}", {})
    claim = signature.parse(request("GET", PRESIGNED, {}))
    assert claim is not None
    assert signature.canonical_request(claim, asked).split(b"\n")[1] == b"/~user/a%20b%2Bc"


# Version 2: the bucket of these examples was `johnsmith`.
V2_EXAMPLES = dict(CASES["v2_examples"])


@rows("name", *V2_EXAMPLES)
def test_published_signature_of_version_2_is_calculated(name: str) -> None:
    method, target, headers, expected = V2_EXAMPLES[name]
    asked = request(method, target, headers)
    claim = Claim(Version.V2, SignedIn.HEADER, KEY_ID, expected, None, headers["date"])
    signature.verify(claim, asked, "johnsmith", asked.path[1:], SECRET)


def test_published_url_of_version_2_is_accepted_until_it_expires() -> None:
    target = (
        f"/photos/puppy.jpg?AWSAccessKeyId={KEY_ID}&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D"
        "&Expires=1175139620"
    )
    asked = request("GET", target, {}, 1175139620)
    claim = signature.parse(asked)
    assert claim is not None
    signature.verify(claim, asked, "johnsmith", "photos/puppy.jpg", SECRET)
    with pytest.raises(OSSError, match="expired"):
        signature.verify(
            claim, asked._replace(received=1175139621), "johnsmith", "photos/puppy.jpg", SECRET
        )
    with pytest.raises(OSSError, match="SignatureDoesNotMatch") as caught:
        signature.verify(claim, asked, "johnsmith", "photos/puppy.jpg", "other")
    assert caught.value.ec == "0002-00000307"


@rows(("name", "in_url"), ("X-Amz-Acl", True), ("X-Amz-Copy-Source", False), ("x-amz-acl", False))
def test_parameter_that_version_2_does_not_sign_is_refused(name: str, in_url: bool) -> None:
    """Otherwise the holder of a URL could add a header."""
    place = SignedIn.URL if in_url else SignedIn.HEADER
    asked = request("PUT", f"/a?{name}=public-read", {"date": "D"})
    claim = Claim(Version.V2, place, KEY_ID, "", None, "D")
    text = signature.string_to_sign_v2(claim, asked, "b", "a")
    right = b64encode(hmac.digest(SECRET.encode(), text, "sha1")).decode()
    with pytest.raises(OSSError, match="which were not signed") as caught:
        signature.verify(claim._replace(signature=right), asked, "b", "a", SECRET)
    assert caught.value.details == {"HeadersNotSigned": name}


def test_bucket_in_the_path_is_signed_once_and_with_a_slash() -> None:
    claim = Claim(Version.V2, SignedIn.HEADER, KEY_ID, "", None, "D")
    for target, bucket, key, resource in (
        ("/b", "b", "", "/b/"),
        ("/b/a%20b", "b", "a b", "/b/a%20b"),
        ("/a", "b", "a", "/b/a"),
        ("/", "b", "", "/b/"),
        ("/", "", "", "/"),
    ):
        text = signature.string_to_sign_v2(claim, request("GET", target, {}), bucket, key)
        assert text.decode().split("\n")[-1] == resource
