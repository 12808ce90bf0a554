"""Requests that real SDKs signed are accepted; changed and late ones are refused (P-17)."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import Claim, SignedIn, Version, parse, verify

from tests.rows import read_cases, rows
from tests.unit.protocol.signature.clients import (
    CLIENTS,
    HOST,
    ID,
    LIFETIME,
    ONE_OF_EACH,
    REGION,
    SECRET,
    Call,
    Client,
    target_of,
)

CASES = read_cases("unit.protocol")

pytestmark = pytest.mark.filterwarnings("ignore:.*utcnow:DeprecationWarning")  # oss2 on 3.12+

every_client = rows("client", *CLIENTS)
one_of_each = rows("client", *ONE_OF_EACH)
of_headers, of_urls = (
    rows("client", *[client for client in ONE_OF_EACH if client.place is place])
    for place in (SignedIn.HEADER, SignedIn.URL)
)
of_additional_headers = rows("client", *[c for c in CLIENTS if c.takes_additional_headers])

KEYS = [
    "plain.txt",
    "dir/sub dir/файл 文件 🗎.txt",
    "a+b c%20d%2Fe",
    "%",
    "50%&60%",
    "what?acl&x=1#top",
    "//twice//over//",
    "dir/",
    "a/../../b/./c",
    "-._~!$'()*,;:@=[]{}|\\^`\"<>",
    "tab\tnew\nline\rnul\x00one\x01del\x7f",
    "é",  # composed, and
    "é",  # decomposed: two keys
]
QUERIES = CASES["queries"]
OF_BUCKETS: list[dict[str, str]] = [{}, {"acl": ""}, {"prefix": "a/b c", "max-keys": "5"}]
METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]
HEADERS = dict(CASES["headers"])
ADDITIONAL = [("range",), ("Range", "if-modified-since", "Host", "absent")]

CALL = Call(
    "PUT",
    key="a dir/a key",
    parameters={"uploadId": "U/1", "partNumber": "7"},
    headers={"Content-Type": "text/plain", "Content-MD5": "eB5eJ", "x-oss-meta-a": "1"},
)
RANGED = replace(CALL, headers={"Range": "bytes=0-1", "Host": HOST}, additional_headers=("range",))


def claimed(request: Request) -> Claim:
    claim = parse(request)
    assert claim is not None
    return claim


def refused(request: Request, **changes: Any) -> OSSError:
    """Parse and verify a request, by default with the signed values; returns the error."""
    facts = {"target": CALL.target, "secret": SECRET, "region": REGION, **changes}
    with pytest.raises(OSSError) as caught:
        verify(claimed(request), request, **facts)
    return caught.value


def accepted(request: Request, call: Call = CALL) -> Claim:
    claim = claimed(request)
    verify(claim, request, call.target, SECRET, REGION)
    return claim


def at(request: Request, received: float) -> Request:
    return request._replace(received=received)


def with_headers(request: Request, **headers: str) -> Request:
    return request._replace(headers={**request.headers, **_dashed(headers)})


def with_query(request: Request, **query: str) -> Request:
    return _asking(request, {**request.query, **_dashed(query)})


def _asking(request: Request, query: Mapping[str, str]) -> Request:
    return request._replace(query=query, query_string=urlencode(query))


def without(values: Mapping[str, str], name: str) -> dict[str, str]:
    return {other: value for other, value in values.items() if other != name}


def _dashed(values: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in values.items()}


# --- what the SDKs sign


@every_client
def test_every_signer_is_verified(client: Client) -> None:
    calls = [
        *(Call(key=key) for key in KEYS),
        *(Call(parameters=query) for query in QUERIES),
        *(Call(method, headers=HEADERS) for method in METHODS),
    ]
    if not client.objects_only:
        places = product(("a-bucket", ""), OF_BUCKETS)
        calls += [Call(bucket=bucket, key="", parameters=query) for bucket, query in places]
    for call in calls:
        request = client.send(call)
        assert target_of(request) == (call.bucket, call.key)
        claim = accepted(request, call)
        assert (claim.version, claim.place) == (client.version, client.place), call
        assert (claim.access_key_id, claim.token) == (ID, client.token), call


@of_additional_headers
def test_additional_headers_are_signed(client: Client) -> None:
    """P-58"""
    for names in ADDITIONAL:
        call = Call(headers={**HEADERS, "Host": HOST}, additional_headers=names)
        lower = {name.lower() for name in names}
        claim = accepted(client.send(call), call)
        assert claim.additional_headers == tuple(sorted(lower - {"absent"}))
    request = client.send(replace(RANGED, additional_headers=("range", "host")))
    accepted(request)
    assert refused(with_headers(request, range="bytes=0-2")).code == "SignatureDoesNotMatch"
    assert refused(with_headers(request, host="elsewhere")).code == "SignatureDoesNotMatch"


@of_additional_headers
def test_missing_additional_header_is_named(client: Client) -> None:
    """P-58"""
    request = client.send(RANGED)
    error = refused(request._replace(headers=without(request.headers, "range")))
    assert (error.status, error.code) == (400, "InvalidArgument")
    assert error.details["ArgumentName"] == "range"
    known = {
        (Version.V2, SignedIn.HEADER): "0002-00000112",
        (Version.V2, SignedIn.URL): "0002-00000078",
        (Version.V4, SignedIn.HEADER): "0002-00000211",
    }
    assert error.ec == known.get((client.version, client.place), "")


# --- the signature does not match

NO_MATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method."
)
ECS = {Version.V1: "0002-00000040", Version.V2: "0002-00000101", Version.V4: "0002-00000201"}


@one_of_each
def test_wrong_secret_gets_what_to_sign(client: Client) -> None:
    """Signing the `StringToSign` of the error gives the right signature."""
    request = client.send(CALL)
    error = refused(request, secret="another")
    assert (error.code, error.status, error.message) == ("SignatureDoesNotMatch", 403, NO_MATCH)
    assert error.ec == ECS[client.version]
    details = {name: str(value) for name, value in error.details.items()}
    named = ["OSSAccessKeyId", "SignatureProvided", "StringToSign", "StringToSignBytes"]
    assert list(details) == named + ["CanonicalRequest"] * (client.version is Version.V4)
    signature, string_to_sign = claimed(request).signature, details["StringToSign"].encode()
    assert (details["OSSAccessKeyId"], details["SignatureProvided"]) == (ID, signature)
    assert details["StringToSignBytes"] == f"{string_to_sign.hex(' ').upper()} "
    if client.version is Version.V4:
        *_, scope, hashed = details["StringToSign"].split("\n")
        assert sha256(details["CanonicalRequest"].encode()).hexdigest() == hashed
        key = b"aliyun_v4" + SECRET.encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        assert signature == hmac.digest(key, string_to_sign, "sha256").hex()
    else:
        algorithm = "sha1" if client.version is Version.V1 else "sha256"
        digest = hmac.digest(SECRET.encode(), string_to_sign, algorithm)
        assert signature == b64encode(digest).decode()


@one_of_each
def test_wrong_signature_is_refused(client: Client) -> None:
    request = client.send(CALL)
    claim = claimed(request)
    right = claim.signature
    for wrong in ("", right[:-1], right + "0", right.swapcase(), "é", "\udcff", "\x00"):
        with pytest.raises(OSSError, match="SignatureDoesNotMatch"):
            verify(claim._replace(signature=wrong), request, CALL.target, SECRET, REGION)


Changed = tuple[Request, dict[str, Any]]
CHANGES: list[Callable[[Request], Changed]] = [
    lambda r: (r._replace(method="GET"), {}),
    lambda r: (r, {"target": Target("b-bucket", CALL.key)}),
    lambda r: (r, {"target": Target(CALL.bucket, "a dir/b key")}),
    lambda r: (r, {"target": Target(CALL.bucket, "a dir")}),
    lambda r: (r, {"target": Target()}),
    lambda r: (with_headers(r, content_type="text/html"), {}),
    lambda r: (with_headers(r, content_md5="eB5eK"), {}),
    lambda r: (with_headers(r, x_oss_meta_a="2"), {}),
    lambda r: (with_headers(r, x_oss_meta_b="1"), {}),
    lambda r: (r._replace(headers=without(r.headers, "x-oss-meta-a")), {}),
    lambda r: (with_query(r, partNumber="8"), {}),
    lambda r: (with_query(r, acl=""), {}),
    lambda r: (with_query(r, x_oss_process="image/info"), {}),
    lambda r: (_asking(r, without(r.query, "uploadId")), {}),
]


@one_of_each
def test_changed_request_is_refused(client: Client) -> None:
    request = client.send(CALL)
    accepted(request)
    for number, change in enumerate(CHANGES):
        changed, facts = change(request)
        assert refused(changed, **facts).code == "SignatureDoesNotMatch", number
    date = claimed(request).date
    match client.version, client.place:
        case Version.V4, SignedIn.URL:
            changed = with_query(request, x_oss_expires=str(LIFETIME + 1))
        case Version.V2, SignedIn.URL:
            changed = with_query(request, x_oss_expires=str(int(date) + 1))
        case Version.V1, SignedIn.URL:
            changed = with_query(request, Expires=str(int(date) + 1))
        case Version.V4, SignedIn.HEADER:
            changed = with_headers(request, x_oss_date=f"{date[:-2]}{(int(date[-2]) + 1) % 10}Z")
        case _:
            later = f"{date[:-5]}{(int(date[-5]) + 1) % 10} GMT"
            changed = with_headers(request, date=later)
    assert refused(changed).code == "SignatureDoesNotMatch"


@one_of_each
def test_some_parts_are_unsigned(client: Client) -> None:
    request = client.send(CALL)
    accepted(with_headers(request, range="bytes=0-1", host="elsewhere", user_agent="x"))
    accepted(request._replace(repeated=("user-agent",)))
    for name in ("content-type", "x-oss-meta-a", "date"):
        error = refused(request._replace(repeated=(name,)))
        assert (error.code, error.details["ArgumentName"]) == ("InvalidArgument", name)
    listing = with_query(request, prefix="a", max_keys="7")
    if client.version is Version.V1:
        accepted(listing)  # P-12
    else:
        assert refused(listing).code == "SignatureDoesNotMatch"


# --- the time is wrong


@of_headers
def test_clocks_may_differ_by_fifteen_minutes(client: Client) -> None:
    request = client.send(CALL)
    signed_at = claimed(request).signed_at
    assert signed_at is not None
    for near in (signed_at + 900, signed_at - 900):
        accepted(at(request, near))
    for skewed in (signed_at + 900.5, signed_at - 900.5):
        error = refused(at(request, skewed))
        assert (error.code, error.status) == ("RequestTimeTooSkewed", 403)
        assert error.ec == "0002-00000504"
        assert error.message == (
            "The difference between the request time and the current time is too large."
        )


def test_error_tells_both_times() -> None:
    headers = [("Authorization", "OSS ak:sig"), ("Date", "Sun, 22 Sep 2024 06:32:38 GMT")]
    assert refused(Request.parse("GET", "/b/k", headers, 1727073160.0)).details == {
        "MaxAllowedSkewMilliseconds": "900000",
        "RequestTime": "2024-09-22T06:32:38.000Z",
        "ServerTime": "2024-09-23T06:32:40.000Z",
    }


@of_urls
def test_url_is_valid_until_it_expires(client: Client) -> None:
    """A URL of V4 is not valid earlier than 15 minutes before its date (EC 0002-00000235)."""
    request = client.send(CALL)
    claim = claimed(request)
    assert claim.expires_at is not None
    assert request.received < claim.expires_at <= request.received + LIFETIME + 1
    accepted(at(request, claim.expires_at))
    error = refused(at(request, claim.expires_at + 0.5))
    expected = ("AccessDenied", 403, "Request has expired.")
    assert (error.code, error.status, error.message) == expected
    assert error.ec == ("0002-00000236" if client.version is Version.V4 else "0002-00000069")
    assert list(error.details) == ["Expires", "ServerTime"]
    if claim.signed_at is None:
        assert client.version is not Version.V4
        accepted(at(request, 0))
    else:
        accepted(at(request, claim.signed_at - 900))
        error = refused(at(request, claim.signed_at - 900.5))
        assert (error.code, error.ec) == ("AccessDenied", "0002-00000235")


# --- the region is wrong


def test_signature_for_a_cloud_box_is_refused_in_a_region() -> None:
    """P-97"""
    client = next(c for c in ONE_OF_EACH if c.version is Version.V4 and c.place is SignedIn.HEADER)
    request = client.send(CALL)
    sent = request.headers["authorization"].replace("/oss/", "/oss-cloudbox/")
    boxed = request._replace(headers={**request.headers, "authorization": sent})
    error = refused(boxed, region="cn-shanghai")
    assert (error.code, error.status, error.ec) == ("InvalidArgument", 400, "0002-00000227")
    assert error.message == "Invalid signing product in Authorization header."


@rows("place", SignedIn.HEADER, SignedIn.URL)
def test_wrong_region_is_refused(place: SignedIn) -> None:
    client = next(c for c in ONE_OF_EACH if (c.version, c.place) == (Version.V4, place))
    request = client.send(CALL)
    error = refused(request, region="cn-shanghai")
    assert (error.code, error.status, error.ec) == ("InvalidArgument", 400, "0002-00000226")
    if place is SignedIn.HEADER:
        assert error.message == "Invalid signing region in Authorization header."
        named = {"Authorization": request.headers["authorization"]}
        late = at(request, 0)
        assert refused(late, region="x", secret="x").code == "InvalidArgument"
        assert refused(late, secret="x").code == "RequestTimeTooSkewed"
    else:
        assert error.message == "The signing region in credential is invalid."
        value = request.query["x-oss-credential"]
        named = {"ArgumentName": "x-oss-credential", "ArgumentValue": value}
    assert error.details == named  # S-42
