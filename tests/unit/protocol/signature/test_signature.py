"""Claims of signatures, strings to sign, and signed URLs that the emulator makes.

`fixtures/exchanges/signatures.txt` has the claims that are refused, and `fixtures/signatures/` has
signatures of other programs.
"""

from __future__ import annotations

import hmac
import tomllib
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError, render
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import Claim, SignedIn, Version, form, is_signed, parse, verify
from oss_emulator.protocol.signature.claim import MAX_SKEW, Calculation
from oss_emulator.protocol.signature.presigning import sign_url

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET
from tests.client import REGION as FORM_REGION
from tests.http import forms
from tests.rows import rows

DATE, ISO, DAY, NOW = "Wed, 28 Dec 2022 10:27:41 GMT", "20221228T102741Z", "20221228", 1672223261.0
REGION = "cn-hangzhou"
SCOPE = f"{DAY}/{REGION}/oss/aliyun_v4_request"
V4 = f"OSS4-HMAC-SHA256 Credential=ak/{SCOPE},Signature=abc"
V1_URL = "OSSAccessKeyId=ak&Expires=1672223999&Signature=a%2Bb%3D"
V2_URL = (
    "x-oss-signature-version=OSS2&x-oss-access-key-id=ak&x-oss-expires=1672223999"
    "&x-oss-signature=c2ln%3D&x-oss-additional-headers=range"
)
V4_URL = (
    f"x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-credential=ak/{SCOPE}&x-oss-date={ISO}"
    "&x-oss-expires=60&x-oss-signature=abc"
)


def request(
    authorization: str | None = None, query: str = "", date: str | None = DATE, **headers: str
) -> Request:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    fields += [("Authorization", authorization)] if authorization is not None else []
    fields += [("Date", date)] if date is not None else []
    return Request.parse("GET", f"/b/k?{query}", fields, NOW)


def claimed(request: Request) -> Claim:
    claim = parse(request)
    assert claim is not None
    return claim


# --- the content of a claim

HEADER_V1 = Claim(Version.V1, SignedIn.HEADER, "ak", "c2ln", None, DATE, NOW)
HEADER_V2 = Claim(
    Version.V2,
    SignedIn.HEADER,
    "ak",
    "c2ln=",
    None,
    DATE,
    NOW,
    additional_headers=("host", "range"),
)
HEADER_V4 = Claim(
    Version.V4,
    *(SignedIn.HEADER, "ak", "abc", None, DATE, NOW),
    additional_headers=("abc", "zabc"),
    day=DAY,
    region=REGION,
    product="oss",
)
LIVES: dict[str, Any] = {
    "date": "1672223999",
    "expires_at": 1672223999,
    "signed_at": None,
    "place": SignedIn.URL,
}
URL_V1 = HEADER_V1._replace(signature="a+b=", token="t/", **LIVES)


@rows(
    ("authorization", "query", "expected"),
    ("OSS ak:c2ln", "", HEADER_V1),
    (None, f"{V1_URL}&security-token=t%2F", URL_V1),
    ("OSS2 AccessKeyId:ak, AdditionalHeaders:Range;host, Signature:c2ln=", "", HEADER_V2),
    (None, V2_URL, HEADER_V2._replace(additional_headers=("range",), **LIVES)),
    *(
        (f"OSS4-HMAC-SHA256 {comma.join(parts)}", "", HEADER_V4)
        for comma in (",", ", ", " , ")
        for parts in (
            (f"Credential=ak/{SCOPE}", "AdditionalHeaders=abc;zabc", "Signature=abc"),
            ("Signature=abc", "AdditionalHeaders=zabc;abc", f"Credential=ak/{SCOPE}"),
        )
    ),
    (
        None,
        f"{V4_URL}&x-oss-security-token=t",
        HEADER_V4._replace(
            place=SignedIn.URL, token="t", date=ISO, expires_at=NOW + 60, additional_headers=()
        ),
    ),
    (
        V4.replace("=ak/", "=a/k/"),
        "",
        HEADER_V4._replace(access_key_id="a/k", additional_headers=()),
    ),
)
def test_claim_is_parsed(authorization: str | None, query: str, expected: Claim) -> None:
    additional = dict.fromkeys(expected.additional_headers, "-")
    assert claimed(request(authorization, query, **additional)) == expected


@rows(
    ("authorization", "header", "token"),
    ("OSS ak:c2ln", "x-oss-security-token", "t"),
    ("OSS ak:c2ln", "security-token", "t"),
    ("OSS2 AccessKeyId:ak,Signature:c2ln", "x-oss-security-token", "t"),
    (V4, "x-oss-security-token", "t"),
    (V4, "security-token", None),
)
def test_token_is_found(authorization: str, header: str, token: str | None) -> None:
    """P-16"""
    assert claimed(request(authorization, **{header: "t"})).token == token


@rows(
    ("authorization", "date", "oss_date"),
    ("OSS ak:c2ln", "Thu, 01 Jan 1970 00:00:00 GMT", ISO),
    (V4, "Thu, 01 Jan 1970 00:00:00 GMT", ISO),
    ("OSS ak:c2ln", None, DATE),
)
def test_x_oss_date_takes_precedence_over_date(
    authorization: str, date: str | None, oss_date: str
) -> None:
    """P-10, P-15; the SDK for Node.js writes the time of version 1 like that of `Date`."""
    claim = claimed(request(authorization, date=date, x_oss_date=oss_date))
    assert (claim.date, claim.signed_at) == (oss_date, NOW)


def test_expiry_has_as_many_digits_as_other_numbers() -> None:
    url = "OSSAccessKeyId=ak&Signature=a&Expires=" + "9" * 19
    assert claimed(request(None, url)).expires_at == 10**19 - 1


@rows(
    ("authorization", "query", "signed"),
    ("", "", True),
    (None, "Signature=a", True),
    (None, "acl", False),
)
def test_request_is_signed_in_its_header_or_its_url(
    authorization: str | None, query: str, signed: bool
) -> None:
    assert is_signed(request(authorization, query)) is signed


# --- any claim is answered


def check_answered(request: Request) -> None:
    try:
        claim = parse(request)
        if claim is not None:
            verify(claim, request, Target("b", "k"), "sk", REGION)
    except OSSError as error:
        status = render(error, "GET", "0" * 24, "h").status
    else:
        return
    assert status in (400, 403)


@rows("authorization", "OSS ak:c2ln", V4)
def test_extreme_dates_get_an_error(authorization: str) -> None:
    for date in ("Fri, 31 Dec 9999 23:59:59 -1200", "Sat, 01 Jan 0100 00:00:00 +1400"):
        check_answered(request(authorization, date=date))


WORDS = st.sampled_from(
    ["OSS", "OSS2", "OSS4-HMAC-SHA256", "Credential=", "Signature", "AccessKeyId", "ak", DAY, SCOPE]
) | st.sampled_from(" ,;:=/\t\0\udcff")
GARBAGE = st.lists(WORDS, max_size=12).map("".join) | st.text(max_size=40)
DATES = st.sampled_from([DATE, ISO]) | st.text(max_size=30)
NAMES = """
    OSSAccessKeyId Expires Signature security-token x-oss-signature-version x-oss-access-key-id
    x-oss-additional-headers x-oss-credential x-oss-date x-oss-expires x-oss-signature
""".split()
VALUES = ["OSS2", "OSS4-HMAC-SHA256", f"ak/{SCOPE}", ISO, "60", "1672223999"]


@given(GARBAGE, DATES, st.none() | DATES, st.dictionaries(st.text(max_size=5), st.text(max_size=5)))
def test_garbage_in_the_header_gets_an_error(
    authorization: str, date: str, oss_date: str | None, more: dict[str, str]
) -> None:
    headers = {**more, "authorization": authorization, "date": date}
    if oss_date is not None:
        headers["x-oss-date"] = oss_date
    check_answered(Request.parse("GET", "/b/k", headers.items(), NOW))


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text(max_size=20)))
def test_garbage_in_the_url_gets_an_error(query: dict[str, str]) -> None:
    encoded = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    check_answered(Request.parse("GET", f"/b/k?{encoded}", [], NOW))


@given(st.text(max_size=60), st.text(max_size=10), st.text(max_size=20))
def test_wrong_claim_is_refused_whatever_the_request(query: str, bucket: str, key: str) -> None:
    for authorization in ("OSS ak:c2ln", "OSS2 AccessKeyId:ak,Signature:c2ln", V4):
        signed = request(authorization, query)
        try:
            claim = claimed(signed)
        except OSSError:
            continue
        with pytest.raises(OSSError, match="SignatureDoesNotMatch"):
            verify(claim, signed, Target(bucket, key), "sk", REGION)


# --- what is signed


V2 = "OSS2 AccessKeyId:ak,Signature:{}"


@rows(
    ("authorization", "text", "query", "headers"),
    # Bytes that are not UTF-8 arrive as surrogates; the client signed the bytes.
    ("OSS ak:{}", b"x-oss-meta-a:\xff\xfe\n/b/k", "", {"x_oss_meta_a": "  \udcff\udcfe\t "}),
    # As the SDK for Java sends it, with blanks after commas.
    (
        "OSS2 AccessKeyId:ak, AdditionalHeaders:range, Signature:{}",
        b"range:bytes=0-1\nrange\n%2Fb%2Fk?acl",
        "acl",
        {"range": "bytes=0-1"},
    ),
    # `Date` is signed, and `x-oss-date` is the time.
    (V2, f"x-oss-date:{ISO}\n\n%2Fb%2Fk".encode(), "", {"x_oss_date": ISO}),
    # Both forms of a space are signed alike (P-04).
    (V2, b"\n%2Fb%2Fk?prefix=a%20b", "prefix=a+b", {}),
    (V2, b"\n%2Fb%2Fk?prefix=a%20b", "prefix=a%20b", {}),
)
def test_text_of_versions_1_and_2_is_signed(
    authorization: str, text: bytes, query: str, headers: dict[str, str]
) -> None:
    digest = "sha256" if authorization.startswith("OSS2") else "sha1"
    made = hmac.digest(b"sk", f"GET\n\n\n{DATE}\n".encode() + text, digest)
    signed = request(authorization.format(b64encode(made).decode()), query, **headers)
    verify(claimed(signed), signed, Target("b", "k"), "sk", "any")


def test_text_of_version_4_has_the_date_header() -> None:
    """P-15: the SDK for Go sends no `x-oss-date`."""
    key = b"aliyun_v4sk"
    for part in SCOPE.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    hashed = sha256(b"GET\n/b/k\n\n\n\nUNSIGNED-PAYLOAD").hexdigest()
    text = f"OSS4-HMAC-SHA256\n{DATE}\n{SCOPE}\n{hashed}"
    signed = request(V4.replace("abc", hmac.digest(key, text.encode(), "sha256").hex()))
    verify(claimed(signed), signed, Target("b", "k"), "sk", REGION)


@rows(
    ("key", "query", "named"),
    ("k", "acl&acl", "acl"),
    ("k", "Expires=1&Expires=2", "Expires"),
    ("k", "response-content-type=a%26acl%26cors", "response-content-type"),
    ("k", "prefix=a&prefix=b", None),
    ("k", "acl&Expires=1&response-content-type=a%3Db", None),
    ("a?acl", "", "key"),
    ("a?b?acl", "", "key"),
    ("a?response-content-type=x&any", "", "key"),  # a value may contain `&`
    ("a?response-content-type=x", "acl", "key"),
    ("a?b", "", None),
    ("a?acl&b", "", None),
    ("a?acl", "cors", None),
)
def test_text_of_version_1_has_one_meaning(key: str, query: str, named: str | None) -> None:
    """P-12: neither keys nor parameters are encoded in it."""
    claim = claimed(request("OSS ak:c2ln"))
    with pytest.raises(OSSError) as raised:
        verify(claim, request("OSS ak:c2ln", query), Target("b", key), "sk", "any")
    assert raised.value.code == ("InvalidArgument" if named else "SignatureDoesNotMatch")
    assert raised.value.details.get("ArgumentName") == named


@rows("authorization", V2.format("c2ln"), V4)
def test_parameter_given_twice_is_refused_by_versions_2_and_4(authorization: str) -> None:
    signed = request(authorization, "prefix=a&pre%66ix=b")
    with pytest.raises(OSSError, match="InvalidArgument") as raised:
        verify(claimed(signed), signed, Target("b", "k"), "sk", REGION)
    assert raised.value.details["ArgumentName"] == "prefix"


FIXTURES = Path(__file__).parents[4] / "fixtures" / "signatures"


@rows("version", "v1", "v2", "v4")
def test_signatures_of_other_programs_are_verified(version: str) -> None:
    vectors = tomllib.loads((FIXTURES / f"{version}.toml").read_text("utf-8"))["vector"]
    assert len(vectors) > 5
    for vector in vectors:
        headers = vector.get("headers", {})
        sent = Request.parse(
            vector["method"], vector["target"], headers.items(), float(vector["received"])
        )
        facts = Target(vector["bucket"], vector["key"]), vector.get("region", "any")
        verify(claimed(sent), sent, facts[0], vector["secret"], facts[1])
        with pytest.raises(OSSError, match="SignatureDoesNotMatch") as caught:
            verify(claimed(sent), sent, facts[0], "another secret", facts[1])
        text = caught.value.details["StringToSign"]
        assert text == vector.get("string_to_sign", text), vector["source"]


# --- signed URLs of the emulator (P-16)

KEY = Target("b", "a key")


def presigned(token: str | None, *headers: tuple[str, str]) -> Request:
    query = sign_url(
        *("GET", "b", "a key", {"acl": ""}),
        access_key_id="ak",
        secret="sk",
        region=REGION,
        now=NOW,
        expires=60,
        token=token,
        headers=headers,
    )
    return Request.parse("GET", f"/b/a%20key?{query}", headers, NOW + 59)


@rows("token", None, "a token")
def test_signed_url_names_its_key_and_time_and_is_verified_until_its_end(token: str | None) -> None:
    made = presigned(token)
    names = "x-oss-credential x-oss-date x-oss-expires x-oss-security-token acl".split()
    assert [made.query.get(name) for name in names] == [f"ak/{SCOPE}", ISO, "60", token, ""]
    claim = claimed(made)
    assert claim.token == token
    verify(claim, made, KEY, "sk", REGION)
    with pytest.raises(OSSError, match="SignatureDoesNotMatch"):
        verify(claim, made, KEY, "another", REGION)
    with pytest.raises(OSSError, match="AccessDenied"):
        verify(claim, made._replace(received=NOW + 61), KEY, "sk", REGION)


def test_signed_url_needs_the_headers_that_it_was_made_for() -> None:
    made = presigned(None, ("x-oss-copy-source", "/b/c"), ("Referer", "r"))
    verify(claimed(made), made, KEY, "sk", REGION)
    for source in ({}, {"x-oss-copy-source": "/b/d"}):
        with pytest.raises(OSSError, match="SignatureDoesNotMatch"):
            verify(claimed(made), made._replace(headers=source), KEY, "sk", REGION)


# --- forms

POSTED = 1_700_000_000.0
POLICY = forms.encode("{}")
FORM_V1 = forms.sign_v1(POLICY)
FORM_V4 = forms.sign_v4(POLICY, now=POSTED)


def filled(fields: Iterable[tuple[str, str]], **changes: str | None) -> Form:
    """Return a form of fields; a change to None removes one."""
    found: dict[str, str | None] = {name.lower(): value for name, value in fields}
    found |= {name.replace("_", "-"): value for name, value in changes.items()}
    return Form({name: value for name, value in found.items() if value is not None})


def credential(key_id: str, product: str = "oss") -> str:
    return f"{key_id}/20231114/{FORM_REGION}/{product}/aliyun_v4_request"


def test_form_is_signed_when_it_has_a_field_of_a_signature() -> None:
    assert not form.is_signed(filled([("key", "a")]))
    assert form.is_signed(filled([("signature", "")]))
    assert form.is_signed(filled(FORM_V4))


@rows(("fields", "version"), (FORM_V1, Version.V1), (FORM_V4, Version.V4))
def test_signed_form_is_verified(fields: Iterable[tuple[str, str]], version: Version) -> None:
    signed = filled(fields, x_oss_security_token="token")
    claim = form.parse(signed)
    assert (claim.version, claim.place, claim.token) == (version, SignedIn.FORM, "token")
    assert claim.access_key_id == ACCESS_KEY_ID
    form.verify(claim, signed, ACCESS_KEY_SECRET, FORM_REGION, POSTED)
    with pytest.raises(OSSError, match="SignatureDoesNotMatch") as caught:
        form.verify(claim, signed, "another secret", FORM_REGION, POSTED)
    assert caught.value.ec == "0002-00000705"


def test_key_of_a_form_may_contain_slashes() -> None:
    claim = form.parse(filled(FORM_V4, x_oss_credential=credential("a/b")))
    assert (claim.access_key_id, claim.day, claim.region) == ("a/b", "20231114", FORM_REGION)


@rows(
    ("fields", "name", "value", "ec", "message"),
    (FORM_V1, "policy", None, "0002-00000702", "The bucket POST must contain"),
    (FORM_V1, "signature", None, "0002-00000703", "The bucket POST must contain"),
    (FORM_V1, "signature", "", "0002-00000704", "Post request signature is empty."),
    (FORM_V1, "ossaccesskeyid", None, "0002-00000706", "The bucket POST must contain"),
    (FORM_V1, "ossaccesskeyid", "", "0002-00000707", "Post request accessKeyId is empty."),
    (FORM_V4, "x_oss_signature_version", None, "", "The bucket POST must contain"),
    (FORM_V4, "x_oss_signature_version", "OSS2", "", "The signature version is not supported."),
    (FORM_V4, "x_oss_date", "yesterday", "", "The date is invalid."),
    (FORM_V4, "x_oss_date", "20231113T000000Z", "0002-00000709", "The date in the"),
    (FORM_V4, "x_oss_credential", "ak", "0002-00000710", "The credential is"),
    (FORM_V4, "x_oss_credential", credential(""), "0002-00000710", "The credential is"),
    (FORM_V4, "x_oss_credential", credential("a", "ecs"), "0002-00000710", "The credential"),
)
def test_incomplete_or_malformed_form_is_refused(
    fields: Iterable[tuple[str, str]], name: str, value: str | None, ec: str, message: str
) -> None:
    with pytest.raises(OSSError) as caught:
        form.parse(filled(fields, **{name: value}))
    assert (caught.value.code, caught.value.ec) == ("InvalidArgument", ec)
    assert caught.value.message.startswith(message)


def test_form_of_version_4_is_valid_in_its_region_and_time() -> None:
    signed = filled(FORM_V4)
    claim = form.parse(signed)
    first, last = POSTED - MAX_SKEW, POSTED + form.MAX_AGE
    for now in (first, last):
        form.verify(claim, signed, ACCESS_KEY_SECRET, FORM_REGION, now)
    for region, now, ec in (
        ("cn-beijing", POSTED, "0002-00000715"),
        (FORM_REGION, first - 1, "0002-00000709"),
        (FORM_REGION, last + 1, "0002-00000709"),
    ):
        with pytest.raises(OSSError) as caught:
            form.verify(claim, signed, ACCESS_KEY_SECRET, region, now)
        assert caught.value.ec == ec


def test_error_repeats_at_most_8_kib_of_what_was_signed() -> None:
    claim = Claim(Version.V4, SignedIn.FORM, "id", "wrong", None, "")
    with pytest.raises(OSSError) as raised:
        Calculation("right", b"a" * 2_000_000, b"b" * 2_000_000).compare(claim, "")
    details = raised.value.details
    assert details["StringToSign"] == "a" * 8192
    assert details["StringToSignBytes"] == "61 " * 8192
    assert details["CanonicalRequest"] == "b" * 8192
