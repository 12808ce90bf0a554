"""Claims: where they are found, and the errors for incomplete, repeated and invalid ones."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError, render
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import is_signed, is_signed_url, parse, verify

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


@pytest.mark.parametrize("query", ["", "acl", "x-oss-process=image/info", "security-token=t"])
def test_request_without_a_claim_is_anonymous(query: str) -> None:
    assert not is_signed(request(query=query))
    assert parse(request(query=query)) is None  # P-19
    assert not is_signed_url(request(query=query).query)


@pytest.mark.parametrize("query", ["Expires", "x-oss-signature=a", "OSSAccessKeyId=a"])
def test_invalid_signature_is_one_too(query: str) -> None:
    assert is_signed(request(query=query))
    assert is_signed_url(request(query=query).query)
    assert is_signed(request("nonsense"))


@pytest.mark.parametrize("version", ["OSS9", ""])
def test_unknown_version_in_a_url_is_named(version: str) -> None:
    query = "x-oss-signature=a" + (f"&x-oss-signature-version={version}" if version else "")
    error = refusal(request(query=query))
    assert (error.code, error.ec) == ("InvalidArgument", "0002-00000066")
    assert error.details["ArgumentValue"] == version


@pytest.mark.parametrize(
    ("authorization", "header", "token"),
    [
        ("OSS ak:c2ln", "x-oss-security-token", "t"),
        ("OSS ak:c2ln", "security-token", "t"),
        ("OSS2 AccessKeyId:ak,Signature:c2ln", "x-oss-security-token", "t"),
        (V4, "x-oss-security-token", "t"),
        (V4, "security-token", None),
    ],
)
def test_token_is_found(authorization: str, header: str, token: str | None) -> None:
    assert claimed(request(authorization, **{header: "t"})).token == token  # P-16


@pytest.mark.parametrize("header", ["security-token", "x-oss-security-token"])
def test_token_of_a_signed_url_is_refused_in_a_header(header: str) -> None:
    v1 = "OSSAccessKeyId=ak&Expires=1672223999&Signature=c2ln"
    for query in (url(), v1):
        error = refusal(request(query=query, date=None, **{header: "t"}))
        assert (error.code, error.ec) == ("InvalidRequest", "0002-00000005")


def test_token_in_a_header_and_in_the_url_is_refused() -> None:
    for authorization in ("OSS ak:c2ln", None):
        query = "security-token=t" if authorization else url(security_token="t")
        error = refusal(request(authorization, query, x_oss_security_token="t"))
        assert (error.code, error.ec) == ("InvalidArgument", "0002-00000010")


@pytest.mark.parametrize(
    "query", ["Expires=1", "Signature=a", "OSSAccessKeyId=a", "x-oss-signature=a", url()]
)
def test_claims_in_both_places_are_refused(query: str) -> None:
    error = refusal(request("OSS ak:c2ln", query))
    assert (error.code, error.status) == ("InvalidArgument", 400)


@pytest.mark.parametrize(
    ("authorization", "ec"),
    [
        ("", "0002-00000061"),
        ("OSS", "0002-00000062"),
        ("OSSxxx ak:c2ln", "0002-00000061"),
        ("oss ak:c2ln", "0002-00000061"),
        ("AWS ak:c2ln", "0002-00000061"),
        ("Bearer ak:c2ln", "0002-00000061"),
        ("OSS ak", "0002-00000062"),
        ("OSS :c2ln", "0002-00000063"),
        ("OSS ak:", "0002-00000063"),
        ("OSS2 AccessKeyId:ak", "0002-00000063"),
        ("OSS2 AccessKeyId:ak,Signature:c2ln,Signature:c2ln", "0002-00000104"),
        ("OSS2 AccessKeyId:ak,Signature:c2ln,UnknownKey:ABC", "0002-00000104"),
        ("OSS4-HMAC-SHA256", "0002-00000203"),
        ("OSS4-HMAC-SHA256 Signature=abc", "0002-00000202"),
        (f"OSS4-HMAC-SHA256 Credential=ak/{SCOPE}", "0002-00000202"),
        (f"OSS4-HMAC-SHA256 Credentialak/{SCOPE},Signature=abc", "0002-00000203"),
        (f"OSS4-HMAC-SHA256 Credential=/{SCOPE},Signature=abc", "0002-00000213"),
        (V4.replace("aliyun_v4_request", "abc"), "0002-00000213"),
        (V4.replace("/cn-hangzhou", ""), "0002-00000213"),
        (V4.replace(DAY, "2022-12-28"), "0002-00000212"),
        (V4.replace(DAY, "20221227"), "0002-00000212"),
    ],
)
def test_malformed_header_is_refused(authorization: str, ec: str) -> None:
    error = refusal(request(authorization))
    assert (error.code, error.status, error.ec) == ("InvalidArgument", 400, ec)
    assert error.message == "Authorization header is invalid."


@pytest.mark.parametrize(
    "date", ["Fri, 31 Dec 9999 23:59:59 -1200", "Sat, 01 Jan 0100 00:00:00 +1400"]
)
@pytest.mark.parametrize("authorization", ["OSS ak:c2ln", V4])
def test_extreme_dates_get_an_error(authorization: str, date: str) -> None:
    check_answered(request(authorization, date=date))


WORDS = st.sampled_from(
    ["OSS", "OSS2", "OSS4-HMAC-SHA256", "Credential=", "Signature", "AccessKeyId", "ak", DAY, SCOPE]
) | st.sampled_from(" ,;:=/\t\0\udcff")


GARBAGE = st.lists(WORDS, max_size=12).map("".join) | st.text(max_size=40)


DATES = st.sampled_from([DATE, ISO]) | st.text(max_size=30)


def check_answered(request: Request) -> None:
    try:
        claim = parse(request)
        if claim is not None:
            verify(claim, request, Target("b", "k"), "sk", "cn-hangzhou")
    except OSSError as error:
        answer = render(error, "GET", "0" * 24, "h")
    else:
        return
    assert answer.status in (400, 403)


@given(GARBAGE, DATES, st.none() | DATES, st.dictionaries(st.text(max_size=5), st.text(max_size=5)))
def test_garbage_in_the_header_gets_an_error(
    authorization: str, date: str, oss_date: str | None, more: dict[str, str]
) -> None:
    headers = {**more, "authorization": authorization, "date": date}
    if oss_date is not None:
        headers["x-oss-date"] = oss_date
    check_answered(Request.parse("GET", "/b/k", headers.items(), NOW))


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "OSSAccessKeyId",
                "Expires",
                "Signature",
                "security-token",
                "x-oss-signature-version",
                "x-oss-access-key-id",
                "x-oss-additional-headers",
                "x-oss-credential",
                "x-oss-date",
                "x-oss-expires",
                "x-oss-signature",
            ]
        ),
        st.sampled_from(["OSS2", "OSS4-HMAC-SHA256", f"ak/{SCOPE}", ISO, "60", "1672223999"])
        | st.text(max_size=20),
    )
)
def test_garbage_in_the_url_gets_an_error(query: dict[str, str]) -> None:
    encoded = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    check_answered(Request.parse("GET", f"/b/k?{encoded}", [], NOW))


@given(st.text(max_size=60), st.text(max_size=10), st.text(max_size=20))
def test_wrong_claim_is_refused_whatever_the_request(query: str, bucket: str, key: str) -> None:
    for authorization in ("OSS ak:c2ln", "OSS2 AccessKeyId:ak,Signature:c2ln", V4):
        signed = request(authorization, query)
        try:
            claim = parse(signed)
        except OSSError:
            continue
        assert claim is not None
        with pytest.raises(OSSError, match="SignatureDoesNotMatch"):
            verify(claim, signed, Target(bucket, key), "sk", "cn-hangzhou")
