"""Signatures that are refused, and the errors that say why (P-17)."""

import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import Claim, Place, Version, parse, verify

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
)

pytestmark = pytest.mark.filterwarnings("ignore:.*utcnow:DeprecationWarning")  # oss2 on 3.12+

one_of_each = pytest.mark.parametrize("client", ONE_OF_EACH, ids=lambda client: client.name)

CALL = Call(
    "PUT",
    key="a dir/a key",
    parameters={"uploadId": "U/1", "partNumber": "7"},
    headers={"Content-Type": "text/plain", "Content-MD5": "eB5eJ", "x-oss-meta-a": "1"},
)


def claimed(request: Request) -> Claim:
    claim = parse(request)
    assert claim is not None
    return claim


def refused(request: Request, **changes: Any) -> OSSError:
    """Parse and verify a request, by default with the facts that were signed; returns the error."""
    facts = {"target": CALL.target, "secret": SECRET, "region": REGION, **changes}
    with pytest.raises(OSSError) as caught:
        verify(claimed(request), request, **facts)
    return caught.value


def accepted(request: Request, call: Call = CALL) -> None:
    verify(claimed(request), request, call.target, SECRET, REGION)


def with_headers(request: Request, **headers: str) -> Request:
    return request._replace(headers={**request.headers, **_dashed(headers)})


def with_query(request: Request, **query: str) -> Request:
    return _asking(request, {**request.query, **_dashed(query)})


def _asking(request: Request, query: Mapping[str, str]) -> Request:
    return request._replace(query=query, query_string=urlencode(query))


def without(values: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if name not in names}


def _dashed(values: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in values.items()}


# --- the signature does not match


@one_of_each
def test_wrong_secret_is_refused(client: Client) -> None:
    request = client.send(CALL)
    error = refused(request, secret="another")

    assert (error.code, error.status) == ("SignatureDoesNotMatch", 403)
    assert error.message == (
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method."
    )
    assert (
        error.ec
        == {
            Version.V1: "0002-00000040",
            Version.V2: "0002-00000101",
            Version.V4: "0002-00000201",
        }[client.version]
    )
    assert list(error.details)[:4] == [
        "OSSAccessKeyId",
        "SignatureProvided",
        "StringToSign",
        "StringToSignBytes",
    ]
    assert error.details["OSSAccessKeyId"] == ID
    assert error.details["SignatureProvided"] == claimed(request).signature
    written = str(error.details["StringToSignBytes"])
    assert bytes.fromhex(written).decode() == error.details["StringToSign"]
    assert written.isupper()
    assert written.endswith(" ")
    assert ("CanonicalRequest" in error.details) is (client.version is Version.V4)


@one_of_each
def test_error_shows_what_to_sign(client: Client) -> None:
    """Signing the `StringToSign` of the error gives the right signature."""
    request = client.send(CALL)
    refusal = refused(request, secret="another")
    details = {name: str(value) for name, value in refusal.details.items()}
    string_to_sign = details["StringToSign"].encode()
    signature = claimed(request).signature

    match client.version:
        case Version.V1 | Version.V2:
            algorithm = "sha1" if client.version is Version.V1 else "sha256"
            digest = hmac.digest(SECRET.encode(), string_to_sign, algorithm)
            assert signature == b64encode(digest).decode()
        case Version.V4:
            *_, scope, hashed = details["StringToSign"].split("\n")
            assert sha256(details["CanonicalRequest"].encode()).hexdigest() == hashed
            key = b"aliyun_v4" + SECRET.encode()
            for part in scope.split("/"):
                key = hmac.digest(key, part.encode(), "sha256")
            assert signature == hmac.digest(key, string_to_sign, "sha256").hex()


@one_of_each
@pytest.mark.parametrize(
    "tamper",
    [
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
    ],
    ids=[
        "method",
        "bucket",
        "key",
        "shorter key",
        "service",
        "Content-Type",
        "Content-MD5",
        "value of x-oss header",
        "more x-oss headers",
        "fewer x-oss headers",
        "value of sub-resource",
        "more sub-resources",
        "x-oss parameter",
        "fewer sub-resources",
    ],
)
def test_changed_request_is_refused(
    client: Client, tamper: Callable[[Request], tuple[Request, dict[str, str]]]
) -> None:
    request = client.send(CALL)
    accepted(request)
    tampered, changes = tamper(request)
    assert refused(tampered, **changes).code == "SignatureDoesNotMatch"


@one_of_each
def test_only_v1_leaves_other_parameters_unsigned(client: Client) -> None:
    request = with_query(client.send(CALL), prefix="a", max_keys="7")
    if client.version is Version.V1:
        accepted(request)  # P-12
    else:
        assert refused(request).code == "SignatureDoesNotMatch"


@one_of_each
def test_other_headers_are_unsigned(client: Client) -> None:
    accepted(with_headers(client.send(CALL), range="bytes=0-1", host="elsewhere", user_agent="x"))


@pytest.mark.parametrize(
    "client", [c for c in CLIENTS if c.takes_additional_headers], ids=lambda c: c.name
)
def test_additional_headers_are_signed(client: Client) -> None:
    call = replace(
        CALL, headers={"Range": "bytes=0-1", "Host": HOST}, additional_headers=("range", "host")
    )
    request = client.send(call)
    accepted(request)
    assert refused(with_headers(request, range="bytes=0-2")).code == "SignatureDoesNotMatch"
    assert refused(with_headers(request, host="elsewhere")).code == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    "client", [c for c in CLIENTS if c.takes_additional_headers], ids=lambda c: c.name
)
def test_missing_additional_header_is_named(client: Client) -> None:
    """P-58"""
    call = replace(CALL, headers={"Range": "bytes=0-1"}, additional_headers=("range",))
    request = client.send(call)
    error = refused(request._replace(headers=without(request.headers, "range")))
    assert (error.status, error.code, error.details["ArgumentName"]) == (
        400,
        "InvalidArgument",
        "range",
    )
    in_url = "authorization" not in request.headers
    known = {
        (Version.V2, False): "0002-00000112",
        (Version.V2, True): "0002-00000078",
        (Version.V4, False): "0002-00000211",
    }
    assert error.ec == known.get((client.version, in_url), "")


@one_of_each
def test_wrong_signature_is_refused(client: Client) -> None:
    request = client.send(CALL)
    claim = claimed(request)
    right = claim.signature
    for wrong in ("", right[:-1], right + "0", right.swapcase(), "é", "\udcff", "\x00"):
        with pytest.raises(OSSError) as caught:
            verify(claim._replace(signature=wrong), request, CALL.target, SECRET, REGION)
        assert caught.value.code == "SignatureDoesNotMatch"


# --- the time is wrong


def at(request: Request, received: float) -> Request:
    return request._replace(received=received)


@pytest.mark.parametrize(
    "client", [c for c in ONE_OF_EACH if c.place is Place.HEADER], ids=lambda c: c.name
)
def test_clocks_may_differ_by_fifteen_minutes(client: Client) -> None:
    request = client.send(CALL)
    signed_at = claimed(request).signed_at
    assert signed_at is not None

    accepted(at(request, signed_at + 900))
    accepted(at(request, signed_at - 900))
    for skewed in (signed_at + 900.5, signed_at - 900.5):
        error = refused(at(request, skewed))
        assert (error.code, error.status, error.ec) == (
            "RequestTimeTooSkewed",
            403,
            "0002-00000504",
        )
        assert error.message == (
            "The difference between the request time and the current time is too large."
        )
        assert list(error.details) == ["MaxAllowedSkewMilliseconds", "RequestTime", "ServerTime"]
        assert error.details["MaxAllowedSkewMilliseconds"] == "900000"


def test_error_tells_both_times() -> None:
    request = Request.parse(
        "GET",
        "/b/k",
        [("Authorization", "OSS ak:sig"), ("Date", "Sun, 22 Sep 2024 06:32:38 GMT")],
        1727073160.0,
    )
    error = refused(request)
    assert error.details["RequestTime"] == "2024-09-22T06:32:38.000Z"
    assert error.details["ServerTime"] == "2024-09-23T06:32:40.000Z"


@pytest.mark.parametrize(
    "client", [c for c in ONE_OF_EACH if c.place is Place.URL], ids=lambda c: c.name
)
def test_expired_url_is_refused(client: Client) -> None:
    request = client.send(CALL)
    expires_at = claimed(request).expires_at
    assert expires_at is not None
    assert request.received < expires_at <= request.received + LIFETIME + 1

    accepted(at(request, expires_at))
    error = refused(at(request, expires_at + 0.5))
    assert (error.code, error.status, error.message) == (
        "AccessDenied",
        403,
        "Request has expired.",
    )
    assert error.ec == ("0002-00000236" if client.version is Version.V4 else "0002-00000069")
    assert list(error.details) == ["Expires", "ServerTime"]


@pytest.mark.parametrize(
    "client", [c for c in ONE_OF_EACH if c.place is Place.URL], ids=lambda c: c.name
)
def test_url_from_the_future_is_refused(client: Client) -> None:
    """A V4 URL is not valid more than 15 minutes before its date (EC 0002-00000235)."""
    request = client.send(CALL)
    signed_at = claimed(request).signed_at
    if client.version is not Version.V4:
        accepted(at(request, 0))
        return
    assert signed_at is not None
    accepted(at(request, signed_at - 900))
    error = refused(at(request, signed_at - 900.5))
    assert (error.code, error.ec) == ("AccessDenied", "0002-00000235")


@one_of_each
def test_date_is_signed(client: Client) -> None:
    request = client.send(CALL)
    claim = claimed(request)
    match client.version, client.place:
        case Version.V4, Place.URL:
            tampered = with_query(request, x_oss_expires=str(LIFETIME + 1))
        case Version.V2, Place.URL:
            tampered = with_query(request, x_oss_expires=str(int(claim.date) + 1))
        case Version.V1, Place.URL:
            tampered = with_query(request, Expires=str(int(claim.date) + 1))
        case Version.V4, Place.HEADER:
            later = claim.date[:-2] + ("0Z" if claim.date[-2] != "0" else "1Z")
            tampered = with_headers(request, x_oss_date=later)
        case _:
            later = claim.date[:-5] + ("0 GMT" if claim.date[-5] != "0" else "1 GMT")
            tampered = with_headers(request, date=later)
    assert refused(tampered).code == "SignatureDoesNotMatch"


# --- the region is wrong

REGIONS_DIFFER = (
    f"The signature is for {REGION}, and cn-shanghai is expected: sign for cn-shanghai."
)


def test_wrong_region_in_the_header_is_refused() -> None:
    client = next(c for c in ONE_OF_EACH if (c.version, c.place) == (Version.V4, Place.HEADER))
    request = client.send(CALL)
    error = refused(request, region="cn-shanghai")
    assert (error.code, error.status, error.ec) == ("InvalidArgument", 400, "0002-00000226")
    assert error.message == "Invalid signing region in Authorization header."
    assert error.details == {
        "Authorization": request.headers["authorization"],
        "ErrorDetail": REGIONS_DIFFER,
    }


def test_wrong_region_in_the_url_is_refused() -> None:
    client = next(c for c in ONE_OF_EACH if (c.version, c.place) == (Version.V4, Place.URL))
    request = client.send(CALL)
    error = refused(request, region="cn-shanghai")
    assert (error.code, error.status, error.ec) == ("InvalidArgument", 400, "0002-00000226")
    assert error.message == "The signing region in credential is invalid."
    assert error.details == {
        "ArgumentName": "x-oss-credential",
        "ArgumentValue": request.query["x-oss-credential"],
        "ErrorDetail": REGIONS_DIFFER,
    }


def test_region_is_checked_before_time_and_time_before_signature() -> None:
    client = next(c for c in ONE_OF_EACH if (c.version, c.place) == (Version.V4, Place.HEADER))
    request = at(client.send(CALL), 0)
    assert refused(request, region="x", secret="x").code == "InvalidArgument"
    assert refused(request, secret="x").code == "RequestTimeTooSkewed"


@one_of_each
@pytest.mark.parametrize(
    ("name", "refuses"),
    [("content-type", True), ("x-oss-meta-a", True), ("date", True), ("user-agent", False)],
)
def test_signed_header_that_is_sent_twice_is_refused(
    client: Client, name: str, refuses: bool
) -> None:
    request = client.send(CALL)._replace(repeated=(name,))
    if refuses:
        error = refused(request)
        assert (error.code, error.details["ArgumentName"]) == ("InvalidArgument", name)
    else:
        accepted(request)
